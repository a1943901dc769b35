"""The record of a transaction: how it begins and how it ends, as plain functions."""

from __future__ import annotations

from dataclasses import replace

from firmware.model.free import FreeMode
from firmware.model.session import Transaction
from firmware.model.values import Stamp, StopReason
from firmware.session.rules import DARK
from firmware.session.state import Authority


def begun(
    outlet: int,
    key: str,
    authority: Authority,
    energy_wh: int,
    *,
    at: Stamp,
    mode: FreeMode | None,
) -> Transaction:
    """Return a transaction that begins now; `energy_wh` is the register of its begin."""
    return Transaction(
        key=key,
        outlet=outlet,
        token=authority.token,
        began=at,
        meter_start_wh=energy_wh,
        last_wh=energy_wh,
        last_at=at,
        parent=authority.parent,
        reservation_id=authority.reservation_id,
        starter=authority.starter,
        private=mode is not None and not mode.tells_transaction,
    )


def over(transaction: Transaction, reason: StopReason, token: str | None, at: Stamp) -> Transaction:
    """Return it ended; one that ended in the dark ended with its last register."""
    ended = transaction.last_at if reason in DARK else at
    return replace(transaction, ended=ended, stop_reason=reason, stop_token=token)
