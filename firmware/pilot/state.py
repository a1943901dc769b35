"""The whole memory of one outlet's pilot, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field

from firmware.model.fault import Fault
from firmware.model.machine import NEVER_MS
from firmware.model.values import CpState
from firmware.pilot.classify import Letter
from hal.ports import OutletDrive, OutletSample


@dataclass(slots=True)
class PilotState:
    """Times are monotonic ms; `None` where nothing is known yet."""

    sample: OutletSample | None = None
    fresh: bool = False
    seen: Letter = "?"  # by the last sample
    seen_ms: int = 0
    settled: Letter | None = None  # after its settling time
    settled_ms: int = 0
    cp: CpState | None = None
    cable_ma: int | None = None
    cable_ms: int = 0  # when that changed
    permit_ma: int = 0  # 0: no permit
    permit_until_ms: int = 0
    grace_until_ms: int = NEVER_MS  # when a car that ignores X1 is cut off
    diode_good_ms: int | None = None  # since when the diode is seen under PWM
    diode_bad_ms: int | None = None
    contacts_closed: bool = False
    contactor_ms: int = 0  # when it was last told to move
    contactor_reason: str = "start"
    rest_until_ms: int = 0  # not closed again before
    closings_ms: list[int] = field(default_factory=list)  # of the last minute
    late: bool = False  # nobody looked in time: the next decision opens
    x1_ms: int | None = None  # when this car's PWM was last stopped
    f_until_ms: int = 0  # state F is shown until then, as an error of ours or to wake a car
    shown_ms: int = -1_000  # since when the line is the car's to show again, after F or a lift
    wake_ms: int = NEVER_MS  # when a car that was offered power counts as asleep
    wakes: int = 0  # how often it may still be woken
    may_wake: bool = True  # the station allows it
    phases_wanted: int = 3
    lift_ms: int | None = None  # since when the pilot is lifted to switch phases
    mains: Fault | None = None  # what is wrong with the voltages, and since when
    mains_ms: int = 0
    wrong_output_ms: int | None = None  # since when the generator does not do as told
    alone_ms: int | None = None  # since when there is no station; NEVER_MS: there is one
    lock_wanted: bool | None = None  # None until the station or the first sample says
    locked: bool = False
    lock_ms: int = 0  # when it was last told to move
    lock_goal: bool | None = None  # where the pin is wanted, and which attempt this is
    lock_try: int = 1
    lock_wrong_ms: int | None = None  # since when it is not there
    lock_moves: list[int] = field(default_factory=list)  # of the last minute
    tested_ms: int | None = None  # last good self-test of the residual current sensor
    testing_ms: int | None = None  # since when one is running
    test_blank: bool = False  # the old verdict is gone
    test_failed: bool = False
    test_owed: bool = False  # the contactor was closed since the last good one
    retest_ms: int = 0
    faults: set[Fault] = field(default_factory=set)
    drive: OutletDrive = OutletDrive()
    driven: bool = False
