"""A trip outlives `kill -9` of the process that saw it, and ends by its own rule."""

import json
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from firmware.io.unix import connect_seqpacket
from firmware.link.frames import MAX_FRAME_BYTES, ReportAsked, decode, encode
from firmware.model.fault import Fault
from firmware.model.outlet import FaultCleared, FaultRaised

OPEN_S = 20


@contextmanager
def process(repository, name, state, *more):
    command = [sys.executable, "-m", f"firmware.apps.{name}", "--board",
               str(repository / "boards/mock.toml"), "--state", str(state), *more]  # fmt: skip
    with subprocess.Popen(command, cwd=repository, stdout=subprocess.PIPE) as running:
        try:
            yield running
        finally:
            running.send_signal(signal.SIGKILL)


def station(state):
    """Return the station's end of the link, as soon as there is a pilot."""
    until_s = time.monotonic() + OPEN_S
    while True:
        try:
            link = connect_seqpacket(state / "pilot.sock")
        except OSError:
            assert time.monotonic() < until_s, "pilotd does not listen"
            continue
        link.setblocking(True)
        link.settimeout(OPEN_S)
        link.send(encode(ReportAsked()))
        return link


def told(link, kind, fault):
    while True:
        frame = decode(link.recv(MAX_FRAME_BYTES))
        if isinstance(frame, kind) and frame.fault is fault:
            return frame.outlet


@pytest.mark.xdist_group("processes")
@pytest.mark.covers("F01")
def test_a_trip_is_there_after_the_process_that_saw_it_was_killed(repository, tmp_path):
    with process(repository, "world", tmp_path, "--bench", "127.0.0.1:0") as world:
        host, port = json.loads(world.stdout.readline())["bench"].split(":")
        bench = socket.create_connection((host, int(port)), timeout=OPEN_S).makefile("rwb", 0)

        def do(**verb):
            bench.write(json.dumps(verb).encode() + b"\n")
            assert json.loads(bench.readline())["ok"]

        do(do="plug", outlet=1, cable_ma=32_000, car={"asks": "B"})
        with process(repository, "pilotd", tmp_path), station(tmp_path) as link:
            do(do="residual", outlet=1, dc_ma=8)
            assert told(link, FaultRaised, Fault.GROUND_FAILURE) == 1
        do(do="residual", outlet=1, dc_ma=0)
        with process(repository, "pilotd", tmp_path), station(tmp_path) as link:
            assert told(link, FaultRaised, Fault.GROUND_FAILURE) == 1
            do(do="unplug", outlet=1, force=True)
            assert told(link, FaultCleared, Fault.GROUND_FAILURE) == 1
