"""Who may charge: the order of the lists, what is remembered and for how long, and doubt."""

import pytest

from firmware.auth.core import CACHE_MAX, OPEN_MAX, TOKENS_MAX, AuthCore
from firmware.auth.lists import CACHE_END_UTC_MS, YEAR_MS, live, on_local_list
from firmware.model.backend import (
    Answer,
    AskBackend,
    BackendAnswered,
    BackendLost,
    BackendReady,
    CacheClearRequested,
    ClockSynced,
)
from firmware.model.session import (
    StartSource,
    TokenAsked,
    TokenJudged,
    TokenPresented,
    Transaction,
    TransactionBegan,
    TransactionConfirmed,
    TransactionEnded,
)
from firmware.model.settings import SettingsChanged
from firmware.model.storage import ClearCache, PutCache
from firmware.model.values import Stamp, TokenInfo, Verdict
from tests.pure.rigs import settings

CARD, REMOTE = StartSource.CARD, StartSource.REMOTE
NOON_MS = 1_769_860_800_000
GOOD = TokenInfo(Verdict.ACCEPTED, "P", CACHE_END_UTC_MS)
CACHE = {"t": GOOD}


def auth(*facts, cache=None, online=True, **texts):
    made = AuthCore(settings(**texts), 7, cache or {})
    for fact in (*([BackendReady(0)] if online else []), *facts):
        list(made.handle(fact, 0))
    return made


def present(made, token="T", outlet=None, source=CARD, now_ms=0):
    return list(made.handle(TokenPresented(token, outlet, source), now_ms))


def verdict(wishes):
    """Return the sentence of the only judgement, and whether it accepts."""
    (judged,) = [wish for wish in wishes if isinstance(wish, TokenJudged)]
    return judged.accepted, judged.reason


ASKED = [TokenAsked("T"), AskBackend("T")]
LOCAL = (True, "on the local whitelist")
CACHED = (True, "accepted by the back end before (cache)")
AWAY_CACHED = (True, "back end away, accepted before (cache)")
DOUBT = (True, "back end away, if_in_doubt_allow_charging is on")
AWAY = (
    False,
    (
        "the back end is away and no list knows it; "
        "if_in_doubt_allow_charging or the local whitelist would change that"
    ),
)


# -- the order -------------------------------------------------------------------------------


@pytest.mark.covers("B-AUT-02", "B-AUT-03")
@pytest.mark.parametrize("online", [True, False])
def test_the_local_whitelist_comes_first_and_asks_nobody(online):
    bad = {"t": TokenInfo(Verdict.BLOCKED)}
    made = auth(cache=bad, online=online, local_whitelist_entries="T")
    assert verdict(present(made)) == LOCAL
    assert made.open == {}


@pytest.mark.covers("B-AUT-02", "B-AUT-04")
def test_what_the_back_end_accepted_before_comes_second():
    wishes = present(auth(cache=CACHE))
    assert verdict(wishes) == CACHED
    assert wishes[0].parent == "P"


@pytest.mark.covers("B-AUT-02", "B-AUT-05", "B-AUT-06")
@pytest.mark.parametrize(
    "cache, texts",
    [
        (CACHE, {"local_pre_authorize": "off"}),
        (CACHE, {"ocpp_whitelist_enabled": "off"}),
        ({"t": TokenInfo(Verdict.BLOCKED)}, {}),
        ({}, {"local_whitelist_enabled": "off", "local_whitelist_entries": "T"}),
        ({}, {}),
    ],
)
def test_else_the_back_end_is_asked(cache, texts):
    assert present(auth(cache=cache, **texts)) == ASKED


@pytest.mark.covers("B-AUT-12")
@pytest.mark.parametrize("doubt", ["off", "on", "immediate_plug_in"])
@pytest.mark.parametrize("word", list(Verdict))
def test_an_answer_decides_whatever_is_done_in_doubt(word, doubt):
    made = auth(if_in_doubt_allow_charging=doubt, ocpp_whitelist_enabled="off")
    present(made)
    wishes = list(made.handle(BackendAnswered("T", TokenInfo(word, "Q")), 0))
    accepted = word is Verdict.ACCEPTED
    said = "the back end accepted it" if accepted else f"the back end answered {word.value}"
    assert wishes == [TokenJudged("T", None, CARD, accepted, "Q" if accepted else None, said)]


