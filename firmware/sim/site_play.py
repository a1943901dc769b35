"""Recorded sessions on a site in virtual time, from event to event: who got what, and when.

A car takes all that it is granted until the energy of its recorded session is in it; it neither
ramps nor tapers. Nothing is sent, lost or late here: this is the sharing alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isqrt

from firmware.dlm.claims import Claim, Turn
from firmware.dlm.phases import Lines
from firmware.dlm.tree import room
from firmware.model.values import PhasesMa
from firmware.sim.replay import Recorded
from firmware.sim.sharing import Sharing
from firmware.sim.site import BadSite, Site, SitePoint

_PAIRS: tuple[Lines, ...] = ((0, 1), (1, 2), (0, 2))  # between which conductors: by rotation
UJ_PER_WH = 3_600_000_000  # mW x ms


@dataclass(slots=True)
class Visit:
    """One session: what it asked for, what it got, how long it waited with nothing."""

    session: Recorded
    point: SitePoint
    due_uj: int
    got_uj: int = 0
    waited_ms: int = 0
    longest_wait_ms: int = 0
    limit_ma: int = 0
    turn: Turn = Turn(0)

    @property
    def met_permille(self) -> int:
        """How much of the energy asked for it got."""
        return self.got_uj * 1_000 // self.due_uj


@dataclass(slots=True)
class Played:
    """What became of all, and the currents of the feeder over time.

    `load` has the time and mA per phase as the fuses count them. Between conductors they count
    more than flows: `flow_peak_ma` is the highest that really flowed, by vectors; with
    three-phase cars beside, a bound of it.
    """

    visits: list[Visit]
    limit_ma: PhasesMa
    load: list[tuple[int, PhasesMa]] = field(default_factory=list)
    flow_peak_ma: int = 0
    short_ms: int = 0  # while somebody had less than the car could take
    span_ms: int = 0

    @property
    def met_permille(self) -> int:
        """The energy got, of the energy asked for."""
        due_uj = sum(v.due_uj for v in self.visits)
        return sum(v.got_uj for v in self.visits) * 1_000 // due_uj

    @property
    def jain_permille(self) -> int:
        """Jain's index of what each session got of what it asked for: 1000 is all alike."""
        shares = [v.met_permille for v in self.visits]
        squares = sum(x * x for x in shares)
        return sum(shares) ** 2 * 1_000 // (len(shares) * squares) if squares else 1_000

    @property
    def peak_ma(self) -> PhasesMa:
        """The highest current on each phase of the feeder."""
        a, b, c = (max((load[p] for _, load in self.load), default=0) for p in range(3))
        return a, b, c


def sessions_of(
    site: Site, recorded: Iterable[Recorded], whose: Mapping[str, str] | None = None
) -> list[Visit]:
    """Return the visits, `whose` sessions new points repeat; raise `BadSite` on a strange point.

    A session without energy asks for nothing and is left out.
    """
    repeats: dict[str, list[str]] = {}
    for new, old in (whose or {}).items():
        repeats.setdefault(old, []).append(new)
    visits = []
    for session in recorded:
        if session.station not in site.points:
            raise BadSite(f"station {session.station} of the sessions is in no [[points]]; add it")
        for name in (session.station, *repeats.get(session.station, ())):
            if session.energy_wh:
                visits.append(Visit(session, site.points[name], session.energy_wh * UJ_PER_WH))
    if not visits:
        raise BadSite("no session asks for any energy")
    return visits


def play(site: Site, played: Played, sharing: Sharing) -> Iterator[int]:
    """Play all visits to the last departure, event by event; yield how many have ended."""
    visits = played.visits
    coming = sorted(visits, key=lambda v: (v.session.arrival_ms, v.session.number, v.point.name))
    here: list[Visit] = []
    now_ms, gone = coming[0].session.arrival_ms, 0
    coming.reverse()
    played.span_ms = -now_ms
    while coming or here:
        while coming and coming[-1].session.arrival_ms <= now_ms:
            visit = coming.pop()
            visit.turn = Turn(now_ms)
            here.append(visit)
        staying = [v for v in here if v.session.departure_ms > now_ms and v.got_uj < v.due_uj]
        gone += len(here) - len(staying)
        here = staying
        _share(site, here, sharing, now_ms)
        _note(site, played, here, now_ms)
        next_ms = _next(site, here, coming, now_ms)
        _charge(site, played, here, now_ms, next_ms)
        now_ms = next_ms
        yield gone
    played.span_ms += now_ms


def _share(site: Site, here: Sequence[Visit], sharing: Sharing, now_ms: int) -> None:
    claims = [
        Claim(
            f"{v.session.number:06d} {v.point.name}", v.point.fuse, site.lines(v.point),
            v.point.most_ma, site.minimum_ma, v.turn,
        )
        for v in here
    ]  # fmt: skip
    limits_ma = sharing(site.tree, claims, room(site.tree), site.policy, now_ms)
    slot = now_ms // site.policy.slot_ms
    for visit, limit_ma in zip(here, limits_ma, strict=True):
        served = limit_ma > 0
        since_ms = visit.turn.since_ms if served == visit.turn.served else now_ms
        visit.turn, visit.limit_ma = Turn(since_ms, served, slot), limit_ma


def _next(site: Site, here: Sequence[Visit], coming: Sequence[Visit], now_ms: int) -> int:
    """When something changes: somebody comes, goes or is full; a slot ends while one waits."""
    times_ms = [v.session.departure_ms for v in here]
    for visit in here:
        power_mw = site.power_mw(visit.point, visit.limit_ma)
        if power_mw:
            times_ms.append(now_ms + -(-(visit.due_uj - visit.got_uj) // power_mw))
        else:
            times_ms.append((now_ms // site.policy.slot_ms + 1) * site.policy.slot_ms)
    if coming:
        times_ms.append(coming[-1].session.arrival_ms)
    return min(times_ms, default=now_ms)


def _charge(site: Site, played: Played, here: Sequence[Visit], now_ms: int, next_ms: int) -> None:
    passed_ms = next_ms - now_ms
    for visit in here:
        power_mw = site.power_mw(visit.point, visit.limit_ma)
        visit.got_uj = min(visit.due_uj, visit.got_uj + power_mw * passed_ms)
        if not visit.limit_ma:
            visit.waited_ms += passed_ms
            wait_ms = now_ms + passed_ms - visit.turn.since_ms
            visit.longest_wait_ms = max(visit.longest_wait_ms, wait_ms)
    if any(visit.limit_ma < visit.point.most_ma for visit in here):
        played.short_ms += passed_ms


def _note(site: Site, played: Played, here: Sequence[Visit], now_ms: int) -> None:
    load_ma, straight_ma, between_ma = [0, 0, 0], [0, 0, 0], [0, 0, 0]
    for visit in here:
        lines = site.lines(visit.point)
        for line in lines:
            load_ma[line] += visit.limit_ma
        if not site.neutral and visit.point.phases == 1:
            between_ma[_PAIRS.index(lines)] += visit.limit_ma
        else:
            for line in lines:
                straight_ma[line] += visit.limit_ma
    played.load.append((now_ms, (load_ma[0], load_ma[1], load_ma[2])))
    for line in range(3):
        # two currents between conductors meet in a line at 120 degrees
        x, y = between_ma[line], between_ma[line - 1]
        flow_ma = straight_ma[line] + isqrt(x * x + x * y + y * y)
        played.flow_peak_ma = max(played.flow_peak_ma, flow_ma)
