"""Weighted max-min fairness by progressive filling, in exact integers.

One level rises; a share is weight x level, held between its lowest and highest. Where a place is
full, those who still rise there end: nobody's share could be higher but by taking from someone
whose share by weight is no larger. Inside, levels are pA and divisions round down; at the end
every share is rounded down to whole steps.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

FINE = 10**9  # pA in a mA
# pA: what divisions rounded to just below a whole step reaches it all the same; 100,000 shares of a
# place would have to gain it to make up a mA
SLACK = 10**4
_START, _END = 0, 1
_LOW, _RISING = -2, -1  # of a share that has not ended: it stands at its lowest, or it rises


@dataclass(slots=True)
class Share:
    """Bounds and places of one share; `got_ma` and the place that `ended` it are the result."""

    weight: int
    low_ma: int
    high_ma: int
    places: tuple[int, ...]
    got_ma: int = 0
    got: int = _LOW  # pA
    ended: int | None = None  # None: its own highest


@dataclass(slots=True)
class _Group:
    """Shares that load the same places; what rises among them does so as one."""

    places: tuple[int, ...]
    shares: list[Share] = field(default_factory=list)
    weight: int = 0  # of those that rise
    low: int = 0  # of those that stand at their lowest
    high_ma: int = 0


@dataclass(slots=True)
class _Basin:
    """What stands at each place, and how much more a unit of the level brings; pA."""

    room: list[int]
    load: list[int]
    slope: list[int]
    groups: list[list[_Group]]  # at each place
    queue: list[tuple[int, int]]  # level at which a place is full, never too high; the place


def fill(shares: Sequence[Share], room_ma: Sequence[int], step_ma: int) -> dict[int, int]:
    """Work out `got_ma` and `ended` of every share; return how many share each full place.

    The lowest of all must fit together. Bounds, room and step are whole mA, and what a place is
    overfilled by, some pA a share, is far below one: so the rounded shares fit.
    """
    groups, events = _grouped(shares)
    basin = _basin(groups.values(), room_ma)
    crowds: dict[int, int] = {}
    for level, what, number in events:
        _rise(basin, level, crowds)
        share = shares[number]
        if what == _START:
            _start(basin, groups[share.places], share)
        elif share.got < 0:
            _end(basin, groups[share.places], share)
    step = step_ma * FINE
    for share in shares:
        share.got_ma = (share.got + SLACK) // step * step_ma
    return crowds


def _grouped(
    shares: Sequence[Share],
) -> tuple[dict[tuple[int, ...], _Group], list[tuple[int, int, int]]]:
    """Return groups by their places, and the levels at which shares start to rise and end."""
    groups: dict[tuple[int, ...], _Group] = {}
    events: list[tuple[int, int, int]] = []
    first = min((s.low_ma * FINE // s.weight for s in shares), default=0)
    for number, share in enumerate(shares):
        group = groups.get(share.places)
        if group is None:
            group = groups[share.places] = _Group(share.places)
        group.shares.append(share)
        group.high_ma += share.high_ma
        events.append((share.high_ma * FINE // share.weight, _END, number))
        start = share.low_ma * FINE // share.weight
        share.ended = None
        if start == first:
            share.got = _RISING
            group.weight += share.weight
        else:
            share.got = _LOW
            group.low += share.low_ma * FINE
            events.append((start, _START, number))
    events.sort()
    return groups, events


def _basin(groups: Iterable[_Group], room_ma: Sequence[int]) -> _Basin:
    """Leave out the places that cannot become full."""
    most_ma = [0] * len(room_ma)
    for group in groups:
        for place in group.places:
            most_ma[place] += group.high_ma
    tight = [sum_ma > room_ma[place] for place, sum_ma in enumerate(most_ma)]
    room = [x * FINE for x in room_ma]
    load, slope = [0] * len(room), [0] * len(room)
    at: list[list[_Group]] = [[] for _ in room]
    for group in groups:
        group.places = tuple([place for place in group.places if tight[place]])
        for place in group.places:
            load[place] += group.low
            slope[place] += group.weight
            at[place].append(group)
    queue = [((room[p] - load[p]) // up, p) for p, up in enumerate(slope) if up]
    heapq.heapify(queue)
    return _Basin(room, load, slope, at, queue)


def _rise(basin: _Basin, level: int, crowds: dict[int, int]) -> None:
    """Let the level rise; end what ends on the way at full places."""
    queue = basin.queue
    while queue and queue[0][0] < level:
        known, place = queue[0]
        if not basin.slope[place]:
            heapq.heappop(queue)
            continue
        full = (basin.room[place] - basin.load[place]) // basin.slope[place]
        if full > known:  # some have ended since
            heapq.heapreplace(queue, (full, place))
            continue
        heapq.heappop(queue)
        for group in basin.groups[place]:
            if group.weight:
                _end_all(basin, group, full, place)
        crowds[place] = sum(len(group.shares) for group in basin.groups[place])


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
            share.got, share.ended = max(share.low_ma * FINE, share.weight * level), ended
            sum_ += share.got
    weight, group.weight = group.weight, 0
    _count(basin, group, sum_, weight)


def _count(basin: _Basin, group: _Group, got: int, weight: int) -> None:
    load, slope = basin.load, basin.slope
    for place in group.places:
        load[place] += got
        slope[place] -= weight