OFFLINE = [
    (CACHE, {"local_pre_authorize": "off"}, AWAY_CACHED),
    (CACHE, {"local_pre_authorize": "off", "local_authorize_offline": "off"}, AWAY),
    (CACHE, {"ocpp_whitelist_enabled": "off"}, AWAY),
    ({}, {}, AWAY),
    ({}, {"if_in_doubt_allow_charging": "on"}, DOUBT),
    ({}, {"if_in_doubt_allow_charging": "immediate_plug_in"}, DOUBT),
]


@pytest.mark.covers("B-AUT-07", "B-AUT-08", "B-AUT-09", "B-AUT-10")
@pytest.mark.parametrize("cache, texts, expected", OFFLINE)
def test_without_the_back_end_the_lists_and_the_doubt_rule_decide(cache, texts, expected):
    assert verdict(present(auth(cache=cache, online=False, **texts))) == expected


@pytest.mark.covers("B-AUT-07", "B-AUT-08", "B-AUT-09", "B-AUT-10")
@pytest.mark.parametrize("cache, texts, expected", OFFLINE)
def test_no_answer_is_judged_like_no_back_end(cache, texts, expected):
    made = auth(cache=cache, **texts)
    assert present(made) == ASKED
    assert verdict(made.handle(BackendAnswered("T", None), 0)) == expected


@pytest.mark.parametrize("fact, online", [(BackendLost(0, "gone"), False), (BackendReady(0), True)])
def test_online_is_what_the_line_last_told(fact, online):
    assert (present(auth(fact, online=not online)) == ASKED) is online


# -- remote start ----------------------------------------------------------------------------


@pytest.mark.covers("B-OCP-35", "B-OCP-36")
@pytest.mark.parametrize("flag", ["on", "off"])
def test_a_remote_start_is_authorised_only_if_the_setting_says_so(flag):
    made = auth(send_authorize_for_remote_start=flag)
    wishes = present(made, outlet=2, source=REMOTE)
    said = "remote start, send_authorize_for_remote_start is off"
    judged = [TokenJudged("T", 2, REMOTE, True, None, said, guess=True)]
    assert wishes == (ASKED if flag == "on" else judged)


@pytest.mark.covers("B-OCP-35")
def test_a_remote_start_goes_through_the_lists():
    made = auth(local_whitelist_entries="T")
    assert verdict(present(made, outlet=1, source=REMOTE)) == LOCAL


# -- the local list --------------------------------------------------------------------------


@pytest.mark.covers("B-RFD-10", "B-RFD-11")
@pytest.mark.parametrize(
    "entry, outlets",
    [
        ("0a0e9b83", {None, 1, 2}), ("0a0e9b83/1", {None, 1}), ("0a0e9b83/2", {None, 2}),
        ("0a0e9b83/1/2", {None, 1, 2}), ("0A0E9B83", {None, 1, 2}), ("0a0e9b8", set()),
        ("0a0e9b833", set()),
    ],
)  # fmt: skip
def test_an_entry_is_for_all_outlets_or_for_those_it_names(entry, outlets):
    entries = ("other", entry)
    found = {n for n in (None, 1, 2) if on_local_list(entries, "0a0e9b83", n)}
    assert found == outlets


def test_an_empty_list_knows_nobody():
    assert not on_local_list((), "", None)


# -- what is remembered ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "info, utc_ms, lives",
    [
        (TokenInfo(Verdict.ACCEPTED), NOON_MS, True),
        (TokenInfo(Verdict.ACCEPTED, None, NOON_MS + 1), NOON_MS, True),
        (TokenInfo(Verdict.ACCEPTED, None, NOON_MS), NOON_MS, False),
        (TokenInfo(Verdict.ACCEPTED, None, NOON_MS), None, True),
        (TokenInfo(Verdict.BLOCKED), NOON_MS, False),
        (TokenInfo(Verdict.EXPIRED), None, False),
    ],
)
def test_a_kept_verdict_lives_until_its_date(info, utc_ms, lives):
    assert live(info, utc_ms) is lives


