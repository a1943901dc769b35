"""Who is signed in, for how long, and who has to wait after wrong passwords."""

import pytest

from firmware.config.param import Role
from firmware.web import accounts as a
from firmware.web.passwords import too_weak


def signed(user="operator", at_ms=0):
    return a.Session(user, a.USERS[user], "csrf", at_ms, at_ms, must_change=False, local=False)


@pytest.mark.covers("B-ACC-06")
def test_after_five_failures_a_source_waits_and_others_do_not():
    accounts = a.Accounts()
    waits = []
    for n in range(7):
        waits.append(accounts.wait_ms("1.2.3.4", n))
        accounts.failed("1.2.3.4", n)
    assert waits[:5] == [0] * 5
    assert waits[5] == a.FIRST_WAIT_MS - 1
    assert accounts.wait_ms("5.6.7.8", 7) == 0
    assert accounts.wait_ms("1.2.3.4", 6 + 4 * a.FIRST_WAIT_MS) == 0


@pytest.mark.covers("B-ACC-06")
def test_the_wait_doubles_and_is_never_longer_than_a_quarter_of_an_hour():
    accounts, now_ms, waits = a.Accounts(), 0, []
    for _ in range(14):
        accounts.failed("x", now_ms)
        waits.append(accounts.wait_ms("x", now_ms))
        now_ms += waits[-1]
    assert waits[4:8] == [30_000, 60_000, 120_000, 240_000]
    assert max(waits) == a.LONGEST_WAIT_MS


@pytest.mark.covers("B-ACC-06")
def test_failures_that_lie_far_apart_never_make_anybody_wait():
    accounts = a.Accounts()
    for n in range(20):
        accounts.failed("x", n * a.LONGEST_WAIT_MS)
    assert accounts.wait_ms("x", 20 * a.LONGEST_WAIT_MS) == 0


def test_a_right_password_lets_its_source_start_over():
    accounts = a.Accounts()
    for n in range(4):
        accounts.failed("x", n)
    accounts.succeeded("x")
    accounts.failed("x", 5)
    assert accounts.wait_ms("x", 6) == 0


def test_many_sources_together_have_to_wait_as_well():
    accounts = a.Accounts()
    for n in range(a.ALL_TRIES):
        accounts.failed(f"10.0.0.{n}", n)
    assert accounts.wait_ms("10.9.9.9", a.ALL_TRIES) == a.ALL_WAIT_MS - 1
    assert accounts.wait_ms("10.9.9.9", a.WINDOW_MS + 1) == 0


def test_the_table_of_sources_is_bounded():
    accounts = a.Accounts()
    for n in range(a.SOURCES_MAX + 500):
        accounts.failed(str(n), 0)
    assert len(accounts._sources) == a.SOURCES_MAX


@pytest.mark.parametrize("looks_ms, there", [
    ((a.IDLE_MS,), True), ((a.IDLE_MS + 1,), False),
    (tuple(range(0, a.WHOLE_MS + 1, a.IDLE_MS)), True),
    (tuple(range(0, a.WHOLE_MS + a.IDLE_MS + 1, a.IDLE_MS)), False),
])  # fmt: skip
def test_a_session_ends_when_idle_and_after_half_a_day(looks_ms, there):
    accounts = a.Accounts()
    accounts.open("t", signed())
    found = [accounts.find("t", at_ms) for at_ms in looks_ms]
    assert (found[-1] is not None) == there


def test_a_look_without_touch_does_not_keep_a_session_alive():
    accounts = a.Accounts()
    accounts.open("t", signed())
    assert accounts.find("t", a.IDLE_MS, touch=False) is not None
    assert accounts.find("t", a.IDLE_MS + 1) is None


def test_a_new_password_signs_everybody_else_of_that_user_out():
    accounts = a.Accounts()
    for token, user in (("mine", "operator"), ("other", "operator"), ("third", "installer")):
        accounts.open(token, signed(user))
    accounts.close_user("operator", but="mine")
    assert set(accounts.sessions) == {"mine", "third"}


def test_the_sessions_are_bounded_and_the_one_unseen_for_longest_goes():
    accounts = a.Accounts()
    for n in range(a.SESSIONS_MAX + 1):
        accounts.open(str(n), signed(at_ms=n))
    assert len(accounts.sessions) == a.SESSIONS_MAX
    assert accounts.find("0", a.SESSIONS_MAX) is None


@pytest.mark.parametrize("low, high, fine", [
    (Role.USER, Role.OPERATOR, True), (Role.OPERATOR, Role.USER, False),
    (Role.INSTALLER, Role.INSTALLER, True), (Role.OPERATOR, Role.MANUFACTURER, True),
])  # fmt: skip
def test_a_role_may_what_the_lower_ones_may(low, high, fine):
    assert high.may(low) == fine


@pytest.mark.parametrize("new, fine", [
    ("yellow_zone", False), ("PASSWORD1", False), ("short", False), ("aaaabbbb", False),
    ("abcde-fghij-kmnpq", False), ("green house 7", True), ("größer-als-8", True),
    ("a\nbcdefgh", False),
])  # fmt: skip
def test_a_password_that_anybody_could_guess_is_refused(new, fine):
    assert (too_weak(new, "operator", ["abcde-fghij-kmnpq"]) == "") == fine
