"""The machines that meter, watch and count, for the laws."""

from __future__ import annotations

from firmware.config.registry import changed
from firmware.diag.absences import Absences
from firmware.diag.board_link import BoardLink
from firmware.diag.book import FaultBook
from firmware.diag.inputs import InputWatch
from firmware.diag.wear import Wear
from firmware.metering.core import MeteringCore
from firmware.metering.external import ExternalMeters
from firmware.metering.watch import MeterWatch
from firmware.model import backend as b
from firmware.model import devices as d
from firmware.model import outlet as o
from firmware.model import session as s
from firmware.model.machine import Tick
from firmware.model.settings import SettingsChanged
from firmware.model.values import ConnectorStatus
from firmware.ocpp.watchdog import BackendWatchdog
from tests.laws.facts import (
    ALL_FAULTS,
    BEGAN,
    BOOT,
    CARDS,
    DEVICES,
    ENDED,
    FAULTS,
    HOUSE,
    INPUTS,
    KEPT_FAULTS,
    LINE,
    LOADS,
    LOST,
    METERS,
    OFFERS,
    OUTLET,
    OWN_FAULTS,
    QUICK,
    SETTINGS,
    SILENT,
    TIME,
    WATCHED,
)
from tests.laws.kind import COMMON, FAULT_TYPES, REPORTS, Kind

WATCHERS = (
    Kind(
        "MeteringCore",
        lambda: MeteringCore(QUICK, BOOT, (1, 2)),
        [*METERS, *SILENT, *BEGAN, *ENDED, *TIME, *SETTINGS,
         *(b.SampleRequested(n) for n in (0, 1, 9))],
        (*COMMON, s.MeterRead, s.TransactionEnded),
        ((), (BEGAN[0], TIME[0])),
    ),
    Kind(
        "MeterWatch",
        lambda: MeterWatch((1, 2)),
        [*LOADS, *LOADS[3:] * 2, *OFFERS, *OUTLET, *OWN_FAULTS, BEGAN[0], ENDED[0]],
        (*REPORTS, Tick, *FAULT_TYPES, o.OfferChanged, o.PilotFound, o.PilotLost,
         s.TransactionBegan, s.TransactionEnded),
        ((), (o.PilotFound(0),), (BEGAN[0], OFFERS[2], o.ContactorMoved(1, True, "car_asks", 0))),
        pauses=(0, 1, 50, 100, 150, 250, 510),
    ),
    Kind(
        "ExternalMeters",
        lambda: ExternalMeters(("grid", "heat"), QUICK),
        [*DEVICES, *HOUSE, *HOUSE, *SETTINGS],
        (Tick, d.OtherMeterRead, SettingsChanged),
        pauses=(0, 1, 1, 50, 50, 100, 200),
    ),
    Kind(
        "FaultBook",
        lambda: FaultBook(BOOT, (1, 2), KEPT_FAULTS),
        [*ALL_FAULTS, *TIME, o.PilotFound(0), o.PilotLost(0)],
        (*COMMON, *FAULT_TYPES, o.PilotFound, o.PilotLost),
        ((), (o.PilotFound(0),), (o.PilotFound(0), FAULTS[0], o.PilotLost(0))),
        pauses=(0, 0, 1, 99, 100, 250, 260, 3_000, 6_000),
    ),
    Kind("InputWatch", lambda: InputWatch((1, 2)), [*INPUTS, *INPUTS[:2]],
         (Tick, d.InputChanged)),
    Kind(
        "Absences",
        Absences,
        [*DEVICES, *TIME, *LINE, CARDS[0], b.BackendConnected(0), b.ClockSynced(0, "rtc")],
        (*COMMON, b.BackendLost, b.BackendConnected, d.ReaderAnswered),
        pauses=(0, 1, 50, 2_999, 3_000, 30_000),
    ),
    Kind(
        "BoardLink",
        lambda: BoardLink(changed(QUICK, {"ocpp_send_usb_error_status": "on"})),
        [o.PilotFound(0), o.PilotLost(0), *SETTINGS,
         s.ConnectorChanged(0, ConnectorStatus.FAULTED)],
        (*COMMON, o.PilotFound, o.PilotLost, s.ConnectorChanged),
    ),
    Kind(
        "BackendWatchdog",
        lambda: BackendWatchdog(WATCHED),
        [*BEGAN, *ENDED, *LINE, LOST, b.BackendConnected(0), SettingsChanged(WATCHED), *SETTINGS],
        (*COMMON, b.BackendLost, b.BackendConnected, s.TransactionBegan, s.TransactionEnded),
        pauses=(0, 1, 50, 999, 1_000, 3_000),
    ),
    Kind(
        "Wear",
        lambda: Wear((1, 2), {"wear:1": '{"closings": 79999}'}),
        [*OUTLET, *ALL_FAULTS, *ENDED],
        (*REPORTS, *COMMON, *FAULT_TYPES, o.PilotLost, s.TransactionEnded),
    ),
)  # fmt: skip
