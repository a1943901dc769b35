"""When a charging meter is asked, what is sampled of its answers, and when it counts as silent."""

import pytest

from firmware.metering.core import MeteringCore
from firmware.model.backend import ClockSynced, SampleRequested
from firmware.model.fault import Fault
from firmware.model.machine import NEVER_MS, TICK
from firmware.model.outlet import FaultCleared, FaultRaised
from firmware.model.session import (
    EnergySampled,
    MeterRead,
    MeterSilent,
    ReadMeter,
    Transaction,
    TransactionBegan,
    TransactionEnded,
)
from firmware.model.settings import SettingsChanged
from firmware.model.storage import PutRegister
from firmware.model.values import Reading, Stamp
from tests.pure.rigs import settings

DAY_MS = 86_400_000
NOON_MS = 1_769_860_800_000
STAMP = Stamp(7, 0, None)
TX = Transaction("7-1-1", 1, "T", STAMP, 0, 0, STAMP)
BEGAN, ENDED = TransactionBegan(TX), TransactionEnded(TX)
ASK = ReadMeter(1)
QUIET = {"ocpp__MeterValueSampleInterval": "0"}


class Meters:
    """The metering in the hand, with meters that answer at once while `well`."""

    def __init__(self, *facts, outlets=(1,), transactions=(), **texts):
        self.core = MeteringCore(settings(**texts), 7, outlets, transactions)
        self.now_ms, self.well, self.energy_wh = 0, True, 100
        self.asked, self.told = [], []
        self.tell(*facts)

    def tell(self, *facts):
        queue = list(facts)
        while queue:
            for wish in self.core.handle(queue.pop(0), self.now_ms):
                if isinstance(wish, ReadMeter):
                    self.asked.append((self.now_ms, wish.outlet))
                    queue.append(self.answer(wish.outlet))
                else:
                    self.told.append((self.now_ms, wish))

    def answer(self, outlet):
        if not self.well:
            return MeterSilent(outlet, self.now_ms)
        return MeterRead(outlet, Reading(self.energy_wh, 0, (0, 0, 0), self.now_ms))

    def run(self, span_ms):
        then_ms = self.now_ms + span_ms
        while (due_ms := self.core.deadline_ms()) <= then_ms:
            self.now_ms = due_ms
            self.tell(TICK)
        self.now_ms = then_ms

    def samples(self):
        return [
            (at_ms, wish.context) for at_ms, wish in self.told if isinstance(wish, EnergySampled)
        ]


# -- the plan --------------------------------------------------------------------------------


def test_without_a_transaction_no_meter_is_asked():
    meters = Meters(TICK)
    assert meters.core.deadline_ms() == NEVER_MS


def test_while_a_transaction_runs_its_meter_is_asked_every_ten_seconds():
    meters = Meters(BEGAN, outlets=(1, 2), **QUIET)
    meters.run(35_000)
    assert meters.asked == [(10_000, 1), (20_000, 1), (30_000, 1)]
    meters.tell(ENDED)
    assert meters.core.deadline_ms() == NEVER_MS


def test_a_transaction_of_an_earlier_boot_is_polled_from_the_first_fact_on():
    meters = Meters(transactions=[TX], **QUIET)
    meters.now_ms = 500
    meters.tell(TICK)
    meters.run(10_000)
    assert meters.asked == [(10_500, 1)]


def test_each_new_register_is_kept_and_an_old_one_is_not_kept_again():
    meters = Meters(BEGAN, **QUIET)
    meters.run(20_000)
    meters.energy_wh = 150
    meters.run(10_000)
    assert [wish for _, wish in meters.told] == [
        PutRegister("7-1-1", 100, Stamp(7, 10_000, None)),
        PutRegister("7-1-1", 150, Stamp(7, 30_000, None)),
    ]


# -- samples ---------------------------------------------------------------------------------


def test_periodic_samples_count_from_the_start_of_the_transaction():
    meters = Meters()
    meters.run(7_000)
    meters.tell(BEGAN)
    meters.run(130_000)
    assert meters.samples() == [(67_000, "Sample.Periodic"), (127_000, "Sample.Periodic")]


def test_a_sample_carries_transaction_reading_stamp_and_measurands():
    meters = Meters(
        BEGAN, ocpp__MeterValueSampleInterval="5", ocpp__MeterValuesSampledData="Voltage"
    )
    meters.run(5_000)
    reading = Reading(100, 0, (0, 0, 0), 5_000)
    assert meters.told[-1] == (5_000, EnergySampled(
        "7-1-1", 1, reading, Stamp(7, 5_000, None), "Sample.Periodic", ("Voltage",),
    ))  # fmt: skip


def test_without_measurands_nothing_is_sampled():
    texts = {"ocpp__MeterValueSampleInterval": "5", "ocpp__MeterValuesSampledData": ""}
    meters = Meters(BEGAN, **texts)
    meters.run(60_000)
    assert meters.samples() == []


