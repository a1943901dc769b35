"""The units as they ship, started by systemd over simulated pins, all their fences up."""

import os
import signal

from tests.gpiosim.systemd.conftest import STATE, UNITS, pid, run, shown, until

FIFO = 1  # SCHED_FIFO
PILOTD, STATIOND = UNITS


def status(unit, name):
    """Return a line of /proc/PID/status."""
    with open(f"/proc/{pid(unit)}/status") as file:  # noqa: PTH123
        return next(line.split(":", 1)[1].strip() for line in file if line.startswith(f"{name}:"))


def test_both_say_that_they_are_ready_and_run_as_nobody_of_importance(bench):
    for unit in UNITS:
        assert shown(unit, "ActiveState") == "active"
        assert shown(unit, "NRestarts") == "0"
        assert status(unit, "Uid").split()[0] != "0"
        assert status(unit, "NoNewPrivs") == "1"
        assert status(unit, "Seccomp") == "2"
    assert "Available" in run("powerstation", "status", "--state", STATE)


def test_the_pilot_has_its_priority_its_memory_and_no_network(bench):
    assert os.sched_getscheduler(pid(PILOTD)) == FIFO
    assert int(status(PILOTD, "VmLck").split()[0]) > 10_000  # kB
    with open(f"/proc/{pid(PILOTD)}/net/dev") as file:  # noqa: PTH123
        devices = [line.split(":")[0].strip() for line in file if ":" in line]
    assert devices == ["lo"]


def test_no_unit_may_gain_what_it_was_not_given(bench):
    assert int(status(STATIOND, "CapBnd"), 16) == 0
    nice_and_lock = 1 << 23 | 1 << 14
    assert int(status(PILOTD, "CapBnd"), 16) == nice_and_lock


def test_a_car_charges_and_a_killed_pilot_opens_and_is_back(charging):
    before = pid(PILOTD)
    os.kill(before, signal.SIGKILL)
    until(lambda: not charging.closed(), 1)
    until(lambda: pid(PILOTD) not in (0, before), 5)
    until(lambda: shown(PILOTD, "ActiveState") == "active", 5)


def test_a_hung_pilot_is_killed_by_the_watchdog_and_its_pins_are_made_safe(charging):
    before = pid(PILOTD)
    os.kill(before, signal.SIGSTOP)
    until(lambda: not charging.closed(), 1.5)  # the board's deadman, a second
    until(lambda: pid(PILOTD) not in (0, before), 5)  # only the watchdog ends a stopped process
    until(lambda: shown(PILOTD, "ActiveState") == "active", 5)


def test_a_station_that_dies_takes_its_permits_along_and_is_back(charging):
    before = pid(STATIOND)
    os.kill(before, signal.SIGKILL)
    until(lambda: charging.do("look")["outlets"][0]["duty_permille"] == 1_000, 1)
    until(lambda: pid(STATIOND) not in (0, before), 5)
