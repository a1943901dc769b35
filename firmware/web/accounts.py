"""Who is signed in, and who has to wait: sessions and the limit on guessing passwords.

Pure: random tokens, verdicts on passwords and the time come in. Sessions live in memory only, so
a restart ends them. [E5 8, 10, 12]
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from firmware.config.param import Role

IDLE_MS = 15 * 60_000
WHOLE_MS = 12 * 3_600_000
SESSIONS_MAX = 100
TRIES = 5  # failures of one source within the window, before it has to wait [B-ACC-06]
WINDOW_MS = 5 * 60_000
FIRST_WAIT_MS, LONGEST_WAIT_MS = 30_000, 15 * 60_000
ALL_TRIES = 60  # failures of all sources together within the window
ALL_WAIT_MS = 5_000
SOURCES_MAX = 1_000
USERS: dict[str, Role] = {role.value: role for role in Role}
MAKERS = ("operator", "yellow_zone")  # [CC613 1.2] over the local USB address, until changed


@dataclass(slots=True)
class Session:
    """Somebody who is signed in."""

    user: str
    role: Role
    csrf: str
    began_ms: int
    seen_ms: int
    must_change: bool
    local: bool  # signed in over the local address


@dataclass(slots=True)
class _Source:
    failed_ms: deque[int] = field(default_factory=lambda: deque(maxlen=TRIES))
    waits: int = 0  # how often it had to wait; each doubles the next
    wait_until_ms: int = 0


class Accounts:
    """The sessions of a station."""

    def __init__(self) -> None:
        self.sessions: dict[str, Session] = {}
        self._sources: dict[str, _Source] = {}
        self._failed_ms: deque[int] = deque(maxlen=ALL_TRIES)

    def wait_ms(self, source: str, now_ms: int) -> int:
        """Return how long this source has to wait before its next try; 0: it may try now."""
        known = self._sources.get(source)
        own_ms = known.wait_until_ms - now_ms if known is not None else 0
        every_ms = 0
        if len(self._failed_ms) == ALL_TRIES and now_ms - self._failed_ms[0] < WINDOW_MS:
            every_ms = self._failed_ms[-1] + ALL_WAIT_MS - now_ms
        return max(0, own_ms, every_ms)

    def failed(self, source: str, now_ms: int) -> None:
        """A password was wrong: from the fifth failure on, each doubles the wait."""
        one = self._sources.pop(source, None) or _Source()
        self._sources[source] = one
        while len(self._sources) > SOURCES_MAX:
            self._sources.pop(next(iter(self._sources)))
        one.failed_ms.append(now_ms)
        self._failed_ms.append(now_ms)
        if one.waits and now_ms - one.wait_until_ms > LONGEST_WAIT_MS:
            one.waits = 0  # that was long ago
        many = len(one.failed_ms) == TRIES and now_ms - one.failed_ms[0] <= WINDOW_MS
        if one.waits or many:
            wait_ms = min(FIRST_WAIT_MS << min(one.waits, 10), LONGEST_WAIT_MS)
            one.waits, one.wait_until_ms = one.waits + 1, now_ms + wait_ms

    def succeeded(self, source: str) -> None:
        """A password was right: its source may start over."""
        self._sources.pop(source, None)

    def open(self, token: str, session: Session) -> None:
        """Sign somebody in; beyond the bound the one unseen for longest is signed out."""
        if len(self.sessions) >= SESSIONS_MAX:
            oldest = min(self.sessions, key=lambda t: self.sessions[t].seen_ms)
            del self.sessions[oldest]
        self.sessions[token] = session

    def find(self, token: str, now_ms: int, *, touch: bool = True) -> Session | None:
        """Return who this is; `touch` false looks without keeping the session alive."""
        session = self.sessions.get(token)
        if session is None:
            return None
        if now_ms - session.seen_ms > IDLE_MS or now_ms - session.began_ms > WHOLE_MS:
            del self.sessions[token]
            return None
        if touch:
            session.seen_ms = now_ms
        return session

    def close(self, token: str) -> None:
        """Sign somebody out."""
        self.sessions.pop(token, None)

    def close_user(self, user: str, but: str = "") -> None:
        """Sign everybody of a user out, whose password has changed."""
        for token in [t for t, s in self.sessions.items() if s.user == user and t != but]:
            del self.sessions[token]
