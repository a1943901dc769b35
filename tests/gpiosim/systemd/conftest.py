"""The world around a machine whose units are those of the package, and a hand on its bench."""

import json
import os
import select
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

collect_ignore_glob = [] if "POWERSTATION_INSIDE" in os.environ else ["test_*.py"]

BOARD = "/etc/powerstation/board.toml"
BENCH = ("127.0.0.1", 9_999)
UNITS = ("powerstation-pilotd", "powerstation-stationd")
CARD = "0a0e9b83"
STATE = "/var/lib/powerstation"


def run(*command):
    """Return what a command prints; it must succeed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def shown(unit, name):
    """Return a property of a unit."""
    return run("systemctl", "show", "--property", name, "--value", unit).strip()


def pid(unit):
    """Return the main process of a unit."""
    return int(shown(unit, "MainPID"))


def until(condition, within_s):
    """Wait for something to come true; fail when it does not."""
    last_s = time.monotonic() + within_s
    while not condition():
        journal = run("journalctl", "--no-pager", "-n", "20", "-u", "powerstation-*")
        assert time.monotonic() < last_s, f"not within {within_s} s; {journal}"
        select.select([], [], [], 0.05)


class Bench:
    """The bench protocol, one question after the other."""

    def __init__(self):
        self.wire = socket.create_connection(BENCH)
        self.lines = self.wire.makefile("rw")

    def ask(self, verb, **arguments):
        """Return the answer to a verb."""
        self.lines.write(json.dumps({"do": verb, **arguments}) + "\n")
        self.lines.flush()
        return json.loads(self.lines.readline())

    def do(self, verb, **arguments):
        """Do a verb; it must not be refused."""
        said = self.ask(verb, **arguments)
        assert said["ok"], said
        return said

    def closed(self):
        """Tell whether the first contactor is closed."""
        return self.do("look")["outlets"][0]["contactor_closed"]


@pytest.fixture(scope="session")
def bench():
    command = [sys.executable, "-m", "tools.uml.world", "--board", BOARD]
    bind = f"{BENCH[0]}:{BENCH[1]}"
    world = subprocess.Popen([*command, "--bench", bind], stdout=subprocess.PIPE)
    assert b"ready" in world.stdout.readline()
    for device in ("/dev/ttyREADER", "/dev/ttyMETER"):
        Path(os.path.realpath(device)).chmod(0o666)  # a board's ports are given by our udev rules
    run("systemctl", "start", *UNITS)
    yield Bench()
    run("systemctl", "stop", *UNITS)
    world.terminate()


@pytest.fixture
def charging(bench):
    """A car charges at the first outlet."""
    run("powerstation", "set", "--state", STATE, f"local_whitelist_entries={CARD}")
    bench.do("plug", outlet=1, cable_ma=32_000, car={"battery_wh": 80_000, "soc_percent": 0})
    bench.do("swipe", uid=CARD)
    until(bench.closed, 15)
    yield bench
    until(lambda: all(shown(unit, "ActiveState") == "active" for unit in UNITS), 15)
    until(bench.closed, 60)  # it charges again by itself, in the same transaction
    bench.do("swipe", uid=CARD)
    until(lambda: bench.ask("unplug", outlet=1)["ok"], 30)  # as a driver pulls at his plug
    until(lambda: "Available" in run("powerstation", "status", "--state", STATE), 5)
