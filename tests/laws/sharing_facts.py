"""The machines of load management for the laws, and the facts that they take."""

from __future__ import annotations

from firmware.config.registry import changed
from firmware.dlm.claims import Policy
from firmware.dlm.core import EPOCH, LoadManagement
from firmware.dlm.master import Master, Site
from firmware.dlm.slave import Slave
from firmware.dlm.supply import SupplyLine
from firmware.dlm.tree import Fuse, tree_of
from firmware.model import dlm as m
from firmware.model import outlet as o
from firmware.model import session as s
from firmware.model.load import ExternalLoad, ExternalLoadLost
from firmware.model.machine import Tick
from firmware.model.settings import SettingsChanged
from firmware.model.storage import Memory
from firmware.model.values import OwnLimitChanged, Reading
from tests.laws.facts import QUICK
from tests.laws.kind import Kind

SITE = Site(tree_of([Fuse("site", (40_000,) * 3)]), "site", Policy(), 6_000, 2_000, 1_000)
RECORDS = (m.UnitRecord("away", "site", 7_000, (("away/1", 16_000),)),)


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
KNOWING = Memory(1, notes={EPOCH: "2"}, units=RECORDS)
ROOM = [m.SiteRoomChanged((("site", (ma,) * 3),)) for ma in (40_000, 9_000)]
FED = changed(QUICK, {"station_single_supply": "on", "station_supply_line_limit": "20"})
LINE = [
    *(s.EnergyWanted(n, wanted, "why") for n in (1, 2) for wanted in (True, False)),
    *(s.MeterRead(n, Reading(0, 0, (ma, 0, 0), 0)) for n in (1, 2) for ma in (0, 6_000, 16_000)),
    *(o.OfferChanged(n, ma, 0) for n in (1, 2) for ma in (0, 16_000)),
    o.CableChanged(1, 13_000, 0), o.CableChanged(1, None, 0), o.CableChanged(9, 13_000, 0),
    SettingsChanged(FED), SettingsChanged(QUICK),
]  # fmt: skip
MASTERING = changed(QUICK, {"dlm_mode": "master_internal_slave", "dlm_sample_rate": "5"})
SLAVING = changed(QUICK, {"dlm_mode": "slave_auto_discovery"})
HOUSED = changed(MASTERING, {
    "dlm_external_meter_support": "on", "meter2_type": "siemens_7km2200_tcp",
    "meter2_ip": "10.0.0.9",
})  # fmt: skip
OWN = [
    *LINE[:-2], *ASKED, *SEEN, *GIVEN,
    *(OwnLimitChanged(n, ma) for n in (1, 2) for ma in (5_000, 16_000)),
    *(m.MastersFound(tuple(m.FoundMaster("o", 0, epoch) for epoch in epochs))
      for epochs in ((), (0,), (9,))),
    *(m.SiteLimitSet("scheduler", (ma,) * 3, "why") for ma in (0, 9_000)),
    m.SiteLimitLifted("scheduler"), m.ForgetSilentUnits(), m.BusTold("bus", "cut"),
    m.BusTold("bus", ""), m.PairingOpened("12345678", 600_000), m.PairingTold("paired", True),
    m.PairingTold("mistyped", open=True),
    *(ExternalLoad((ma,) * 3, (False,) * 3, 0) for ma in (5_000, 120_000)), ExternalLoadLost(0),
]  # fmt: skip
MANAGED = (
    s.EnergyWanted, o.OfferChanged, OwnLimitChanged, m.MasterSeen, m.MastersFound,
    m.SiteLimitSet, m.SiteLimitLifted, m.BusTold, SettingsChanged, Tick,
)  # fmt: skip
SHARING = (
    *(
        Kind(
            f"LoadManagement as {settings.text('dlm_mode')}{' of a house' * (settings is HOUSED)}"
            f"{' of two' * settings.flag('dlm_standby')}",
            lambda settings=settings: LoadManagement(settings, KNOWING, "u", (1, 2)),
            [*OWN, *(SettingsChanged(one) for one in changes)],
            MANAGED,
            ((), (OWN[0], OWN[2])),
        )
        for settings, changes in (
            (MASTERING, (MASTERING, changed(MASTERING, {"dlm_minimum_current_limit": "8"}))),
            (SLAVING, (SLAVING,)),
            (HOUSED, (HOUSED,)),
            (QUICK, (QUICK,)),
        )
    ),
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
