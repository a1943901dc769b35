"""When a contactor closes and when it opens: every reason at once, and any one is enough."""

from dataclasses import fields, replace

import pytest

from firmware.model.outlet import ContactorMoved, OfferChanged, PermitEnded
from firmware.pilot.contactor import View, missing, must_open
from firmware.pilot.facts import LockAsked, PermitTaken, SampleLost
from hal.ports import LockPosition
from tests.pure.rigs import Outlet, charging

READY = View(
    fresh=True, settled="C", seen="C", asking=frozenset("C"), permit=True, pwm=True,
    diode_proven=True, cable_ok=True,
    residual_ready=True,
    locked=True, contacts_open=True, rested=True, faulted=False,
)  # fmt: skip
REMOVED = [
    ({"fresh": False}, "sample"),
    ({"settled": "B"}, "car_asks"),
    ({"seen": "B"}, "car_asks"),
    ({"settled": "D", "seen": "D"}, "car_asks"),
    ({"asking": frozenset()}, "car_asks"),
    ({"permit": False}, "permit"),
    ({"pwm": False}, "pwm"),
    ({"diode_proven": False}, "diode"),
    ({"cable_ok": False}, "cable"),
    ({"residual_ready": False}, "residual_ready"),
    ({"locked": False}, "lock"),
    ({"contacts_open": False}, "weld_check"),
    ({"rested": False}, "rest"),
    ({"faulted": True}, "no_fault"),
]


def test_with_every_reason_nothing_is_missing():
    assert missing(READY) == ()


@pytest.mark.parametrize("change, name", REMOVED)
def test_each_reason_that_is_not_there_is_named_alone(change, name):
    assert missing(replace(READY, **change)) == (name,)


def test_no_field_of_the_view_is_without_a_reason():
    assert {f.name for f in fields(View)} == {name for change, _ in REMOVED for name in change}


@pytest.mark.parametrize(
    "change, reason",
    [
        ({}, None),
        ({"fresh": False}, "sample_lost"),
        ({"seen": "A"}, "cp_a"),
        ({"seen": "B"}, "cp_b"),
        ({"seen": "D"}, "cp_d"),
        ({"seen": "E"}, "cp_e"),
        ({"seen": "F"}, "cp_f"),
        ({"seen": "?"}, "cp_invalid"),
        ({"cable_ok": False}, "plug_lost"),
        ({"faulted": True}, "fault"),
        ({"permit": False}, None),  # the car has its six seconds
    ],
)
def test_one_reason_opens(change, reason):
    assert must_open(replace(READY, **change)) == reason


# -- closing ---------------------------------------------------------------------------------


def ready(*, permit=True, lease_ms=3_600_000, **world):
    """Return an outlet with a car in B for a second, ready to ask."""
    outlet = Outlet()
    outlet.run(100)
    outlet.line("B", 100, pp_ohm=220)
    outlet.give(LockAsked(True))
    if permit:
        outlet.permit(lease_ms=lease_ms)
    outlet.run(900, **world)
    return outlet


@pytest.mark.covers("61851-1 A.6 seq 4")
def test_the_contactor_closes_500_ms_after_the_car_has_closed_s2():
    outlet = ready()
    outlet.line("C", 500)
    assert not outlet.on
    outlet.run(10)
    assert outlet.on
    outlet.run(10)
    assert outlet.told[-1] == ContactorMoved(1, True, "car_asks", outlet.now_ms)


def test_a_toggle_of_400_ms_does_not_close_it():
    outlet = ready()
    for _ in range(5):
        outlet.line("C", 400)
        outlet.line("B", 400)
    assert not any(drive.contactor_on for _, drive in outlet.drives)


def test_a_glitch_begins_the_500_ms_anew():
    outlet = ready()
    outlet.line("C", 490)
    outlet.line("B", 10)
    outlet.line("C", 500)
    assert not outlet.on
    outlet.run(10)
    assert outlet.on


@pytest.mark.parametrize(
    "name, world",
    [
        ("cable", {"pp_ohm": None}),
        ("cable", {"pp_ohm": 30}),
        ("no_fault", {"residual_tripped": True}),
        ("no_fault", {"mcb_tripped": True}),
        ("no_fault", {"rcd_tripped": True}),
    ],
)
def test_without_cable_or_with_a_fault_it_stays_open(name, world):
    outlet = ready(**world)
    outlet.line("C", 3_000, **world)
    assert not any(drive.contactor_on for _, drive in outlet.drives)
    assert name in missing(outlet.core._view(outlet.world, outlet.now_ms))


@pytest.mark.parametrize("limit_ma", [0, 1, 5_999])
def test_a_limit_below_six_ampere_is_no_permit(limit_ma):
    outlet = ready(permit=False)
    outlet.permit(limit_ma)
    outlet.line("C", 2_000)
    assert not outlet.on
    assert {drive.duty_permille for _, drive in outlet.drives} == {1_000}


@pytest.mark.parametrize("position", [LockPosition.UNLOCKED, LockPosition.MOVING])
def test_a_plug_that_is_not_held_is_not_powered(position):
    outlet = ready()
    outlet.follow = False
    for _ in range(750):
        outlet.now_ms += 10
        outlet.world = replace(outlet.world, duty_permille=outlet.core.state.drive.duty_permille)
        outlet.line("C", lock=position)
    assert not any(drive.contactor_on for _, drive in outlet.drives)
    assert outlet.faults == ["F10"]