@pytest.mark.covers("B-AUT-04")
def test_an_expired_entry_is_asked_again():
    cache = {"t": TokenInfo(Verdict.ACCEPTED, None, NOON_MS + 1_000)}
    made = auth(ClockSynced(NOON_MS, "ntp"), cache=cache)
    assert verdict(present(made, now_ms=999)) == CACHED
    assert present(made, now_ms=1_000) == ASKED


@pytest.mark.covers("B-RFD-14", "B-RFD-15", "B-RFD-16", "B-RFD-17")
@pytest.mark.parametrize(
    "mode, synced, given_ms, kept_ms",
    [
        ("end_of_epoch_2038", True, None, CACHE_END_UTC_MS),
        ("one_year", True, None, NOON_MS + 500 + YEAR_MS),
        ("one_year", False, None, CACHE_END_UTC_MS),
        ("end_of_epoch_2038", True, NOON_MS + 9, NOON_MS + 9),
        ("one_year", True, NOON_MS + 9, NOON_MS + 9),
    ],
)
def test_a_verdict_is_kept_until_its_own_date_or_that_of_the_setting(
    mode, synced, given_ms, kept_ms
):
    time = [ClockSynced(NOON_MS, "ntp")] if synced else []
    made = auth(*time, ocpp_whitelist_expiry_mode=mode)
    present(made)
    info = TokenInfo(Verdict.ACCEPTED, "Q", given_ms)
    put, judged = made.handle(BackendAnswered("T", info), 500)
    assert put == PutCache("t", TokenInfo(Verdict.ACCEPTED, "Q", kept_ms))
    assert judged.accepted


def began(number=1, token="T"):
    stamp = Stamp(7, 0, None)
    return TransactionBegan(Transaction(f"7-1-{number}", 1, token, stamp, 0, 0, stamp))


@pytest.mark.covers("B-RFD-14")
@pytest.mark.parametrize("word", [Verdict.ACCEPTED, Verdict.INVALID])
def test_the_answer_to_a_start_is_remembered_for_its_token(word):
    made = auth(began(), TransactionEnded(began().transaction))
    info = TokenInfo(word, None, NOON_MS)
    wishes = list(made.handle(TransactionConfirmed("7-1-1", 1, 5, info), 0))
    assert wishes == [PutCache("t", info)]


def test_starts_that_are_never_answered_do_not_fill_the_memory():
    made = auth(*(began(n) for n in range(TOKENS_MAX + 10)))
    assert list(made.tokens) == [f"7-1-{n}" for n in range(10, TOKENS_MAX + 10)]


def test_a_transaction_that_was_answered_and_ended_is_forgotten():
    fact = began()
    made = auth(fact, TransactionConfirmed("7-1-1", 1, 5, GOOD))
    list(made.handle(TransactionEnded(fact.transaction), 0))
    assert made.tokens == {}


def test_the_cache_is_bounded_and_the_oldest_goes_first():
    made = auth()
    for number in range(CACHE_MAX + 1):
        present(made, f"T{number}")
        list(made.handle(BackendAnswered(f"T{number}", GOOD), 0))
    assert len(made.cache) == CACHE_MAX
    assert next(iter(made.cache)) == "t1"


@pytest.mark.parametrize("flag, status", [("on", "Accepted"), ("off", "Rejected")])
def test_the_cache_is_cleared_where_there_is_one(flag, status):
    made = auth(cache=CACHE, ocpp_whitelist_enabled=flag)
    wishes = list(made.handle(CacheClearRequested("c"), 0))
    assert wishes == [*([ClearCache()] if flag == "on" else []), Answer("c", status)]
    list(made.handle(SettingsChanged(settings()), 0))
    assert (present(made) == ASKED) is (flag == "on")


# -- questions -------------------------------------------------------------------------------


def test_one_question_a_token_is_open_at_a_time_in_any_case():
    made = auth()
    assert present(made, "T") == ASKED
    assert present(made, "t") == []


def test_no_more_than_sixteen_questions_are_open():
    made = auth()
    for number in range(OPEN_MAX + 5):
        present(made, f"T{number}")
    assert len(made.open) == OPEN_MAX


def test_an_answer_that_nobody_asked_for_is_nothing():
    made = auth()
    assert list(made.handle(BackendAnswered("T", GOOD), 0)) == []
    assert made.cache == {}
