"""The laws of every machine, for an outlet whose residual current sensor tests itself."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.pilot import facts as p
from firmware.pilot.core import PilotCore
from tests.laws import machines, test_laws
from tests.laws.test_laws import law

STEPS_MAX = 4_000
KINDS = [
    machines.Kind(
        f"PilotCore with a sensor, mirror contact {mirror}",
        lambda mirror=mirror: PilotCore(
            p.Traits(1, 32_000, lock=True, mirror=mirror, residual=True)
        ),
        [
            *machines.PILOT,
            *(
                p.Sampled(replace(machines.sample(letter), residual_test_ok=verdict))
                for letter in "ABC"
                for verdict in (True, True, False, None)
            ),
        ],
        (p.Sampled, p.SampleLost, p.LockAsked, machines.Tick),
        ((), (p.PermitGiven(16_000, 60_000), p.LockAsked(True))),
        pauses=(0, 0, 1, 5, 26, 60, 101, 320, 400, 3_000, 4_400_000),
    )
    for mirror in (True, False)
] + [
    machines.Kind(
        "PilotCore of a board that has everything",
        lambda: PilotCore(
            p.Traits(
                1, 32_000, lock=True, mirror=True, residual=True, ventilation=True,
                phase_switch=True,
            )
        ),
        [
            *machines.PILOT,
            p.PermitGiven(20_000, 900_000, 1), p.PermitGiven(20_000, 900_000, 3),
            p.StationHeard(), p.PermitTaken("link_lost"),
            p.Sampled(replace(machines.sample("D"), residual_test_ok=True)),
            p.Sampled(replace(machines.sample("C"), temperature_dc=600)),
            p.Sampled(replace(machines.sample("C"), temperature_dc=710)),
            p.Sampled(replace(machines.sample("B"), mains_mv=(0, 0, 0))),
            p.Sampled(replace(machines.sample("B"), mains_mv=(270_000, 230_000, 190_000))),
        ],
        (p.Sampled, p.SampleLost, p.LockAsked, p.StationHeard, machines.Tick),
        ((), (p.PermitGiven(16_000, 900_000), p.LockAsked(True))),
        pauses=(0, 0, 1, 20, 101, 320, 1_000, 4_000, 45_000, 60_000, 600_000),
    ),
]  # fmt: skip
LAWS = [
    test_laws.test_1_total_any_fact_is_accepted_in_any_state,
    test_laws.test_2_restful_a_state_told_again_changes_nothing,
    test_laws.test_4_the_deadline_moves_once_it_was_served,
    test_laws.test_4_a_fact_that_overtakes_a_deadline_does_not_swallow_it,
    test_laws.test_5_no_hidden_input_two_machines_tell_the_same,
    test_laws.test_6_restorable_a_copy_of_the_state_behaves_the_same,
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("one", LAWS, ids=lambda one: one.__name__)
@given(data=st.data())
@law(60)
def test_an_outlet_with_a_sensor_keeps_the_law(one, kind, data):
    one.hypothesis.inner_test(kind=kind, data=data)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@given(data=st.data())
@law(60)
def test_an_outlet_with_a_sensor_keeps_law_3_jump_is_step(kind, data):
    # a step of 20 ms through days is slow
    short = replace(kind, pauses=tuple(n for n in kind.pauses if n <= STEPS_MAX))
    test_laws.test_3_jump_is_step_deadlines_and_a_20_ms_step_tell_the_same_story.hypothesis.inner_test(
        kind=short, data=data
    )
