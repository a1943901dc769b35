"""What happened lately, in sentences for people; the last card with its verdict stands apart.

Bounded and forgotten at a restart: what must last is in the fault book, the history of
parameters, the transactions and the security log.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from firmware.model.backend import BackendLost, BackendReady, ClockSynced
from firmware.model.clock import WallClock
from firmware.model.load import ReadingDropped
from firmware.model.machine import NEVER_MS
from firmware.model.outlet import (
    CableChanged,
    ContactorMoved,
    FaultCleared,
    FaultRaised,
    LockMoved,
)
from firmware.model.people import LearningChanged, SignInTried
from firmware.model.session import (
    CardSeen,
    ReaderOpened,
    TokenAccepted,
    TokenAsked,
    TokenRefused,
    TransactionBegan,
    TransactionEnded,
)
from firmware.model.settings import Settings, SettingsChanged, SettingsWritten
from firmware.model.tokens import written
from firmware.model.values import Stamp

KEPT = 200


@dataclass(frozen=True, slots=True)
class Event:
    """One sentence with its time; outlet 0 is the station."""

    at: Stamp
    what: str
    outlet: int
    text: str


@dataclass(frozen=True, slots=True)
class LastCard:
    """The card that was presented last, and what became of it."""

    at: Stamp
    token: str
    verdict: str  # read, asked, accepted, refused or learned
    text: str


class Recent:
    """The machine of what happened lately."""

    def __init__(self, boot: int, settings: Settings) -> None:
        self.clock = WallClock(boot)
        self.settings = settings
        self.events: deque[Event] = deque(maxlen=KEPT)
        self.card: LastCard | None = None
        self.loss: BackendLost | None = None  # the last time that the line broke off
        self.locked: dict[int, bool] = {}  # what the pilot told last about each pin

    def handle(self, fact: object, now_ms: int) -> Iterable[object]:
        """Take one fact; it asks for nothing."""
        match fact:
            case ClockSynced(utc_at_zero_ms, _):
                self.clock.utc_at_zero_ms = utc_at_zero_ms
            case SettingsChanged(settings):
                self.settings = settings
            case LockMoved(outlet, locked, _):
                self.locked[outlet] = locked
            case BackendLost(_, reason):
                if self.loss is None or self.loss.reason != reason:
                    self._note("back end", 0, f"not connected: {reason}", now_ms)
                self.loss = fact
            case CardSeen(uid=uid):
                token = written(uid, self.settings.text("rfid_letter_case"))
                self._card(token, "read", "a card was read", now_ms)
            case TokenAsked(token):
                self._card(token, "asked", "the back end is asked", now_ms)
            case TokenAccepted(outlet, token):
                self._card(token, "accepted", f"accepted for outlet {outlet}", now_ms)
            case TokenRefused(token, reason):
                self._card(token, "refused", reason, now_ms)
                self._note("card refused", 0, f"{token}: {reason}", now_ms)
            case ReaderOpened(token, _):
                self._card(token, "accepted", "a master card: the reader is open for 30 s", now_ms)
            case LearningChanged(learned=learned) if self.card and self.card.token in learned:
                if self.card.verdict != "learned":
                    self._card(self.card.token, "learned", "put on the local whitelist", now_ms)
                    self._note("card learned", 0, self.card.token, now_ms)
            case _:
                said = _sentence(fact)
                if said is not None:
                    self._note(*said, now_ms)
        return []

    def deadline_ms(self) -> int:
        """Never."""
        return NEVER_MS

    def _card(self, token: str, verdict: str, text: str, now_ms: int) -> None:
        self.card = LastCard(self.clock.stamp(now_ms), token, verdict, text)

    def _note(self, what: str, outlet: int, text: str, now_ms: int) -> None:
        self.events.append(Event(self.clock.stamp(now_ms), what, outlet, text))


def _sentence(fact: object) -> tuple[str, int, str] | None:
    match fact:
        case CableChanged(outlet, cable_ma, _):
            if cable_ma is None:
                return "unplugged", outlet, "the plug is out"
            return "plugged", outlet, f"a plug with a cable for {cable_ma // 1_000} A"
        case ContactorMoved(outlet, closed, reason, _):
            return "contactor", outlet, f"{'closed' if closed else 'open'}: {reason}"
        case TransactionBegan(t):
            return "transaction began", t.outlet, f"token {t.token}"
        case TransactionEnded(t):
            reason = t.stop_reason.value if t.stop_reason else "Other"
            return "transaction ended", t.outlet, f"{t.last_wh - t.meter_start_wh} Wh, {reason}"
        case FaultRaised(outlet, fault, _):
            return "fault", outlet, f"{fault.row.id} {fault.row.raised}"
        case FaultCleared(outlet, fault, _):
            return "fault over", outlet, f"{fault.row.id} {fault.row.cleared}"
        case ReadingDropped(name, reason, _):
            return "meter", 0, f"{name}: not believed: {reason}"
        case SignInTried(user, source, fine):
            word = "signed in" if fine else "was refused: wrong password"
            return "sign-in", 0, f"{user} {word}, from {source}"
        case BackendReady():
            return "back end", 0, "connected and accepted"
        case SettingsWritten(change):
            keys = ", ".join(key for key, _, _ in change.values[:5])
            more = f" and {len(change.values) - 5} more" if len(change.values) > 5 else ""
            return "parameters", 0, f"{change.who} changed {keys}{more}"
    return None
