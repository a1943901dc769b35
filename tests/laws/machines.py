"""Every machine of the firmware for the laws: how it is made and which facts it takes.

A fact stands here without its time; `telling.timed` gives it the instant at which it is told.
Tables, not generators, so that hypothesis and a fixed walk choose from the same facts.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from random import Random

from firmware.auth.core import AuthCore
from firmware.config.registry import changed, defaults
from firmware.led.core import LedCore
from firmware.limits.core import LimitBook, LimitSet
from firmware.metering.core import MeteringCore
from firmware.model import backend as b
from firmware.model import outlet as o
from firmware.model import session as s
from firmware.model.fault import Fault
from firmware.model.machine import Tick
from firmware.model.settings import SettingsChanged
from firmware.model.storage import Memory, Store, Stored
from firmware.model.values import (
    ConnectorStatus,
    CpState,
    Limit,
    Reading,
    Stamp,
    StopReason,
    TokenInfo,
    Verdict,
)
from firmware.ocpp import OcppCore, StationInfo
from firmware.pilot import facts as p
from firmware.pilot.core import PilotCore
from firmware.session.core import SessionCore
from firmware.session.desk import Desk
from firmware.station.configuration import ConfigurationDesk
from firmware.station.core import Options, StationCore
from hal.ports import LockPosition, OutletSample
from tests.laws.telling import GRID_MS, Story, tell

BOOT = 7
NOON_MS = 1_769_860_800_000  # 2026-01-31T12:00:00Z
QUICK = changed(
    defaults(),
    {
        "vehicle_connection_timeout": "2",
        "backend_connection_timeout": "5",
        "ocpp:TransactionMessageRetryInterval": "3",
        "ocpp:MinimumStatusDuration": "1",
        "ocpp:HeartbeatInterval": "9",
        "ocpp:MeterValueSampleInterval": "4",
        "ocpp:ClockAlignedDataInterval": "5",
        "installation_current_limit_1": "20",
    },
)
OTHER = changed(
    QUICK,
    {
        "lock_actuator_only_if_authorized": "on",
        "ocpp_status_strategy": "occupied_on_authorized_plugged",
        "ocpp_preparing_until_state_c": "off",
        "display_backend_disconnect_as_error": "on",
        "if_in_doubt_allow_charging": "on",
        "local_whitelist_entries": "TAG:0a0e9b83/1",
        "ocpp:MeterValueSampleInterval": "0",
        "ocpp:ClockAlignedDataInterval": "0",
        "operator_current_limit_1": "6",
    },
)
SETTINGS = [SettingsChanged(QUICK), SettingsChanged(OTHER)]
INFO = StationInfo("Vendor", "Model", "S1", "1.0", 2)
FOREIGN: list[object] = ["garbage", None, 17, b.Restart(StopReason.OTHER)]
ACCEPTED, INVALID = TokenInfo(Verdict.ACCEPTED, "PARENT"), TokenInfo(Verdict.INVALID)
TIME = [b.ClockSynced(NOON_MS, "ntp"), b.ClockSynced(NOON_MS + 90_001, "ocpp")]
LINE: list[object] = [b.BackendReady(0), b.BackendLost(0, "gone")]


def _transaction(outlet: int) -> s.Transaction:
    stamp = Stamp(BOOT, 0, None)
    return s.Transaction(f"{BOOT}-{outlet}-1", outlet, "TAG", stamp, 100, 100, stamp)


BEGAN = [s.TransactionBegan(_transaction(n)) for n in (1, 2)]
ENDED = [
    s.TransactionEnded(
        replace(
            one.transaction, last_wh=900, ended=Stamp(BOOT, 9, None), stop_reason=StopReason.LOCAL
        )
    )
    for one in BEGAN
]
CONFIRMED = [s.TransactionConfirmed(f"{BOOT}-1-1", 1, 5, info) for info in (ACCEPTED, INVALID)]
METERS = [s.MeterRead(n, Reading(wh, 0, (0, 0, 0), 0)) for n, wh in ((1, 100), (1, 250), (2, 9))]
SILENT = [s.MeterSilent(1, 0), s.MeterSilent(2, 0)]
FAULTS = [
    told(outlet, fault, 0)
    for told in (o.FaultRaised, o.FaultCleared)
    for outlet, fault in ((1, Fault.GROUND_FAILURE), (1, Fault.LOCK_FAILED), (0, Fault.READER))
]
PLUG, CAR, ASKS = o.CableChanged(1, 32_000, 0), o.CpChanged(1, CpState.B2, 0), CpState.C2
OUTLET: list[object] = [
    *(o.CableChanged(1, ma, 0) for ma in (None, 20_000, 0)),
    *(o.CpChanged(1, cp, 0) for cp in (CpState.A, CpState.B1, ASKS, CpState.E, CpState.INVALID)),
    *(o.ContactorMoved(1, closed, "car_asks", 0) for closed in (True, False)),
    *(o.LockMoved(1, locked, 0) for locked in (True, False)),
    PLUG, CAR, o.PilotFound(0), o.PilotLost(0),
]  # fmt: skip
CARDS = [s.CardSeen("0a0e9b83", 1, 0), s.CardSeen("00", 1, 0)]
ACCEPT = s.TokenAccepted(1, "TAG", s.StartSource.CARD, "PARENT")
JUDGED = [
    s.TokenJudged("TAG", outlet, s.StartSource.CARD, accepted, "PARENT", "a rule")
    for outlet in (None, 1, 9)
    for accepted in (True, False)
]
SHOWN = [
    s.SessionShown(1, phase, charging=False, faulted=faulted, operative=operative)
    for phase in s.SessionPhase
    for faulted, operative in ((False, True), (True, True), (False, False))
]
REQUESTS: list[object] = [
    b.RemoteStartRequested("a", None, "TAG"), b.RemoteStartRequested("b", 1, "T2"),
    b.RemoteStopRequested("c", 5), b.RemoteStopRequested("d", 6),
    b.UnlockRequested("e", 1), b.UnlockRequested("f", 9), b.ResetRequested("g", hard=True),
    b.ResetRequested("h", hard=False), b.AvailabilityRequested("i", 0, operative=False),
    b.AvailabilityRequested("j", 0, operative=True), b.AvailabilityRequested("k", 1, False),
]  # fmt: skip
PRESENTED = [
    s.TokenPresented(token, 1, source)
    for token in ("TAG", "T2", "tag")
    for source in (s.StartSource.CARD, s.StartSource.REMOTE)
]
ANSWERED = [b.BackendAnswered("TAG", info) for info in (ACCEPTED, INVALID, None)]
CONFS = [
    {"status": "Accepted", "currentTime": "2026-01-31T12:00:00Z", "interval": 20},
    {"status": "Pending", "currentTime": "2026-01-31T12:00:00Z", "interval": 5},
    {"transactionId": 5, "idTagInfo": {"status": "Accepted"}},
    {"idTagInfo": {"status": "Invalid"}},
    {},
]
FRAMES = [
    b.FrameReceived(json.dumps(frame))
    for frame in (
        *([3, f"{BOOT}-{n}", conf] for n in range(1, 7) for conf in CONFS),
        [4, f"{BOOT}-2", "InternalError", "", {}],
        [2, "a", "ClearCache", {}],
        [2, "b", "TriggerMessage", {"requestedMessage": "MeterValues"}],
        [2, "c", "RemoteStartTransaction", {"idTag": "TAG", "connectorId": 1}],
        [2, "d", "RemoteStopTransaction", {"transactionId": 5}],
        [2, "e", "UnlockConnector", {"connectorId": 1}],
        [2, "f", "ChangeAvailability", {"connectorId": 1, "type": "Inoperative"}],
        [2, "g", "GetConfiguration", {}],
        [2, "h", "ChangeConfiguration", {"key": "ConnectionTimeOut", "value": "3"}],
        [2, "i", "Reset", {"type": "Soft"}],
        "nonsense",
    )
]
LOST = b.BackendLost(0, "gone")


def sample(letter: str, low_mv: int = -12_000, **changes: object) -> OutletSample:
    """Return a sample of a plugged car in this state; state A and X1 have a flat line."""
    high_mv = {"A": 12_000, "B": 9_000, "C": 6_000, "D": 3_000, "E": 0}[letter]
    values: dict[str, object] = {
        "pp_ohm": 220, "duty_permille": 266, "contactor_closed": False,
        "lock": LockPosition.LOCKED, **changes,
    }  # fmt: skip
    return OutletSample(0, high_mv, low_mv, **values)  # type: ignore[arg-type]


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


@dataclass(frozen=True, repr=False)
class Kind:
    """A machine under the laws. `states` are facts that tell how something is, not that it was."""

    name: str
    make: Callable[[], object]
    facts: list[object]
    states: tuple[type, ...] = ()
    preludes: tuple[tuple[object, ...], ...] = ((),)
    foreign: tuple[object, ...] = tuple(FOREIGN)
    pauses: tuple[int, ...] = (0, 0, 1, 1, 2, 5, 15, 26, 60, 101, 320, 510)  # steps of the grid

    def _repr_pretty_(self, printer, _cycle) -> None:
        printer.text(self.name)  # a failing example is short


_REPORTS = (o.CableChanged, o.CpChanged, o.ContactorMoved, o.LockMoved)
_COMMON = (SettingsChanged, b.ClockSynced, Tick)
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
            *OUTLET, *METERS[:2], *FAULTS, *CONFIRMED, *SETTINGS, *TIME, ACCEPT, s.UnlockAsked(1),
            *(s.OperativeChanged(1, flag) for flag in (True, False)),
            *(s.LimitChanged(1, ma, "operator", "why") for ma in (0, 16_000)),
            *(s.StopAsked(1, why) for why in (StopReason.LOCAL, StopReason.HARD_RESET)),
        ],
        (*_REPORTS, *_COMMON, o.FaultRaised, o.FaultCleared, s.OperativeChanged, s.LimitChanged,
         s.TransactionConfirmed, o.PilotLost),
        ((), (PLUG,), _CHARGING, (*_CHARGING, s.StopAsked(1, StopReason.LOCAL))),
    ),
    Kind(
        "SessionCore of a resumed transaction",
        lambda: SessionCore(1, QUICK, BOOT + 1, resumed=_transaction(1)),
        [*OUTLET, *METERS[:2], *CONFIRMED, ACCEPT, s.StopAsked(1, StopReason.REMOTE)],
        (*_REPORTS, *_COMMON, s.TransactionConfirmed, o.PilotLost),
    ),
    Kind(
        "Desk",
        lambda: Desk(QUICK, (1, 2)),
        [*CARDS, *JUDGED, *OUTLET, *SHOWN, *BEGAN, *ENDED, *CONFIRMED, *REQUESTS, *FAULTS,
         *SETTINGS, s.AuthorityExpired(1, "TAG")],
        (*_REPORTS, *_COMMON, s.SessionShown, o.FaultRaised, o.FaultCleared,
         s.TransactionConfirmed),
        ((), (BEGAN[0],), (o.LockMoved(1, True, 0), REQUESTS[4])),
    ),
    Kind(
        "AuthCore",
        lambda: AuthCore(QUICK, BOOT, {"t2": ACCEPTED}),
        [*PRESENTED, *ANSWERED, *LINE, *BEGAN, *ENDED, *CONFIRMED, *TIME, *SETTINGS,
         b.CacheClearRequested("a")],
        (*_COMMON, b.BackendReady, b.BackendLost, s.TransactionConfirmed, s.TransactionBegan,
         b.BackendAnswered),
        ((), (LINE[0],)),
    ),
    Kind(
        "LimitBook",
        lambda: LimitBook(QUICK, (1, 2)),
        [
            *OUTLET, *SETTINGS,
            *(s.EnergyWanted(n, wanted, "why") for n in (1, 2) for wanted in (True, False)),
            *(LimitSet(1, Limit(source, ma, "why", ms))
              for source, ma, ms in (("dlm", 0, 5_000), ("dlm", 9_000, 900), ("ems", 7_000, 40))),
        ],
        (*_REPORTS, *_COMMON, s.EnergyWanted, LimitSet),
        ((), (s.EnergyWanted(1, True, "transaction"),)),
    ),
    Kind(
        "MeteringCore",
        lambda: MeteringCore(QUICK, BOOT, (1, 2)),
        [*METERS, *SILENT, *BEGAN, *ENDED, *TIME, *SETTINGS,
         *(b.SampleRequested(n) for n in (0, 1, 9))],
        (*_COMMON, s.MeterRead, s.TransactionEnded),
        ((), (BEGAN[0], TIME[0])),
    ),
    Kind(
        "LedCore",
        lambda: LedCore(QUICK),
        [*SHOWN, *CARDS, *JUDGED, *LINE, *SETTINGS, ACCEPT, s.TokenAsked("T"),
         s.TokenWaits("T", 2_000), s.TokenRefused("T", "why")],
        (*_COMMON, s.SessionShown, b.BackendReady, b.BackendLost),
    ),
    Kind(
        "ConfigurationDesk",
        lambda: ConfigurationDesk(QUICK),
        [
            *(b.ConfigurationRequested("a", keys) for keys in ((), ("HeartbeatInterval", "no"))),
            *(b.ConfigurationChangeRequested("b", key, value) for key, value in
              (("ConnectionTimeOut", "9"), ("ConnectionTimeOut", "x"), ("Nothing", "1"))),
        ],
        (Tick,),
    ),
    Kind(
        "OcppCore",
        lambda: OcppCore(QUICK, Memory(BOOT), INFO),
        [
            *FRAMES, *FRAMES[:5], *TIME, *SETTINGS, *BEGAN, *ENDED, b.BackendConnected(0), LOST,
            *(s.ConnectorChanged(n, face) for n in (0, 1, 9) for face in
              (ConnectorStatus.AVAILABLE, ConnectorStatus.CHARGING)),
            *(b.AskBackend(token) for token in ("A", "B", "x" * 30)), b.Answer("c", "Accepted"),
            *(s.EnergySampled(key, 1, METERS[0].reading, Stamp(BOOT, 5, None), context,
                              ("Energy.Active.Import.Register",))
              for key in (None, f"{BOOT}-1-1") for context in ("Trigger", "Sample.Periodic")),
        ],
        (*_COMMON, s.ConnectorChanged, b.BackendLost, s.TransactionBegan, s.TransactionEnded),
        ((), _BOOTED, (*_BOOTED, BEGAN[0])),
    ),
    Kind(
        "StationCore",
        lambda: Keeping(station()),
        [*OUTLET, *CARDS, *METERS, *SILENT, *FRAMES, *FAULTS, *TIME, *SETTINGS, LOST,
         b.BackendConnected(0)],
        (*_REPORTS, Tick, b.ClockSynced, o.FaultRaised, o.FaultCleared, b.BackendLost,
         o.PilotLost),
        (
            (),
            _BOOTED,
            (*_BOOTED, SETTINGS[1], o.PilotFound(0), PLUG, CAR, CARDS[0], METERS[0]),
        ),
        # what is not in the wiring table is a bug and ends the process; these are and go nowhere
        foreign=(o.OfferChanged(1, 6_000, 0), o.PermitEnded(1, "expired", 0)),
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
