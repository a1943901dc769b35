"""The machines of load management for the laws, and the facts that they take."""

from __future__ import annotations

from firmware.config.registry import changed
from firmware.dlm.book import UnitRecord
from firmware.dlm.claims import Policy
from firmware.dlm.master import Master, Site
from firmware.dlm.slave import Slave
from firmware.dlm.supply import SupplyLine
from firmware.dlm.tree import Fuse, tree_of
from firmware.model import dlm as m
from firmware.model import outlet as o
from firmware.model import session as s
from firmware.model.machine import Tick
from firmware.model.settings import SettingsChanged
from firmware.model.values import Reading
from tests.laws.facts import QUICK
from tests.laws.kind import Kind

SITE = Site(tree_of([Fuse("site", (40_000,) * 3)]), "site", Policy(), 6_000, 2_000, 1_000)
RECORDS = (UnitRecord("away", "site", 7_000, (("away/1", 16_000),)),)


def _point(most_ma: int, uses: tuple[int, ...] = (0, 1, 2), in_force_ma: int = 0) -> m.PointState:
    return m.PointState("u/1", "STR", uses, most_ma, (0, 0, 0), in_force_ma)


TOLD = [m.PointTold(_point(ma, uses)) for ma, uses in ((0, (0,)), (16_000, (0, 1, 2)))]
SEEN = [m.MasterSeen(name, 0, epoch) for name, epoch in (("m", 3), ("other", 4), ("other", 2))]
GIVEN = [
    m.UnitAnswered("u", 1, number, 3, lease_ms, (("u/1", 10_000), ("strange", 5)))
    for number in (0, 1, 2)
    for lease_ms in (2_000, 90_000)
]
ASKED = [
    m.UnitAsked(unit, life, number, 3, accepted, 7_000, (_point(ma, uses, held),))
    for unit, life, number, accepted, ma, uses, held in (
        ("u", 1, 0, -1, 0, (0, 1, 2), 0), ("u", 1, 1, 0, 16_000, (0, 1, 2), 0),
        ("u", 1, 2, 1, 16_000, (1,), 10_000), ("u", 2, 0, -1, 32_000, (0, 1, 2), 7_000),
        ("v", 1, 5, -1, 32_000, (0, 2), 6_000), ("away", 1, 1, -1, 0, (0, 1, 2), 7_000),
    )
]  # fmt: skip
ROOM = [m.SiteRoomChanged((("site", (ma,) * 3),)) for ma in (40_000, 9_000)]
FED = changed(QUICK, {"station_single_supply": "on", "station_supply_line_limit": "20"})
LINE = [
    *(s.EnergyWanted(n, wanted, "why") for n in (1, 2) for wanted in (True, False)),
    *(s.MeterRead(n, Reading(0, 0, (ma, 0, 0), 0)) for n in (1, 2) for ma in (0, 6_000, 16_000)),
    *(o.OfferChanged(n, ma, 0) for n in (1, 2) for ma in (0, 16_000)),
    o.CableChanged(1, 13_000, 0), o.CableChanged(1, None, 0), o.CableChanged(9, 13_000, 0),
    SettingsChanged(FED), SettingsChanged(QUICK),
]  # fmt: skip
SHARING = (
    Kind(
        "SupplyLine",
        lambda: SupplyLine(FED, (1, 2)),
        LINE,
        (s.EnergyWanted, o.CableChanged, o.OfferChanged, SettingsChanged, Tick),
        ((), (LINE[0], LINE[2])),
    ),
    Kind(
        "Slave",
        lambda: Slave("u", 1, 0, 7_000),
        [*TOLD, *SEEN, *GIVEN],
        (m.PointTold, m.MasterSeen, Tick),
        ((), (TOLD[1], SEEN[0]), (TOLD[1], SEEN[0], GIVEN[0])),
    ),
    Kind(
        "Master",
        lambda: Master("m", 3, SITE, RECORDS, 0),
        [*ASKED, *SEEN[1:], *ROOM],
        (m.SiteRoomChanged, Tick),
        ((), (ASKED[1],)),
    ),
)
