"""The residual current sensor (RCMB) of an outlet: its self-test, and when a trip is over.

The test runs only with open contacts, before any closing if the last good one is older than a
day, and after each session. A verdict counts only if it was seen to be absent since the test
began, so that an old one is never taken for a new one. What a test makes on the fault output
the driver keeps to itself: a trip that is seen here is a trip.
"""

from __future__ import annotations

from firmware.model.machine import NEVER_MS
from firmware.pilot.facts import Traits
from firmware.pilot.state import PilotState
from hal.ports import OutletSample

TEST_LIMIT_MS = 8_000  # the slowest module takes 6.6 s  [Bender RCMB102 p.14]
TEST_AGAIN_MS = 60_000  # after a bad verdict, or none
TEST_VALID_MS = 24 * 3_600_000  # as Tinkerforge: every day and after every session


def ready(s: PilotState, traits: Traits, now_ms: int) -> bool:
    """Tell whether the sensor was tested well, lately, and no test is going on."""
    if not traits.residual:
        return True
    tested = s.tested_ms is not None and now_ms < s.tested_ms + TEST_VALID_MS
    return tested and s.testing_ms is None and not s.test_failed


def step(s: PilotState, traits: Traits, sample: OutletSample, now_ms: int) -> int:
    """Begin, judge or break off a test; return when to look again."""
    if not traits.residual:
        return NEVER_MS
    closed = s.drive.contactor_on or s.contacts_closed
    s.test_owed = s.test_owed or closed
    if closed or not s.fresh or sample.residual_tripped:
        s.testing_ms = None
        return NEVER_MS
    if s.testing_ms is None:
        due_ms = _due_ms(s)
        if now_ms < due_ms:
            return due_ms
        s.testing_ms, s.test_blank = now_ms, False
        return now_ms + TEST_LIMIT_MS
    s.test_blank = s.test_blank or sample.residual_test_ok is None
    verdict = sample.residual_test_ok if s.test_blank else None
    limit_ms = s.testing_ms + TEST_LIMIT_MS
    if verdict is None and now_ms < limit_ms:
        return limit_ms
    s.testing_ms = None
    s.test_failed = verdict is not True
    if s.test_failed:
        s.retest_ms = now_ms + TEST_AGAIN_MS
    else:
        s.tested_ms, s.test_owed = now_ms, False
    return _due_ms(s)


def _due_ms(s: PilotState) -> int:
    """When the next test is to begin."""
    if s.test_failed:
        return s.retest_ms
    if s.tested_ms is None or (s.test_owed and s.settled == "A"):
        return 0
    return s.tested_ms + TEST_VALID_MS
