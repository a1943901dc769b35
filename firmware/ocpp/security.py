"""Security of the line: who may raise the profile, which password counts, what is written down.

What the line stands on is changed on trial: the old value is kept, also over a loss of power,
until the new one has connected, and used again when the new one does not.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from firmware.model import backend as b
from firmware.model import security as s
from firmware.model.machine import NEVER_MS
from firmware.model.security import SecurityEventKind as Kind
from firmware.model.settings import Settings, SettingsChanged
from firmware.model.storage import Memory, PutNote
from firmware.ocpp.certificates import CertificateDesk, Rules
from firmware.ocpp.security_events import EventBook

PASSWORD, PROFILE, CHAIN = "ocpp_basic_auth_password", "ocpp:SecurityProfile", "chain"
TRIAL_NOTE = "security:trial"
TRIES = 5  # connections in a row that fail before the old value counts again
ANSWER_MS = 1_000  # what was answered leaves before the line is cut
PASSWORD_LEAST = 16
_REFERENCE = "sign-certificate"
_EVENTS = {
    b.Loss.CERTIFICATE: Kind.CENTRAL_CERTIFICATE,
    b.Loss.TLS_VERSION: Kind.TLS_VERSION,
    b.Loss.TLS_CIPHER: Kind.TLS_CIPHER,
    b.Loss.REFUSED: Kind.NOT_AUTHENTICATED_THERE,
    b.Loss.CLIENT: Kind.NOT_AUTHENTICATED_THERE,
}
_WATCHED = (PASSWORD, PROFILE, "ocpp_ssl_strictness_client", "ocpp_ws_url", "ocpp_ws_proxy")


@dataclass(frozen=True, slots=True)
class Trial:
    """A value that has not connected yet, and what was there before."""

    key: str
    old: str
    failures: int = 0


class SecurityCore:
    """The machine of the line's security."""

    def __init__(self, settings: Settings, memory: Memory, serial: str) -> None:
        self._settings = settings
        self._serial = serial
        self._reset = "restart" in memory.notes
        self._started = False
        self._trial = _trial(memory.notes.get(TRIAL_NOTE))
        self._book = EventBook(memory)
        self._desk = CertificateDesk()
        self._connected = False
        self._signing = False  # a key is being made
        self._last_loss: tuple[b.Loss, str] | None = None
        self._utc_at_zero_ms: int | None = None
        self._cut_at_ms = NEVER_MS
        self._cut_why = ""

    def handle(self, fact: object, now_ms: int) -> Iterable[object]:
        """Take one fact."""
        wishes: list[object] = []
        for wish in (*self._begun(), *self._taken(fact, now_ms)):
            if isinstance(wish, s.SecurityEvent):
                wishes += self._book.noted(wish.kind, wish.info, now_ms)
            else:
                wishes.append(wish)
        if now_ms >= self._cut_at_ms:
            self._cut_at_ms = NEVER_MS
            wishes.append(b.DropConnection(self._cut_why))
        return [*wishes, *self._book.due(now_ms)]

    def deadline_ms(self) -> int:
        """Return when the line is to be cut or an event to be told."""
        return min(self._cut_at_ms, self._book.deadline_ms())

    # -- facts ------------------------------------------------------------------------------

    def _begun(self) -> Iterator[object]:
        if not self._started:
            self._started = True
            yield s.SecurityEvent(Kind.STARTUP)
            if self._reset:
                yield s.SecurityEvent(Kind.RESET)

    def _taken(self, fact: object, now_ms: int) -> Iterator[object]:
        match fact:
            case s.SecurityEvent():
                yield fact
            case b.BackendConnected(_, anchor):
                yield from self._came(anchor)
            case b.BackendLost(_, reason, cause):
                yield from self._lost(reason, cause, now_ms)
            case b.BackendReady():
                self._book.ready(now_ms)
            case b.Told():
                yield from self._book.told(fact, now_ms)
            case b.ClockSynced(utc_at_zero_ms, source):
                yield from self._clock(utc_at_zero_ms, source)
            case SettingsChanged(settings):
                yield from self._configured(settings, now_ms)
            case s.SecurityKeyRequested(call, key, value):
                yield from self._KEYS[key](self, call, value, now_ms)
            case _:
                yield from self._certificates(fact, now_ms)

    def _certificates(self, fact: object, now_ms: int) -> Iterator[object]:
        match fact:
            case s.CertificatesListed():
                self._desk.listed = fact
            case s.Inspected():
                yield from self._desk.inspected(fact, self._rules())
            case s.CertificateKept(call, done):
                ours = self._desk.has_signed(call)
                yield from self._desk.kept(fact)
                if ours and done:
                    yield from self._renewed(now_ms)
            case s.SigningTriggered() if not self._signing:
                self._signing = True
                yield s.MakeSigningRequest(self._serial, self._settings.text("ocpp:CpoName"))
            case s.SigningRequestMade(csr):
                self._signing = False
                if csr:
                    yield b.Tell(_REFERENCE, "SignCertificate", {"csr": csr})
            case _:
                yield from self._desk.asked(fact, self._rules())

    def _came(self, anchor: str) -> Iterator[object]:
        self._connected, self._last_loss, self._desk.anchor = True, None, anchor
        if self._trial is not None:
            yield from self._ended()

    def _lost(self, reason: str, cause: b.Loss, now_ms: int) -> Iterator[object]:
        connected, self._connected, self._desk.anchor = self._connected, False, ""
        self._book.away()
        self._cut_at_ms = NEVER_MS  # what comes next has the new values already
        if cause in _EVENTS and self._last_loss != (cause, reason):  # once, not at each attempt
            yield s.SecurityEvent(_EVENTS[cause], reason)
        self._last_loss = (cause, reason)
        if self._trial is not None and not connected and cause is not b.Loss.OURS:
            yield from self._failed(self._trial, reason, cause)

    def _clock(self, utc_at_zero_ms: int, source: str) -> Iterator[object]:
        before, self._utc_at_zero_ms = self._utc_at_zero_ms, utc_at_zero_ms
        self._book.clock(utc_at_zero_ms)
        if source != "system clock" and before != utc_at_zero_ms:
            yield s.SecurityEvent(Kind.TIME_SET, source)

    def _configured(self, settings: Settings, now_ms: int) -> Iterator[object]:
        before, self._settings = self._settings, settings
        changed = [key for key in _WATCHED if before.values[key] != settings.values[key]]
        if changed:
            yield s.SecurityEvent(Kind.RECONFIGURED, ", ".join(changed))
        if PROFILE in changed and self._connected:  # by whomever
            self._cut_soon("The security profile was changed.", now_ms)

    # -- changes on trial -------------------------------------------------------------------

    def _password(self, call: str, value: str, now_ms: int) -> Iterator[object]:
        if len(value) < PASSWORD_LEAST:  # [A01.FR.06] nor can a back end take it away
            yield b.Answer(call, "Rejected")
            return
        yield b.Answer(call, "Accepted")
        yield from self._tried(PASSWORD, value, now_ms, "The password was changed.")

    def _profile(self, call: str, value: str, now_ms: int) -> Iterator[object]:
        wanted = int(value)
        if wanted <= self._settings.number(PROFILE) or not self._possible(wanted):
            yield b.Answer(call, "Rejected")  # [A05.FR.02, FR.03, TC_084]
            return
        yield b.Answer(call, "Accepted")
        yield from self._tried(PROFILE, value, now_ms, "The security profile was raised.")

    def _possible(self, profile: int) -> bool:
        """Tell whether what a profile stands on is there. [A05.FR.02 to 05]"""
        if profile in (1, 2) and not self._settings.text(PASSWORD):
            return False
        if profile >= 2 and not self._desk.central_roots():
            return False
        return profile < 3 or self._desk.listed.client

    def _tried(self, key: str, value: str, now_ms: int, why: str) -> Iterator[object]:
        old = str(self._settings.values[key])
        if self._trial is not None and self._trial.key == key:
            old = self._trial.old  # what lies between has never connected
        elif self._trial is not None:  # one thing at a time: it connected, or is taken as it is
            yield from self._ended()
        self._trial = Trial(key, old)
        yield _note(self._trial)
        yield s.ChangeSettings({key: value})
        self._cut_soon(why, now_ms)

    def _renewed(self, now_ms: int) -> Iterator[object]:
        """Show a new certificate of our own at once where the profile has one. [A02.FR.08]"""
        yield s.SecurityEvent(Kind.RECONFIGURED, "certificate of the station renewed")
        if self._settings.number(PROFILE) >= 3:
            if self._trial is None:
                self._trial = Trial(CHAIN, "")
                yield _note(self._trial)
            self._cut_soon("The certificate of the station was renewed.", now_ms)

    def _cut_soon(self, why: str, now_ms: int) -> None:
        self._cut_at_ms, self._cut_why = now_ms + ANSWER_MS, why

    def _failed(self, trial: Trial, reason: str, cause: b.Loss) -> Iterator[object]:
        """Count a failure that speaks against the new value; at last the old one counts again."""
        proof = {PASSWORD: (b.Loss.REFUSED,), CHAIN: (b.Loss.CLIENT, b.Loss.REFUSED)}
        if cause not in proof.get(trial.key, tuple(b.Loss)):
            return
        self._trial = replace(trial, failures=trial.failures + 1)
        if self._trial.failures < TRIES:
            return
        yield from self._ended()
        if trial.key == CHAIN:
            yield s.DropNewestChain()
        else:
            yield s.ChangeSettings({trial.key: trial.old})
        what = {PASSWORD: "password", PROFILE: f"security profile {trial.old}"}
        back = what.get(trial.key, "certificate of the station")
        yield s.SecurityEvent(Kind.RECONFIGURED, f"back to the old {back}: {reason}")

    def _ended(self) -> Iterator[object]:
        self._trial = None
        yield PutNote(TRIAL_NOTE, None)

    def _rules(self) -> Rules:
        return Rules(
            self._settings.number("ocpp:CertificateStoreMaxLength"),
            self._settings.number("ocpp:CertificateSignedMaxChainSize"),
            needs_root=self._settings.number(PROFILE) >= 2,
        )

    _KEYS: dict[str, Callable[[SecurityCore, str, str, int], Iterator[object]]] = {
        PASSWORD: _password,
        PROFILE: _profile,
    }


def _note(trial: Trial) -> PutNote:
    return PutNote(TRIAL_NOTE, json.dumps([trial.key, trial.old]))


def _trial(note: str | None) -> Trial | None:
    return Trial(*json.loads(note)) if note else None
