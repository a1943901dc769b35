"""The table of IEC 61851-1 Annex A, each row measured on the machine that takes its times from it.

A proof makes the transition happen and returns how long the machine took, in ms.
"""

import pytest

from firmware.model.annex import ROWS
from firmware.model.outlet import CpChanged, CpToggled
from firmware.model.values import CpState
from firmware.pilot.facts import LockAsked, PermitTaken
from tests.pure.rigs import STEP_MS, Outlet, charging

LIMITS = {  # by hand, so that nobody moves a limit in the table unseen
    "2.2": ("at most", 100), "4": ("at most", 3_000), "6": ("at most", 5_000),
    "6 car": ("at most", 5_000), "8.1": ("at most", 100), "8.2": ("at most", 100),
    "10.1": ("at most", 100), "10.2": ("at least", 6_000), "11": ("at least", 401),
    "12": ("at most", 100), "12 F": ("at most", 100), "D": ("at most", 100),
    "CP short": ("at most", 100), "PE lost": ("at most", 100), "PP lost": ("at most", 100),
    "B1 hold": ("at least", 3_000), "C again": ("at least", 5_000), "wake": ("at least", 3_000),
    "phases": ("at least", 45_000), "phases load": ("at least", 60_000),
    "12 own": ("at least", 300), "D fan": ("at most", 3_000), "wake wait": ("at least", 30_000),
}  # fmt: skip
EXPECTED_MS = {
    "1.1": 50, "1.2": 500, "2.1": 50, "2.2": 0, "3.1": 0, "3.2": 0, "4": 500, "6": 0, "8.1": 0,
    "8.2": 0, "9.1": 0, "9.2": 0, "9.3": 50, "10.1": 0, "10.2": 6_000, "11": 500, "12": 0,
    "12 F": 0, "12 told": 50, "D": 0, "CP short": 0, "PE lost": 0, "diode": 100, "PP lost": 0,
    "B1 hold": 3_000, "C again": 5_100, "5": None, "7": None, "11 told": 0, "12 own": 4_000,
    "D fan": 500, "wake wait": 60_000, "wake": 4_000, "unlock F": 0, "phases": 45_000,
    "phases load": 60_000,
}  # fmt: skip


def plugged(letter="B", *, permit=False):
    """Return an outlet whose car has been in this state for a second."""
    outlet = Outlet()
    outlet.run(100)
    outlet.line("B", 100, pp_ohm=220)
    outlet.give(LockAsked(True))
    if permit:
        outlet.permit()
    outlet.line(letter, 1_000)
    outlet.drives.clear()
    outlet.told.clear()
    return outlet


def told(outlet, letter, cp, **changes):
    """Return how long after the change of the line the state is told."""
    outlet.line(letter, **changes)
    began_ms = outlet.now_ms
    outlet.run(2_000)
    return next(f.at_ms for f in outlet.told if isinstance(f, CpChanged) and f.cp is cp) - began_ms


def ordered(outlet, act, wanted):
    """Return how long after `act` the first drive comes that is `wanted`."""
    outlet.drives.clear()
    act(outlet)
    began_ms = outlet.now_ms
    outlet.run(8_000)
    return next(at_ms for at_ms, drive in outlet.drives if wanted(drive)) - began_ms


def opens(outlet, letter="C", **changes):
    return ordered(outlet, lambda o: o.line(letter, **changes), lambda d: not d.contactor_on)


def pwm(on):
    return lambda drive: (drive.duty_permille != 1_000) is on


def stop(outlet):
    outlet.give(PermitTaken("revoked"))


def stopped(span_ms):
    """Return a charging outlet that was told to stop so long ago."""
    outlet = charging()
    stop(outlet)
    outlet.run(span_ms)
    return outlet


def closes(outlet):
    return ordered(outlet, lambda o: o.line("C"), lambda drive: drive.contactor_on)


def diode():
    """The bad plateau is put on the line again and again: samples follow the PWM."""
    outlet = charging()
    outlet.sample(cp_low_mv=-6_000)
    began_ms = outlet.now_ms
    outlet.run(300, cp_low_mv=-6_000)
    return outlet.drives[0][0] - began_ms


def again():
    """Opened by a lost plug contact, which then is back; the diode is proven meanwhile."""
    outlet = charging()
    outlet.sample(pp_ohm=None)
    outlet.drives.clear()
    began_ms = outlet.now_ms
    outlet.give(LockAsked(True))
    outlet.run(8_000, pp_ohm=220)
    closed_ms = next(at_ms for at_ms, drive in outlet.drives if drive.contactor_on)
    return closed_ms - began_ms - STEP_MS  # the first sample that shows the PWM again


def hold():
    outlet = plugged(permit=True)
    stop(outlet)
    outlet.drives.clear()
    began_ms = outlet.now_ms
    outlet.run(20)
    outlet.permit()
    outlet.run(8_000)
    return next(at_ms for at_ms, drive in outlet.drives if pwm(True)(drive)) - began_ms


def nothing(outlet, **changes):
    """Return when something was ordered or told after a change that is the car's affair."""
    outlet.run(3_000, **changes)
    return next((at_ms for at_ms, _ in outlet.drives), None if not outlet.told else outlet.told)


def span(outlet, wanted, span_ms):
    """Return how long the first order that is `wanted` stands."""
    outlet.drives.clear()
    outlet.run(span_ms)
    began_ms = next(at_ms for at_ms, drive in outlet.drives if wanted(drive))
    later = [at_ms for at_ms, drive in outlet.drives if at_ms > began_ms and not wanted(drive)]
    return later[0] - began_ms


