"""A site on paper: its fuses, its points and how they share, read from a TOML file.

`docs/load-management.md` explains the file. Whatever is wrong with one is a `BadSite` that says
where and what is expected.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from firmware.dlm.claims import SLOT_MS, Policy
from firmware.dlm.phases import ROTATIONS, Lines, lines_of
from firmware.dlm.tree import BadTree, Fuse, Tree, tree_of
from firmware.model.values import MAX_CURRENT_MA, MIN_CURRENT_MA, PhasesMa

ROOT3_PERMILLE = 1_732
NEXT = {"RST": "STR", "STR": "TRS", "TRS": "RST"}
_SITE = {"volts", "neutral", "minimum_a", "step_a", "slot_minutes", "imbalance_a"}
_FUSE = {"name", "behind", "limit_a", "limit_kw"}
_POINTS = {"names", "fuse", "rotation", "phases", "most_a"}


class BadSite(ValueError):
    """A site file that cannot be used; says where and what is expected."""


@dataclass(frozen=True, slots=True)
class SitePoint:
    """A point, and the cars that come to it: the outlet's phases that they use."""

    name: str
    fuse: str
    rotation: str
    phases: int
    most_ma: int


@dataclass(frozen=True, slots=True)
class Site:
    """A site. Without a neutral single-phase points lie between two conductors.

    `volts` is between conductor and neutral; without a neutral, between two conductors. The
    minimum is in whole steps.
    """

    tree: Tree
    points: Mapping[str, SitePoint]
    policy: Policy
    volts: int
    neutral: bool
    minimum_ma: int

    def lines(self, point: SitePoint) -> Lines:
        """Return the grid phases that a car there loads."""
        return lines_of(point.rotation, range(point.phases), it_network=not self.neutral)

    def power_mw(self, point: SitePoint, current_ma: int) -> int:
        """Return what a car draws at this current."""
        if self.neutral or point.phases == 1:
            return current_ma * self.volts * point.phases
        return current_ma * self.volts * ROOT3_PERMILLE // 1_000

    def amps_of_kw(self, kw: float) -> int:
        """Return the current per phase, mA, of a balanced three-phase power."""
        permille = 3_000 if self.neutral else ROOT3_PERMILLE
        return int(kw * 1_000_000_000 / (self.volts * permille))


