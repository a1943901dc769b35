"""Learn mode, what happened lately, and the guided test of commissioning."""

import pytest

from firmware.auth.learn import LEARN_MS, LearnCore
from firmware.diag.commissioning import Commissioning
from firmware.diag.recent import KEPT, Recent
from firmware.model.backend import BackendLost, ClockSynced
from firmware.model.fault import Fault
from firmware.model.machine import NEVER_MS, TICK
from firmware.model.outlet import (
    CableChanged,
    ContactorMoved,
    CpChanged,
    FaultRaised,
    LockMoved,
)
from firmware.model.people import (
    CommissioningAsked,
    CommissioningConfirmed,
    GuidedPart,
    LearnAsked,
    LearningChanged,
    LightsTested,
)
from firmware.model.security import ChangeSettings
from firmware.model.session import CardSeen, MeterRead, TokenRefused
from firmware.model.settings import SettingsChanged
from firmware.model.values import CpState, Reading
from tests.pure.rigs import settings
from tests.pure.station_rig import CARD, Station

ON, OFF = LearnAsked(True), LearnAsked(False)


def card(uid="0a0e9b83"):
    return CardSeen(uid, 1, 0)


# -- learn mode ------------------------------------------------------------------------------


@pytest.mark.covers("B-RFD-05")
def test_each_new_card_is_put_on_the_list_once():
    core = LearnCore(settings(local_whitelist_entries="aa"))
    core.handle(ON, 0)
    change, told = core.handle(card(), 10)
    assert change == ChangeSettings({"local_whitelist_entries": "aa:0a0e9b83"})
    assert told == LearningChanged(True, ("0a0e9b83",), 10 + LEARN_MS)
    core.handle(SettingsChanged(settings(local_whitelist_entries="aa:0a0e9b83")), 20)
    (told,) = core.handle(card(), 30)
    assert told.learned == ("0a0e9b83",)


@pytest.mark.covers("B-RFD-05")
def test_a_card_is_learned_in_the_letter_case_of_the_station():
    core = LearnCore(settings(rfid_letter_case="upper_reversed"))
    core.handle(ON, 0)
    change, _ = core.handle(card(), 10)
    assert change == ChangeSettings({"local_whitelist_entries": "839B0E0A"})


def test_a_number_that_is_drawn_each_time_is_not_learned_and_does_not_prolong_the_learning():
    core = LearnCore(settings())
    core.handle(ON, 0)
    assert core.handle(CardSeen("08112233", 1, 0, "random"), 10) == []
    assert core.deadline_ms() == LEARN_MS


@pytest.mark.covers("B-RFD-20")
def test_where_a_proof_is_demanded_only_a_card_that_proved_itself_is_learned():
    secure = {"rfid_secure_key": "00" * 16, "rfid_secure_application": "f51cd0"}
    core = LearnCore(settings(rfid_enforce_secure="on", **secure))
    core.handle(ON, 0)
    assert core.handle(card(), 10) == []
    change, _ = core.handle(CardSeen("0a0e9b83", 1, 0, "mifare_desfire", secure=True), 20)
    assert change == ChangeSettings({"local_whitelist_entries": "0a0e9b83"})


@pytest.mark.covers("B-RFD-08")
def test_learn_mode_ends_when_asked_and_by_itself_after_two_minutes_without_a_card():
    core = LearnCore(settings())
    core.handle(ON, 0)
    core.handle(card(), 60_000)
    assert core.deadline_ms() == 60_000 + LEARN_MS
    assert core.handle(TICK, 60_000 + LEARN_MS - 1) == []
    (told,) = core.handle(TICK, 60_000 + LEARN_MS)
    assert told == LearningChanged(False, ("0a0e9b83",), NEVER_MS)
    core.handle(ON, 200_000)
    (told,) = core.handle(OFF, 200_001)
    assert (told.on, told.learned) == (False, ())


@pytest.mark.covers("B-RFD-04")
def test_in_learn_mode_a_card_starts_nothing_and_the_ring_shows_it():
    station = Station(local_whitelist_entries="")
    station.tell(CableChanged(1, 32_000, 0), CpChanged(1, CpState.B1, 0), ON)
    assert station.patterns[-1] == "learn_mode"
    station.tell(card("04aabbcc"))
    assert station.core.sessions[1].state.authority is None
    assert station.core.configuration.settings.texts("local_whitelist_entries") == ("04aabbcc",)
    station.tell(OFF, card("04aabbcc"))
    assert station.core.sessions[1].state.transaction is not None


@pytest.mark.covers("B-RFD-04")
def test_in_learn_mode_the_card_of_a_running_charge_does_not_stop_it():
    station = Station()
    station.charge()
    station.tell(ON, CARD)
    assert station.core.sessions[1].state.stop is None


