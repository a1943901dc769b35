"""What became of a seed, and the comparison of a station's history with the back end's books.

Nothing lost, nothing double, and both know the same of every transaction.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from firmware.model.session import Transaction
from firmware.sim.ledger import BookedTransaction, Ledger


@dataclass(slots=True)
class Outcome:
    """What became of a seed."""

    seed: int
    wishes: int = 0
    cuts: int = 0
    transactions: int = 0
    resumed: int = 0  # transactions that went on after a cut
    power_loss_stops: int = 0
    unbilled_wh: int = 0  # drawn after the last durable register of a PowerLoss stop
    retransmissions: int = 0
    frames: int = 0
    lost: int = 0
    duplicated: int = 0
    problems: list[str] = field(default_factory=list)

    def wrong(self, condition: bool, problem: str) -> bool:
        """Note a problem if there is one; return whether."""
        if condition:
            self.problems.append(problem)
        return condition


def compare_books(history: tuple[Transaction, ...], ledger: Ledger, outcome: Outcome) -> None:
    """Compare the station's history with the back end's ledger: nothing lost, nothing double."""
    known = {one.id: one for one in ledger.transactions}
    told: set[int] = set()
    for transaction in history:
        number = transaction.transaction_id
        booked = None if number is None else known.get(number)
        if booked is None or number in told:
            outcome.lost += 1
            outcome.wrong(True, f"{transaction.key}: not at the back end (id {number})")
        else:
            told.add(booked.id)
            _compare_one(transaction, booked, outcome)
    extra = sorted(set(known) - told)
    outcome.duplicated += len(extra) + ledger.duplicates
    outcome.wrong(bool(extra), f"the back end has transactions {extra} that the station has not")
    outcome.wrong(ledger.duplicates > 0, f"{ledger.duplicates} second starts or stops")
    outcome.wrong(bool(ledger.orphans), f"{len(ledger.orphans)} messages of no transaction")


def _compare_one(transaction: Transaction, booked: BookedTransaction, outcome: Outcome) -> None:
    why = None if transaction.stop_reason is None else transaction.stop_reason.value
    ours = (
        transaction.outlet,
        transaction.token,
        transaction.meter_start_wh,
        transaction.last_wh,
        why,
    )
    theirs = (
        booked.connector,
        booked.token,
        booked.meter_start_wh,
        booked.meter_stop_wh,
        booked.reason or "Local",
    )
    if booked.stopped is None:
        outcome.lost += 1
        outcome.wrong(True, f"{transaction.key}: never stopped at the back end")
    elif transaction.ended is None:
        outcome.wrong(True, f"{transaction.key}: stopped at the back end, runs at the station")
    else:
        outcome.wrong(ours != theirs, f"{transaction.key}: station {ours}, back end {theirs}")
