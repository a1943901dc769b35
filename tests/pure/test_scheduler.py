"""The weekly table of currents: which entry holds, across weeks and changes of the clocks."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import settings as law
from hypothesis import strategies as st

from firmware.limits.scheduler import Scheduler, in_force
from firmware.model.backend import ClockSynced
from firmware.model.dlm import SiteLimitLifted
from firmware.model.machine import NEVER_MS, TICK
from firmware.model.schedule import DAYS, read_entry
from firmware.model.settings import SettingsChanged
from firmware.station.snapshot import page_status, snapshot
from tests.pure.rigs import settings
from tests.pure.station_rig import Station

BERLIN = ZoneInfo("Europe/Berlin")
NIGHTS = "mon-fri 22:00 32/32/32; mon-fri 06:00 16/10/16; sat 08:00 8/20/20"
ON = {"dlm_max_current_scheduler": "on", "time_zone": "Europe/Berlin"}


def utc_ms(text, zone=BERLIN):
    return round(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1_000)


def at(text, table=NIGHTS, **texts):
    """Return the machine at a local time of Berlin, and what it told when it learnt the time."""
    machine = Scheduler(settings(**ON, dlm_max_current_schedule=table, **texts))
    machine.handle(TICK, 0)
    return machine, list(machine.handle(ClockSynced(utc_ms(text), "ntp"), 0))


@pytest.mark.covers("B-DLM-32", "P123", "P124")
@pytest.mark.parametrize(
    "now, limit_a, next_",
    [
        ("2026-03-02T05:59:59", (8, 20, 20), "2026-03-02T06:00:00"),  # Monday, since Saturday
        ("2026-03-02T06:00:00", (16, 10, 16), "2026-03-02T22:00:00"),
        ("2026-03-02T21:59:59.999", (16, 10, 16), "2026-03-02T22:00:00"),
        ("2026-03-02T22:00:00", (32, 32, 32), "2026-03-03T06:00:00"),
        ("2026-03-07T07:00:00", (32, 32, 32), "2026-03-07T08:00:00"),
        ("2026-03-08T12:00:00", (8, 20, 20), "2026-03-09T06:00:00"),
    ],
)
def test_an_entry_holds_from_its_minute_until_the_next_begins(now, limit_a, next_):
    machine, [told] = at(now)
    assert told.source == "scheduler"
    assert told.limit_ma == tuple(amps * 1_000 for amps in limit_a)
    assert machine.deadline_ms() == utc_ms(next_) - utc_ms(now)


@pytest.mark.covers("B-DLM-32", "P123", "P124")
def test_the_limit_changes_when_the_clock_enters_an_entry_and_not_before():
    machine, _ = at("2026-03-02T21:59:00")
    assert machine.deadline_ms() == 60_000
    assert list(machine.handle(TICK, 59_980)) == []
    [told] = machine.handle(TICK, 60_000)
    assert told.limit_ma == (32_000, 32_000, 32_000)
    assert '"mon-fri 22:00 32/32/32"' in told.reason
    assert "until tue 06:00" in told.reason


@pytest.mark.covers("B-DLM-32", "P123")
def test_switched_off_it_limits_no_more_and_on_again_it_does():
    machine, [told] = at("2026-03-02T12:00:00")
    table = {"dlm_max_current_schedule": NIGHTS, "time_zone": "Europe/Berlin"}
    assert list(machine.handle(SettingsChanged(settings(**table)), 0)) == [
        SiteLimitLifted("scheduler")
    ]
    assert machine.deadline_ms() == NEVER_MS
    assert list(machine.handle(SettingsChanged(settings(**table | ON)), 0)) == [told]


@pytest.mark.covers("P124")
def test_a_table_without_entries_limits_nothing():
    machine, told = at("2026-03-02T12:00:00", table="")
    assert told == []
    assert machine.warnings() == []


@pytest.mark.covers("P124")
def test_of_two_entries_of_one_minute_the_later_in_the_table_counts():
    _, [told] = at("2026-03-02T12:00:00", "mon-sun 10:00 16/16/16; mon 10:00 6/7/8")
    assert told.limit_ma == (6_000, 7_000, 8_000)


@pytest.mark.covers("B-DLM-33", "P123", "P124")
@pytest.mark.parametrize("clock", [None, 0, 1_000_000_000_000])
def test_without_the_time_the_lowest_of_each_phase_holds_with_a_warning(clock):
    machine = Scheduler(settings(**ON, dlm_max_current_schedule=NIGHTS))
    assert machine.deadline_ms() == 0
    told = list(machine.handle(TICK, 0))
    told += machine.handle(ClockSynced(clock, "rtc"), 0) if clock is not None else []
    assert [one.limit_ma for one in told] == [(8_000, 10_000, 16_000)]
    assert "time is not known" in told[0].reason
    assert machine.warnings() == [told[0].reason]
    [known] = machine.handle(ClockSynced(utc_ms("2026-03-02T12:00:00"), "ntp"), 9)
    assert known.limit_ma == (16_000, 10_000, 16_000)
    assert machine.warnings() == []


@pytest.mark.covers("B-DLM-33")
def test_the_station_shows_the_warning_to_people():
    station = Station(
        connected=False, dlm_mode="master_internal_slave", dlm_max_current_schedule=NIGHTS, **ON
    )
    [said] = snapshot(station.core)["warnings"]
    assert "time is not known" in said
    assert said in page_status(station.core, 0)["dlm"]["warnings"]
    station.tell(ClockSynced(utc_ms("2026-03-02T12:00:00"), "ntp"))
    assert snapshot(station.core)["warnings"] == []


@pytest.mark.parametrize(
    "table, now, begins_utc",
    [
        # 2026-03-29 02:00 becomes 03:00: 02:30 is not shown and begins with the jump
        ("sun 02:30 6/6/6", "2026-03-29T01:59:00", "2026-03-29T01:00:00"),
        ("sun 03:00 6/6/6", "2026-03-29T01:59:00", "2026-03-29T01:00:00"),
        ("sun 04:00 6/6/6", "2026-03-29T01:59:00", "2026-03-29T02:00:00"),
        # 2026-10-25 03:00 becomes 02:00: 02:30 begins at its first showing
        ("sun 02:30 6/6/6", "2026-10-25T01:59:00", "2026-10-25T00:30:00"),
        ("sun 04:00 6/6/6", "2026-10-25T01:59:00", "2026-10-25T03:00:00"),
    ],
)
@pytest.mark.covers("B-DLM-32")
def test_an_entry_begins_once_where_the_clocks_change(table, now, begins_utc):
    machine, _ = at(now, f"{table}; mon 12:00 16/16/16")
    assert machine.deadline_ms() == utc_ms(begins_utc, UTC) - utc_ms(now)
    [told] = machine.handle(TICK, machine.deadline_ms())
    assert told.limit_ma == (6_000, 6_000, 6_000)
    week_ms = 7 * 86_400_000
    assert list(machine.handle(TICK, machine.deadline_ms() - 1)) == []
    assert machine.deadline_ms() < week_ms  # Monday's, not itself again


@pytest.mark.covers("B-DLM-32")
def test_of_two_entries_in_the_hour_that_is_left_out_the_later_counts():
    machine, _ = at("2026-03-29T01:59:00", "sun 02:45 8/8/8; sun 02:15 6/6/6; mon 12:00 9/9/9")
    [told] = machine.handle(TICK, machine.deadline_ms())
    assert told.limit_ma == (8_000, 8_000, 8_000)


ENTRY = st.builds(
    "{} {:02}:{:02} {}/6/6".format,
    st.sampled_from((*DAYS, "mon-fri", "sat-sun", "mon-sun")),
    st.integers(0, 23), st.sampled_from((0, 1, 15, 30, 59)), st.integers(6, 32),
)  # fmt: skip
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata")


@pytest.mark.covers("B-DLM-32")
@law(max_examples=60, derandomize=True, deadline=None)
@given(
    table=st.lists(ENTRY, min_size=1, max_size=4),
    zone=st.sampled_from(ZONES),
    quarter=st.integers(0, 366 * 96),
)
def test_minute_by_minute_the_clock_on_the_wall_says_the_same(table, zone, quarter):
    """The oracle walks: an entry begins when a minute of its day shows its time, or passes it."""
    entries = [read_entry(text) for text in table]
    end = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=15 * quarter)
    holds, before = None, None
    for minute in range(-9 * 24 * 60, 1):
        wall = (end + timedelta(minutes=minute)).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        if before is not None and wall > before:  # an hour that comes twice begins nothing
            for passed in _minutes(before, wall):
                for entry in entries:
                    if passed.weekday() in entry.days and _minute(passed) == entry.minute:
                        holds = entry
        before = wall if before is None else max(before, wall)
    entry, next_ms = in_force(entries, ZoneInfo(zone), round(end.timestamp() * 1_000))
    assert entry == holds
    just_before, _ = in_force(entries, ZoneInfo(zone), next_ms - 1)
    assert just_before == entry


def _minutes(after, until):
    """Return the minutes that the wall has shown or left out, (after, until]."""
    count = (until - after) // timedelta(minutes=1)
    return [after + timedelta(minutes=n) for n in range(1, count + 1)]


def _minute(shown):
    return shown.hour * 60 + shown.minute
