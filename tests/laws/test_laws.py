"""The seven laws of design page 3, once, for every machine of the firmware."""

import copy
import dataclasses
import json
import os
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware.model.machine import NEVER_MS, TICK
from tests.laws.machines import KINDS, digests, walk
from tests.laws.telling import GRID_MS, tell, timed

every_machine = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def law(examples):
    """Hypothesis with the same examples every time, and no clock of its own."""
    return settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


@st.composite
def stories(draw, kind, longest=25):
    """A prelude that leads somewhere, then any facts of the machine, at instants of the grid."""
    prelude = draw(st.sampled_from(kind.preludes))
    rest = draw(st.lists(st.sampled_from(kind.facts), min_size=1, max_size=longest))
    told = [*prelude, *rest]
    pauses = draw(st.lists(st.sampled_from(kind.pauses), min_size=len(told), max_size=len(told)))
    return [(pause * GRID_MS, fact) for pause, fact in zip(pauses, told, strict=True)]


@every_machine
@given(data=st.data())
@law(40)
def test_1_total_any_fact_is_accepted_in_any_state(kind, data):
    story = data.draw(stories(kind))
    machine, now_ms = kind.make(), 0
    for pause_ms, fact in story:
        now_ms += pause_ms
        for stranger in kind.foreign:
            list(machine.handle(stranger, now_ms))
        list(machine.handle(timed(fact, now_ms), now_ms))
        assert isinstance(machine.deadline_ms(), int)


@every_machine
@given(data=st.data())
@law(40)
def test_2_restful_a_state_told_again_changes_nothing(kind, data):
    story = data.draw(stories(kind))
    machine, now_ms = kind.make(), 0
    for pause_ms, fact in story:
        now_ms += pause_ms
        told = timed(fact, now_ms)
        list(machine.handle(told, now_ms))
        if isinstance(told, kind.states):
            assert list(machine.handle(told, now_ms)) == []


@every_machine
@given(data=st.data())
@law(25)
def test_3_jump_is_step_deadlines_and_a_20_ms_step_tell_the_same_story(kind, data):
    """Facts come at multiples of 20 ms and deadlines are rounded up to them.

    So both ways of calling have the same instants, and not only the wishes but their times must
    be equal: all that is left to differ is the number of needless calls.
    """
    story = data.draw(stories(kind, longest=12))
    assert tell(kind.make(), story) == tell(kind.make(), story, step_ms=GRID_MS)


@every_machine
@given(data=st.data())
@law(40)
def test_4_the_deadline_moves_once_it_was_served(kind, data):
    machine = kind.make()
    tell(machine, data.draw(stories(kind)))
    for _ in range(50):
        due_ms = machine.deadline_ms()
        if due_ms == NEVER_MS:
            return
        list(machine.handle(TICK, due_ms))
        assert machine.deadline_ms() > due_ms


@every_machine
@given(data=st.data())
@law(40)
def test_4_a_fact_that_overtakes_a_deadline_does_not_swallow_it(kind, data):
    """A loop may be late and give a fact first: what is due is then done, or still announced."""
    story = data.draw(stories(kind))
    machine, now_ms = kind.make(), 0
    list(machine.handle(TICK, now_ms))  # it wakes up
    for pause_ms, fact in story:
        now_ms += pause_ms  # no tick on the way, however many deadlines pass
        list(machine.handle(timed(fact, now_ms), now_ms))
        if machine.deadline_ms() > now_ms:
            assert list(machine.handle(TICK, now_ms)) == []


@every_machine
@given(data=st.data())
@law(25)
def test_5_no_hidden_input_two_machines_tell_the_same(kind, data):
    story = data.draw(stories(kind))
    assert tell(kind.make(), story) == tell(kind.make(), story)


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_5_no_hidden_input_another_order_of_hashes_tells_the_same(repository, hash_seed):
    out = subprocess.run(
        [sys.executable, "-m", "tests.laws.machines"],
        cwd=repository,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(out.stdout) == digests()


@every_machine
@given(data=st.data())
@law(25)
def test_6_restorable_a_copy_of_the_state_behaves_the_same(kind, data):
    story = data.draw(stories(kind))
    half = len(story) // 2
    machine = kind.make()
    tell(machine, story[:half])
    now_ms = sum(pause_ms for pause_ms, _ in story[:half])
    twin = copy.deepcopy(machine)
    rest = story[half:]
    assert tell(twin, rest, start_ms=now_ms) == tell(machine, rest, start_ms=now_ms)


@pytest.mark.parametrize(
    "kind", [k for k in KINDS if hasattr(k.make(), "state")], ids=lambda kind: kind.name
)
def test_6_restorable_the_state_is_plain_data(kind):
    machine = kind.make()
    tell(machine, walk(kind, seed=2))
    assert copy.deepcopy(machine.state) == machine.state
    assert _plain(dataclasses.asdict(machine.state))


def _plain(value):
    match value:
        case dict():
            return all(_plain(one) for pair in value.items() for one in pair)
        case list() | tuple() | set():
            return all(_plain(one) for one in value)
    return value is None or isinstance(value, bool | int | str) or hasattr(value, "value")
