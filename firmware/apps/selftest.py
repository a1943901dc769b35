"""`powerstation selftest`: opens everything that a board file names, and says what answers.

It moves nothing: outlets are left in their safe state, no contactor closes, no pin travels. While
`pilotd` runs the pins are its own, and the test refuses instead of taking them away.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

from firmware.apps.pilotd import SOCKET_NAME
from firmware.io.unix import connect_seqpacket
from hal.board import BoardErrors, BoardProfile, load_board
from hal.opening import NoDriver, SafetyPorts, StationPorts, open_safety, open_station
from hal.ports import (
    HardwareSilent,
    InputPort,
    LedPort,
    LockPosition,
    MeterPort,
    OutletDrive,
    OutletSample,
    RfidPort,
)

CARD_WAIT_MS = 500
Ports = TypeVar("Ports", SafetyPorts, StationPorts)
Finding = tuple[str, str, bool]  # what, what it says, whether it answers


def selftest(board: Path, state: Path) -> Iterator[Finding]:
    """Yield a finding for each part; raise `BoardErrors` for a file with mistakes."""
    profile = load_board(board)
    yield "board", f"{profile.name}; {profile.interlocks.text}", True
    try:
        connect_seqpacket(state / SOCKET_NAME).close()
    except OSError:
        yield from _opened("safety pins", lambda: open_safety(profile, state), _outlets)
    else:
        yield "safety pins", "pilotd is running and holds them; stop it first", False
    yield from _opened(
        "devices", lambda: open_station(profile, state), lambda ports: _devices(profile, ports)
    )


def _opened(
    what: str, opener: Callable[[], Ports], look: Callable[[Ports], Iterator[Finding]]
) -> Iterator[Finding]:
    try:
        ports = opener()
    except (NoDriver, OSError, RuntimeError) as problem:
        yield what, str(problem), False
        return
    try:
        yield from look(ports)
    finally:
        ports.close()


def _outlets(ports: SafetyPorts) -> Iterator[Finding]:
    for number, port in ports.outlets.items():
        what = f"outlet {number}"
        try:
            sample = port.sample()
            held = sample.lock is LockPosition.LOCKED
            port.drive(OutletDrive(lock_on=held))
            yield what, outlet_words(sample), True
        except HardwareSilent as problem:
            yield what, str(problem), False
    if ports.watchdog is not None:
        yield "watchdog", "runs, and was stopped again", True


def outlet_words(x: OutletSample) -> str:
    """Say what the sensors of an outlet see."""
    closed = {True: "CLOSED", False: "open", None: "not fitted"}[x.contactor_closed]
    plug = "none" if x.pp_ohm is None else f"{x.pp_ohm} ohm"
    heat = "not fitted" if x.temperature_dc is None else f"{x.temperature_dc / 10:.1f} C"
    return ", ".join((
        f"pilot {x.cp_high_mv / 1_000:.1f} / {x.cp_low_mv / 1_000:.1f} V",
        f"duty {x.duty_permille / 10:g} %",
        f"plug {plug}",
        f"contacts {closed}",
        f"lock {'not fitted' if x.lock is None else x.lock.value}",
        f"residual current {'TRIPPED' if x.residual_tripped else 'none'}",
        f"MCB {'TRIPPED' if x.mcb_tripped else 'on'}",
        f"RCD {'TRIPPED' if x.rcd_tripped else 'on'}",
        f"controller {heat}",
    ))  # fmt: skip


def _devices(profile: BoardProfile, ports: StationPorts) -> Iterator[Finding]:
    meters = {f"meter of outlet {n}": port for n, port in ports.meters.items()}
    meters |= {f"meter {name}": port for name, port in ports.other_meters.items()}
    for what, meter in meters.items():
        yield _asked(what, partial(_meter_words, meter))
    for number, reader in ports.readers.items():
        yield _asked(f"reader {number}", partial(_card_words, reader))
    if ports.led is not None and profile.led is not None:
        yield _asked("ring", partial(_ring_words, ports.led, profile.led.count))
    if ports.inputs is not None:
        yield _asked("inputs", partial(_input_words, ports.inputs))


def _asked(what: str, ask: Callable[[], str]) -> Finding:
    try:
        return what, ask(), True
    except HardwareSilent as problem:
        return what, str(problem), False


def _meter_words(meter: MeterPort) -> str:
    reading = meter.read()
    volts = reading.voltages_mv
    shown = "no voltages" if volts is None else " / ".join(f"{v / 1_000:.1f}" for v in volts) + " V"
    amps = " / ".join(f"{ma / 1_000:.2f}" for ma in reading.currents_ma)
    return f"{reading.energy_wh:,} Wh, {reading.power_w} W, {amps} A, {shown}"


def _card_words(reader: RfidPort) -> str:
    card = reader.poll(CARD_WAIT_MS)
    return "answers, no card there" if card is None else f"answers, card {card.uid}"


def _ring_words(ring: LedPort, count: int) -> str:
    ring.show(((0, 0, 0),) * count)
    return f"takes frames of {count}; look whether it went dark"


def _input_words(inputs: InputPort) -> str:
    return ", ".join(f"{name} {'ACTIVE' if on else 'off'}" for name, on in inputs.read().items())


def main(argv: list[str] | None = None) -> int:
    """Print a line for each part; 0 if all answer, 1 if one does not, 2 for a bad board file."""
    parser = argparse.ArgumentParser(prog="powerstation selftest", description=__doc__)
    parser.add_argument("--board", type=Path, required=True, help="board file (TOML)")
    parser.add_argument("--state", type=Path, required=True, help="directory of sockets")
    args = parser.parse_args(argv)
    missing = 0
    try:
        for what, words, answers in selftest(args.board, args.state):
            missing += not answers
            print(f"{'ok  ' if answers else 'MISS'} {what}: {words}", flush=True)
    except BoardErrors as problem:
        print(problem, file=sys.stderr)
        return 2
    print("everything answers" if not missing else f"{missing} of these do not answer")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
