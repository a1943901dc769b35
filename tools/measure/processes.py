"""What the processes of a whole idle station cost, how fast it ends, and one pilot step."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from firmware.apps.recorder import Recorder
from firmware.apps.run import Family, Plan
from firmware.io.blackbox import BlackBox
from firmware.pilot.core import PilotCore
from firmware.pilot.facts import Sampled, Traits
from hal.ports import LockPosition, OutletSample

TOP = Path(__file__).parent.parent.parent
STEPS = 50_000


def pilot_step_us() -> float:
    """Return the mean CPU time of one step with an unchanged sample of a charging outlet."""
    core = PilotCore(Traits(1, 32_000, lock=True, mirror=True))
    sample = OutletSample(0, 6_000, -12_000, 220, 533, True, LockPosition.LOCKED)
    began = time.process_time()
    for now_ms in range(STEPS):
        core.handle(Sampled(sample), now_ms * 5)
    return round((time.process_time() - began) / STEPS * 1e6, 2)


def blackbox_step_us() -> float:
    """Return the mean CPU time of noting a sample that differs from the one before."""
    core = PilotCore(Traits(1, 32_000, lock=True, mirror=True))
    samples = [
        OutletSample(0, 6_000 + n, -12_000, 220, 533, True, LockPosition.LOCKED) for n in (0, 1)
    ]
    with tempfile.TemporaryDirectory(prefix="powerstation-") as folder:
        recorder = Recorder(BlackBox(Path(folder) / "box", Recorder.WORDS), {1: core})
        began = time.process_time()
        for now_ms in range(STEPS):
            recorder.fact(1, Sampled(samples[now_ms % 2]), now_ms)
        return round((time.process_time() - began) / STEPS * 1e6, 2)


async def idle_station(board: Path, seconds: float) -> dict[str, dict[str, float]]:
    """Return resident MB and CPU percent of each process of an idle station."""
    with tempfile.TemporaryDirectory(prefix="powerstation-") as folder:
        state = Path(folder)
        family = Family(Plan(board, state, log=state / "log"))
        await family.start()
        await asyncio.sleep(2)
        pids = family.pids()
        before = {name: cpu_s(pid) for name, pid in pids.items()}
        await asyncio.sleep(seconds)
        figures = {
            name: {
                "resident_mb": round(resident_mb(pid), 1),
                "idle_cpu_percent": round((cpu_s(pid) - before[name]) / seconds * 100, 2),
            }
            for name, pid in pids.items()
        }
        await family.end()
    return figures


async def interrupted_demo() -> float:
    """Return how many seconds a demo needs to end after Ctrl-C, while a car charges."""
    with tempfile.TemporaryDirectory(prefix="powerstation-") as folder:
        demo = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "firmware.apps.cli", "demo", "--state", str(Path(folder) / "s"),
            cwd=TOP, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert demo.stdout is not None
        while line := await asyncio.wait_for(demo.stdout.readline(), 30):
            if b'"Charging"' in line:
                break
        began = time.monotonic()
        demo.send_signal(signal.SIGINT)
        await demo.stdout.read()
        await demo.wait()
        return round(time.monotonic() - began, 2)


def cpu_s(pid: int) -> float:
    """Return the CPU time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1_024
    return 0.0
