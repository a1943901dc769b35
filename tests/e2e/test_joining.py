"""Two stations become a site, as an installer does it at their command lines."""

import contextlib
import json
import signal
import socket
import subprocess
import sys

import pytest

pytestmark = pytest.mark.needs_mosquitto

WAIT_S = 60
SITE = ("dlm_sample_rate=5", "free_charging=on", "free_charging_mode=no_ocpp")


def free_ports():
    """Return a port that is free with the one above it."""
    while True:
        with socket.socket() as one, socket.socket() as two, contextlib.suppress(OSError):
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
            if port < 65_000:
                two.bind(("127.0.0.1", port + 1))
                return port


@contextlib.contextmanager
def running(repository, state, *sets):
    """A station's processes; their bench is what is given."""
    words = [part for item in (*SITE, *sets) for part in ("--set", item)]
    process = subprocess.Popen(
        [sys.executable, "-m", "firmware.apps.run", "--board", "boards/mock.toml",
         "--state", str(state), "--log", f"{state}.log", *words],
        cwd=repository, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield json.loads(process.stdout.readline())["bench"]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        process.stdout.close()


def load(repository, state, *words):
    return subprocess.run(
        [sys.executable, "-m", "firmware.apps.cli", "load", *words, "--state", str(state)],
        cwd=repository, capture_output=True, text=True, timeout=WAIT_S,
    )  # fmt: skip


def watched(bench):
    """Return a line on which the world tells every change, and do a verb on the way."""
    host, _, port = bench.rpartition(":")
    line = socket.create_connection((host, int(port)), timeout=WAIT_S)
    told = line.makefile()

    def do(**asked):
        line.sendall(json.dumps(asked).encode() + b"\n")

    do(do="watch")
    return do, told


@pytest.mark.covers("B-DLM-01", "B-DLM-02", "B-DLM-03")
def test_a_station_joins_a_master_by_its_code_and_gets_its_share(repository, tmp_path):
    """The slave is at a fixed address: the master shows itself to nobody."""
    port = free_ports()
    master, slave = tmp_path / "master", tmp_path / "slave"
    hidden = ("dlm_mode=master_standalone", f"dlm_port={port}", "dlm_disable_discovery=on")
    fixed = ("dlm_mode=slave_fixed_ip", f"dlm_master_address=127.0.0.1:{port}")
    with (
        running(repository, master, *hidden),
        running(repository, slave, *fixed) as bench,
    ):
        refused = load(repository, master, "join", "127.0.0.1", "12345678")
        assert "only a slave joins" in refused.stderr
        wrong = load(repository, slave, "join", "127.0.0.1", "12345678", "--port", str(port + 1))
        assert (wrong.returncode, "is a code open on its page?" in wrong.stderr) == (2, True)
        invited = load(repository, master, "invite")
        code = invited.stdout.splitlines()[0]
        joined = load(repository, slave, "join", "127.0.0.1", code, "--port", str(port + 1))
        assert joined.stdout.startswith("this station has joined the site of 127.0.0.1")
        do, told = watched(bench)
        do(do="plug", outlet=1, cable_ma=32_000)
        do(do="car", outlet=1)
        offers = (json.loads(line) for line in told)
        assert any(one.get("event") == "duty" and one["duty_permille"] == 266 for one in offers)
        site = json.loads(load(repository, master, "site", "--json").stdout)
        (point,) = [one for one in site["points"] if one["wants_ma"]]
        assert (point["limit_ma"], point["state"]) in ((16_000, "charges"), (16_000, "may charge"))
        assert load(repository, master, "forget").stdout.startswith("every station")
