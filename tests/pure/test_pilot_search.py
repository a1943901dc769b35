"""Every short sequence of what can happen to an outlet, and the one thing that may never be.

From a charging outlet and from one that is ready, all sequences of up to four of twelve events:
whenever the contactor is commanded on, the sample is fresh, the line is in C by the last sample
and settled there, no fault blocks, and there is a permit or its six seconds.
"""

from copy import deepcopy
from dataclasses import replace

import pytest

from firmware.model.annex import GRACE_MS
from firmware.model.machine import TICK
from firmware.model.values import MIN_CURRENT_MA
from firmware.pilot.core import PilotCore
from firmware.pilot.facts import (
    LockAsked,
    PermitGiven,
    PermitTaken,
    Sampled,
    SampleLost,
    Traits,
)
from hal.ports import LockPosition, OutletSample

GOOD = OutletSample(0, 6_000, -12_000, 220, 266, False, LockPosition.LOCKED)
WAITS_MS = (0, 600)
EVENTS = {
    "A": {"cp_high_mv": 12_000},
    "B": {"cp_high_mv": 9_000},
    "C": {},
    "E": {"cp_high_mv": 0},
    "no diode": {"cp_low_mv": -5_000},
    "residual": {"residual_tripped": True},
    "no plug": {"pp_ohm": None},
    "closed though off": {"contactor_closed": True},
    "sample lost": SampleLost(),
    "permit": PermitGiven(16_000, 3_000),
    "no permit": PermitTaken("revoked"),
    "6.1 s": 6_100,
}
LONGEST = 4


class Watched:
    """An outlet and, beside it, what an outsider knows of permit and line."""

    def __init__(self):
        self.core = PilotCore(Traits(1, 32_000, lock=True, mirror=True))
        self.now_ms = 0
        self.until_ms = 0  # of the permit, by our own book
        self.fresh, self.line, self.since_ms = False, "A", 0

    def event(self, event):
        if isinstance(event, int):
            self.now_ms += event
            self.give(TICK)
        elif isinstance(event, dict):
            self.look(event)
            self.now_ms += 600  # and so it stays for a while
            self.look(event)
        elif isinstance(event, PermitGiven):
            self.until_ms = self.now_ms + event.expires_ms
            self.give(PermitGiven(event.limit_ma, self.until_ms))
        else:
            if isinstance(event, PermitTaken):
                self.until_ms = min(self.until_ms, self.now_ms)
            self.fresh = self.fresh and not isinstance(event, SampleLost)
            self.give(event)

    def look(self, changes):
        drive = self.core.state.drive
        sample = replace(
            GOOD, at_ms=self.now_ms, contactor_closed=drive.contactor_on,
            duty_permille=drive.duty_permille,
        )  # fmt: skip
        if drive.duty_permille == 1_000:  # X1: a flat line
            sample = replace(sample, cp_low_mv=changes.get("cp_high_mv", 6_000))
        sample = replace(sample, **changes)
        letter = {12_000: "A", 9_000: "B", 6_000: "C", 0: "E"}[sample.cp_high_mv]
        if letter != self.line:
            self.line, self.since_ms = letter, self.now_ms
        self.fresh, self.sample = True, sample
        self.give(Sampled(sample))

    def give(self, fact):
        list(self.core.handle(fact, self.now_ms))
        if self.core.state.drive.contactor_on:
            s = self.core.state
            assert self.fresh and s.fresh
            assert self.line == s.seen == s.settled == "C"
            assert self.now_ms - self.since_ms >= 500
            assert s.faults == set()
            assert self.sample.pp_ohm is not None and not self.sample.residual_tripped
            live = s.permit_ma >= MIN_CURRENT_MA and self.now_ms < s.permit_until_ms
            assert live == (self.now_ms < self.until_ms)
            assert live or s.grace_until_ms <= self.until_ms + GRACE_MS + 6_100
            assert live or self.now_ms < s.grace_until_ms


def start(*, charging):
    watched = Watched()
    watched.give(LockAsked(True))
    for event in ("A", "B", *(("permit", "B", "C") if charging else ())):
        watched.event(EVENTS[event])
    if charging:
        watched.event(EVENTS["C"])
        assert watched.core.state.drive.contactor_on
    return watched


@pytest.mark.parametrize("charging", [True, False])
def test_no_sequence_of_four_events_leaves_power_on_where_a_reason_is_missing(charging):
    seen = {"sequences": 0, "on": 0}

    def search(watched, depth):
        for event in EVENTS.values():
            then = deepcopy(watched)
            then.event(event)
            seen["sequences"] += 1
            seen["on"] += then.core.state.drive.contactor_on
            if depth > 1:
                search(then, depth - 1)

    search(start(charging=charging), LONGEST)
    print(f"{seen['sequences']:,} sequences, {seen['on']:,} of them end with power on")
    assert seen["sequences"] == sum(len(EVENTS) ** n for n in range(1, LONGEST + 1))
    assert seen["on"] > 0
