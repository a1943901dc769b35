"""Puts every outlet of a board into its safe state once, and says what it did; never raises.

For `ExecStopPost=`: the kernel may keep pins driven after `pilotd` has died. It opens contactors
and lifts the PWM; a plug that is held stays held until `pilotd` is back.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from hal.board import BoardErrors, load_board
from hal.opening import NoDriver, open_safety
from hal.ports import LockPosition, OutletDrive, OutletPort

SAFE = OutletDrive()  # X1, contactor off


def safe_off(board: Path, state: Path, say: Callable[[str], None]) -> bool:
    """Drive every outlet safe; return whether all of them took the order."""
    try:
        ports = open_safety(load_board(board), state)
    except (BoardErrors, NoDriver, OSError) as problem:
        say(f"safe-off: nothing was driven: {problem}")
        return False
    safe = [_outlet(number, port, say) for number, port in ports.outlets.items()]
    try:
        ports.close()
    except OSError as problem:
        say(f"safe-off: closing: {problem}")
    return all(safe)


def _outlet(number: int, port: OutletPort, say: Callable[[str], None]) -> bool:
    """Open one outlet; a plug that is held stays held, for its contacts may be welded."""
    try:
        port.drive(replace(SAFE, lock_on=_held(port)))
        sample = port.sample()
        closed = {True: "closed", False: "open", None: "not fitted"}[sample.contactor_closed]
        found = f"contactor found {closed}, {sample.duty_permille} permille"
    except OSError as problem:
        say(f"safe-off: outlet {number}: {problem}")
        return False
    say(f"safe-off: outlet {number}: driven off ({found})")
    return True


def _held(port: OutletPort) -> bool:
    """Tell whether the plug is held; a board that is silent about it is not waited for."""
    try:
        return port.sample().lock is LockPosition.LOCKED
    except OSError:
        return True  # whatever holds a plug that may be live goes on holding it


def main(argv: list[str] | None = None) -> int:
    """Do it; 0 if every outlet took the order, else 1."""
    parser = argparse.ArgumentParser(prog="powerstation safe-off", description=__doc__)
    parser.add_argument("--board", type=Path, required=True, help="board file (TOML)")
    parser.add_argument("--state", type=Path, required=True, help="directory of sockets")
    args = parser.parse_args(argv)
    try:
        done = safe_off(args.board, args.state, lambda text: print(text, file=sys.stderr))
    except Exception as problem:  # noqa: BLE001 - the last one to act may not fail aloud
        print(f"safe-off: {type(problem).__name__}: {problem}", file=sys.stderr)
        return 1
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(main())
