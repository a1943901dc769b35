"""Weighted max-min fairness by progressive filling, in exact integers.

One level rises; a share is weight x level, held between its lowest and highest. Where a place is
full, those who still rise there end: nobody's share could be higher but by taking from someone
whose share by weight is no larger. Inside, levels are pA and divisions round down; at the end
every share is rounded down to whole steps.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

FINE = 10**9  # pA in a mA
# pA: what divisions rounded to just below a whole step reaches it all the same; 100,000 shares of a
# place would have to gain it to make up a mA
SLACK = 10**4
_LOW, _RISING = -2, -1  # of a share that has not ended: it stands at its lowest, or it rises


@dataclass(slots=True)
class Share:
    """Bounds and places of one share; `got_ma` and the place that `ended` it are the result."""

    number: int  # of its claim
    weight: int
    low_ma: int
    high_ma: int
    places: tuple[int, ...]
    got_ma: int = field(init=False)
    got: int = field(init=False)  # pA
    ended: int | None = field(init=False)  # None: its own highest


@dataclass(slots=True)
class _Group:
    """Shares that load the same places; what rises among them does so as one."""

    shares: Sequence[Share]
    places: Sequence[int]
    weight: int  # of those that rise
    low_ma: int  # of those that stand at their lowest
    high_ma: int


_Levels = defaultdict[int, list[tuple[Share, _Group]]]  # pA a unit of weight


@dataclass(slots=True)
class _Basin:
    """What stands at each place, and how much more a unit of the level brings; pA."""

    room: list[int]
    load: list[int]
    slope: list[int]
    groups: list[list[_Group]]  # at each place
    queue: list[tuple[int, int]]  # level at which a place is full, never too high; the place


def fill(groups: Sequence[Sequence[Share]], room_ma: Sequence[int], step_ma: int) -> dict[int, int]:
    """Work out `got_ma` and `ended` of every share; return how many share each full place.

    Shares of a group load the same places; the lowest of all must fit together. Bounds, room and
    step are whole mA, and what a place is overfilled by, some pA a share, is far below one: so
    the rounded shares fit.
    """
    parties, starts, ends = _begun(groups)
    basin = _basin(parties, room_ma)
    queue = basin.queue
    crowds: dict[int, int] = {}
    for level in sorted(starts.keys() | ends.keys()):
        for share, group in starts.get(level, ()):
            if queue and queue[0][0] < level:
                _rise(basin, level, crowds)
            _start(basin, group, share)
        for share, group in ends.get(level, ()):
            if share.got < 0 and queue and queue[0][0] < level:
                _rise(basin, level, crowds)
            if share.got < 0:  # no full place has ended it
                _end(basin, group, share)
    step = step_ma * FINE
    for shares in groups:
        for share in shares:
            share.got_ma = (share.got + SLACK) // step * step_ma
    return crowds


def _begun(groups: Sequence[Sequence[Share]]) -> tuple[list[_Group], _Levels, _Levels]:
    """Return the groups, and the levels at which shares start to rise and end."""
    starts: _Levels = defaultdict(list)
    ends: _Levels = defaultdict(list)
    first = min([s.low_ma * FINE // s.weight for shares in groups for s in shares], default=0)
    parties = []
    for shares in groups:
        group = _Group(shares, shares[0].places, 0, 0, 0)
        parties.append(group)
        rising = low_ma = high_ma = 0
        for share in shares:
            weight, share.ended = share.weight, None
            start = share.low_ma * FINE // weight
            if start == first:
                share.got = _RISING
                rising += weight
            else:
                share.got = _LOW
                low_ma += share.low_ma
                starts[start].append((share, group))
            high_ma += share.high_ma
            ends[share.high_ma * FINE // weight].append((share, group))
        group.weight, group.low_ma, group.high_ma = rising, low_ma, high_ma
    return parties, starts, ends


def _basin(groups: Sequence[_Group], room_ma: Sequence[int]) -> _Basin:
    """Leave out the places that cannot become full."""
    spare_ma = list(room_ma)
    for group in groups:
        high_ma = group.high_ma
        for place in group.places:
            spare_ma[place] -= high_ma
    room = [x * FINE for x in room_ma]
    load, slope = [0] * len(room), [0] * len(room)
    at: list[list[_Group]] = [[] for _ in room]
    for group in groups:
        group.places = [place for place in group.places if spare_ma[place] < 0]
        low, weight = group.low_ma * FINE, group.weight
        for place in group.places:
            load[place] += low
            slope[place] += weight
            at[place].append(group)
    queue = [((room[p] - load[p]) // up, p) for p, up in enumerate(slope) if up]
    heapq.heapify(queue)
    return _Basin(room, load, slope, at, queue)


def _rise(basin: _Basin, level: int, crowds: dict[int, int]) -> None:
    """Let the level rise; end what ends on the way at full places."""
    queue, slope = basin.queue, basin.slope
    while queue and queue[0][0] < level:
        known, place = queue[0]
        if not slope[place]:
            heapq.heappop(queue)
            continue
        full = (basin.room[place] - basin.load[place]) // slope[place]
        if full > known:  # some have ended since
            heapq.heapreplace(queue, (full, place))
            continue
        heapq.heappop(queue)
        for group in basin.groups[place]:
            if group.weight:
                _end_all(basin, group, full, place)
        crowds[place] = sum([len(group.shares) for group in basin.groups[place]])


def _start(basin: _Basin, group: _Group, share: Share) -> None:
    share.got = _RISING
    group.weight += share.weight
    for place in group.places:
        basin.load[place] -= share.low_ma * FINE
        basin.slope[place] += share.weight
        full = (basin.room[place] - basin.load[place]) // basin.slope[place]
        heapq.heappush(basin.queue, (full, place))


def _end(basin: _Basin, group: _Group, share: Share) -> None:
    """One has all that it may have."""
    share.got = share.high_ma * FINE
    group.weight -= share.weight
    _count(basin, group, share.got, share.weight)


def _end_all(basin: _Basin, group: _Group, level: int, ended: int) -> None:
    """All that rise in a group end with a place."""
    sum_ = 0
    for share in group.shares:
        if share.got == _RISING:
            low, got = share.low_ma * FINE, share.weight * level
            share.got = got = got if got > low else low
            share.ended = ended
            sum_ += got
    weight, group.weight = group.weight, 0
    _count(basin, group, sum_, weight)


def _count(basin: _Basin, group: _Group, got: int, weight: int) -> None:
    load, slope = basin.load, basin.slope
    for place in group.places:
        load[place] += got
        slope[place] -= weight
