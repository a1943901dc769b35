"""SCHED_FIFO, locked memory, no garbage collector: what a safety process asks of Linux."""

from __future__ import annotations

import ctypes
import gc
import os
from contextlib import suppress

FIFO_PRIORITY = 70
NICE = -20
_MCL_CURRENT, _MCL_FUTURE = 1, 2


def enter() -> tuple[str, ...]:
    """Ask for everything; return one sentence for each thing that was refused."""
    refused: list[str] = []
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(FIFO_PRIORITY))
    except OSError as problem:
        refused.append(_fall_back_to_nice(problem))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mlockall(_MCL_CURRENT | _MCL_FUTURE) != 0:
        refused.append(
            f"mlockall refused ({os.strerror(ctypes.get_errno())}): pages may be swapped out; "
            "give LimitMEMLOCK=infinity"
        )
    gc.collect()
    gc.freeze()
    gc.disable()
    return tuple(refused)


def _fall_back_to_nice(problem: OSError) -> str:
    wanted = f"SCHED_FIFO refused ({problem.strerror})"
    try:
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
    except OSError:
        return f"{wanted}, nice {NICE} too: running at ordinary priority; give LimitRTPRIO=70"
    return f"{wanted}: running at nice {NICE}; give LimitRTPRIO=70 or CAP_SYS_NICE"


def hurry() -> None:
    """Come before ordinary processes, where that is allowed."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