def test_a_new_interval_counts_from_its_change_and_zero_ends_the_samples():
    meters = Meters(BEGAN)
    meters.run(30_000)
    meters.tell(SettingsChanged(settings(ocpp__MeterValueSampleInterval="20")))
    meters.run(45_000)
    meters.tell(SettingsChanged(settings(ocpp__MeterValueSampleInterval="0")))
    meters.run(100_000)
    assert meters.samples() == [(50_000, "Sample.Periodic"), (70_000, "Sample.Periodic")]


@pytest.mark.parametrize(
    "interval_s, utc_ms, after_ms",
    [
        (900, NOON_MS + 1_000, [899_000, 1_799_000]),
        (900, NOON_MS, [900_000, 1_800_000]),
        (7, NOON_MS + DAY_MS // 2 - 8_000, [2_000, 8_000, 15_000]),  # 86,400 s are not 7 x n
        (86_400, NOON_MS, [DAY_MS // 2]),
    ],
)
def test_clock_aligned_samples_count_from_midnight_utc(interval_s, utc_ms, after_ms):
    meters = Meters(ClockSynced(utc_ms, "ntp"), ocpp__ClockAlignedDataInterval=str(interval_s))
    meters.run(after_ms[-1])
    assert meters.samples() == [(at_ms, "Sample.Clock") for at_ms in after_ms]


def test_clock_aligned_samples_wait_for_the_time_and_follow_its_correction():
    meters = Meters(ocpp__ClockAlignedDataInterval="60")
    assert meters.core.deadline_ms() == NEVER_MS
    meters.tell(ClockSynced(NOON_MS + 10_000, "ocpp"))
    assert meters.core.deadline_ms() == 50_000
    meters.tell(ClockSynced(NOON_MS + 20_000, "ntp"))
    assert meters.core.deadline_ms() == 40_000


def test_a_sample_that_both_plans_want_asks_the_meter_once_for_each_and_tells_both():
    meters = Meters(
        ClockSynced(NOON_MS, "ntp"), BEGAN,
        ocpp__ClockAlignedDataInterval="60", ocpp__MeterValueSampleInterval="60",
    )  # fmt: skip
    meters.run(60_000)
    assert sorted(meters.samples()) == [(60_000, "Sample.Clock"), (60_000, "Sample.Periodic")]


@pytest.mark.parametrize("outlet, asked", [(1, [1]), (2, [2]), (0, [1, 2]), (9, [])])
def test_the_back_end_may_ask_for_a_sample_now(outlet, asked):
    meters = Meters(SampleRequested(outlet), outlets=(1, 2))
    assert [number for _, number in meters.asked] == asked
    assert meters.samples() == [(0, "Trigger")] * len(asked)


# -- silence ---------------------------------------------------------------------------------


@pytest.mark.covers("F13")
def test_three_polls_without_an_answer_are_a_fault_and_the_first_answer_ends_it():
    meters = Meters(BEGAN, **QUIET)
    meters.well = False
    meters.run(25_000)
    assert meters.asked == [(10_000, 1), (11_000, 1), (12_000, 1), (22_000, 1)]
    assert meters.told == [(12_000, FaultRaised(1, Fault.METER, 12_000))]
    meters.well = True
    meters.run(10_000)
    assert meters.told[1] == (32_000, FaultCleared(1, Fault.METER, 32_000))


@pytest.mark.covers("F13")
def test_an_answer_in_between_begins_the_count_anew():
    meters = Meters(BEGAN, **QUIET)
    silent = MeterSilent(1, 0)
    meters.tell(silent, silent, meters.answer(1), silent, silent)
    assert [wish for _, wish in meters.told if isinstance(wish, FaultRaised)] == []
    meters.tell(silent)
    assert meters.told[-1] == (0, FaultRaised(1, Fault.METER, 0))


def test_a_meter_that_is_silent_before_a_transaction_is_asked_until_it_answers():
    meters = Meters()
    meters.well = False
    meters.tell(MeterSilent(1, 0))
    meters.run(60_000)
    assert [at_ms for at_ms, _ in meters.asked][:4] == [1_000, 2_000, 12_000, 22_000]


def test_a_silent_meter_takes_its_samples_with_it():
    meters = Meters(BEGAN, ocpp__MeterValueSampleInterval="5")
    meters.well = False
    meters.run(5_000)
    meters.well = True
    meters.run(4_000)
    assert meters.samples() == []


def test_what_is_read_of_an_outlet_that_is_not_there_is_nothing():
    meters = Meters()
    meters.tell(MeterRead(2, Reading(1, 0, (0, 0, 0), 0)), MeterSilent(2, 0))
    assert (meters.told, meters.asked) == ([], [])
