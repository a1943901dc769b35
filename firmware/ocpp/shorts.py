"""Short messages that wait for the line: the present of the station, questions, tellings.

They are not kept over an interruption; each that had an asker is answered then with nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from firmware.model.backend import BackendAnswered, Tell, Told
from firmware.ocpp.calls import Send
from firmware.ocpp.status import StatusBoard

_MAX_WAITING = 200
_MAX_QUESTIONS = 50
_MAX_TELLINGS = 50
_OWED = ("authorize", "tell")  # somebody waits for what becomes of them; bounded themselves


class Shorts:
    """The queue of short messages, and who waits for their answers."""

    def __init__(self, board: StatusBoard) -> None:
        self._board = board
        self._waiting: deque[Send] = deque()
        self._last: deque[Send] = deque()  # bounded by the tellings
        self._asked: dict[str, int] = {}  # token -> when the question is too old
        self._tellings = 0

    def deadlines_ms(self) -> Iterator[int]:
        """Return when questions are too old."""
        return iter(self._asked.values())

    def put(self, send: Send) -> None:
        """Queue a message; where there are too many, the oldest that nobody waits for goes."""
        if len(self._waiting) >= _MAX_WAITING:
            oldest = next(one for one in self._waiting if one.kind not in _OWED)
            self._waiting.remove(oldest)
            self._unreported(oldest)
        self._waiting.append(send)

    def next(self, *, ready: bool) -> Send | None:
        """Take the oldest that may go out; what may not is of another time and dropped."""
        while self._waiting:
            send = self._waiting.popleft()
            if send.asked or ready:
                return send
        return None

    def ask(self, token: str, question: Send, until_ms: int) -> bool:
        """Queue a question about a token, once; `False`: too many are open."""
        if token in self._asked:
            return True
        if len(self._asked) >= _MAX_QUESTIONS:
            return False
        self._asked[token] = until_ms
        self.put(question)
        return True

    def tell(self, tell: Tell) -> bool:
        """Queue what a feature profile tells; `False`: too much waits."""
        if self._tellings >= _MAX_TELLINGS:
            return False
        self._tellings += 1
        send = Send("tell", tell.action, dict(tell.payload), tell.ref, tell.asked)
        if tell.last:
            self._last.append(send)
        else:
            self.put(send)
        return True

    def last(self) -> Send | None:
        """Take the oldest of those that wait until nothing else wants the line."""
        return self._last.popleft() if self._last else None

    def refused(self, send: Send, code: str) -> Iterator[object]:
        """Bring a CALLERROR to who told."""
        self._tellings -= 1
        yield Told(str(send.ref), None, code)

    def answered(self, send: Send, payload: dict[str, object] | None) -> Iterator[Told]:
        """Bring the answer of a telling to who told."""
        self._tellings -= 1
        yield Told(str(send.ref), payload)

    def asker(self, send: Send) -> str | None:
        """Return the token whose question is over now, unless it was before."""
        token = str(send.ref)
        return token if self._asked.pop(token, None) is not None else None

    def unsent(self, send: Send) -> Iterator[object]:
        """Give back what the line has lost."""
        self._unreported(send)
        if send.kind == "tell":
            yield from self.answered(send, None)
        elif send.kind == "authorize" and (token := self.asker(send)) is not None:
            yield BackendAnswered(token, None)

    def hushed(self) -> Iterator[object]:
        """Give everything back that waits."""
        while self._waiting:
            yield from self.unsent(self._waiting.popleft())
        while self._last:
            yield from self.unsent(self._last.popleft())

    def expired(self, now_ms: int) -> Iterator[BackendAnswered]:
        """Give questions up that are too old."""
        for token in [token for token, at_ms in self._asked.items() if now_ms >= at_ms]:
            del self._asked[token]
            self._waiting = deque(
                send for send in self._waiting if (send.kind, send.ref) != ("authorize", token)
            )
            yield BackendAnswered(token, None)

    def _unreported(self, send: Send) -> None:
        if send.kind == "status":
            self._board.unreported(int(send.ref))
