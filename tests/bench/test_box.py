"""The box without hardware: verbs move relays, the line answers, and nothing stays behind."""

import pytest

from hal.mock.outlet import BenchError


def test_a_story_of_a_charge_as_the_box_sees_it(bench):
    bench.run(200)
    assert (bench.look()["cp_high_mv"], bench.look()["contactor_closed"]) == (
        pytest.approx(12_000, abs=20), False,
    )  # fmt: skip
    bench.do("plug", outlet=1, cable_ma=32_000, car={"battery_wh": 40_000})
    assert bench.network.pp_ohm(1) == 220
    bench.run(200)
    assert bench.look()["car"]["state"] == "B"
    bench.network.duty_permille[1] = 533
    bench.run(1_000)
    assert bench.network.closed(1) == {"pp_220", "car", "c"}
    bench.network.mains(1, True)
    bench.run(50)
    seen = bench.look()
    assert (seen["cp_high_mv"], seen["cp_low_mv"]) == (
        pytest.approx(6_000, abs=60), pytest.approx(-12_000, abs=20),
    )  # fmt: skip
    assert seen["duty_permille"] == pytest.approx(533, abs=7)
    assert seen["frequency_mhz"] == pytest.approx(1_000_000, abs=10_000)
    assert seen["contactor_closed"] is True
    bench.network.duty_permille[1] = 1_000
    bench.run(1_000)
    assert bench.look()["car"]["state"] == "B"


def test_every_duty_is_measured_within_seven_permille_wherever_the_burst_begins(bench):
    worst = 0
    for duty in range(80, 971, 27):
        bench.network.duty_permille[1] = duty
        bench.network.at_us += 137
        pilot = bench.hardware.pilot(1)
        assert (pilot.high_mv, pilot.low_mv) == (
            pytest.approx(12_000, abs=20), pytest.approx(-12_000, abs=20),
        )  # fmt: skip
        worst = max(worst, abs(pilot.duty_permille - duty))
    assert worst <= 7


def test_a_burst_that_lost_the_processor_is_thrown_away(bench):
    bench.network.duty_permille[1] = 100
    bench.network.interrupted = True
    assert bench.hardware.pilot(1) is None
    bench.network.period_us = 1_250  # 800 Hz is no pilot
    assert bench.hardware.pilot(1) is None


def test_events_carry_the_time_at_which_it_happened(bench):
    bench.run(200)
    bench.box.changes()
    bench.network.mains(1, True)
    bench.run(5)
    closed = [e for e in bench.box.changes() if e["event"] == "contactor"]
    assert closed == [{"event": "contactor", "outlet": 1, "closed": True, "at_ms": bench.now_ms}]
    last_live_ms = bench.now_ms
    bench.network.mains(1, False)
    bench.run(50)
    opened = [e for e in bench.box.changes() if e["event"] == "contactor"]
    assert [(e["closed"], e["at_ms"]) for e in opened] == [(False, last_live_ms)]


def test_a_dark_moment_of_the_optocoupler_is_no_opening(bench):
    bench.network.mains(1, True)
    bench.run(20)
    bench.box.changes()
    bench.network.mains(1, False)
    bench.run(10)
    bench.network.mains(1, True)
    bench.run(10)
    assert [e for e in bench.box.changes() if e["event"] == "contactor"] == []


def test_contacts_settle_between_breaking_and_making(bench):
    bench.do("plug", outlet=1, pp_ohm=220)
    bench.do("pp", outlet=1, ohm=100)
    assert bench.paused == [15, 15, 15]
    assert frozenset() in bench.between
    assert bench.network.pp_ohm(1) == 100
    bench.do("pp", outlet=1, open=True)
    assert bench.network.pp_ohm(1) is None


@pytest.mark.parametrize("asks, closed", [
    ("B", {"car"}), ("C", {"car", "c"}), ("D", {"car", "d"}), ("E", {"car", "cp_short"}),
    ("F", {"car", "cp_negative"}),
])  # fmt: skip
def test_a_car_shows_what_it_is_asked_to(bench, asks, closed):
    bench.do("plug", outlet=1, cable_ma=20_000, car={"asks": asks})
    assert bench.network.closed(1) == closed | {"pp_680"}
    bench.do("car", outlet=1, manner="no_diode")
    assert bench.network.closed(1) == closed | {"pp_680", "diode_short"}
    bench.do("car", outlet=1, connected=False)
    assert bench.network.closed(1) == {"pp_680"}


def test_a_locked_plug_is_not_pulled_but_torn(bench):
    bench.do("plug", outlet=1, cable_ma=32_000, car=True)
    bench.network.lock(1, True)
    bench.run(10)
    with pytest.raises(BenchError, match="the plug is locked"):
        bench.do("unplug", outlet=1)
    bench.do("unplug", outlet=1, force=True)
    assert bench.network.closed(1) == set()


