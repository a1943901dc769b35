"""`python -m tools.cover`: which lines of the drivers the tests run, here and on simulated chips.

Runs the tests of contract, drivers and devices on this machine, then the contract and the drivers'
calls inside the virtual station, and prints one table of all. The figures are of lines in the
tests' own process; what only a started process runs is not counted.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.uml.kernel import ROOT, NoKernel
from tools.uml.run import OUT, inside, python

INTO = ROOT / "build" / "coverage"
CODE = "hal/drivers/*,hal/opening.py,hal/registers.py,hal/wiring.py"
PYTEST = ("-m", "pytest", "-p", "no:cacheprovider")
NATIVE = ("tests/contract", "tests/drivers", "tests/devices", "tests/gpiosim/test_rpi_gpio.py")
# other files of that folder hold the same lines in a process of their own
CHIPS = ("tests/contract", "tests/gpiosim/inside/test_driver_calls.py")
RPI_GPIO = ROOT / ".venv-rpigpio" / "bin" / "python"
LIMIT_S = 900


def main() -> int:
    """Measure and print; 1 where a test fails, and a sentence for what cannot be run here."""
    shutil.rmtree(INTO, ignore_errors=True)
    INTO.mkdir(parents=True)
    print("cover: the tests of this machine", flush=True)
    here = [sys.executable, *_measured(INTO / ".coverage.native"), *PYTEST, *NATIVE]
    failed = [subprocess.run([*here, "-k", "not virtual_station"], cwd=ROOT).returncode]
    try:
        runs = {"chips": (python(), CHIPS), "rpigpio": (RPI_GPIO, ("tests/gpiosim/rpigpio",))}
        for name, (interpreter, tests) in runs.items():
            print(f"cover: {name}, inside the virtual station", flush=True)
            failed.append(_inside(name, interpreter, tests))
    except NoKernel as why:
        print(f"cover: without the virtual station: {why}", file=sys.stderr)
        failed.append(1)
    _coverage("combine", "--quiet", str(INTO))
    _coverage("report", f"--include={CODE}", "--show-missing", "--format=markdown")
    return int(any(failed))


def _inside(name: str, interpreter: Path, tests: Sequence[str]) -> int | None:
    if not interpreter.exists():
        raise NoKernel(f"no {interpreter.relative_to(ROOT)}; `make uml` makes it")
    words = [interpreter, *_measured(OUT / f".coverage.{name}"), *PYTEST, *tests]
    result = inside(list(map(str, words)), time_travel=True, limit_s=LIMIT_S, out=INTO)
    print(result.output if result.code == 0 else result.told, flush=True)
    return result.code


def _measured(data: Path) -> list[str]:
    return ["-m", "coverage", "run", f"--include={CODE}", f"--data-file={data}"]


def _coverage(*words: str) -> None:
    env = {**os.environ, "COVERAGE_FILE": str(INTO / ".coverage")}
    subprocess.run([sys.executable, "-m", "coverage", *words], cwd=ROOT, env=env, check=True)


if __name__ == "__main__":
    sys.exit(main())
