"""Commands about outlets: looking, starting, stopping, unlocking, switching on and off."""

from __future__ import annotations

from collections.abc import Callable

from firmware.config.param import Role
from firmware.model.backend import (
    AvailabilityRequested,
    RemoteStartRequested,
    UnlockRequested,
)
from firmware.model.session import StopAsked
from firmware.model.values import StopReason
from firmware.session.desk import Desk
from firmware.station.backend_why import why_backend
from firmware.station.command import Asked, Command, Taken, no, yes
from firmware.station.diagnosis import diagnosis
from firmware.station.health import faults, wear
from firmware.station.snapshot import limits, snapshot, why
from firmware.station.wiring import Part

_HERE = "here"  # a request of nobody at the back end: its answer has no call to go to
TOKEN_MAX = 20  # [OCPP 1.6 CiString20]


def _status(asked: Asked) -> Taken:
    return yes(**snapshot(asked.station))


def _why(asked: Asked) -> Taken:
    if asked.word("about") == "backend":
        return yes(why=why_backend(asked.station))
    return _at_outlet(asked, lambda outlet: yes(why=why(asked.station, outlet)))


def _limits(asked: Asked) -> Taken:
    return yes(outlets=limits(asked.station, asked.now_ms))


def _faults(asked: Asked) -> Taken:
    return yes(faults=faults(asked.station, over_too=asked.word("all") is True))


def _wear(asked: Asked) -> Taken:
    return yes(outlets=wear(asked.station))


def _diagnosis(asked: Asked) -> Taken:
    return yes(**diagnosis(asked.station))


def _unlock(asked: Asked) -> Taken:
    """Do as UnlockConnector does; `lock` tells what became of it."""

    def run(outlet: int) -> Taken:
        running = asked.station.sessions[outlet].state.transaction is not None
        desk = _desk(asked).state.outlets[outlet]
        return yes(
            [UnlockRequested(f"{_HERE}-{outlet}", outlet)],
            was_locked=desk.locked, was_running=running, text=f"outlet {outlet}: being unlocked",
        )  # fmt: skip

    return _at_outlet(asked, run)


def _lock(asked: Asked) -> Taken:
    def run(outlet: int) -> Taken:
        one = _desk(asked).state.outlets[outlet]
        return yes(locked=one.locked, waiting=one.unlock is not None)

    return _at_outlet(asked, run)


def _start(asked: Asked) -> Taken:
    """Do as a remote start does: the token goes through the rules of authorisation."""
    token = asked.word("token")
    if not isinstance(token, str) or not 1 <= len(token) <= TOKEN_MAX or not token.isprintable():
        return no(f"start: token is a text of 1 to {TOKEN_MAX} printable characters")

    def run(outlet: int) -> Taken:
        if not _desk(asked).state.outlets[outlet].free:
            return no(f"start: {why(asked.station, outlet)}", code="conflict")
        wish = RemoteStartRequested(f"{_HERE}-{outlet}", outlet, token)
        return yes([wish], text=f"outlet {outlet}: {token} is being authorised")

    return _at_outlet(asked, run)


def _stop(asked: Asked) -> Taken:
    def run(outlet: int) -> Taken:
        if asked.station.sessions[outlet].state.transaction is None:
            return no(f"stop: outlet {outlet} has no transaction", code="conflict")
        wish = StopAsked(outlet, StopReason.LOCAL)
        return yes([wish], text=f"outlet {outlet}: the car is asked to stop")

    return _at_outlet(asked, run)


def _operative(operative: bool) -> Callable[[Asked], Taken]:
    def command(asked: Asked) -> Taken:
        def run(outlet: int) -> Taken:
            wish = AvailabilityRequested(f"{_HERE}-{outlet}", outlet, operative)
            word = "on" if operative else "off, after a running transaction"
            return yes([wish], text=f"outlet {outlet}: switched {word}")

        return _at_outlet(asked, run)

    return command


def _at_outlet(asked: Asked, run: Callable[[int], Taken]) -> Taken:
    outlet = asked.word("outlet")
    if type(outlet) is int and outlet in asked.station.sessions:
        return run(outlet)
    there = ", ".join(str(n) for n in asked.station.sessions)
    return no(f"there is no outlet {outlet!r}; there is {there}", code="unknown")


def _desk(asked: Asked) -> Desk:
    desk = asked.station.parts[Part.DESK]
    assert isinstance(desk, Desk)
    return desk


TABLE: dict[str, Command] = {
    "status": Command(_status),
    "why": Command(_why),
    "limits": Command(_limits),
    "faults": Command(_faults),
    "wear": Command(_wear),
    "diagnosis": Command(_diagnosis, Role.OPERATOR),
    "unlock": Command(_unlock, Role.OPERATOR, changes=True),
    "lock": Command(_lock, Role.OPERATOR),
    "start": Command(_start, Role.OPERATOR, changes=True),
    "stop": Command(_stop, Role.OPERATOR, changes=True),
    "available": Command(_operative(True), Role.OPERATOR, changes=True),
    "unavailable": Command(_operative(False), Role.OPERATOR, changes=True),
}
