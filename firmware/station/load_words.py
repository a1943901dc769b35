"""Load management as people read it: the site of a master, and what a slave knows of its own."""

from __future__ import annotations

from collections.abc import Iterator

from firmware.dlm.book import Unit, line_set
from firmware.dlm.core import INTERNAL, MASTERS, OFF, STANDALONE, LoadManagement
from firmware.dlm.master import Master
from firmware.dlm.phases import NAMES
from firmware.station.core import StationCore
from firmware.station.words import utc

FEWEST_OF_TWO = 3
_ROLES = {
    INTERNAL: "master; its own outlets are under it",
    STANDALONE: "stand-alone master; its own outlets are under nobody",
}


def load_status(station: StationCore, now_ms: int) -> dict[str, object]:
    """Return what the dashboard shows. [B-ACC-24, CC613 1.4]"""
    dlm = station.dlm
    return {
        "role": dlm.mode,
        "unit": dlm.unit,
        "text": _text(dlm),
        "problem": dlm.problem(),
        "warnings": warnings(station),
        "slaves": [
            {
                "name": _named(unit, point),
                "state": _state(dlm.master, unit, point, now_ms),
                "limit_ma": _in_force_ma(unit, point),
                "currents_ma": list(unit.points[point].drawn_ma) if point in unit.points else [],
            }
            for unit, point in _points(dlm)
        ],
    }


def warnings(station: StationCore) -> list[str]:
    """Return what is no fault and yet limits more than was meant, one sentence each.

    What limits a whole site is said where this station is its master.
    """
    said = [*_warnings(station.dlm), *station.dimming.warnings()]
    if station.dlm.mode in MASTERS:
        said += [*station.site_inputs.warnings(), *station.scheduler.warnings()]
    return said


def site(station: StationCore, now_ms: int) -> dict[str, object]:
    """Return the site of a master: fuses, points with who waits and why, and the last hours."""
    dlm = station.dlm
    return {
        **load_status(station, now_ms),
        "available": dlm.room.binding() if dlm.master is not None else "",
        "fuses": list(_fuses(dlm)),
        "points": [_point(dlm, unit, point, now_ms) for unit, point in _points(dlm)],
        "history": [
            {
                "at": utc(station.book.clock.utc_ms(one.at_ms)),
                "ago_s": (now_ms - one.at_ms) // 1_000,
                "given_ma": list(one.given_ma),
                "in_force_ma": list(one.in_force_ma),
                "drawn_ma": list(one.drawn_ma),
                "waiting": one.waiting,
            }
            for one in dlm.history
        ],
    }


def pairing(station: StationCore, now_ms: int) -> dict[str, object]:
    """Return the code that is open here, what came of the last one, and masters to join."""
    dlm = station.dlm
    one = dlm.pairing
    left_s = max(0, one.until_ms - now_ms) // 1_000
    return {
        "code": one.code if left_s else "",
        "ends_in_s": left_s if one.code else None,
        "text": one.text,
        "paired": one.paired,
        "told": one.told,
        "masters": [
            {"master": m.master, "network": m.network, "host": m.host, "port": m.pairing_port}
            for m in dlm.found
            if m.pairing_port and m.master != dlm.unit
        ],
    }


def _text(dlm: LoadManagement) -> str:
    if dlm.mode == OFF:
        return "load management is off"
    if dlm.watch is not None and dlm.watch.second:
        leads = f"it leads, {len(dlm.records)} stations known"
        waits = "the first one leads" if dlm.watch.highest else "the first one is not heard yet"
        return f"second master in network {dlm.network}; {waits if dlm.master is None else leads}"
    if dlm.watch is not None and dlm.master is None and dlm.watch.highest:
        return f"master in network {dlm.network}; the second one leads"
    if dlm.mode in _ROLES:
        known = len(dlm.master.book.units) if dlm.master is not None else 0
        stations = "1 station" if known == 1 else f"{known} stations"
        return f"{_ROLES[dlm.mode]}; network {dlm.network}, {stations} known"
    assert dlm.slave is not None
    heard = "its master answers" if not dlm.slave.state.stage else "its master is silent"
    return f"slave in network {dlm.network}; {heard if dlm.slave.state.epoch else 'no master yet'}"


