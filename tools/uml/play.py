"""`python -m tools.uml.play`: plays one story inside the virtual station and prints its outcome.

The processes that ship run on the board `gpiosim` over simulated pins; the world stands around
them (`tools.uml.world`) and the back end beside. Where time travels a story's limits are exact.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from pathlib import Path

from firmware.apps.real_player import slack
from firmware.apps.rigs import WireStation, guarded, play_children
from firmware.sim.outcome import FAILED, UNPLAYABLE, Outcome
from firmware.sim.story import Story, parse
from tools.uml.kernel import ROOT
from tools.uml.stories import TOLD, travels

BOARD = ROOT / "boards" / "gpiosim.toml"
STATE = Path("/run/powerstation")
WORLD = ("-m", "tools.uml.world")
LAST_WORDS = 4_000  # of the processes' log, after a failure


def main() -> None:
    """Play, and print one line for whoever has started this machine."""
    parser = argparse.ArgumentParser(prog="python -m tools.uml.play", description=__doc__)
    parser.add_argument("story", type=Path)
    outcome = _play(parser.parse_args().story)
    if outcome.verdict in (FAILED, UNPLAYABLE):
        print((STATE / "log").read_text()[-LAST_WORDS:], file=sys.stderr)
    print(f"{TOLD}{json.dumps(outcome.plain())}")


def _play(file: Path) -> Outcome:
    STATE.mkdir(exist_ok=True)
    limit = (lambda within_ms: within_ms) if travels(os.environ) else slack

    def play(story: Story) -> Outcome:
        return asyncio.run(play_children("gpiosim", story, WireStation(BOARD, STATE, WORLD), limit))

    return guarded("gpiosim", parse(file.name, file.read_text()), play)


if __name__ == "__main__":
    main()
