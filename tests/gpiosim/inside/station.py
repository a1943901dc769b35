"""The station's end of the link to `pilotd`, as small as it can be: permits, a held plug, facts."""

import contextlib
import subprocess
import sys
import time
from pathlib import Path

from firmware.io.unix import connect_seqpacket
from firmware.link.frames import (
    LEASE_MS,
    MAX_FRAME_BYTES,
    PermitRenewed,
    ReportAsked,
    decode,
    encode,
)
from firmware.model.outlet import HoldLock
from tests.gpiosim.inside.bench import BOARD

STATE = Path("/run/powerstation")
RENEW_S = 0.25


class Pilot:
    """A `pilotd` that runs as it ships, and a station that renews its permits when it is called."""

    def __init__(self, *, limit_ma=16_000):
        STATE.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "firmware.apps.pilotd", "--board", str(BOARD),
                   "--state", str(STATE), "--stop-grace-ms", "0"]  # fmt: skip
        self.process = subprocess.Popen(command)
        self.limit_ma = limit_ma
        self.facts = []
        self.renewed_s = 0.0
        self.link = None

    def connect(self):
        """Try to reach it; tell whether that worked."""
        self.link = None
        with contextlib.suppress(OSError):
            self.link = connect_seqpacket(STATE / "pilot.sock")
            self.link.send(encode(ReportAsked()))
            self.link.send(encode(HoldLock(1, True)))
        return self.link is not None

    def live(self):
        """Renew the permit if it is time, and take what is told."""
        now_s = time.monotonic()
        if self.limit_ma and now_s >= self.renewed_s + RENEW_S:
            self.renewed_s = now_s
            self.link.send(encode(PermitRenewed(1, self.limit_ma, LEASE_MS)))
        with contextlib.suppress(BlockingIOError):
            while data := self.link.recv(MAX_FRAME_BYTES):
                self.facts.append(decode(data))
        return self

    def end(self):
        """Stop it as systemd does."""
        if self.link is not None:
            self.link.close()
        self.process.terminate()
        return self.process.wait(20)
