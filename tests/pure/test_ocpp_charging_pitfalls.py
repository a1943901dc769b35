"""What implementations of Smart Charging get wrong, by the numbers of facts/ocpp.md."""

import pytest

from firmware.config.registry import defaults
from firmware.model import outlet as o
from firmware.model.backend import ClockSynced
from firmware.model.session import CardSeen
from firmware.model.values import CpState
from firmware.ocpp import charging_profile as words
from firmware.ocpp.schemas import violation
from tests.pure.charging_rig import (
    NO_LIMIT_MA,
    ask,
    charge_both,
    clear,
    composite,
    permit_ma,
    plug,
    profile,
    put,
    reason,
    station,
)
from tests.pure.station_rig import NOON_MS


@pytest.mark.covers("OCPP16-PITFALL-49")
def test_49_a_profile_replaces_its_id_and_its_level_and_nothing_else():
    me = station()
    me.charge()
    put(me, 1, profile(1, level=1, periods=((0, 8.0),)))
    put(me, 1, profile(2, level=1, periods=((0, 9.0),)))  # the same level
    assert (permit_ma(me), clear(me, id=1)) == (9_000, "Unknown")
    put(me, 1, profile(2, level=4, periods=((0, 12.0),)))  # the same id
    assert permit_ma(me) == 12_000
    put(me, 0, profile(2, level=4, periods=((0, 6.0),)))  # another connector
    assert permit_ma(me) == 12_000
    assert (clear(me, connectorId=0), clear(me, id=2), clear(me)) == (
        "Accepted", "Accepted", "Unknown",
    )  # fmt: skip


@pytest.mark.covers("OCPP16-PITFALL-49")
@pytest.mark.parametrize(
    ("connector", "told", "answer"),
    [
        (1, profile(1, "ChargePointMaxProfile"), "Rejected"),
        (0, profile(1, "TxProfile"), "Rejected"),
        (3, profile(1), "PropertyConstraintViolation"),
        (-1, profile(1), "PropertyConstraintViolation"),
        (1, profile(1, level=21), "Rejected"),
        (1, profile(1, level=-1), "Rejected"),
        (1, profile(1, periods=()), "Rejected"),
        (1, profile(1, periods=[(n, 9.0) for n in range(49)]), "Rejected"),
        (1, profile(1, periods=[(n, 9.0) for n in range(48)]), "Accepted"),
        (1, profile(1, periods=((5, 9.0), (5, 8.0))), "Rejected"),
        (1, profile(1, periods=((0, -1.0),)), "Rejected"),
        (1, profile(1, periods=((0, 1e300),)), "PropertyConstraintViolation"),
        (1, profile(1, periods=((0, 9.0, 4),)), "Rejected"),
        (1, profile(1, duration=0), "Rejected"),
        (1, profile(1, start="soon"), "Rejected"),
        (1, profile(1, validTo="never"), "Rejected"),
        (1, profile(1, kind="Recurring"), "Rejected"),
        (1, profile(1, kind="Sometimes"), "PropertyConstraintViolation"),
    ],
)
def test_49_what_cannot_be_kept_is_refused(connector, told, answer):
    assert put(station(), connector, told) == answer


@pytest.mark.covers("OCPP16-PITFALL-49")
def test_49_the_number_of_profiles_is_bounded():
    me = station()
    places = [(n, 0) for n in (0, 1, 2)]
    places = [(connector, level) for connector, _ in places for level in range(21)]
    told = [put(me, c, profile(n, level=at)) for n, (c, at) in enumerate(places)]
    assert told == ["Accepted"] * 50 + ["Rejected"] * 13
    assert put(me, 0, profile(0, level=0, periods=((0, 7.0),))) == "Accepted"  # in its own place


