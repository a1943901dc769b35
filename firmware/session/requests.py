"""What a back end or a person may ask of sessions: answered here, acting follows the answer."""

from __future__ import annotations

from collections.abc import Callable

from firmware.model.backend import (
    Answer,
    AvailabilityRequested,
    RemoteStartRequested,
    RemoteStopRequested,
    ResetRequested,
    Restart,
    UnlockRequested,
)
from firmware.model.session import (
    OperativeChanged,
    StartSource,
    StopAsked,
    TokenPresented,
    UnlockAsked,
)
from firmware.model.storage import PutNote
from firmware.model.values import StopReason
from firmware.session.desk_state import DeskState
from firmware.session.reservation import Bearer

UNLOCK_WAIT_MS = 15_000  # six seconds of grace, the contacts, the pin


def set_operative(s: DeskState, number: int, operative: bool, out: list[object]) -> None:
    """Switch an outlet on or off, durably."""
    outlet = s.outlets[number]
    if outlet.operative != operative:
        outlet.operative = operative
        out.append(PutNote(f"inoperative:{number}", None if operative else "1"))
        out.append(OperativeChanged(number, operative))


def _remote_start(
    s: DeskState, fact: RemoteStartRequested, _now_ms: int, out: list[object]
) -> None:
    who = Bearer(fact.token, guess=True)  # whose parent is, comes out after the answer
    free = s.reserved.open_to(who, s.outlets)
    possible = s.remote and (bool(free) if fact.outlet is None else fact.outlet in free)
    out.append(Answer(fact.call, "Accepted" if possible else "Rejected"))
    if possible:
        out.append(TokenPresented(fact.token, fact.outlet, StartSource.REMOTE))


def _remote_stop(s: DeskState, fact: RemoteStopRequested, _now_ms: int, out: list[object]) -> None:
    for number, outlet in s.outlets.items():
        running = outlet.transaction
        if running is not None and running.transaction_id == fact.transaction_id:
            out.append(Answer(fact.call, "Accepted"))
            out.append(StopAsked(number, StopReason.REMOTE))
            return
    out.append(Answer(fact.call, "Rejected"))


def _unlock(s: DeskState, fact: UnlockRequested, now_ms: int, out: list[object]) -> None:
    outlet = s.outlets.get(fact.outlet)
    if outlet is None or outlet.fixed:
        out.append(Answer(fact.call, "NotSupported"))
        return
    if outlet.transaction is not None:
        out.append(StopAsked(fact.outlet, StopReason.UNLOCK_COMMAND))
    out.append(UnlockAsked(fact.outlet))
    if outlet.unlock is not None:  # the newer request takes its place
        out.append(Answer(outlet.unlock[0], "UnlockFailed"))
        outlet.unlock = None
    if outlet.locked:
        outlet.unlock = (fact.call, now_ms + UNLOCK_WAIT_MS)
    else:
        out.append(Answer(fact.call, "Unlocked"))


def _reset(s: DeskState, fact: ResetRequested, _now_ms: int, out: list[object]) -> None:
    out.append(Answer(fact.call, "Accepted"))
    if fact.hard:
        out.append(PutNote("restart", StopReason.HARD_RESET.value))
        out.append(Restart(StopReason.HARD_RESET))
        return
    s.restart = StopReason.SOFT_RESET
    running = [n for n, o in s.outlets.items() if o.transaction is not None]
    out += [StopAsked(number, StopReason.SOFT_RESET) for number in running]


def _availability(s: DeskState, fact: AvailabilityRequested, _now: int, out: list[object]) -> None:
    if fact.outlet != 0 and fact.outlet not in s.outlets:
        out.append(Answer(fact.call, "Rejected"))
        return
    numbers = list(s.outlets) if fact.outlet == 0 else [fact.outlet]
    busy = [n for n in numbers if s.outlets[n].transaction is not None]
    scheduled = bool(busy) and not fact.operative
    out.append(Answer(fact.call, "Scheduled" if scheduled else "Accepted"))
    for number in numbers:
        later = not fact.operative and number in busy
        s.outlets[number].shut_after = later
        if not later:
            set_operative(s, number, fact.operative, out)


REQUESTS: dict[type, Callable[..., None]] = {
    RemoteStartRequested: _remote_start,
    RemoteStopRequested: _remote_stop,
    UnlockRequested: _unlock,
    ResetRequested: _reset,
    AvailabilityRequested: _availability,
}
