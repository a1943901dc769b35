"""The certification cases of Smart Charging, played through a whole station."""

import pytest

from firmware.model.session import SessionPhase
from tests.pure.charging_rig import (
    NO_LIMIT_MA,
    ask,
    clear,
    composite,
    permit_ma,
    plug,
    profile,
    put,
    reason,
    station,
)


@pytest.mark.covers("TC_056_CS")
def test_a_transaction_that_starts_takes_the_default_profile():
    me = station()
    assert put(me, 1, profile(7, level=2, periods=((0, 10.0), (300, 8.0)))) == "Accepted"
    me.charge()
    assert permit_ma(me) == 10_000
    assert reason(me).startswith(
        "outlet 1: 10 A, bound by ocpp profile (TxDefaultProfile 7, stack level 2); then "
    )
    me.wait(300_000)
    assert permit_ma(me) == 8_000


@pytest.mark.covers("TC_057_CS")
def test_a_profile_of_the_running_transaction_is_taken_at_once():
    me = station()
    me.charge()
    assert permit_ma(me) == NO_LIMIT_MA
    assert put(me, 1, profile(3, "TxProfile", transactionId=5)) == "Accepted"
    assert permit_ma(me) == 10_000
    assert "TxProfile 3, stack level 0" in reason(me)


@pytest.mark.covers("TC_058_1_CS")
def test_a_profile_of_a_transaction_is_rejected_where_none_runs():
    me = station()
    assert put(me, 1, profile(3, "TxProfile", transactionId=5)) == "Rejected"
    assert put(me, 1, profile(3, "TxProfile")) == "Rejected"
    assert clear(me) == "Unknown"  # nothing was kept


@pytest.mark.covers("TC_058_2_CS")
def test_a_profile_of_another_transaction_is_rejected():
    me = station()
    me.charge()
    assert put(me, 1, profile(3, "TxProfile", transactionId=6)) == "Rejected"
    assert put(me, 2, profile(3, "TxProfile", transactionId=5)) == "Rejected"
    assert permit_ma(me) == NO_LIMIT_MA


@pytest.mark.covers("TC_059_CS", "OCPP16-PITFALL-57")
def test_a_remote_start_brings_the_profile_of_its_transaction():
    me = station()
    told = profile(9, "TxProfile", kind="Relative", periods=((0, 9.0), (60, 7.0)))
    start = {"connectorId": 1, "idTag": "REMOTE", "chargingProfile": told}
    assert ask(me, "RemoteStartTransaction", **start) == {"status": "Accepted"}
    plug(me)
    assert me.phase is SessionPhase.RUNNING
    assert permit_ma(me) == 9_000
    me.wait(60_000)
    assert permit_ma(me) == 7_000
    assert "TxProfile 9" in reason(me)
    ask(me, "RemoteStopTransaction", transactionId=5)
    me.open()
    me.wait(20_000)
    assert clear(me) == "Unknown"


@pytest.mark.covers("TC_060_CS", "OCPP16-PITFALL-57")
@pytest.mark.parametrize(
    "told",
    [profile(9), profile(9, "ChargePointMaxProfile"), profile(9, "TxProfile", transactionId=5),
     profile(9, "TxProfile", periods=())],
)  # fmt: skip
def test_a_remote_start_with_another_profile_is_rejected(told):
    me = station()
    start = {"connectorId": 1, "idTag": "REMOTE", "chargingProfile": told}
    assert ask(me, "RemoteStartTransaction", **start) == {"status": "Rejected"}
    plug(me)
    assert me.phase is SessionPhase.PLUGGED


@pytest.mark.covers("TC_066_CS")
def test_the_composite_schedule_is_made_of_all_three_purposes():
    me = station()
    me.charge()
    told_s = me.now_ms // 1_000
    most = profile(1, "ChargePointMaxProfile", periods=((0, 20.0), (200 + told_s, 14.0)))
    default = profile(2, periods=((0, 16.0), (100 + told_s, 18.0)))
    own = profile(
        3, "TxProfile", transactionId=5, duration=50 + told_s, periods=((0, 6.0), (40, 12.5))
    )
    assert [put(me, n, one) for n, one in ((0, most), (1, default), (1, own))] == ["Accepted"] * 3
    assert composite(me, duration=400) == [
        (0, 6.0), (40 - told_s, 12.5), (50, 16.0), (100, 18.0), (200, 14.0)
    ]  # fmt: skip


@pytest.mark.covers("TC_067_CS", "OCPP16-PITFALL-56")
def test_profiles_are_cleared_by_id_or_by_what_they_are():
    me = station()
    me.charge()
    put(me, 1, profile(4, level=1, periods=((0, 9.0),)))
    put(me, 1, profile(5, level=2, periods=((0, 7.0),)))
    assert permit_ma(me) == 7_000
    assert clear(me, id=5) == "Accepted"
    assert permit_ma(me) == 9_000
    assert clear(me, id=5) == "Unknown"
    wanted = {"connectorId": 1, "chargingProfilePurpose": "TxDefaultProfile"}
    assert clear(me, **wanted, stackLevel=2) == "Unknown"
    assert clear(me, **wanted, stackLevel=1) == "Accepted"
    assert permit_ma(me) == NO_LIMIT_MA


@pytest.mark.covers("TC_072_CS")
def test_a_higher_stack_level_prevails_while_it_lasts():
    me = station()
    me.charge()
    put(me, 1, profile(4, level=0, periods=((0, 12.0), (60, 11.0))))
    put(me, 1, profile(5, level=3, duration=40, periods=((0, 8.0), (20, 10.0))))
    said = []
    for _ in range(7):
        said.append(permit_ma(me))
        me.wait(10_000)
    assert said == [8_000, 8_000, 10_000, 10_000, 12_000, 12_000, 11_000]


@pytest.mark.covers("TC_082_CS")
def test_a_default_profile_is_taken_at_once_by_what_runs():
    me = station()
    me.charge()
    assert put(me, 0, profile(2)) == "Accepted"
    assert permit_ma(me) == 10_000
    assert composite(me, duration=60) == [(0, 10.0)]
    assert put(me, 1, profile(8, periods=((0, 3_680.0),), unit="W")) == "Accepted"
    assert permit_ma(me) == 0  # 5.3 A on three phases: the car waits
