"""Every machine of the firmware for the laws: how it is made and which facts it takes.

A fact stands here without its time; `telling.timed` gives it the instant at which it is told.
Tables, not generators, so that hypothesis and a fixed walk choose from the same facts.
"""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import replace
from itertools import product
from random import Random

from firmware.auth.core import AuthCore
from firmware.auth.learn import LearnCore
from firmware.diag.commissioning import Commissioning
from firmware.diag.recent import Recent
from firmware.led.core import LedCore
from firmware.limits.core import LimitBook
from firmware.model import backend as b
from firmware.model import outlet as o
from firmware.model import people as pe
from firmware.model import session as s
from firmware.model.lists import ListContradicted
from firmware.model.machine import Tick
from firmware.model.reservation import OutletReserved
from firmware.model.security import CertificatesListed, ChangeSettings
from firmware.model.settings import PasswordHashed, SettingsChanged
from firmware.model.storage import Memory, Store, Stored
from firmware.model.values import (
    ConnectorStatus,
    Limit,
    LimitLifted,
    LimitSet,
    Stamp,
    StopReason,
)
from firmware.ocpp import OcppCore
from firmware.ocpp.charging import ChargingCore
from firmware.ocpp.security import SecurityCore
from firmware.ocpp.transfers import TransferCore
from firmware.ocpp.updates import NOTE
from firmware.pilot import facts as p
from firmware.pilot.core import PilotCore
from firmware.session.core import SessionCore
from firmware.session.desk import Desk
from firmware.station.configuration import ConfigurationDesk
from firmware.station.core import Options, StationCore
from hal.ports import LockPosition, OutletSample
from tests.laws.charging_facts import ASKED_FRAMES, KEPT_PROFILES, PROFILES, STARTS
from tests.laws.facts import (
    ACCEPT,
    ACCEPTED,
    ALL_FAULTS,
    ANSWERED,
    ASKS,
    BEGAN,
    BOOT,
    CAR,
    CARDS,
    CONFIRMED,
    DEVICES,
    ENDED,
    FRAMES,
    INFO,
    JUDGED,
    LINE,
    LOADS,
    LOST,
    METERS,
    OFFERS,
    OUTLET,
    OWN_FAULTS,
    PLUG,
    PRESENTED,
    QUICK,
    REQUESTS,
    SETTINGS,
    SHOWN,
    SILENT,
    STATION_FAULTS,
    TIME,
    transaction,
)
from tests.laws.kind import COMMON, FAULT_TYPES, REPORTS, Kind
from tests.laws.list_facts import (
    KEPT_RESERVATIONS,
    LIST_FRAMES,
    LISTS,
    OUTLETS_RESERVED,
    RESERVED,
)
from tests.laws.security_facts import SECURE, SECURITY, TRIED
from tests.laws.sharing_facts import SHARING
from tests.laws.site_facts import LEVELS, LIMITING
from tests.laws.telling import GRID_MS, Story, tell
from tests.laws.transfer_facts import FETCHED, INSTALLING, ORDERED, TOO_OFTEN, TRANSFERS
from tests.laws.watchers import WATCHERS


def sample(letter: str, low_mv: int = -12_000, **changes: object) -> OutletSample:
    """Return a sample of a plugged car in this state; state A and X1 have a flat line."""
    high_mv = {"A": 12_000, "B": 9_000, "C": 6_000, "D": 3_000, "E": 0}[letter]
    values: dict[str, object] = {
        "pp_ohm": 220, "duty_permille": 266, "contactor_closed": False,
        "lock": LockPosition.LOCKED, **changes,
    }  # fmt: skip
    return OutletSample(0, high_mv, low_mv, **values)  # type: ignore[arg-type]


HASH = "$scrypt$15$" + "A" * 24 + "$" + "B" * 44
SAMPLES = [
    *(
        p.Sampled(sample(letter, low_mv, contactor_closed=closed, pp_ohm=pp_ohm))
        for letter, low_mv, closed, pp_ohm in product(
            "ABC", (-12_000, -3_000), (False, True), (220, None)
        )
    ),
    *(p.Sampled(sample(letter)) for letter in "BCDE" * 3),
    p.Sampled(sample("B", residual_tripped=True)),
    p.Sampled(sample("C", mcb_tripped=True)),
    p.Sampled(sample("C", rcd_tripped=True, contactor_closed=True)),
    p.Sampled(sample("B", 9_000, duty_permille=1_000)),
    p.Sampled(sample("C", lock=LockPosition.MOVING)),
    p.Sampled(sample("A", lock=LockPosition.MISSING)),
    p.Sampled(sample("B", lock=LockPosition.UNLOCKED)),
]
PILOT: list[object] = [
    *SAMPLES, p.SampleLost(), p.PermitTaken("revoked"), p.LockAsked(True), p.LockAsked(False),
    *(p.PermitGiven(ma, ms) for ma, ms in ((16_000, 2_000), (32_000, 60_000), (5_000, 2_000))),
]  # fmt: skip


