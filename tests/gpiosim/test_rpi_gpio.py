"""The factory over RPi.GPIO: proved with rpi-lgpio inside, told in a sentence where it is none."""

import os
import re
import subprocess
import sys

import pytest

from tools.uml.kernel import ROOT
from tools.uml.run import inside

OPEN = """
from hal.drivers.gpio_lines import FACTORIES
from hal.ports import HardwareSilent
try:
    FACTORIES["rpigpio"](0)
except HardwareSilent as told:
    print(told)
"""


@pytest.mark.needs_uml
@pytest.mark.needs_rpi_lgpio
@pytest.mark.xdist_group("uml")
def test_lines_over_rpi_gpio_hold_on_the_virtual_station(record_property):
    python = ROOT / ".venv-rpigpio" / "bin" / "python"
    command = [python, "-m", "pytest", "-p", "no:cacheprovider", "tests/gpiosim/rpigpio"]
    result = inside(command, time_travel=True)
    assert result.code == 0, result.told
    passed = re.search(r"^(\d+) passed", result.output, re.M)
    assert passed, result.told
    record_property("figure", f"RPi.GPIO's factory on rpi-lgpio: {passed[1]} tests passed inside")


@pytest.mark.parametrize(
    "module, told",
    [
        ("raise RuntimeError('This module can only be run on a Raspberry Pi!')", "only be run on"),
        (None, "No module named 'RPi'"),
    ],
)
def test_a_rpi_gpio_that_does_not_work_is_told_with_where_it_cannot(tmp_path, module, told):
    if module is not None:
        (tmp_path / "RPi").mkdir()
        (tmp_path / "RPi" / "__init__.py").touch()
        (tmp_path / "RPi" / "GPIO.py").write_text(module)
    env = {**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}", "LG_WD": str(tmp_path)}
    command = [sys.executable, "-c", OPEN]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    assert re.match(r"RPi.GPIO: .*; not on a Pi 5, not on Debian's kernel", done.stdout)
    assert told in done.stdout
