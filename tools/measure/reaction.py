"""Reaction of the pilot process: a sample that leaves C goes out, the contactor-off order comes.

This side is the world. Latency is from the instant before the packet is sent to the instant
after the order has been sent by the other side; both read CLOCK_MONOTONIC.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from firmware.io.unix import listen_seqpacket
from hal.frames import SOCKET_NAME, encode, plain
from hal.ports import LockPosition, OutletSample

HERE = Path(__file__).parent
TOP = HERE.parent.parent
ANSWER_S = 2.0
LOADERS = 2


@dataclass(slots=True)
class Reactions:
    """Latencies in us of one subject, and what the kernel refused it."""

    name: str
    us: list[float]
    refused: tuple[str, ...] = ()

    def figures(self) -> dict[str, float]:
        """Return n, p50, p99, p99.9 and max in us."""
        ordered = sorted(self.us)
        at = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}
        picked = {k: round(ordered[min(int(len(ordered) * q), len(ordered) - 1)], 1)
                  for k, q in at.items()}  # fmt: skip
        return {"n": len(ordered), **picked, "max": round(ordered[-1], 1)}


def _sample(cp_high_mv: int, outlet: int) -> bytes:
    sample = OutletSample(
        at_ms=time.monotonic_ns() // 1_000_000, cp_high_mv=cp_high_mv, cp_low_mv=-12_000,
        pp_ohm=220, duty_permille=533, contactor_closed=True, lock=LockPosition.LOCKED,
    )  # fmt: skip
    return encode({"outlet": outlet, "sample": plain(sample)})


def _stimulate(
    wire: socket.socket, seconds: float, rng: random.Random, gap_s: tuple[float, float]
) -> list[int]:
    """Trip the outlet again and again; return the instants in ns."""
    sent_ns: list[int] = []
    end_s = time.monotonic() + seconds
    wire.send(_sample(12_000, 2))
    wire.send(_sample(6_000, 1))
    next_keep_s = 0.0
    while time.monotonic() < end_s:
        if time.monotonic() >= next_keep_s:  # the other outlet stays fresh
            wire.send(_sample(12_000, 2))
            next_keep_s = time.monotonic() + 0.1
        select.select([], [], [], rng.uniform(*gap_s))
        _drain(wire)
        packet = _sample(9_000, 1)
        sent_ns.append(time.monotonic_ns())
        wire.send(packet)
        if not _opened(wire):
            raise TimeoutError("no contactor-off order came")
        wire.send(_sample(6_000, 1))
    return sent_ns


def _opened(wire: socket.socket) -> bool:
    until_s = time.monotonic() + ANSWER_S
    while (left_s := until_s - time.monotonic()) > 0:
        if select.select([wire], [], [], left_s)[0]:
            frame = json.loads(wire.recv(8_192))
            if frame.get("outlet") == 1 and not frame["drive"]["contactor_on"]:
                return True
    return False


def _drain(wire: socket.socket) -> None:
    while select.select([wire], [], [], 0)[0]:
        if not wire.recv(8_192):
            raise ConnectionError("the subject has ended")


def _one(
    command: Callable[[Path, Path], list[str]],
    seconds: float,
    rng: random.Random,
    gap_s: tuple[float, float],
) -> tuple[list[float], tuple[str, ...]]:
    """Run one subject for so long; return latencies in us and refusals."""
    with tempfile.TemporaryDirectory(prefix="powerstation-") as folder:
        state, out = Path(folder), Path(folder) / "out"
        listener = listen_seqpacket(state / SOCKET_NAME)
        subject = subprocess.Popen(command(state, out), cwd=TOP)
        try:
            if not select.select([listener], [], [], 10)[0]:
                raise TimeoutError(f"{command(state, out)[0]} did not connect")
            wire, _ = listener.accept()
            wire.recv(8_192)  # its hello
            for _ in range(10):  # both outlets stay fresh while it settles
                wire.send(_sample(12_000, 1))
                wire.send(_sample(12_000, 2))
                select.select([], [], [], 0.05)
            _drain(wire)
            sent_ns = _stimulate(wire, seconds, rng, gap_s)
        finally:
            subject.send_signal(signal.SIGTERM)
            subject.wait(10)
            listener.close()
        opened_ns, refused = _read(out)
    count = min(len(sent_ns), len(opened_ns))
    assert len(sent_ns) - count <= 1, (len(sent_ns), len(opened_ns))
    pairs = zip(sent_ns[:count], opened_ns[:count], strict=True)
    return [(opened - sent) / 1_000 for sent, opened in pairs], refused


def _read(out: Path) -> tuple[list[int], tuple[str, ...]]:
    text = out.read_text()
    if text.startswith("{"):
        told = json.loads(text)
        return told["opened_ns"], tuple(told["refused"])
    return [int(line) for line in text.split()], ()


def measure(seconds: float, board: Path, say: Callable[[str], None]) -> list[Reactions]:
    """Measure floor, edge path and sampled path in turn under load, in slices of a sixth."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, -20)
    python = [sys.executable, "-m", "tools.measure.subject"]
    floor = _build_floor()
    subjects: list[tuple[Reactions, Callable[[Path, Path], list[str]], tuple[float, float]]] = [
        (
            Reactions("pilotd, input edge", []),
            lambda state, out: [*python, str(state), str(board), str(out), "edges"],
            (0.000_5, 0.001_5),
        ),
        (
            Reactions("pilotd, sampled path", []),
            lambda state, out: [*python, str(state), str(board), str(out), "sampled"],
            (0.006, 0.011),
        ),
    ]
    if floor is not None:
        command = floor
        subjects.insert(0, (
            Reactions("floor, bare C", []),
            lambda state, out: [str(command), str(state / SOCKET_NAME), str(out)],
            (0.000_5, 0.001_5),
        ))  # fmt: skip
    rng = random.Random(1)
    loaders = [
        subprocess.Popen([sys.executable, "-m", "tools.measure.loader"], cwd=TOP)
        for _ in range(LOADERS)
    ]
    try:
        for load in loaders:
            os.setpriority(os.PRIO_PROCESS, load.pid, 0)
        for number in range(6):
            for reactions, command_of, gap_s in subjects:
                say(f"reaction {number + 1}/6: {reactions.name}")
                us, reactions.refused = _one(command_of, seconds / 6, rng, gap_s)
                reactions.us += us
    finally:
        for load in loaders:
            load.kill()
            load.wait()
    return [reactions for reactions, _, _ in subjects]


def _build_floor() -> Path | None:
    """Compile the floor; `None` without a compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    program = TOP / "build" / "floor"
    program.parent.mkdir(exist_ok=True)
    source = str(HERE / "floor.c")
    subprocess.run([compiler, "-O2", "-Wall", "-o", str(program), source], check=True)
    return program
