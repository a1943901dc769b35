"""`python -m tools.fuzz.guided CORPUS -runs=N`: the same target under libFuzzer, by coverage.

Ours is instrumented: frames, schemas, handlers, parts and the station. What libFuzzer keeps is
bytes that stand for decisions; a crash leaves them in a file, and the frame is printed.
"""

from __future__ import annotations

import json
import sys
from dataclasses import astuple

import atheris  # type: ignore[import-not-found, unused-ignore]

with atheris.instrument_imports(include=["firmware"]):
    from tools.fuzz.target import Target
from tools.fuzz.campaign import keep
from tools.fuzz.choices import Told
from tools.fuzz.frames import frame

TOLD_EVERY = 10_000
_target = Target()


def one_input(data: bytes) -> None:
    """Feed one frame; what it raises ends the run."""
    text = frame(Told(data))
    try:
        _target.feed(text)
    except BaseException as problem:
        print(f"crash: {problem!r} at {json.dumps(text)}; {keep(_target)}", flush=True)
        raise
    if _target.counts.inputs % TOLD_EVERY == 0:
        print("told:", *astuple(_target.counts), flush=True)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
