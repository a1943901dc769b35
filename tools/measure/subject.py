"""The pilot process under measurement: the shipped loop, driver and machine, armed again after
each reaction by putting back the state of a charging outlet.

Run as `python -m tools.measure.subject STATE BOARD OUT edges|sampled`; the stimulus is the world
at STATE. OUT gets the instants (monotonic ns) at which each contactor-off command had been sent.
"""

from __future__ import annotations

import copy
import json
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

from firmware.apps.pilotd import LOOKS, PilotLoop
from firmware.io import realtime
from firmware.io.clock import now_ms
from firmware.io.unix import listen_seqpacket
from firmware.model.machine import NEVER_MS
from firmware.model.values import CpState
from firmware.pilot.state import PilotState
from hal.board import load_board
from hal.opening import SafetyPorts, open_safety
from hal.ports import OutletDrive, OutletSample

C_MV = 6_000


class Subject(PilotLoop):
    """The loop that ships, with a note of each opening."""

    def __init__(self, profile, ports: SafetyPorts, listener) -> None:
        super().__init__(profile, ports, listener)
        self.opened_ns: list[int] = []
        self.charging: PilotState | None = None

    def _drive(self, number: int) -> None:
        super()._drive(number)
        sample = self.ports.outlets[1].sample()
        if number != 1 or (self.charging is None and sample.cp_high_mv != C_MV):
            return
        if self.charging is None:
            self.charging = _charging(sample)
        elif self.cores[1].state.drive.contactor_on:
            return
        else:
            self.opened_ns.append(time.monotonic_ns())
        core = self.cores[1]  # charging again: the same sample is no news to it
        core.state = copy.copy(self.charging)
        core.state.faults = set()
        core._wake_ms = NEVER_MS
        self.served[1] = LOOKS(sample)


def _charging(sample: OutletSample) -> PilotState:
    """Return the state of an outlet in the middle of a charge."""
    good = replace(sample, cp_high_mv=C_MV, cp_low_mv=-12_000)
    return PilotState(
        sample=good, fresh=True, seen="C", settled="C", cp=CpState.C2, cable_ma=32_000,
        permit_ma=32_000, permit_until_ms=now_ms() + 10**9, diode_good_ms=0,
        contacts_closed=True, lock_wanted=True, locked=True, driven=True,
        drive=OutletDrive(duty_permille=533, contactor_on=True, lock_on=True),
    )  # fmt: skip


def main() -> int:
    """Measure until SIGTERM."""
    state, board, out, path = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
    profile = load_board(board)
    ports = open_safety(profile, state)
    if path == "sampled":
        ports = SafetyPorts(ports.outlets, None, ports.closers)
    stop_read, stop_write = os.pipe()
    os.set_blocking(stop_write, False)
    signal.set_wakeup_fd(stop_write)
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    subject = Subject(profile, ports, listen_seqpacket(state / "pilot.sock"))
    refused = realtime.enter()
    subject.run(stop_read, 0)
    out.write_text(json.dumps({"opened_ns": subject.opened_ns, "refused": refused}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