def test_things_that_break_are_mended_again(bench):
    for verb, name, relay in (
        ("contactor", "weld", "contact_bridge"), ("contactor", "stuck_open", "coil_break"),
        ("lock", "jam", "lock_break"),
    ):  # fmt: skip
        bench.do(verb, outlet=1, **{name: True})
        assert bench.network.closed(1) == {relay}
        bench.do(verb, outlet=1, **{name: False})
        assert bench.network.closed(1) == set()


def test_test_currents_flow_through_their_windings(bench):
    dc = bench.file.outlets[0].dc
    bench.do("residual", outlet=1, dc_ma=38)
    assert {ma for ma, line in dc.items() if bench.network.factory.pin(line).state} == {8, 30}
    bench.do("residual", outlet=1, dc_ma=0)
    assert not any(bench.network.factory.pin(line).state for line in dc.values())


@pytest.mark.parametrize("verb, arguments, sentence", [
    ("swipe", {"uid": "0a0e9b83"}, "swipe: this rig cannot do that"),
    ("link", {"name": "backend", "up": False}, "link: this rig cannot do that"),
    ("residual", {"outlet": 1, "dc_ma": 7}, "this rig cannot give 7 mA dc (has: 8, 30)"),
    ("plug", {"outlet": 1, "pp_ohm": 470}, "this rig has no proximity resistor of 470 ohm"),
    ("plug", {"outlet": 2, "pp_ohm": 220}, "no outlet 2 on this rig (has: 1)"),
    ("car", {"outlet": 1, "asks": "C"}, "outlet 1: no cable is plugged in (plug first)"),
    ("plug", {"outlet": 1, "pp_ohm": 220, "car": {"manner": "rude"}}, "cannot play a rude car"),
    ("lock", {"outlet": 1, "missing": True}, "this rig cannot take a lock away"),
    ("unplug", {"outlet": 1}, "outlet 1: nothing is plugged in"),
    ("fly", {}, "no verb 'fly'"),
    ("watch", {"own": ["power"]}, "this rig cannot leave anything to a client"),
])  # fmt: skip
def test_what_the_box_cannot_do_is_a_sentence_and_moves_nothing(bench, verb, arguments, sentence):
    with pytest.raises(BenchError) as caught:
        bench.do(verb, **arguments)
    assert sentence in str(caught.value)
    assert (bench.paused, bench.network.closed(1)) == ([], set())


def test_all_relays_fall_when_nobody_speaks(bench):
    bench.do("plug", outlet=1, cable_ma=32_000, car={"asks": "C"})
    bench.do("contactor", outlet=1, weld=True)
    bench.run(29_000, pilots=False)
    assert bench.network.closed(1) == {"pp_220", "car", "c", "contact_bridge"}
    bench.box.heard(bench.now_ms)
    bench.run(29_000, pilots=False)
    assert bench.network.closed(1) != set()
    bench.run(1_100, pilots=False)
    assert bench.network.closed(1) == set()
    assert bench.look()["pp_ohm"] is None


def test_all_relays_fall_when_the_program_ends(bench):
    bench.do("plug", outlet=1, cable_ma=32_000, car={"asks": "C"})
    lines = [bench.network.factory.pin(n) for n in bench.file.outlets[0].relays.values()]
    bench.hardware.close()
    assert not any(pin.state for pin in lines if pin.function == "output")


def test_the_trace_holds_what_was_measured(bench):
    bench.run(200)
    bench.do("plug", outlet=1, cable_ma=32_000, car={"asks": "C"})
    bench.network.duty_permille[1] = 266
    began_ms = bench.now_ms
    bench.run(200)
    bench.network.mains(1, True)
    bench.run(100)
    answer = bench.do("trace", outlet=1, from_ms=began_ms)
    assert answer["columns"][0] == "at_ms"
    assert answer["points"][0][0] == began_ms
    at_ms, high_mv, low_mv, duty, closed = answer["points"][-1]
    assert (high_mv, duty, closed) == (
        pytest.approx(6_000, abs=60),
        pytest.approx(266, abs=7),
        True,
    )


def test_what_the_box_cannot_see_is_null_and_a_story_that_wants_it_is_skipped(bench):
    from firmware.sim.outcome import lacks
    from firmware.sim.story import parse

    text = (
        "00:00  swipe 0a0e9b83\n       expect led green within 1 s\n       expect current 16 A\n"
        "00:01  plug 32 A cable with car\n"
        "       expect contactor closed\n       expect lock locked\n"
        "00:02  plug 32 A cable at outlet 2\n00:03  input spd on\n00:04  csms remote stop\n"
    )
    bench.run(10)
    assert lacks(parse("x", text), bench.do("rig"), bench.do("look")) == [
        "line 1: this rig cannot do swipe",
        "line 2: this rig sees no ring",
        "line 3: this rig does not see the current of outlet 1",
        "line 7: this rig has no outlet 2",
        "line 8: this rig cannot do input",
    ]