def read_site(path: Path) -> Site:
    """Return the site of a file; raise `BadSite`."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise BadSite(f"{path}: {problem.strerror}; give the TOML file of a site") from problem
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise BadSite(f"{path}: no TOML: {problem}") from problem
    try:
        return _site(told)
    except BadTree as problem:
        raise BadSite(f"{path}: {problem}") from problem
    except BadSite as problem:
        raise BadSite(f"{path}, {problem}") from problem


def _site(told: Mapping[str, Any]) -> Site:
    _known("the top", told, {"site", "fuse", "points"})
    rules = told.get("site", {})
    _known("[site]", rules, _SITE)
    imbalance_a = _number("[site]", rules, "imbalance_a", (0, 9_999), 0)
    policy = Policy(
        step_ma=max(1, round(1_000 * _number("[site]", rules, "step_a", (0.001, 32), 1))),
        imbalance_ma=round(1_000 * imbalance_a) if "imbalance_a" in rules else None,
        slot_ms=round(60_000 * _number("[site]", rules, "slot_minutes", (1, 1_440), SLOT_MS / 6e4)),
    )
    minimum_ma = round(1_000 * _number("[site]", rules, "minimum_a", (6, 32), 7))
    bare = Site(
        tree_of([]), {}, policy,
        volts=round(_number("[site]", rules, "volts", (100, 480), 230)),
        neutral=_flag(rules, "neutral"),
        minimum_ma=-(-minimum_ma // policy.step_ma) * policy.step_ma,
    )  # fmt: skip
    fuses = [_fuse(number, fuse, bare) for number, fuse in enumerate(_tables(told, "fuse"), 1)]
    if not fuses:
        raise BadSite("no [[fuse]]: give the feeder a name and limit_a or limit_kw")
    names = {fuse.name for fuse in fuses}
    points = [
        point
        for number, group in enumerate(_tables(told, "points"), 1)
        for point in _points(number, group, names)
    ]
    twice = {p.name for p in points if sum(q.name == p.name for q in points) > 1}
    if twice or not points:
        raise BadSite(f"[[points]]: {', '.join(sorted(twice)) or 'no point'}: name each once")
    if not bare.neutral and any(p.phases == 2 for p in points):
        raise BadSite("[[points]]: without a neutral, phases is 1 (between two conductors) or 3")
    return replace(bare, tree=tree_of(fuses), points={p.name: p for p in points})


def _fuse(number: int, told: Mapping[str, Any], bare: Site) -> Fuse:
    where = f"[[fuse]] {number}"
    _known(where, told, _FUSE)
    if ("limit_a" in told) == ("limit_kw" in told):
        raise BadSite(f"{where}: give either limit_a or limit_kw")
    if "limit_kw" in told:
        limit_ma = bare.amps_of_kw(_number(where, told, "limit_kw", (0, 100_000), 0))
        return Fuse(_text(where, told, "name"), (limit_ma,) * 3, told.get("behind"))
    given = told["limit_a"]
    amps = given if isinstance(given, list) else [given] * 3
    if len(amps) != 3 or not all(type(x) in (int, float) and 0 <= x <= 9_999 for x in amps):
        raise BadSite(f"{where}: limit_a is {given!r}; one number or three, amperes per phase")
    a, b, c = (round(1_000 * x) for x in amps)
    return Fuse(_text(where, told, "name"), (a, b, c), told.get("behind"))


def _points(number: int, told: Mapping[str, Any], fuses: set[str]) -> Iterable[SitePoint]:
    where = f"[[points]] {number}"
    _known(where, told, _POINTS)
    fuse, rotation = _text(where, told, "fuse"), told.get("rotation", "RST")
    if fuse not in fuses:
        raise BadSite(f"{where}: fuse {fuse} is not there; there are {', '.join(sorted(fuses))}")
    if rotation not in ROTATIONS:
        raise BadSite(f"{where}: rotation {rotation!r}; it is one of {', '.join(ROTATIONS)}")
    phases = round(_number(where, told, "phases", (1, 3), 3))
    most_ma = round(
        1_000 * _number(where, told, "most_a", (MIN_CURRENT_MA / 1e3, MAX_CURRENT_MA / 1e3), 32)
    )
    names = told.get("names")
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise BadSite(f"{where}: names is {names!r}; a list of names")
    for name in names:
        yield SitePoint(name, fuse, rotation, phases, most_ma)


def _tables(told: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    tables = told.get(key, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise BadSite(f"{key}: write [[{key}]], one for each")
    return tables


def _known(where: str, told: Mapping[str, Any], keys: set[str]) -> None:
    if not isinstance(told, dict):
        raise BadSite(f"{where} is {told!r}; a table of {', '.join(sorted(keys))}")
    odd = sorted(set(told) - keys)
    if odd:
        raise BadSite(
            f"{where}: {', '.join(odd)} is not known; there are {', '.join(sorted(keys))}"
        )


def _number(
    where: str, told: Mapping[str, Any], key: str, within: tuple[float, float], default: float
) -> float:
    value = told.get(key, default)
    if type(value) not in (int, float) or not within[0] <= value <= within[1]:
        raise BadSite(f"{where}: {key} is {value!r}; a number from {within[0]:g} to {within[1]:g}")
    return float(value)


def _text(where: str, told: Mapping[str, Any], key: str) -> str:
    value = told.get(key)
    if not isinstance(value, str) or not value:
        raise BadSite(f"{where}: {key} is {value!r}; a name is needed")
    return value


def _flag(told: Mapping[str, Any], key: str) -> bool:
    value = told.get(key, True)
    if not isinstance(value, bool):
        raise BadSite(f"[site]: {key} is {value!r}; true or false")
    return value


# -- what if ----------------------------------------------------------------------------------


def with_feeder(site: Site, limit_ma: PhasesMa) -> Site:
    """Return the site with another limit of its feeder; raise `BadSite` if it has several."""
    feeders = [fuse.name for fuse in site.tree.fuses if fuse.parent is None]
    if len(feeders) > 1:
        raise BadSite(f"the site has the feeders {', '.join(feeders)}; change them in its file")
    fuses = [replace(f, limit_ma=limit_ma) if f.parent is None else f for f in site.tree.fuses]
    return replace(site, tree=tree_of(fuses))


def feeder_ma(site: Site) -> PhasesMa:
    """Return the limit of the first feeder."""
    return next(fuse.limit_ma for fuse in site.tree.fuses if fuse.parent is None)


def with_less(site: Site, less_ma: int) -> Site:
    """Return the site with so much less on every phase of its feeder; raise `BadSite`."""
    a, b, c = (max(0, x - less_ma) for x in feeder_ma(site))
    return with_feeder(site, (a, b, c))


def with_more_points(site: Site, count: int) -> tuple[Site, dict[str, str]]:
    """Return the site with so many more points, and whose sessions each of them repeats.

    A new point is made like an old one, one rotation further.
    """
    olds = list(site.points.values())
    like = {f"new-{n + 1}": olds[n % len(olds)] for n in range(count)}
    new = {name: replace(old, name=name, rotation=NEXT[old.rotation]) for name, old in like.items()}
    whose = {name: old.name for name, old in like.items()}
    return replace(site, points={**site.points, **new}), whose
