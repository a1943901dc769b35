"""`story --rig bench` from the command line to a station and back, over a serial line.

What stands in for the hardware: the box is the simulated world, behind pyserial on a pseudo
terminal; the station is the processes that ship on the mock board. No relay, no resistor and no
second clock takes part.
"""

import json
import signal
import socket
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from tests.bench.lines import Bridge

pytestmark = pytest.mark.xdist_group("processes")
WAIT_S = 90
KEY = "vehicle_connection_timeout"
CHARGE = """
csms accepts 0a0e9b83 ; set vehicle_connection_timeout 33
00:00  swipe 0a0e9b83
00:01  plug 32 A cable with car battery_wh=40000 soc_percent=20 phases=3
       expect contactor closed within 4 s
       expect ocpp StartTransaction 0a0e9b83 within 2 s
       expect duty 53 % within 2 s   # measured: near 53.3
00:04  residual 8 mA dc
       expect contactor open within 100 ms
00:05  residual 0 mA dc
00:06  unplug force
"""
STORIES = {
    "charge": CHARGE,
    "network": "00:00  backend away\n       expect ocpp StatusNotification\n",
    "setting": "set nonsense 5\n00:00  plug 32 A cable\n       expect lock locked\n",
    "refused": "00:00  unplug\n       expect lock locked within 1 s\n",
}


def powerstation(*arguments, cwd):
    return subprocess.run(
        [sys.executable, "-m", "firmware.apps.cli", *arguments],
        cwd=cwd, capture_output=True, text=True, timeout=WAIT_S,
    )  # fmt: skip


@pytest.fixture
def station(repository, tmp_path):
    """A station that looks for its back end at a port; give port, serial line and state."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    state = tmp_path / "state"
    running = subprocess.Popen(
        [sys.executable, "-m", "firmware.apps.cli", "run", "--board", "boards/mock.toml",
         "--state", str(state), "--log", str(tmp_path / "log"),
         "--set", f"ocpp_ws_url=ws://127.0.0.1:{port}/ocpp"],
        cwd=repository, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        bridge = Bridge(json.loads(running.stdout.readline())["bench"])
        yield port, bridge.near, state
        bridge.close()
    finally:
        running.send_signal(signal.SIGINT)
        running.wait(WAIT_S)


def _files(folder, *names):
    for name in names:
        (folder / f"{name}.story").write_text(STORIES[name])
    return [str(folder / f"{name}.story") for name in names]


def test_stories_play_on_a_bench_over_a_serial_line_and_are_reported(repository, tmp_path, station):
    port, line, state = station
    junit, html = tmp_path / "out" / "junit.xml", tmp_path / "out" / "page.html"
    asked = ("--rig", "bench", "--at", line, "--csms", f"127.0.0.1:{port}")
    local = ("--station", str(state), "--junit", str(junit), "--html", str(html))
    files = _files(tmp_path, "charge", "network", "refused")
    done = powerstation("story", *files, *asked, *local, cwd=repository)
    assert "holds" in done.stdout, (done.stdout, done.stderr)
    assert "this rig cannot do link" in done.stdout
    assert "nothing is plugged in" in done.stdout
    assert done.returncode == 1
    suite = ElementTree.fromstring(junit.read_text()).find("testsuite")
    assert [suite.get(k) for k in ("name", "tests", "failures", "skipped", "errors")] == [
        "rig bench", "3", "1", "1", "0",
    ]  # fmt: skip
    page = html.read_text()
    assert page.count("<svg") >= 1
    assert "http" not in page
    setting = powerstation("get", KEY, "--state", str(state), cwd=repository)
    assert setting.stdout == f"{KEY}=45 s\n"  # as it was before


def test_settings_of_a_story_go_by_ocpp_where_the_station_is_elsewhere(
    repository, tmp_path, station
):
    port, line, state = station
    asked = ("--rig", "bench", "--at", line, "--csms", f"127.0.0.1:{port}")
    files = _files(tmp_path, "charge", "setting")
    done = powerstation("story", *files, *asked, cwd=repository)
    assert "holds" in done.stdout, (done.stdout, done.stderr)
    assert "the station does not take nonsense=5 by OCPP: NotSupported" in done.stdout
    assert done.returncode == 3
    setting = powerstation("get", KEY, "--state", str(state), cwd=repository)
    assert setting.stdout == f"{KEY}=45 s\n"


def test_a_bench_that_is_not_there_is_a_sentence(repository, tmp_path):
    (file,) = _files(tmp_path, "charge")
    missing = powerstation("story", file, "--rig", "bench", cwd=repository)
    assert (missing.returncode, "--at HOST:PORT" in missing.stdout) == (2, True)
    nobody = powerstation("story", file, "--rig", "bench", "--at", "127.0.0.1:1", cwd=repository)
    assert nobody.returncode == 2
    assert "nobody speaks the bench protocol at 127.0.0.1:1" in nobody.stdout
    wrong = powerstation("story", file, "--rig", "moon", cwd=repository)
    assert (wrong.returncode, "there are sim, wire, gpiosim, bench" in wrong.stdout) == (2, True)
    csms = powerstation("story", file, "--csms", "here", cwd=repository)
    assert (csms.returncode, "--csms here: give HOST:PORT" in csms.stderr) == (2, True)
