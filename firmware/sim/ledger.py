"""The books of a central system: what each station told, and what it told twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class BookedTransaction:
    """A transaction as the back end knows it; energy in Wh, times as they were told."""

    id: int
    connector: int
    token: str
    meter_start_wh: int
    started: str
    meter_stop_wh: int | None = None
    stopped: str | None = None
    reason: str | None = None
    stop_token: str | None = None
    meter_values: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class Ledger:
    """All that one station has told."""

    transactions: list[BookedTransaction] = field(default_factory=list)
    retransmissions: int = 0
    duplicates: int = 0  # a second start or stop of what has one
    orphans: list[dict[str, Any]] = field(default_factory=list)  # of unknown transactions
    statuses: dict[int, dict[str, Any]] = field(default_factory=dict)
    samples: list[dict[str, Any]] = field(default_factory=list)  # outside transactions
    boots: list[dict[str, Any]] = field(default_factory=list)
    heartbeats: int = 0
    security: list[dict[str, Any]] = field(default_factory=list)  # security events
    transfers: list[dict[str, Any]] = field(default_factory=list)  # statuses of files

    def of(self, transaction_id: int) -> BookedTransaction | None:
        """Return the transaction with this id."""
        return next((one for one in self.transactions if one.id == transaction_id), None)

    def start(self, told: Mapping[str, Any], next_id: Callable[[], int]) -> BookedTransaction:
        """Book a start; an identical one is the same transaction."""
        connector, token = told["connector_id"], told["id_tag"]
        meter_start_wh, started = told["meter_start"], told["timestamp"]
        for one in self.transactions:
            known = (one.connector, one.token, one.meter_start_wh, one.started)
            if known == (connector, token, meter_start_wh, started):
                self.retransmissions += 1
                return one
            self.duplicates += one.connector == connector and one.stopped is None
        new = BookedTransaction(next_id(), connector, token, meter_start_wh, started)
        self.transactions.append(new)
        return new

    def stop(self, told: Mapping[str, Any]) -> None:
        """Book a stop; a repeated one is the same stop."""
        one = self.of(told["transaction_id"])
        if one is None:
            self.orphans.append(dict(told))
        elif one.stopped is None:
            one.meter_stop_wh, one.stopped = told["meter_stop"], told["timestamp"]
            one.reason, one.stop_token = told.get("reason"), told.get("id_tag")
        elif (one.meter_stop_wh, one.stopped) == (told["meter_stop"], told["timestamp"]):
            self.retransmissions += 1
        else:
            self.duplicates += 1

    def meter(self, told: Mapping[str, Any]) -> None:
        """Book meter values with their transaction; a repeated message is kept once."""
        transaction_id = told.get("transaction_id")
        one = None if transaction_id is None else self.of(transaction_id)
        if one is None:
            books = self.samples if transaction_id is None else self.orphans
        else:
            books = one.meter_values
        message = dict(told)
        if message in books:
            self.retransmissions += 1
        else:
            books.append(message)