@pytest.mark.covers("OCPP16-PITFALL-49", "TC_019_CS")
def test_49_the_keys_tell_the_bounds_that_are_kept():
    known = defaults().values
    assert {key[5:]: known[key] for key in known if "Charg" in key and key[5:6] in "CM"} == {
        "ChargeProfileMaxStackLevel": words.STACK_LEVEL_MAX,
        "ChargingScheduleAllowedChargingRateUnit": ("Current", "Power"),
        "ChargingScheduleMaxPeriods": words.PERIODS_MAX,
        "MaxChargingProfilesInstalled": words.INSTALLED_MAX,
    }
    answer = ask(station(), "GetConfiguration", key=["ConnectorSwitch3to1PhaseSupported"])
    assert answer["configurationKey"][0]["value"] == "false"


@pytest.mark.covers("OCPP16-PITFALL-50")
def test_50_the_highest_level_valid_now_prevails_and_none_is_no_limit():
    me = station()
    me.charge()
    put(me, 1, profile(1, level=0, periods=((30, 9.0),), duration=90))
    put(me, 1, profile(2, level=1, validFrom="2026-01-31T12:00:50Z",
                       validTo="2026-01-31T12:01:00Z", periods=((0, 13.0),)))  # fmt: skip
    said = {}
    for _ in range(30):
        said[me.now_ms // 1_000] = permit_ma(me) // 1_000
        me.wait(5_000)
    changes = {at: ma for at, ma in said.items() if said.get(at - 5) != ma}
    assert changes == {5: 32, 30: 9, 50: 13, 60: 9, 90: 32}
    assert reason(me).startswith("outlet 1: 32 A, bound by cable")


@pytest.mark.covers("OCPP16-PITFALL-51", "B-OCP-40")
def test_51_the_least_of_all_limits_counts_and_purposes_overrule_each_other():
    me = station()
    me.charge()
    put(me, 0, profile(1, periods=((0, 12.0),)))
    assert permit_ma(me) == 12_000
    put(me, 1, profile(2, periods=((0, 14.0),)))  # the connector's own overrules connector 0's
    assert permit_ma(me) == 14_000
    put(me, 1, profile(3, "TxProfile", periods=((0, 16.0),)))  # and that the transaction's
    assert permit_ma(me) == 16_000
    put(me, 0, profile(4, "ChargePointMaxProfile", periods=((0, 15.0),)))
    assert permit_ma(me) == 15_000
    put(me, 0, profile(4, "ChargePointMaxProfile", periods=((0, 40.0),)))
    put(me, 1, profile(3, "TxProfile", periods=((0, 63.0),)))
    assert permit_ma(me) == NO_LIMIT_MA  # the outlet's own


@pytest.mark.covers("OCPP16-PITFALL-51")
def test_51_the_stations_limit_is_divided_and_the_sum_never_above_it():
    me = station()
    put(me, 0, profile(4, "ChargePointMaxProfile", periods=((0, 30.1), (120, 11.0))))
    me.charge()
    assert permit_ma(me) == 30_100
    ask(me, "RemoteStartTransaction", connectorId=2, idTag="OTHER")
    plug(me, 2)
    assert (permit_ma(me, 1), permit_ma(me, 2)) == (15_050, 15_050)
    assert "ChargePointMaxProfile 4, stack level 0, shared by 2 outlets" in reason(me)
    me.wait(120_000)  # not enough for two: the first come charges on
    assert (permit_ma(me, 1), permit_ma(me, 2)) == (11_000, 0)


@pytest.mark.covers("OCPP16-PITFALL-52")
def test_52_a_composite_schedule_has_its_own_start_and_is_never_empty():
    me = station()
    assert composite(me, 1) == composite(me, 2) == [(0, 32.0)]
    assert composite(me, 0) == [(0, 64.0)]
    assert composite(me, 0, unit="W") == [(0, 44_160.0)]
    me.wait(10_400)
    answer = ask(me, "GetCompositeSchedule", connectorId=1, duration=60)
    assert answer["scheduleStart"] == "2026-01-31T12:00:10.000Z"
    assert "startSchedule" not in answer["chargingSchedule"]
    assert violation("GetCompositeSchedule", answer, answer=True) is None
    assert ask(me, "GetCompositeSchedule", connectorId=9, duration=60) == (
        "PropertyConstraintViolation"
    )


@pytest.mark.covers("OCPP16-PITFALL-52")
@pytest.mark.parametrize(
    ("unit", "limit", "phases", "amperes", "watts"),
    [("A", 16.0, (), 16.0, 11_040.0), ("A", 16.0, (1,), 16.0, 3_680.0),
     ("W", 11_040.0, (), 16.0, 11_040.0), ("W", 3_680.0, (1,), 16.0, 3_680.0),
     ("W", 10_000.0, (), 14.4, 10_000.0), ("W", 7_000.1, (2,), 15.2, 7_000.1)],
)  # fmt: skip
def test_52_a_and_w_are_converted_by_230_v_and_the_phases(unit, limit, phases, amperes, watts):
    me = station()
    put(me, 1, profile(1, unit=unit, periods=((0, limit, *phases),)))
    assert composite(me, unit="A") == [(0, amperes, *phases)]
    assert composite(me, unit="W") == [(0, watts, *phases)]


@pytest.mark.covers("B-CUR-13", "P128")
def test_a_w_limit_follows_the_voltage_of_the_supply_at_once():
    me = station(phases_connected_2="single_phase", power_source_voltage="220")
    me.charge()
    put(me, 0, profile(1, unit="W", periods=((0, 8_000.0),)))
    put(me, 1, profile(2, level=1, unit="W", periods=((0, 5_000.0, 2),)))
    assert permit_ma(me) == 11_363  # 5000 W / (220 V x 2)
    assert composite(me, 2) == [(0, 32.0)]  # 36.3 A on its one phase; its own limit is less
    me.tell(*me.core.configuration.write({"power_source_voltage": "277"}))
    assert permit_ma(me) == 9_025
    assert composite(me, 2) == [(0, 28.8)]
    assert composite(me, unit="W") == [(0, 5_000.0, 2)]


@pytest.mark.covers("OCPP16-PITFALL-53")
def test_53_more_phases_than_are_used_keep_the_limit_and_rounding_is_down():
    me = station(phases_connected_1="single_phase")
    me.charge()
    put(me, 1, profile(1, periods=((0, 16.0, 3),)))
    assert permit_ma(me) == 16_000
    put(me, 1, profile(1, unit="W", periods=((0, 3_000.0, 3),)))
    assert permit_ma(me) == 13_043  # of one phase; 13.0434…
    put(me, 1, profile(1, periods=((0, 21.33),)))  # no decimal more: the schema
    assert me.answers[f"q{len(me.answers) - 1}"] == "PropertyConstraintViolation"


@pytest.mark.covers("OCPP16-PITFALL-54")
@pytest.mark.parametrize(
    ("recurrency", "start", "duration"),
    [("Daily", "2019-06-01T11:59:00Z", None), ("Weekly", "2026-01-24T11:59:00Z", 60 + 3_600),
     ("Daily", "2026-01-30T12:59:00+01:00", 700_000)],
)  # fmt: skip
def test_54_a_recurring_schedule_counts_from_its_own_time_of_day(recurrency, start, duration):
    me = station()
    me.charge()  # five seconds after noon
    more = {} if duration is None else {"duration": duration}
    told = profile(1, kind="Recurring", recurrencyKind=recurrency, start=start,
                   periods=((0, 8.0), (60, 9.0), (120, 10.0)), **more)  # fmt: skip
    assert put(me, 1, told) == "Accepted"
    assert permit_ma(me) == 9_000
    me.wait(55_000)
    assert permit_ma(me) == 10_000
    me.tell(_clock(me, after_noon_s=86_400 - 60))  # the next day's one minute to noon
    assert permit_ma(me) == (8_000 if recurrency == "Daily" else NO_LIMIT_MA)


@pytest.mark.covers("OCPP16-PITFALL-54")
def test_54_a_schedule_that_starts_in_the_future_waits():
    me = station()
    me.charge()
    put(me, 1, profile(1, kind="Recurring", recurrencyKind="Daily", start="2026-02-01T12:00:00Z"))
    assert permit_ma(me) == NO_LIMIT_MA
    me.tell(_clock(me, after_noon_s=86_400 - 1))
    me.wait(999)
    assert permit_ma(me) == NO_LIMIT_MA
    me.wait(1)
    assert permit_ma(me) == 10_000


@pytest.mark.covers("OCPP16-PITFALL-55")
def test_55_relative_counts_from_the_start_and_dies_with_the_transaction():
    me = station()
    put(me, 0, profile(1, kind="Relative", periods=((0, 9.0), (60, 11.0))))
    me.wait(500_000)
    me.charge()
    put(me, 1, profile(2, "TxProfile", level=1, kind="Relative", periods=((30, 7.0),)))
    assert permit_ma(me) == 9_000
    me.wait(30_000)
    assert permit_ma(me) == 7_000
    assert clear(me, id=2) == "Accepted"
    me.wait(30_000)
    assert permit_ma(me) == 11_000
    put(me, 1, profile(2, "TxProfile", periods=((0, 6.0),)))
    ask(me, "RemoteStopTransaction", transactionId=5)
    me.open()
    me.wait(20_000)
    assert (clear(me, id=2), clear(me, id=1)) == ("Unknown", "Accepted")


@pytest.mark.covers("OCPP16-PITFALL-55")
def test_55_profiles_and_the_last_limit_last_over_a_restart():
    me = station(restart_transaction_after_power_loss="on")
    me.charge()
    put(me, 1, profile(1, periods=((0, 9.0), (60, 11.0))))
    put(me, 1, profile(2, "TxProfile", level=1, duration=30, periods=((0, 7.0),)))
    assert permit_ma(me) == 7_000
    me.currents_ma = (0, 0, 0)
    me.boot(connected=False)
    me.tell(o.CableChanged(1, 32_000, 0), o.CpChanged(1, CpState.C2, 0))
    assert permit_ma(me) == 7_000
    assert "TxProfile 2, stack level 1; kept, the time is not known yet" in reason(me)
    me.wait(600_000)
    assert permit_ma(me) == 7_000  # nobody knows that its time is over
    me.tell(_clock(me, after_noon_s=45))
    assert permit_ma(me) == 9_000
    assert "TxDefaultProfile 1, stack level 0)" in reason(me)
    me.wait(15_000)
    assert permit_ma(me) == 11_000


@pytest.mark.covers("OCPP16-PITFALL-55")
def test_55_without_any_time_and_any_last_limit_the_lowest_counts():
    me = station()
    put(me, 0, profile(1, start="2026-02-01T12:00:00Z", periods=((0, 16.0), (60, 8.5))))
    assert permit_ma(me) == 0 and reason(me).startswith("outlet 1: nothing is plugged in")
    me.boot(connected=False)
    me.core.parts["auth"].cache.clear()
    me.charge()
    assert permit_ma(me) == 8_500
    me.tell(_clock(me, after_noon_s=0))
    assert permit_ma(me) == NO_LIMIT_MA


def _clock(me, after_noon_s):
    return ClockSynced(NOON_MS + after_noon_s * 1_000 - me.now_ms, "test")


@pytest.mark.covers("OCPP16-PITFALL-56")
def test_56_an_id_alone_chooses_and_criteria_must_all_hold():
    me = station()
    assert clear(me) == "Unknown"
    put(me, 0, profile(1, "ChargePointMaxProfile", level=1))
    put(me, 1, profile(2, level=1))
    put(me, 2, profile(3, level=2))
    assert clear(me, connectorId=2, stackLevel=1) == "Unknown"
    assert clear(me, id=9, connectorId=2) == "Unknown"
    assert clear(me, id=3, connectorId=1, stackLevel=7) == "Accepted"  # others are ignored
    assert clear(me, stackLevel=1, chargingProfilePurpose="TxDefaultProfile") == "Accepted"
    assert clear(me, connectorId=0) == "Accepted"
    assert clear(me) == "Unknown"


@pytest.mark.covers("OCPP16-PITFALL-57")
def test_57_the_profile_of_a_start_that_nobody_used_is_forgotten():
    me = station(vehicle_connection_timeout="30")
    told = profile(9, "TxProfile", kind="Relative")
    ask(me, "RemoteStartTransaction", connectorId=1, idTag="REMOTE", chargingProfile=told)
    me.wait(40_000)
    me.charge()  # by card
    assert permit_ma(me) == NO_LIMIT_MA
    assert clear(me) == "Unknown"


@pytest.mark.covers("OCPP16-PITFALL-57")
def test_57_a_start_without_a_connector_brings_its_profile_to_the_outlet_it_finds():
    me = station()
    told = profile(9, "TxProfile", kind="Relative")
    ask(me, "RemoteStartTransaction", idTag="REMOTE", chargingProfile=told)
    plug(me, 2)
    assert (permit_ma(me, 2), clear(me, id=9)) == (10_000, "Accepted")
    assert permit_ma(me, 2) == NO_LIMIT_MA


@pytest.mark.covers("OCPP16-PITFALL-58")
def test_58_less_than_six_amperes_is_a_pause_and_no_stop():
    me = station()
    me.charge()
    put(me, 1, profile(1, periods=((0, 5.9), (60, 6.0))))
    assert permit_ma(me) == 0
    assert [status[1] for status in me.news()] == ["SuspendedEVSE"]
    assert "paused, ocpp profile leaves 5.9 A of 6 A" in reason(me)
    me.wait(60_000)
    assert permit_ma(me) == 6_000
    assert me.stopped == []


@pytest.mark.covers("OCPP16-PITFALL-58")
def test_58_what_is_offered_can_be_seen_in_the_meter_values():
    me = station(ocpp__MeterValuesSampledData="Current.Offered")
    me.charge()
    put(me, 1, profile(1, periods=((0, 10.0),)))
    me.currents_ma = (9_900, 9_900, 9_900)
    me.tell(o.OfferChanged(1, 9_960, me.now_ms))
    me.samples.clear()
    me.wait(60_000)
    (sampled,) = me.samples[0]["meterValue"][0]["sampledValue"]
    assert sampled == {
        "value": "9.960", "measurand": "Current.Offered", "unit": "A",
        "context": "Sample.Periodic",
    }  # fmt: skip


@pytest.mark.covers("OCPP16-PITFALL-51")
def test_two_cars_on_one_profile_of_the_station_leave_it_one_after_the_other():
    me = station()
    charge_both(me)
    put(me, 0, profile(4, "ChargePointMaxProfile", periods=((0, 20.0),)))
    assert (permit_ma(me, 1), permit_ma(me, 2)) == (10_000, 10_000)
    me.open()
    me.unplug()
    me.wait(20_000)
    assert (permit_ma(me, 1), permit_ma(me, 2)) == (0, 20_000)


@pytest.mark.covers("OCPP16-PITFALL-51", "OCPP16-PITFALL-55")
def test_without_the_time_the_stations_last_limit_is_divided_among_who_comes():
    me = station(restart_transaction_after_power_loss="on", if_in_doubt_allow_charging="on")
    me.charge()
    put(me, 0, profile(4, "ChargePointMaxProfile", periods=((0, 20.0),)))
    assert permit_ma(me, 1) == 20_000
    me.currents_ma = (0, 0, 0)
    me.boot(connected=False)
    me.tell(o.CableChanged(1, 32_000, 0), o.CpChanged(1, CpState.C2, 0))
    assert permit_ma(me, 1) == 20_000
    me.tell(CardSeen("00000000", 1, 0))
    plug(me, 2)
    assert (permit_ma(me, 1), permit_ma(me, 2)) == (10_000, 10_000)
    assert "ChargePointMaxProfile 4, stack level 0; kept, the time is" in reason(me)
