"""Fuzzes the station with frames; 1 if one made it raise, hang, or miss its Heartbeat."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from tools.fuzz.campaign import CORPUS, campaign


def main() -> int:
    """Run it and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--unguided", action="store_true", help="by a seed only, not by coverage")
    parser.add_argument("--keep", action="store_true", help=f"write the corpus to {CORPUS.name}")
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    args = parser.parse_args()
    console = Console()
    with Progress(console=console) as progress:
        bar = progress.add_task("inputs", total=args.inputs)
        figures, problems = campaign(
            args.inputs,
            lambda steps=1: progress.advance(bar, steps),
            seed=args.seed,
            guided=not args.unguided,
            keep=args.corpus if args.keep else None,
        )
    for name, value in figures.items():
        console.print(f"{name}: {value}", highlight=False)
    for problem in problems:
        console.print(problem, style="red", highlight=False, markup=False)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
