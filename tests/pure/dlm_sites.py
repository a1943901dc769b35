"""Sites drawn from a seed, and the judge of an allocation: independent sums over the tree."""

from __future__ import annotations

from fractions import Fraction
from random import Random

from firmware.dlm.allocate import allocate
from firmware.dlm.claims import Bound, Claim, Policy, Turn
from firmware.dlm.phases import ROTATIONS, lines_of
from firmware.dlm.tree import Fuse, tree_of

POLICIES = (
    Policy(), Policy(step_ma=1), Policy(imbalance_ma=20_000),
    Policy(step_ma=100, imbalance_ma=12_000),
)  # fmt: skip
USES = ((0, 1, 2),) * 12 + ((0,),) * 7 + ((0, 1),)


def site(seed, points=(1, 30), step_ma=1_000):
    """Return fuses and claims; every third site knows neither weights nor different minima."""
    dice = Random(seed)
    plain = seed % 3 == 0
    names = [f"f{n}" for n in range(dice.randint(1, 9))]
    parents = [dice.choice(names[:n]) if n else None for n in range(len(names))]
    claims = [_claim(dice, n, names, plain) for n in range(dice.randint(*points))]
    whole = [Fuse(n, (0, 0, 0), p) for n, p in zip(names, parents, strict=True)]
    fuses = []
    for fuse in whole:
        ask_ma = [sum(c.most_ma for c in below(whole, fuse.name, claims) if line in c.lines)
                  for line in range(3)]  # fmt: skip
        limits_ma = [int(x * dice.uniform(0.1, 1.3)) // step_ma * step_ma for x in ask_ma]
        fuses.append(Fuse(fuse.name, tuple(limits_ma), fuse.parent))
    return fuses, claims


def _claim(dice, number, names, plain):
    uses = dice.choice(USES)
    return Claim(
        point=f"p{number}",
        fuse=dice.choice(names),
        lines=lines_of(dice.choice(sorted(ROTATIONS)), uses, it_network=dice.random() < 0.1),
        most_ma=dice.choice((10_000, 13_000, 16_000, 20_000, 32_000, 63_000)),
        least_ma=6_000 if plain else dice.choice((6_000, 7_000, 8_000, 9_200)),
        turn=Turn(dice.randrange(1_000_000), dice.random() < 0.5, dice.choice((0, 1))),
        weight=1 if plain else dice.choice((1, 1, 2, 3, 7)),
        priority=0 if plain else dice.choice((0, 0, 0, 1)),
        drawn_ma=dice.choice((None, None, 0, 6_000, 16_000)),
    )


def below(fuses, name, claims):
    """Return the claims behind a fuse."""
    parents = {fuse.name: fuse.parent for fuse in fuses}

    def behind(fuse):
        while fuse is not None and fuse != name:
            fuse = parents[fuse]
        return fuse == name

    return [claim for claim in claims if behind(claim.fuse)]


def left(fuses):
    """Return the limits as the allocation takes them."""
    return [limit_ma for fuse in fuses for limit_ma in fuse.limit_ma]


def problems(fuses, claims, grants, policy):
    """Return what is wrong with an allocation, in sentences."""
    found = []
    if list(grants) != [c.point for c in claims]:
        found.append("not every point has its grant")
    limits_ma = {c.point: grants[c.point].limit_ma for c in claims}
    for fuse in fuses:
        for line in range(3):
            sum_ma = sum(limits_ma[c.point] for c in below(fuses, fuse.name, claims)
                         if line in c.lines)  # fmt: skip
            if sum_ma > fuse.limit_ma[line]:
                found.append(f"{fuse.name} L{line + 1}: {sum_ma} of {fuse.limit_ma[line]} mA")
    for claim in claims:
        limit_ma = limits_ma[claim.point]
        if limit_ma and not claim.least_ma <= limit_ma <= claim.most_ma:
            found.append(f"{claim.point}: {limit_ma} mA is neither 0 nor within its bounds")
        if limit_ma % policy.step_ma:
            found.append(f"{claim.point}: {limit_ma} mA is no whole step")
    return found + unbalanced(claims, limits_ma, policy)


def unbalanced(claims, limits_ma, policy):
    """Return the pairs of phases that differ too much, by what is surely drawn on the other."""
    if policy.imbalance_ma is None:
        return []
    found = []
    for a, b in ((a, b) for a in range(3) for b in range(3) if a != b):
        full_ma = sum(limits_ma[c.point] for c in claims if a in c.lines and b not in c.lines)
        sure_ma = sum(
            min(limits_ma[c.point], 10**9 if c.drawn_ma is None else c.drawn_ma)
            for c in claims if b in c.lines and a not in c.lines
        )  # fmt: skip
        if full_ma - sure_ma > policy.imbalance_ma:
            found.append(f"L{a + 1} is {full_ma - sure_ma} mA above L{b + 1}")
    return found


def uncertified(fuses, claims, grants):
    """Return the points that could have more without taking from one that has less.

    Within 2 mA, which rounding and weights leave: with a step of 1 mA.
    """
    found = []
    for claim in claims:
        grant = grants[claim.point]
        if grant.limit_ma and grant.bound is Bound.FUSE and not _full(fuses, claims, grants, claim):
            found.append(f"{claim.point}: {grant} is not the largest at a full place")
        if grant.bound is Bound.OWN_LIMIT and grant.limit_ma != claim.most_ma:
            found.append(f"{claim.point}: {grant} has not its own limit")
        if not grant.limit_ma and grant.bound in (Bound.TURN, Bound.NO_ROOM):
            found += _refused(fuses, claims, grants, claim)
    return found


def _full(fuses, claims, grants, claim):
    grant = grants[claim.point]
    fuse = next(f for f in fuses if f.name == grant.fuse)
    here = [c for c in below(fuses, fuse.name, claims)
            if grant.phase in c.lines and grants[c.point].limit_ma]  # fmt: skip
    sum_ma = sum(grants[c.point].limit_ma for c in here)
    own = Fraction(grant.limit_ma + 1, claim.weight)
    largest = all(
        Fraction(grants[c.point].limit_ma - 2, c.weight) <= own
        or grants[c.point].limit_ma - 1 <= c.least_ma
        for c in here
    )
    return claim in here and sum_ma > fuse.limit_ma[grant.phase] - 2 * len(here) and largest


def _refused(fuses, claims, grants, claim):
    """A point is refused only where the minima of those served leave too little."""
    grant = grants[claim.point]
    fuse = next(f for f in fuses if f.name == grant.fuse)
    lows_ma = sum(c.least_ma for c in below(fuses, fuse.name, claims)
                  if grant.phase in c.lines and grants[c.point].limit_ma)  # fmt: skip
    lacks = lows_ma + claim.least_ma > fuse.limit_ma[grant.phase]
    return [] if lacks else [f"{claim.point}: its minimum fits, and it waits: {grant}"]


def judged(seed):
    """Return what is wrong with a few policies on one site."""
    fuses, claims = site(seed)
    tree, found = tree_of(fuses), []
    for policy in POLICIES:
        grants = allocate(tree, claims, left(fuses), policy, 900_000)
        found += problems(fuses, claims, grants, policy)
        if policy == Policy(step_ma=1):
            found += uncertified(fuses, claims, grants)
        if grants != allocate(tree, claims[::-1], left(fuses), policy, 900_000):
            found.append("the order of the claims changes the grants")
    return [f"seed {seed}: {one}" for one in found]
