"""One thread per blocking device; answers come back into the loop as facts."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable

ASKS_MAX = 16


class Asker(threading.Thread):
    """Runs one blocking question at a time; questions that pile up are dropped."""

    def __init__(
        self,
        name: str,
        ask: Callable[[], object],
        post: Callable[[object], None],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        """`ask` returns the fact, silence included; it must not raise."""
        super().__init__(name=name, daemon=True)
        self._ask = ask
        self._post = post
        self._loop = loop
        self._wanted: queue.Queue[bool] = queue.Queue(ASKS_MAX)

    def ask(self) -> None:
        """Want an answer."""
        if not self._wanted.full():
            self._wanted.put_nowait(True)

    def run(self) -> None:
        """Answer until `finish`."""
        while self._wanted.get():
            fact = self._ask()
            self._loop.call_soon_threadsafe(self._post, fact)

    def finish(self) -> None:
        """End after the question under way."""
        self._wanted.put(False)


class Watcher(threading.Thread):
    """Calls a blocking `look` again and again and posts what it returns."""

    def __init__(
        self,
        name: str,
        look: Callable[[], object | None],
        post: Callable[[object], None],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        """`look` blocks by itself for a bounded time; `None` is nothing new."""
        super().__init__(name=name, daemon=True)
        self._look = look
        self._post = post
        self._loop = loop
        self._ended = threading.Event()

    def run(self) -> None:
        """Look until `finish`."""
        while not self._ended.is_set():
            fact = self._look()
            if fact is not None and not self._ended.is_set():
                self._loop.call_soon_threadsafe(self._post, fact)

    def pause(self, seconds: float) -> None:
        """Wait, but not longer than until `finish`; for use inside `look`."""
        self._ended.wait(seconds)

    def finish(self) -> None:
        """End after the look under way."""
        self._ended.set()