# -- opening ---------------------------------------------------------------------------------


@pytest.mark.covers("61851-1 A.6 seq 8.1", "B-STP-01")
@pytest.mark.parametrize(
    "letter, reason",
    [("B", "cp_b"), ("A", "cp_a"), ("D", "cp_d"), ("E", "cp_e"), ("F", "cp_f"),
     ("?", "cp_invalid")],
)  # fmt: skip
def test_leaving_c_opens_in_the_same_step(letter, reason):
    outlet = charging()
    outlet.line(letter)
    assert [(at_ms, drive.contactor_on) for at_ms, drive in outlet.drives] == [
        (outlet.now_ms, False)
    ]
    assert outlet.core.state.contactor_reason == reason


def test_what_opens_leaves_before_what_is_told():
    outlet = charging()
    first, *rest = outlet.core.handle(SampleLost(), outlet.now_ms)
    assert first.drive.contactor_on is False
    assert len(rest) > 1


@pytest.mark.parametrize(
    "world, reason",
    [
        ({"pp_ohm": None}, "plug_lost"),
        ({"pp_ohm": 30}, "plug_lost"),
        ({"residual_tripped": True}, "fault"),
        ({"mcb_tripped": True}, "fault"),
        ({"rcd_tripped": True}, "fault"),
    ],
)
def test_a_lost_plug_or_a_trip_opens_in_the_same_step(world, reason):
    outlet = charging()
    outlet.sample(**world)
    ((at_ms, drive),) = outlet.drives
    assert (at_ms, drive.contactor_on, drive.duty_permille) == (outlet.now_ms, False, 1_000)
    assert outlet.core.state.contactor_reason == reason


def test_a_lost_sample_opens_in_the_same_step_and_comes_back_without_closing_at_once():
    outlet = charging()
    outlet.give(SampleLost())
    ((_, drive),) = outlet.drives
    assert (drive.contactor_on, drive.duty_permille) == (False, 1_000)
    assert outlet.faults == ["X08"]
    outlet.run(20)
    assert outlet.faults == []
    assert not outlet.on  # the diode has to be proven again under PWM


# -- the permit ------------------------------------------------------------------------------


@pytest.mark.covers("61851-1 A.6 seq 10.2")
@pytest.mark.parametrize("why", ["expired", "revoked"])
def test_without_a_permit_x1_comes_at_once_and_six_seconds_later_it_opens_under_load(why):
    outlet = charging()
    if why == "expired":
        outlet.permit(lease_ms=1_000)
        outlet.run(990)
        assert outlet.drives == []
        outlet.run(10)
    else:
        outlet.give(PermitTaken(why))
    ended_ms = outlet.now_ms
    outlet.run(8_000)
    assert PermitEnded(1, why, ended_ms) in outlet.told
    orders = [(at_ms - ended_ms, d.duty_permille, d.contactor_on) for at_ms, d in outlet.drives]
    assert orders[:2] == [(0, 1_000, True), (6_000, 1_000, False)]
    assert outlet.core.state.contactor_reason == "permit_ended_under_load"


def test_a_permit_that_returns_within_the_grace_keeps_it_closed():
    outlet = charging()
    outlet.give(PermitTaken("revoked"))
    outlet.run(5_900)
    outlet.permit()
    outlet.run(8_000)
    assert all(drive.contactor_on for _, drive in outlet.drives)


def test_each_end_of_a_permit_has_six_seconds_of_its_own():
    outlet = charging()
    for _ in range(3):
        outlet.give(PermitTaken("revoked"))
        outlet.run(4_000)
        outlet.permit()
        outlet.run(100)
    assert outlet.on


def test_a_car_that_obeys_x1_is_cut_off_without_load():
    outlet = charging()
    outlet.give(PermitTaken("revoked"))
    outlet.run(2_000)
    outlet.line("B")
    assert not outlet.on
    assert outlet.core.state.contactor_reason == "cp_b"


def test_the_permit_dies_by_itself_although_no_sample_comes():
    outlet = charging()
    outlet.permit(lease_ms=2_000)
    given_ms = outlet.now_ms
    outlet.jump(10_000)
    assert [(at_ms - given_ms, d.contactor_on) for at_ms, d in outlet.drives] == [
        (2_000, True), (8_000, False),
    ]  # fmt: skip


@pytest.mark.covers("B-CUR-04", "61851-1 A.6 seq 6")
def test_a_smaller_limit_is_offered_in_the_same_step():
    outlet = charging()
    outlet.permit(10_000)
    assert [(at_ms, d.duty_permille, d.contactor_on) for at_ms, d in outlet.drives] == [
        (outlet.now_ms, 166, True)
    ]
    assert outlet.told == [OfferChanged(1, 9_960, outlet.now_ms)]


@pytest.mark.parametrize(
    "pp_ohm, limit_ma, duty",
    [(220, 32_000, 533), (680, 32_000, 333), (1_500, 32_000, 216), (220, 63_000, 533),
     (220, 6_000, 100)],
)  # fmt: skip
def test_the_offer_is_the_least_of_permit_cable_and_board(pp_ohm, limit_ma, duty):
    outlet = Outlet()
    outlet.run(100)
    outlet.line("B", 100, pp_ohm=pp_ohm)
    outlet.permit(limit_ma)
    outlet.run(100)
    assert outlet.core.state.drive.duty_permille == duty