def _warnings(dlm: LoadManagement) -> Iterator[str]:
    if dlm.mode == STANDALONE:  # [B-DLM-22]
        yield (
            "this station is a stand-alone master: nobody counts or limits what a car draws at "
            "its own outlets; make it a master with internal slave to include them"
        )
    if dlm.master is None:
        return
    if dlm.watch is not None and len(dlm.records) < FEWEST_OF_TWO:
        yield (
            "two masters need three stations or more: of two, neither hears more than half while "
            "the other is dark"
        )
    records = [unit.record for unit in dlm.master.book.units.values()]
    alone_ma = sum(r.disconnected_ma * len(r.most_ma) for r in records)
    evse = dlm.settings.triple_ma("dlm_evse_subdistribution_limit")
    if alone_ma > min(evse):  # [B-DLM-19]
        outlets, phase = sum(len(r.most_ma) for r in records), evse.index(min(evse))
        yield (
            f"without a master {outlets} outlets may draw {alone_ma / 1_000:g} A together, above "
            f"the EVSE limit of {min(evse) / 1_000:g} A on {NAMES[phase]}; lower "
            "dlm_disconnected_limit at the stations"
        )


def _fuses(dlm: LoadManagement) -> Iterator[dict[str, object]]:
    if dlm.master is None:
        return
    book = dlm.master.book
    available = dlm.master.state.available
    for number, fuse in enumerate(book.tree.fuses):
        given = available.get(fuse.name, fuse.limit_ma)
        yield {
            "fuse": fuse.name,
            "parent": fuse.parent,
            "limit_ma": list(fuse.limit_ma),
            "given_ma": list(map(min, zip(fuse.limit_ma, given, strict=True))),
            "in_force_ma": book.used_ma[3 * number : 3 * number + 3],
        }


def _points(dlm: LoadManagement) -> Iterator[tuple[Unit, str]]:
    for unit in dlm.master.book.units.values() if dlm.master is not None else ():
        for point, _ in unit.record.most_ma:
            yield unit, point


def _point(dlm: LoadManagement, unit: Unit, point: str, now_ms: int) -> dict[str, object]:
    assert dlm.master is not None
    told = unit.points.get(point)
    turn = dlm.master.state.turns.get(point)
    waits = turn is not None and not turn.served
    limit_ma = _in_force_ma(unit, point)
    talking = dlm.master.book.talking(unit, now_ms)
    why = dlm.master.why(point, limit_ma) if talking else (
        "it is not heard; its disconnected limit is kept free for it"
    )  # fmt: skip
    return {
        "point": point,
        "name": _named(unit, point),
        "fuse": unit.record.fuse,
        "phases": [NAMES[line] for line in line_set(told)],
        "state": _state(dlm.master, unit, point, now_ms),
        "wants_ma": told.most_ma if told is not None else 0,
        "limit_ma": limit_ma,
        "drawn_ma": list(told.drawn_ma) if told is not None else [],
        "waits_s": (now_ms - turn.since_ms) // 1_000 if turn is not None and waits else None,
        "why": why,
    }


def _in_force_ma(unit: Unit, point: str) -> int:
    told = unit.points.get(point)
    held_ma = told.in_force_ma if told is not None else 0
    return unit.granted_ma.get(point, held_ma)


def _state(master: Master | None, unit: Unit, point: str, now_ms: int) -> str:
    assert master is not None
    if not master.book.talking(unit, now_ms):
        return "not heard"
    told = unit.points.get(point)
    if told is None or not told.most_ma:
        return "no car"
    if not _in_force_ma(unit, point):
        return "waits"
    return "charges" if max(told.drawn_ma) else "may charge"


def _named(unit: Unit, point: str) -> str:
    """Return an outlet by the name that people gave its station."""
    label = unit.record.label or unit.record.unit
    return f"{label} {point.rpartition('/')[2]}"
