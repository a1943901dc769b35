"""Many pieces of work on all cores, each told of as it goes on; the order of results is kept."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from multiprocessing import get_context
from typing import Any, Protocol, TypeVar

LOOK_S = 0.5
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_done: Any = None  # the counter that all workers share


class Advance(Protocol):
    """Moves the bar on."""

    def __call__(self, steps: int = 1) -> None:
        """So many steps are done."""


def tell(steps: int = 1) -> None:
    """From a piece of work: so many steps are done."""
    with _done.get_lock():
        _done.value += steps


def parallel(
    work: Callable[[_Item], _Result], items: Iterable[_Item], advance: Advance
) -> list[_Result]:
    """Return the results of `work`, which tells its own steps, in the order of the items."""
    context = get_context("fork")
    counter = context.Value("q", 0)
    told = 0
    with ProcessPoolExecutor(os.cpu_count(), context, _adopt, (counter,)) as pool:
        futures = [pool.submit(work, item) for item in items]
        waiting = set(futures)
        while waiting:
            _, waiting = wait(waiting, LOOK_S, FIRST_COMPLETED)
            advance(counter.value - told)
            told = counter.value
        return [future.result() for future in futures]


def _adopt(counter: Any) -> None:
    global _done
    _done = counter