def state_f(drive):
    return drive.duty_permille == 0


def lifted(drive):
    return not drive.cp_connected


def toggled():
    outlet = plugged(permit=True)
    outlet.line("C", 200)
    outlet.line("B")
    (toggle,) = [f for f in outlet.told if isinstance(f, CpToggled)]
    assert toggle.width_ms == 190
    return outlet.now_ms - toggle.at_ms


def welded(*, held=True):
    outlet = charging()
    outlet.give(LockAsked(held))
    outlet.follow = False
    outlet.line("B", contactor_closed=True)
    return outlet


def fan():
    outlet = Outlet(ventilation=True)
    outlet.run(100)
    outlet.line("B", 100, pp_ohm=220)
    outlet.give(LockAsked(True))
    outlet.permit()
    outlet.run(1_000)
    return ordered(
        outlet, lambda o: o.line("D"), lambda drive: drive.contactor_on and drive.ventilation_on
    )


def asleep():
    outlet = plugged()
    began_ms = outlet.now_ms
    outlet.permit()
    outlet.run(70_000)
    return next(at_ms for at_ms, drive in outlet.drives if state_f(drive)) - began_ms


def freed_in_f():
    """A weld that is over: F is shown still, and nobody holds the plug."""
    outlet = welded(held=False)
    outlet.run(1_000)
    assert outlet.core.state.drive.duty_permille == 0 and outlet.core.state.drive.lock_on
    outlet.drives.clear()
    outlet.sample(contactor_closed=False)
    assert outlet.core.state.drive.duty_permille == 0
    return next(at_ms for at_ms, drive in outlet.drives if not drive.lock_on) - outlet.now_ms


def to_one_phase(outlet, *, obeys):
    outlet.permit(phases=1)
    outlet.run(2_000)
    outlet.line("B" if obeys else "C")
    return span(outlet, lifted, 90_000)


PROOFS = {
    "1.1": lambda: told(Outlet(), "B", CpState.B1, pp_ohm=220),
    "1.2": lambda: told(Outlet(), "C", CpState.C1, pp_ohm=220),
    "2.1": lambda: told(plugged(), "A", CpState.A, pp_ohm=None),
    "2.2": lambda: opens(charging(), "A", pp_ohm=None),
    "3.1": lambda: ordered(plugged(), lambda o: o.permit(), pwm(True)),
    "3.2": lambda: ordered(plugged("C"), lambda o: o.permit(), pwm(True)),
    "4": lambda: closes(plugged(permit=True)),
    "6": lambda: ordered(
        charging(), lambda o: o.permit(10_000), lambda d: d.duty_permille == 166
    ),
    "8.1": lambda: opens(charging(), "B"),
    "8.2": lambda: opens(stopped(1_000), "B"),
    "9.1": lambda: ordered(charging(), stop, pwm(False)),
    "9.2": lambda: ordered(plugged(permit=True), stop, pwm(False)),
    "9.3": lambda: ordered(plugged(permit=True), lambda o: o.line("A"), pwm(False)),
    "10.1": lambda: opens(stopped(3_000), "B"),
    "10.2": lambda: ordered(charging(), stop, lambda d: not d.contactor_on),
    "11": lambda: closes(plugged(permit=True)),
    "12": lambda: opens(charging(), "E"),
    "12 F": lambda: opens(charging(), "F"),
    "12 told": lambda: told(plugged(), "E", CpState.E),
    "D": lambda: opens(charging(), "D"),
    "CP short": lambda: opens(charging(), "?"),
    "PE lost": lambda: opens(charging(), "A"),
    "diode": diode,
    "PP lost": lambda: opens(charging(), pp_ohm=None),
    "B1 hold": hold,
    "C again": again,
    "5": lambda: nothing(charging()),
    "7": lambda: nothing(charging()),
    "11 told": toggled,
    "12 own": lambda: span(welded(), state_f, 8_000),
    "D fan": fan,
    "wake wait": asleep,
    "wake": lambda: span(plugged(permit=True), state_f, 80_000),
    "unlock F": freed_in_f,
    "phases": lambda: to_one_phase(charging(phase_switch=True), obeys=True),
    "phases load": lambda: to_one_phase(charging(phase_switch=True), obeys=False),
}  # fmt: skip


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(row, id=row.id, marks=pytest.mark.covers(f"61851-1 A.6 seq {row.id}"))
        for row in ROWS
        if row.proven
    ],
)
def test_the_machine_takes_the_time_of_the_table_and_that_is_allowed(row):
    assert PROOFS[row.id]() == row.ours_ms == EXPECTED_MS[row.id]
    assert row.kept


def test_every_row_is_proven_or_says_why_not():
    assert {row.id for row in ROWS if row.proven} == set(PROOFS)
    assert all(bool(row.reason) is not row.proven for row in ROWS)
    assert len({row.id for row in ROWS}) == len(ROWS)


def test_the_limits_are_those_that_were_read():
    limits = {row.id: (row.bound, row.limit_ms) for row in ROWS if row.limit_ms is not None}
    assert limits == LIMITS
    assert all(row.origin and row.clause for row in ROWS)


def test_a_car_that_opened_s2_itself_is_not_kept_waiting():
    outlet = charging()
    outlet.line("B", 100)
    outlet.drives.clear()
    assert closes(outlet) == 500


def test_the_next_car_does_not_wait_for_the_hold_of_the_one_before():
    outlet = plugged(permit=True)
    outlet.line("A", 100)
    outlet.drives.clear()
    outlet.line("B", 100)
    assert [drive.duty_permille for _, drive in outlet.drives] == [266]