class Keeping:
    """A station whose disk answers within the step."""

    def __init__(self, station: StationCore) -> None:
        self.station = station

    def handle(self, fact: object, now_ms: int) -> list[object]:
        """Take a fact; what was kept is answered at once."""
        out: list[object] = []
        for wish in self.station.handle(fact, now_ms):
            out.append(wish)
            if isinstance(wish, Store):
                out += self.station.handle(Stored(wish.ticket), now_ms)
        return out

    def deadline_ms(self) -> int:
        """The station's."""
        return self.station.deadline_ms()


def station(memory: Memory | None = None, outlets: int = 2) -> StationCore:
    """Return a station that wakes up."""
    return StationCore(QUICK, memory or Memory(BOOT), Options(replace(INFO, outlets=outlets)))


def reserving() -> Desk:
    """Return a desk that remembers reservations."""
    desk = Desk(QUICK, (1, 2))
    desk.remember(KEPT_RESERVATIONS)
    return desk


_BOOTED = (b.BackendConnected(0), FRAMES[0])
_CHARGING = (o.PilotFound(0), PLUG, CAR, ACCEPT, METERS[0], o.CpChanged(1, ASKS, 0))
KINDS = (
    Kind(
        "PilotCore",
        lambda: PilotCore(p.Traits(1, 32_000, lock=True, mirror=True)),
        PILOT,
        (p.Sampled, p.SampleLost, p.LockAsked, Tick),
        ((), (p.PermitGiven(16_000, 60_000), *([p.Sampled(sample("C"))] * 2))),
    ),
    Kind(
        "PilotCore without mirror contact",
        lambda: PilotCore(p.Traits(1, 32_000, lock=True, mirror=False)),
        PILOT,
        (p.Sampled, p.SampleLost, p.LockAsked, Tick),
        ((p.PermitGiven(16_000, 60_000), *([p.Sampled(sample("C"))] * 2)),),
    ),
    Kind(
        "SessionCore",
        lambda: SessionCore(1, QUICK, BOOT),
        [
            *OUTLET, *METERS[:2], *ALL_FAULTS, *CONFIRMED, *SETTINGS, *TIME, ACCEPT,
            s.UnlockAsked(1), *OUTLETS_RESERVED,
            *(s.OperativeChanged(1, flag) for flag in (True, False)),
            *(s.LimitChanged(1, ma, "operator", "why") for ma in (0, 16_000)),
            *(s.StopAsked(1, why) for why in (StopReason.LOCAL, StopReason.HARD_RESET)),
        ],
        (*REPORTS, *COMMON, o.FaultRaised, o.FaultCleared, s.OperativeChanged, s.LimitChanged,
         s.TransactionConfirmed, o.PilotLost, OutletReserved),
        ((), (PLUG,), _CHARGING, (*_CHARGING, s.StopAsked(1, StopReason.LOCAL))),
    ),
    Kind(
        "SessionCore of a resumed transaction",
        lambda: SessionCore(1, QUICK, BOOT + 1, resumed=transaction(1)),
        [*OUTLET, *METERS[:2], *CONFIRMED, ACCEPT, s.StopAsked(1, StopReason.REMOTE)],
        (*REPORTS, *COMMON, s.TransactionConfirmed, o.PilotLost),
    ),
    Kind(
        "Desk",
        lambda: Desk(QUICK, (1, 2)),
        [*CARDS, *JUDGED, *OUTLET, *SHOWN, *BEGAN, *ENDED, *CONFIRMED, *REQUESTS,
         *ALL_FAULTS, *RESERVED, *TIME,
         *SETTINGS, s.AuthorityExpired(1, "TAG")],
        (*REPORTS, *COMMON, s.SessionShown, o.FaultRaised, o.FaultCleared,
         s.TransactionConfirmed),
        ((), (BEGAN[0],), (o.LockMoved(1, True, 0), REQUESTS[4]), (TIME[0], *RESERVED[:1])),
    ),
    Kind(
        "Desk with reservations",
        reserving,
        [*JUDGED, *OUTLET, *SHOWN[:6], *BEGAN, *ENDED, *RESERVED, *TIME, *REQUESTS[:2]],
        (*REPORTS, *COMMON, s.SessionShown),
        ((), (TIME[0],)),
    ),
    Kind(
        "AuthCore",
        lambda: AuthCore(QUICK, BOOT, {"t2": ACCEPTED}),
        [*PRESENTED, *ANSWERED, *LINE, *BEGAN, *ENDED, *CONFIRMED, *TIME, *SETTINGS,
         b.CacheClearRequested("a"), *LISTS],
        (*COMMON, b.BackendReady, b.BackendLost, s.TransactionConfirmed, s.TransactionBegan,
         b.BackendAnswered),
        ((), (LINE[0],), (LINE[0], *LISTS[:1])),
    ),
    Kind(
        "LimitBook",
        lambda: LimitBook(QUICK, (1, 2)),
        [
            *OUTLET, *SETTINGS, *OWN_FAULTS,
            *(s.EnergyWanted(n, wanted, "why") for n in (1, 2) for wanted in (True, False)),
            *(LimitSet(1, Limit(source, ma, "why", ms))
              for source, ma, ms in (("dlm", 0, 5_000), ("dlm", 9_000, 900), ("ems", 7_000, 40))),
            LimitLifted(1, "dlm"), LimitLifted(1, "hardware"),
        ],
        (*REPORTS, *COMMON, *FAULT_TYPES, s.EnergyWanted, LimitSet, LimitLifted),
        ((), (s.EnergyWanted(1, True, "transaction"),)),
    ),
    *SHARING,
    *LIMITING,
    *WATCHERS,
    Kind(
        "LedCore",
        lambda: LedCore(QUICK),
        [*SHOWN, *STATION_FAULTS, *CARDS, *JUDGED, *LINE, *SETTINGS, *TIME, ACCEPT,
         s.TokenAsked("T"),
         s.TokenWaits("T", 2_000), s.TokenRefused("T", "why")],
        (*COMMON, *FAULT_TYPES, s.SessionShown, b.BackendReady, b.BackendLost),
    ),
    Kind(
        "ConfigurationDesk",
        lambda: ConfigurationDesk(QUICK),
        [
            *(b.ConfigurationRequested("a", keys) for keys in ((), ("HeartbeatInterval", "no"))),
            *(b.ConfigurationChangeRequested("b", key, value) for key, value in
              (("ConnectionTimeOut", "9"), ("ConnectionTimeOut", "x"), ("Nothing", "1"))),
            ChangeSettings({"ui_language": "nl"}), PasswordHashed("user_password", HASH), *TIME,
        ],
        (Tick, b.ClockSynced),
    ),
    Kind(
        "LearnCore",
        lambda: LearnCore(QUICK),
        [*CARDS, *SETTINGS, pe.LearnAsked(True), pe.LearnAsked(False)],
        (*COMMON, pe.LearnAsked),
    ),
    Kind(
        "Recent",
        lambda: Recent(BOOT, QUICK),
        [*CARDS, *SETTINGS, *TIME, *LINE, *STATION_FAULTS, ACCEPT, s.TokenRefused("T", "why"),
         pe.LearningChanged(True, ("T",), 9), pe.SignInTried("user", "::1", False)],
        COMMON,
    ),
    Kind(
        "Commissioning",
        lambda: Commissioning((1, 2)),
        [*CARDS, *STATION_FAULTS, pe.CommissioningAsked(True), pe.CommissioningAsked(False),
         pe.CommissioningConfirmed(pe.GuidedPart.LED, True), o.LockMoved(1, True, 0),
         o.ContactorMoved(2, True, "car_asks", 0)],
        (Tick, o.ContactorMoved, *FAULT_TYPES),
    ),
    Kind(
        "OcppCore",
        lambda: OcppCore(QUICK, Memory(BOOT), INFO),
        [
            *FRAMES, *FRAMES[:5], *TIME, *SETTINGS, *BEGAN, *ENDED, b.BackendConnected(0), LOST,
            *(s.ConnectorChanged(n, face) for n in (0, 1, 9) for face in
              (ConnectorStatus.AVAILABLE, ConnectorStatus.CHARGING)),
            *(b.AskBackend(token) for token in ("A", "B", "x" * 30)), b.Answer("c", "Accepted"),
            *map(ListContradicted, ("TAG", None)), *LIST_FRAMES,
            *(s.EnergySampled(key, 1, METERS[0].reading, Stamp(BOOT, 5, None), context,
                              ("Energy.Active.Import.Register",))
              for key in (None, f"{BOOT}-1-1") for context in ("Trigger", "Sample.Periodic")),
        ],
        (*COMMON, s.ConnectorChanged, b.BackendLost, s.TransactionBegan, s.TransactionEnded),
        ((), _BOOTED, (*_BOOTED, BEGAN[0])),
    ),
    Kind(
        "ChargingCore",
        lambda: ChargingCore(QUICK, Memory(BOOT), (1, 2)),
        [*PROFILES, *STARTS, *BEGAN, *ENDED, *CONFIRMED, *TIME, *SETTINGS, *SHOWN[:4]],
        (*COMMON, s.TransactionBegan, s.TransactionEnded, s.TransactionConfirmed,
         s.SessionShown),
        ((), (TIME[0], *PROFILES[:4]), (BEGAN[0], *PROFILES[:4], TIME[0], PROFILES[7])),
        pauses=(0, 1, 20, 49, 50, 51, 100, 101, 320),
    ),
    Kind(
        "ChargingCore that remembers",
        lambda: ChargingCore(QUICK, Memory(BOOT, profiles=KEPT_PROFILES), (1, 2)),
        [*PROFILES, *BEGAN, *ENDED, *TIME, *SETTINGS],
        (*COMMON, s.TransactionBegan, s.TransactionEnded),
        pauses=(0, 1, 20, 49, 50, 51, 100, 101, 320),
    ),
    Kind(
        "SecurityCore",
        lambda: SecurityCore(SECURE, Memory(BOOT), "S1"),
        [*SECURITY, *TIME, SettingsChanged(SECURE), SettingsChanged(QUICK), LOST, *LINE],
        (*COMMON, CertificatesListed),
        ((), (b.BackendConnected(0), b.BackendReady(0)), TRIED),
    ),
    Kind(
        "TransferCore",
        lambda: TransferCore(QUICK, Memory(BOOT), "1"),
        [*TRANSFERS, *BEGAN, *ENDED, *TIME, *LINE],
        (*COMMON, s.TransactionBegan, s.TransactionEnded, b.BackendLost),
        ((), (LINE[0], TIME[0]), (LINE[0], *FETCHED), (BEGAN[0], *FETCHED)),
    ),
    *(
        Kind(
            f"TransferCore that remembers {name}",
            lambda note=note: TransferCore(QUICK, Memory(BOOT, notes={NOTE: note}), "1"),
            [*TRANSFERS, *BEGAN, *ENDED, *TIME, *LINE],
            (*COMMON, s.TransactionBegan, s.TransactionEnded, b.BackendLost),
        )
        for name, note in (
            ("an installation", INSTALLING), ("an order", ORDERED), ("too many starts", TOO_OFTEN),
        )
    ),
    Kind(
        "StationCore",
        lambda: Keeping(station()),
        [*OUTLET, *CARDS, *METERS, *SILENT, *FRAMES, *ALL_FAULTS, *DEVICES, *LOADS, *OFFERS,
         *LEVELS, *TIME, *SETTINGS, LOST, b.BackendConnected(0), *ASKED_FRAMES, *LIST_FRAMES],
        (*REPORTS, Tick, b.ClockSynced, o.FaultRaised, o.FaultCleared, b.BackendLost,
         o.PilotLost),
        (
            (),
            _BOOTED,
            (*_BOOTED, SETTINGS[1], o.PilotFound(0), PLUG, CAR, CARDS[0], METERS[0]),
        ),
        # what is not in the wiring table is a bug and ends the process; these are and go nowhere
        foreign=(o.PermitEnded(1, "expired", 0),),
    ),
)  # fmt: skip


def walk(kind: Kind, seed: int, length: int = 150) -> Story:
    """Return a fixed story of a machine."""
    dice = Random(seed)
    told = [*dice.choice(kind.preludes), *(dice.choice(kind.facts) for _ in range(length))]
    return [(dice.choice(kind.pauses) * GRID_MS, fact) for fact in told]


def digests() -> dict[str, str]:
    """Return what a fixed walk of every machine tells, as a digest."""
    return {
        kind.name: hashlib.sha256(repr(tell(kind.make(), walk(kind, 1))).encode()).hexdigest()
        for kind in KINDS
    }


if __name__ == "__main__":
    json.dump(digests(), sys.stdout)
