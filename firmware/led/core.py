"""Chooses the pattern of highest priority from what outlets, tokens and back end show."""

from __future__ import annotations

from collections.abc import Iterable

from firmware.led.brightness import changes_in_ms, percent
from firmware.led.patterns import PROFILES, Pattern
from firmware.model.backend import BackendLost, BackendReady, ClockSynced
from firmware.model.fault import Fault
from firmware.model.machine import NEVER_MS
from firmware.model.outlet import FaultCleared, FaultRaised
from firmware.model.people import LearningChanged, LightsTested
from firmware.model.session import (
    CardSeen,
    ReaderOpened,
    SessionPhase,
    SessionShown,
    ShowPattern,
    TokenAccepted,
    TokenAsked,
    TokenJudged,
    TokenRefused,
    TokenWaits,
)
from firmware.model.settings import Settings, SettingsChanged

CARD_MS = 1_000  # a recognised card shows at least this long [B-RFD-01]
LIGHTS_MS = 20_000  # for somebody who looks at every one of them
ASK_MS = 60_000  # a question that nobody answers does not rotate for ever

_PHASES = {
    SessionPhase.IDLE: "ready",
    SessionPhase.PLUGGED: "plugged_unauthorized",
    SessionPhase.AUTHORISED: "authorized_wait",
    SessionPhase.STARTING: "authorized_wait",
    SessionPhase.RUNNING: "charging",
    SessionPhase.ENDING: "reserved_closing",
    SessionPhase.FINISHING: "reserved_closing",
}
# Work on the station as a whole, for as long as it lasts. [B-LEDB-03, catalogue 4]
_WORKS = {Fault.UPDATING: "updating", Fault.USB_BUSY: "usb_stick_busy"}


class LedCore:
    """The machine of the ring."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.base: dict[int, str] = {}
        self.passing: dict[str, int] = {}  # pattern -> until
        self.card_until_ms = 0  # until then the recognised card shows
        self.offline = False
        self.works: dict[Fault, str] = {}
        self.utc_at_zero_ms: int | None = None
        self.shown: ShowPattern | None = None
        self.look_ms = NEVER_MS  # when the brightness may be another

    def handle(self, fact: object, now_ms: int) -> Iterable[object]:
        """Take one fact; tell the ring only when its pattern changes."""
        match fact:
            case SessionShown():
                self.base[fact.outlet] = _base(fact)
            case CardSeen():
                self.card_until_ms = now_ms + CARD_MS
                self.passing["authorizing"] = self.card_until_ms
            case TokenAsked():
                self.passing["authorizing"] = now_ms + ASK_MS
            case TokenJudged():
                self.passing["authorizing"] = self.card_until_ms
            case TokenWaits(_, until_ms) | ReaderOpened(_, until_ms):
                self.passing["authorized_wait"] = until_ms
            case TokenAccepted():
                self.passing.pop("authorized_wait", None)
            case TokenRefused():
                flashes = self.settings.number("ocpp:BlinkRepeat")
                self.passing["rejected"] = now_ms + flashes * self._patterns["rejected"].period_ms
                self.shown = None  # the flashes again, from their beginning
            case LearningChanged(on, _, until_ms):
                self.passing["learn_mode"] = until_ms if on else now_ms
            case LightsTested():
                self.passing["lights_test"] = now_ms + LIGHTS_MS
            case BackendReady():
                self.offline = False
            case BackendLost():
                self.offline = True
            case FaultRaised(_, fault, _) if fault in _WORKS:
                self.works[fault] = _WORKS[fault]
            case FaultCleared(_, fault, _):
                self.works.pop(fault, None)
            case ClockSynced(utc_at_zero_ms, _):
                self.utc_at_zero_ms = utc_at_zero_ms
            case SettingsChanged(settings):
                self.settings = settings
            case _:
                pass
        self.passing = {p: until for p, until in self.passing.items() if until > now_ms}
        wish = self._wish(now_ms)
        if wish is None or wish == self.shown:
            return []
        self.shown = wish
        return [wish]

    def deadline_ms(self) -> int:
        """When a passing pattern is over, or the brightness may be another."""
        return min([self.look_ms, *self.passing.values()])

    def _wish(self, now_ms: int) -> ShowPattern | None:
        """Return what the ring has to show; one that goes on keeps its beginning."""
        name = self._highest()
        if name is None:
            return None
        zero_ms = self.utc_at_zero_ms
        utc_ms = None if zero_ms is None else zero_ms + now_ms
        self.look_ms = min(NEVER_MS, now_ms + changes_in_ms(self.settings, utc_ms))
        goes_on = self.shown is not None and self.shown.pattern == name
        since_ms = self.shown.since_ms if self.shown is not None and goes_on else now_ms
        profile = self.settings.text("led_profile")
        return ShowPattern(name, since_ms, profile, percent(self.settings, utc_ms))

    @property
    def _patterns(self) -> dict[str, Pattern]:
        return PROFILES[self.settings.text("led_profile")]

    def _highest(self) -> str | None:
        names = [*self.base.values(), *self.passing, *self.works.values()]
        if self.offline and self.settings.flag("display_backend_disconnect_as_error"):
            names.append("out_of_order")
        return max(names, key=lambda name: self._patterns[name].priority, default=None)


def _base(shown: SessionShown) -> str:
    if shown.faulted or (not shown.operative and shown.phase is SessionPhase.IDLE):
        return "out_of_order"
    if shown.reserved and shown.phase in (SessionPhase.IDLE, SessionPhase.PLUGGED):
        return "reserved_closing"  # [B-LEDB-04]
    return _PHASES[shown.phase]
