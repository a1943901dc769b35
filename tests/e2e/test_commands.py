"""The commands as a person types them: bad input is one sentence each, and nothing is changed."""

import contextlib
import fcntl
import json
import os
import pty
import signal
import socket
import struct
import subprocess
import sys
import termios

import pytest

from firmware import VERSION
from hal.board import BoardErrors, load_board
from tests.wire.packages import NEWER, keys_in, package

WAIT_S = 60


def powerstation(*arguments, cwd):
    return subprocess.run(
        [sys.executable, "-m", "firmware.apps.cli", *arguments],
        cwd=cwd, capture_output=True, text=True, timeout=WAIT_S,
    )  # fmt: skip


def bench(where, **asked):
    """Do a verb of the bench protocol in a running world."""
    host, _, port = where.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=WAIT_S) as line:
        line.sendall(json.dumps(asked).encode() + b"\n")
        with line.makefile() as answers:
            assert json.loads(answers.readline())["ok"] is True


def test_a_board_with_three_mistakes_is_told_three(repository, tmp_path):
    text = (repository / "boards/mock.toml").read_text()
    text = text.replace("sampling_period_ms = 5", "sampling_period_ms = 5000")
    text = text.replace('meter = "meter_2"', 'meter = "meter_9"')
    text = text.replace("count = 24", "count = 24\ncolour = true")
    board = tmp_path / "bad.toml"
    board.write_text(text)
    with pytest.raises(BoardErrors) as caught:
        load_board(board)
    assert len(caught.value.messages) == 3
    done = powerstation("run", "--board", str(board), "--state", str(tmp_path), cwd=repository)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 3
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == [board]


@pytest.mark.covers("B-CUR-02", "B-CUR-03")
@pytest.mark.parametrize(
    "setting, sentence",
    [
        ("operator_current_limit_1=99", "allowed: 6 to 80 A"),
        ("operator_current_limit_1=warm", "allowed: 6 to 80 A"),
        ("operator_curent_limit_1=16", "did you mean operator_current_limit_1"),
        ("operator_current_limit_1=40", "above installation_current_limit_1"),
        ("installation_current_limit_1=40", "above maximum_current_1"),
        ("ocpp_ws_url=http://x", "begins with ws:// or wss://"),
        ("ocpp:NumberOfConnectors=5", "read-only"),
        ("vehicle_connection_timeout", "key=value"),
    ],
)
def test_a_setting_that_cannot_be_is_one_sentence_and_nothing_is_changed(
    setting, sentence, repository, tmp_path
):
    state = tmp_path / "state"
    arguments = ("run", "--board", "boards/mock.toml", "--state", str(state), "--set", setting)
    done = powerstation(*arguments, cwd=repository)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert sentence in done.stderr
    assert not state.exists()


def test_no_station_running_is_a_sentence(repository, tmp_path):
    done = powerstation("status", "--state", str(tmp_path), cwd=repository)
    assert done.returncode == 2
    assert "no station answers" in done.stderr
    assert "powerstation run" in done.stderr


def test_a_file_that_is_no_session_list_is_a_sentence(repository, tmp_path):
    bad = tmp_path / "x.csv"
    bad.write_text("arrival_local,departure_local,station,energy_wh\n2019-03-01T06:20,x,CA,1\n")
    done = powerstation("sim", "replay", str(bad), cwd=repository)
    assert done.returncode == 2
    assert "line 2" in done.stderr


