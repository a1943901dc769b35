"""What one allocation costs: points of mixed phases behind a tree of fuses that is too small."""

from __future__ import annotations

import time
from random import Random

from firmware.dlm.allocate import allocate
from firmware.dlm.claims import Claim, Policy, Turn
from firmware.dlm.phases import Lines, lines_of
from firmware.dlm.tree import Fuse, Tree, room, tree_of
from firmware.model.values import PhasesMa

POINTS = {10: 300, 100: 200, 1_000: 60, 10_000: 8}  # and how often each
PER_FUSE, FANOUT = 4, 6
SEED = 8
USES: tuple[Lines, ...] = ((0, 1, 2),) * 12 + ((0,),) * 7 + ((0, 1),)


def allocation_us() -> dict[str, dict[str, float]]:
    """Return fuses, p50 and max of CPU time of one allocation, by the number of points."""
    return {f"{points:,} points": _timed(points, runs) for points, runs in POINTS.items()}


def _timed(points: int, runs: int) -> dict[str, float]:
    tree, claims = _site(Random(SEED), points)
    left_ma, took_us = room(tree), []
    for _ in range(runs):
        began_ns = time.thread_time_ns()
        grants = allocate(tree, claims, left_ma, Policy(), 0)
        took_us.append((time.thread_time_ns() - began_ns) / 1_000)
    took_us.sort()
    return {
        "fuses": len(tree.fuses),
        "paused": sum(not grant.limit_ma for grant in grants.values()),
        "n": runs,
        "min": round(took_us[0]),
        "p50": round(took_us[runs // 2]),
        "max": round(took_us[-1]),
    }


def _site(dice: Random, points: int) -> tuple[Tree, list[Claim]]:
    """A tree with points at its ends, each fuse with 35 to 135 % of what may be asked of it."""
    ends = max(1, points // PER_FUSE)
    count = ends + max(1, ends // (FANOUT - 1))
    parents = [None if n == 0 else f"F{(n - 1) // FANOUT}" for n in range(count)]
    claims = [_claim(dice, n, f"F{count - 1 - dice.randrange(ends)}") for n in range(points)]
    asked_ma = [0] * (3 * count)
    wide = tree_of([Fuse(f"F{n}", (0, 0, 0), parent) for n, parent in enumerate(parents)])
    for claim in claims:
        for place in wide.routes[claim.fuse, claim.lines]:
            asked_ma[place] += claim.most_ma
    fuses = [
        Fuse(fuse.name, _limit(dice, asked_ma[3 * n : 3 * n + 3]), fuse.parent)
        for n, fuse in enumerate(wide.fuses)
    ]
    return tree_of(fuses), claims


def _claim(dice: Random, number: int, fuse: str) -> Claim:
    lines = lines_of(dice.choice(("RST", "STR", "TRS")), dice.choice(USES))
    return Claim(f"P{number}", fuse, lines, dice.choice((16_000, 32_000)), 6_000, Turn(0))


def _limit(dice: Random, asked_ma: list[int]) -> PhasesMa:
    a, b, c = (round(x * dice.uniform(0.35, 1.35)) for x in asked_ma)
    return a, b, c