@pytest.mark.covers("B-RFD-20")
def test_the_ring_shows_that_a_bare_number_was_refused_and_the_last_card_says_why():
    secure = {"rfid_secure_key": "00" * 16, "rfid_secure_application": "f51cd0"}
    station = Station(rfid_enforce_secure="on", **secure)
    station.tell(CableChanged(1, 32_000, 0), CpChanged(1, CpState.B1, 0), CARD)
    assert station.core.sessions[1].state.transaction is None
    assert station.patterns[-1] == "rejected"
    proved = CardSeen(CARD.uid, 1, station.now_ms, "mifare_desfire", secure=True)
    station.tell(proved)
    assert station.core.sessions[1].state.transaction is not None


# -- what happened lately ------------------------------------------------------------------------


def test_the_last_card_stands_with_its_verdict_and_a_sentence():
    recent = Recent(1, settings())
    recent.handle(ClockSynced(1_000_000, "test"), 0)
    recent.handle(card(), 5)
    recent.handle(TokenRefused("0a0e9b83", "the back end answered Invalid"), 6)
    assert (recent.card.verdict, recent.card.text) == ("refused", "the back end answered Invalid")
    assert recent.card.at.utc_ms == 1_000_006
    assert [e.text for e in recent.events] == ["0a0e9b83: the back end answered Invalid"]


def test_a_line_that_stays_away_is_told_once():
    recent = Recent(1, settings())
    for at_ms in range(5):
        recent.handle(BackendLost(at_ms, "refused"), at_ms)
    recent.handle(BackendLost(9, "another reason"), 9)
    assert [e.text for e in recent.events] == ["not connected: refused",
                                               "not connected: another reason"]  # fmt: skip


def test_what_happened_is_bounded():
    recent = Recent(1, settings())
    for n in range(KEPT + 50):
        recent.handle(ContactorMoved(1, n % 2 == 0, "permit", n), n)
    assert len(recent.events) == KEPT


# -- the guided test ------------------------------------------------------------------------------


def state(core, part, outlet=0):
    return next((s.state, s.seen) for s in core.state.steps if (s.part, s.outlet) == (part, outlet))


def begun():
    core = Commissioning([1, 2])
    assert core.handle(CommissioningAsked(True), 0) == [LightsTested()]
    return core


def test_the_guided_test_goes_through_every_part_of_every_outlet():
    core = begun()
    assert [(s.part.value, s.outlet) for s in core.state.steps] == [
        ("led", 0), ("reader", 0),
        *((part, n) for n in (1, 2) for part in ("lock", "contactor", "residual", "meter")),
    ]  # fmt: skip
    assert {s.state for s in core.state.steps} == {"waiting"}


@pytest.mark.parametrize("part, outlet, facts", [
    (GuidedPart.LED, 0, [CommissioningConfirmed(GuidedPart.LED, True)]),
    (GuidedPart.READER, 0, [card()]),
    (GuidedPart.LOCK, 1, [LockMoved(1, True, 0), LockMoved(1, False, 0)]),
    (GuidedPart.CONTACTOR, 2, [ContactorMoved(2, True, "", 0), ContactorMoved(2, False, "", 0)]),
    (GuidedPart.RESIDUAL, 2, [ContactorMoved(2, True, "", 0)]),
    (GuidedPart.METER, 1, [MeterRead(1, Reading(5, 0, (0, 0, 0), 0)),
                           ContactorMoved(1, True, "", 0),
                           MeterRead(1, Reading(6, 0, (0, 0, 0), 0))]),
])  # fmt: skip
def test_a_part_passes_when_the_station_saw_it_work(part, outlet, facts):
    core = begun()
    for fact in facts[:-1]:
        core.handle(fact, 1)
        assert state(core, part, outlet)[0] == "waiting"
    core.handle(facts[-1], 1)
    assert state(core, part, outlet)[0] == "passed"


@pytest.mark.covers("B-DIA-07")
@pytest.mark.parametrize("fault, part", [
    (Fault.LOCK_FAILED, GuidedPart.LOCK), (Fault.CONTACTOR_WELDED, GuidedPart.CONTACTOR),
    (Fault.RESIDUAL_TEST, GuidedPart.RESIDUAL), (Fault.METER, GuidedPart.METER),
])  # fmt: skip
def test_a_part_fails_with_what_to_do_when_its_fault_comes(fault, part):
    core = begun()
    core.handle(FaultRaised(1, fault, 0), 1)
    assert state(core, part, 1) == (
        "failed",
        f"{fault.row.id}: {fault.row.raised}. {fault.row.advice}",
    )


def test_what_a_person_did_not_see_has_failed():
    core = begun()
    core.handle(CommissioningConfirmed(GuidedPart.LED, False), 1)
    assert state(core, GuidedPart.LED)[0] == "failed"


def test_nothing_is_noted_before_the_test_and_after_it():
    core = Commissioning([1])
    core.handle(card(), 0)
    assert core.state.steps == []
    core = begun()
    core.handle(CommissioningAsked(False), 1)
    core.handle(card(), 2)
    assert state(core, GuidedPart.READER)[0] == "waiting"
