"""Boots the virtual station and runs in it what stands in `inside`; and the rig's own manners."""

import os
import re
import sys
from pathlib import Path

import pytest

from tools.uml.run import inside, python

INSIDE = Path(__file__).parent / "inside"
WHAT_RUNS_INSIDE = sorted(path.name for path in INSIDE.glob("test_*.py"))
IN_TRAVEL_ONLY = {"test_travel.py", "test_pilotd.py"}  # its reactions want a quiet host
HOLD_THE_WATCHDOG = """
import os, select
device = os.open("/dev/watchdog", os.O_WRONLY)
{then}
print("still here")
"""

pytestmark = [pytest.mark.needs_uml, pytest.mark.xdist_group("uml")]


def _pytest_inside(name, record_property, *, time_travel):
    command = [python(), "-m", "pytest", "-s", "-rs", "-p", "no:cacheprovider", INSIDE / name]
    result = inside(command, time_travel=time_travel)
    for figure in re.findall(r"^figure: (.*)$", result.output, re.M):
        record_property("figure", figure)
    for skipped in re.findall(r"^SKIPPED .*$", result.output, re.M):
        record_property("figure", f"inside: {skipped}")
    assert result.code == 0, result.told
    assert re.search(r"\b\d+ passed", result.output), result.told


@pytest.mark.parametrize("name", sorted(set(WHAT_RUNS_INSIDE) - IN_TRAVEL_ONLY))
def test_it_holds_on_the_virtual_station_in_real_time(name, record_property):
    _pytest_inside(name, record_property, time_travel=False)


@pytest.mark.parametrize("name", WHAT_RUNS_INSIDE)
def test_it_holds_on_the_virtual_station_where_time_travels(name, record_property):
    _pytest_inside(name, record_property, time_travel=True)


def _python(code, **how):
    return inside([sys.executable, "-c", code], **how)


def test_the_exit_code_and_the_output_come_out():
    result = _python("import sys; print('hello'); sys.stderr.write('there\\n'); sys.exit(7)")
    assert (result.code, result.output) == (7, "hello\nthere\n"), result.told


def test_a_command_that_does_not_end_is_ended_with_everything_of_it():
    result = _python("import signal; print('begun', flush=True); signal.pause()", limit_s=5)
    assert (result.code, result.was_reset, result.output) == (None, False, "begun\n"), result.told
    assert _kernels_left() == []


def test_nothing_of_a_virtual_station_outlives_it():
    assert _python("import os; os.fork() or os.execvp('sleep', ['sleep', '600'])").code == 0
    assert _kernels_left() == []


def _kernels_left():
    lines = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            parent = int((process / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        if parent in (1, os.getpid()) and any(word.startswith(b"uml_dir=") for word in words):
            lines.append(words)
    return lines


def test_the_host_is_read_only_and_scratch_is_left_behind(tmp_path):
    scratch = Path("/tmp") / f"{tmp_path.name}-{os.getpid()}"
    result = _python(f"open('{scratch}', 'w').write('x'); open('README.md', 'a').write('x')")
    assert result.code == 1
    assert "Read-only file system: 'README.md'" in result.output
    assert not scratch.exists()


def test_a_watchdog_that_nobody_kicks_resets_the_machine():
    code = HOLD_THE_WATCHDOG.format(then="select.select([], [], [], 3_600)")
    result = _python(code, time_travel=True)
    assert (result.was_reset, result.output) == (True, ""), result.told


def test_a_watchdog_is_not_stopped_by_the_death_of_its_holder():
    code = HOLD_THE_WATCHDOG.format(then="os.close(device); select.select([], [], [], 3_600)")
    assert _python(code, time_travel=True).was_reset


def test_the_magic_close_stops_the_watchdog():
    then = "os.write(device, b'V'); os.close(device); select.select([], [], [], 3_600)"
    result = _python(HOLD_THE_WATCHDOG.format(then=then), time_travel=True)
    assert (result.code, result.output) == (0, "still here\n"), result.told
