"""Grants with what binds them as data, and the one sentence that a person reads."""

from __future__ import annotations

from collections.abc import Mapping

from firmware.dlm.admit import Lack
from firmware.dlm.balance import PAIRS
from firmware.dlm.claims import Bound, Claim, Grant
from firmware.dlm.fill import Share
from firmware.dlm.phases import NAMES
from firmware.dlm.tree import Load, Tree

Reason = tuple[Bound, str | None, int | None, int | None, int]  # as a grant has them


def reasons(tree: Tree, crowds: Mapping[int, int]) -> dict[int | None, Reason]:
    """Return why shares end at each full place, and why those end that no place has ended."""
    found: dict[int | None, Reason] = {None: (Bound.OWN_LIMIT, None, None, None, 0)}
    for place, crowd in crowds.items():
        if place < len(tree.places):
            found[place] = (Bound.FUSE, *tree.places[place], None, crowd)
        else:
            full, other = PAIRS[place - len(tree.places)]
            found[place] = (Bound.IMBALANCE, None, full, other, crowd)
    return found


def granted(claim: Claim, share: Share, reason: Reason) -> Grant:
    """Return the grant of one that is served."""
    return Grant(Load(claim.fuse, claim.lines, share.got_ma), *reason)


def paused(tree: Tree, claim: Claim, lack: Lack) -> Grant:
    """Return the pause of one whose minimum does not fit."""
    load = Load(claim.fuse, claim.lines, 0)
    if lack.pair is not None:
        full, other = PAIRS[lack.pair]
        return Grant(load, Bound.IMBALANCE, phase=full, other=other, missing_ma=lack.lack_ma)
    assert lack.place is not None
    fuse, phase = tree.places[lack.place]
    bound = Bound.TURN if lack.alone else Bound.NO_ROOM
    return Grant(load, bound, fuse, phase, missing_ma=lack.lack_ma)


def too_low(claim: Claim) -> Grant:
    """Return the pause of one whose own limit is below its minimum."""
    load = Load(claim.fuse, claim.lines, 0)
    return Grant(load, Bound.TOO_LOW, missing_ma=claim.least_ma - claim.most_ma)


def sentence(point: str, grant: Grant) -> str:
    """Say what a point gets, what binds it and what would raise it."""
    gets = f"{grant.limit_ma / 1_000:g} A" if grant.limit_ma else "paused"
    place = f"fuse {grant.fuse} on {_name(grant.phase)}"
    lacks = f"{grant.missing_ma / 1_000:g} A"
    match grant.bound:
        case Bound.OWN_LIMIT:
            why = "as much as it can take; only a higher limit of its own would raise it"
        case Bound.FUSE if grant.sharing > 1:
            why = (f"{place} is full, shared by {grant.sharing}; it rises when one of them takes "
                   "less or the fuse may carry more")  # fmt: skip
        case Bound.FUSE:
            why = f"{place} is full; it rises when the fuse may carry more"
        case Bound.IMBALANCE if grant.limit_ma:
            why = (f"{_name(grant.phase)} may not carry more beside {_name(grant.other)}; it "
                   f"rises when {_name(grant.other)} is loaded more")  # fmt: skip
        case Bound.IMBALANCE:
            why = (f"{_name(grant.phase)} would carry {lacks} too much beside "
                   f"{_name(grant.other)}; it starts when {_name(grant.other)} is loaded more "
                   "or at its turn")  # fmt: skip
        case Bound.TURN:
            why = (f"{place} lacks {lacks} for its minimum beside those whose turn it is; it "
                   "starts when one of them ends or at its own turn")  # fmt: skip
        case Bound.NO_ROOM:
            why = (f"{place} lacks {lacks} for its minimum even if it were alone; it starts when "
                   "the fuse may carry more")  # fmt: skip
        case Bound.TOO_LOW:
            why = f"its own limit is {lacks} below its minimum; raise the one or lower the other"
    return f"{point}: {gets}: {why}"


def _name(phase: int | None) -> str:
    return "-" if phase is None else NAMES[phase]