def test_a_running_station_answers_and_takes_settings_or_says_why_not(repository, tmp_path):
    state = ("--state", str(tmp_path))
    station = subprocess.Popen(
        [sys.executable, "-m", "firmware.apps.cli", "run", "--board", "boards/mock.toml",
         *state, "--log", str(tmp_path / "log")],
        cwd=repository, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        ready = json.loads(station.stdout.readline())
        assert ready["ready"] is True
        shown = json.loads(powerstation("status", "--json", *state, cwd=repository).stdout)
        assert [o["status"] for o in shown["outlets"]] == ["Available", "Available"]
        why = powerstation("why", "1", *state, cwd=repository)
        assert why.stdout == "outlet 1: nothing is plugged in\n"
        free = powerstation("unlock", "1", *state, cwd=repository)
        assert (free.returncode, free.stdout) == (0, "outlet 1: the plug was not held\n")
        none = powerstation("faults", *state, cwd=repository)
        assert none.stdout.startswith("no fault is there")
        worn = powerstation("wear", *state, cwd=repository)
        assert (worn.returncode, "closings" in worn.stdout) == (0, True)
        bench(ready["bench"], do="input", name="spd", active=True)
        told = (powerstation("faults", *state, cwd=repository).stdout for _ in range(20))
        assert any("F07" in text for text in told)
        good = powerstation("set", "operator_current_limit_1=20", *state, cwd=repository)
        assert good.returncode == 0
        bad = powerstation(
            "set", "operator_current_limit_1=25", "ocpp:HeartbeatInterval=-1", *state,
            cwd=repository,
        )  # fmt: skip
        assert (bad.returncode, len(bad.stderr.splitlines())) == (2, 1)
        above = powerstation("set", "maximum_current_1=16", *state, cwd=repository)
        assert (above.returncode, "role manufacturer" in above.stderr) == (2, True)
        value = powerstation("get", "operator_current_limit_1", *state, cwd=repository)
        assert value.stdout == "operator_current_limit_1=20 A\n"
    finally:
        station.send_signal(signal.SIGINT)
        assert station.wait(WAIT_S) == 0


def test_the_demo_charges_a_car_without_a_key_and_ends_when_told(repository, tmp_path):
    demo = subprocess.Popen(
        [sys.executable, "-m", "firmware.apps.cli", "demo", "--state", str(tmp_path / "demo")],
        cwd=repository, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        seen = []
        for line in demo.stdout:
            seen.append(line)
            if '"Charging"' in line:
                break
        text = "".join(seen)
        assert '"StartTransaction"' in text
        assert "swipe uid=0a0e9b83" in text
    finally:
        demo.send_signal(signal.SIGINT)
        assert demo.wait(WAIT_S) == 0


def test_a_story_is_reported_as_junit_and_as_a_page(repository, tmp_path):
    junit, html = tmp_path / "s.xml", tmp_path / "s.html"
    story = "tests/stories/short_session.story"
    reports = ("--junit", str(junit), "--html", str(html))
    done = powerstation("story", story, *reports, cwd=repository)
    assert (done.returncode, "holds tests/stories/short" in done.stdout) == (0, True)
    assert 'failures="0"' in junit.read_text()
    assert "<svg" in html.read_text()
    bad = powerstation("story", story, "--html", f"{story}/x.html", cwd=repository)
    assert (bad.returncode, "cannot write a report" in bad.stdout) == (2, True)
    missing = powerstation("story", "nowhere.story", cwd=repository)
    assert (missing.returncode, "cannot play nowhere.story" in missing.stdout) == (2, True)


@contextlib.contextmanager
def _world(repository, folder):
    """A simulated world alone; give its bench."""
    world = subprocess.Popen(
        [sys.executable, "-m", "firmware.apps.world", "--board", "boards/mock.toml",
         "--state", str(folder), "--bench", "127.0.0.1:0"],
        cwd=repository, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield json.loads(world.stdout.readline())["bench"]
    finally:
        world.send_signal(signal.SIGTERM)
        assert world.wait(WAIT_S) == 0


def test_the_bench_page_prints_changes_where_there_is_no_terminal(repository, tmp_path):
    with _world(repository, tmp_path) as where:
        page = subprocess.Popen(
            [sys.executable, "-m", "firmware.apps.cli", "bench", "--at", where],
            cwd=repository, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            assert "keys work in a terminal only" in page.stdout.readline()
            bench(where, do="plug", outlet=2, cable_ma=20_000, car=True)
            assert any("outlet 2" in line and "cable 680 ohm" in line for line in page.stdout)
        finally:
            page.send_signal(signal.SIGINT)
            assert page.wait(WAIT_S) == 0


def test_keys_act_on_the_bench_page_in_a_terminal(repository, tmp_path):
    with _world(repository, tmp_path) as where:
        mine, its = pty.openpty()
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        page = subprocess.Popen(
            [sys.executable, "-m", "firmware.apps.cli", "bench", "--at", where],
            cwd=repository, stdin=its, stdout=its, env={**os.environ, "TERM": "xterm-256color"},
        )  # fmt: skip
        os.close(its)
        try:
            _read_until(mine, "power off 3 s")
            os.write(mine, b"p")
            _read_until(mine, "cable 220 ohm")
            os.write(mine, b"q")
            _read_until(mine, None)
        finally:
            page.kill()
            page.wait(WAIT_S)
            os.close(mine)


def _read_until(terminal, words):
    """Read what a terminal shows until the words; `None`: until nobody writes any more."""
    shown = ""
    while words is None or words not in shown:
        try:
            shown += os.read(terminal, 65_536).decode(errors="replace")
        except OSError:
            assert words is None, shown
            return


@pytest.mark.parametrize("at, sentence", [
    ("127.0.0.1:1", "nobody speaks the bench protocol at 127.0.0.1:1"),
    ("/dev/ttyUSB77", "is the box plugged in"), ("there", "is no address of a bench"),
])  # fmt: skip
def test_a_bench_page_of_nothing_is_a_sentence(repository, at, sentence):
    done = powerstation("bench", "--at", at, cwd=repository)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert sentence in done.stderr


@pytest.mark.covers("P139", "B-UPD-07")
def test_a_package_is_brought_by_a_command_and_what_cannot_be_installed_is_a_sentence(
    repository, tmp_path
):
    (tmp_path / "made").mkdir()
    keys_in(tmp_path / "state/keys")
    older, good = (package(tmp_path / "made", version) for version in ("0.0.9", NEWER))
    state = ["--state", str(tmp_path / "state")]
    station = subprocess.Popen(
        [sys.executable, "-m", "firmware.apps.cli", "run", "--board", "boards/mock.toml", *state],
        cwd=repository, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        json.loads(station.stdout.readline())
        lost = powerstation("update", *state, str(tmp_path / "lost.deb"), cwd=repository)
        assert (lost.returncode, lost.stderr) == (
            2, f"{tmp_path}/lost.deb: No such file or directory\n",
        )  # fmt: skip
        refused = powerstation("update", *state, str(older), cwd=repository)
        assert refused.returncode == 2
        assert f"cannot be installed: version 0.0.9 is not newer than {VERSION}" in refused.stderr
        taken = powerstation("update", *state, str(good), cwd=repository)
        assert taken.returncode == 0, taken.stderr
        assert f"version {NEWER}, signed by maker" in taken.stdout
        assert "it is being installed" in taken.stdout
        assert (tmp_path / "state/updates/ready/firmware.bin").read_bytes() == good.read_bytes()
    finally:
        station.send_signal(signal.SIGINT)
        station.wait(WAIT_S)
        station.stdout.close()
