"""`python -m tools.uml`: build the kernel of the virtual station, run a command or tests in it."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from tools.uml.build import build, packages
from tools.uml.kernel import ROOT, NoKernel, find
from tools.uml.run import inside, python
from tools.uml.stories import play

TESTS = ROOT / "tests" / "gpiosim" / "inside"


def main() -> int:
    """Carry out one verb; 1 with a sentence where there is no kernel."""
    parser = argparse.ArgumentParser(prog="python -m tools.uml", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    builder = verbs.add_parser("build", help="build the kernel, or find it in the cache")
    builder.add_argument("--work", type=Path, help="keep source and objects here")
    verbs.add_parser("needs", help="name the packages that `build` needs; none where it is built")
    for name, sentence in (("run", "run a command inside"), ("test", "run the tests inside")):
        runner = verbs.add_parser(name, help=sentence)
        runner.add_argument("--time-travel", action="store_true", help="the clock jumps")
        runner.add_argument("--limit", type=float, default=600, help="seconds of the host")
        runner.add_argument("--boot-log", action="store_true", help="show it in any case")
        runner.add_argument("words", nargs=argparse.REMAINDER, metavar="...")
    player = verbs.add_parser("story", help="play stories inside")
    player.add_argument("files", type=Path, nargs="+")
    player.add_argument("--real-time", action="store_true", help="limits are told, not judged")
    player.add_argument("--out", type=Path, help="write the outcomes as JSON")
    args = parser.parse_args()
    try:
        verbs_of_ours = {"build": _build, "needs": _needs, "story": _story}
        return verbs_of_ours.get(args.verb, _run)(args)
    except NoKernel as why:
        print(f"uml: {why}", file=sys.stderr)
        return 1


def _build(args: argparse.Namespace) -> int:
    if os.environ.get("POWERSTATION_UML"):
        kernel = find()
        whose = "made from this source tree"
        if not kernel.ours:
            whose = "of another make: what needs our converter is left out, and told"
        print(f"uml: POWERSTATION_UML gives {kernel.linux}, {whose}")
        return 0
    build(args.work)
    return 0


def _needs(_args: argparse.Namespace) -> int:
    try:
        ours = find().ours
    except NoKernel:
        ours = False
    for package in [] if ours else packages():
        print(package)
    return 0


def _show(chunk: bytes) -> None:
    sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()


def _story(args: argparse.Namespace) -> int:
    outcomes = []
    for file in args.files:
        outcome = play(file, time_travel=not args.real_time)
        outcomes.append(outcome)
        print(f"{outcome['verdict']} {file} {outcome['reason']}".rstrip(), flush=True)
        for one in outcome["judgements"]:
            print(f"  {'✓' if one['held'] else '✗'} {one['text']}", flush=True)
    if args.out is not None:
        fresh = args.out.with_name(f"{args.out.name}.new")
        fresh.write_text(json.dumps(outcomes))
        fresh.replace(args.out)
    return int(any(o["verdict"] in ("failed", "unplayable") for o in outcomes))


def _run(args: argparse.Namespace) -> int:
    words = args.words[1:] if args.words[:1] == ["--"] else args.words
    if args.verb == "test":
        words = [str(python()), "-m", "pytest", "-p", "no:cacheprovider", "-s", *words]
        words += [] if any(word.startswith("tests/") for word in words) else [str(TESTS)]
    result = inside(words, time_travel=args.time_travel, limit_s=args.limit, echo=_show)
    if args.boot_log or result.code is None:
        print(result.boot_log, file=sys.stderr)
    print(f"uml: exit code {result.code} after {result.wall_s:.1f} s", file=sys.stderr)
    return 124 if result.code is None else result.code


if __name__ == "__main__":
    sys.exit(main())
