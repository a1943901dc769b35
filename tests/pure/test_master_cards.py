"""Master cards, cars that name themselves, readers of one outlet each, entries for one outlet."""

import pytest

from firmware.auth.learn import LEARN_MS
from firmware.auth.master import NEEDS_MASTER, OPEN_MS
from firmware.model.people import LearnAsked
from firmware.model.session import CardSeen, CarIdentified
from tests.pure.free_rig import Free

MASTER, CARD, OTHER = CardSeen("04aa", 1, 0), CardSeen("0a0e9b83", 1, 0), CardSeen("04bb", 1, 0)
KNOWN = "04aa/master:0a0e9b83"
ADDRESS = "001a2b3c4d5e"


def guarded(**texts):
    """A station whose reader is opened by master cards only."""
    words = {"rfid_enforce_master": "on", "local_whitelist_entries": KNOWN, **texts}
    station = Free(None, **words)
    station.plug(1)
    return station


def refused(station):
    """Return the reason of the last card that was refused."""
    card = station.core.recent.card
    return card.text if card.verdict == "refused" else None


@pytest.mark.covers("B-RFD-21", "P072")
def test_a_card_is_refused_until_a_master_card_has_opened_the_reader():
    station = guarded()
    station.tell(CARD)
    assert refused(station) == NEEDS_MASTER and station.running() is None
    assert station.led == "rejected"
    station.tell(MASTER)
    assert station.running() is None  # it starts nothing itself
    station.tell(CARD)
    assert station.running().token == "0a0e9b83"


@pytest.mark.covers("B-RFD-21")
@pytest.mark.parametrize("after_ms, starts", [(OPEN_MS - 1, True), (OPEN_MS, False)])
def test_a_master_card_opens_the_reader_for_half_a_minute(after_ms, starts):
    station = guarded()
    station.tell(MASTER)
    assert station.led == "authorizing"
    station.wait(2_000)
    assert station.led == "authorized_wait"
    station.wait(after_ms - 2_000)
    station.tell(CARD)
    assert (station.running() is not None) == starts


@pytest.mark.covers("B-RFD-21")
def test_a_charge_is_stopped_by_its_card_without_a_master_card():
    station = guarded()
    station.tell(MASTER, CARD)
    station.draw()
    station.wait(OPEN_MS)
    station.tell(CARD)
    station.open()
    assert station.stopped == ["Local"]


def test_a_master_card_shown_twice_opens_learn_mode_and_ends_it():
    station = guarded()
    station.tell(MASTER)
    station.wait(2_000)
    station.tell(MASTER)
    assert station.core.learn.state.on
    station.wait(2_000)
    station.tell(OTHER)
    station.wait(2_000)
    station.tell(MASTER)
    assert not station.core.learn.state.on
    entries = station.core.configuration.settings.texts("local_whitelist_entries")
    assert entries == ("04aa/master", "0a0e9b83", "04bb")


def test_without_the_flag_a_master_card_is_a_card_like_any_other():
    station = Free(None, local_whitelist_entries=KNOWN)
    station.plug(1)
    station.tell(MASTER)
    assert station.running().token == "04aa"


def test_free_charging_asks_for_no_master_card():
    station = Free("full_any_rfid", rfid_enforce_master="on", local_whitelist_entries=KNOWN)
    station.plug(1)
    station.tell(CARD)
    assert station.running().token == "0a0e9b83"


# -- cars that name themselves -----------------------------------------------------------------


@pytest.mark.covers("B-AUT-18")
@pytest.mark.parametrize("case, token", [("lower", ADDRESS), ("upper_reversed", ADDRESS.upper())])
def test_a_car_on_the_local_whitelist_charges_without_a_card(case, token):
    station = Free(None, local_whitelist_entries=ADDRESS, rfid_letter_case=case)
    station.plug(1)
    assert station.running() is None
    station.tell(CarIdentified(1, ADDRESS))
    assert station.running().token == token
    assert station.permit()


@pytest.mark.covers("B-AUT-18")
@pytest.mark.parametrize("entries, texts", [
    ("", {}), (f"{ADDRESS}/2", {}), (ADDRESS, {"local_whitelist_enabled": "off"}),
])  # fmt: skip
def test_any_other_car_waits_for_a_card_and_is_not_refused(entries, texts):
    station = Free(None, local_whitelist_entries=entries, **texts)
    station.plug(1)
    station.tell(CarIdentified(1, ADDRESS))
    assert station.running() is None and "Authorize" not in station.sent
    assert "rejected" not in station.patterns


@pytest.mark.covers("B-AUT-18")
def test_an_address_counts_only_while_its_car_is_there_and_no_other_has_leave():
    station = Free(None, local_whitelist_entries=f"{ADDRESS}:0a0e9b83")
    station.tell(CarIdentified(1, ADDRESS))
    station.plug(1)
    assert station.running() is None
    station.tell(CARD)
    station.tell(CarIdentified(1, ADDRESS))
    assert station.running().token == "0a0e9b83"


@pytest.mark.covers("B-RFD-07")
def test_in_learn_mode_the_address_of_a_car_is_learned_and_starts_nothing():
    station = Free(None)
    station.tell(LearnAsked(on=True))
    station.plug(1)
    station.tell(CarIdentified(1, ADDRESS), CarIdentified(1, ADDRESS))
    settings = station.core.configuration.settings
    assert settings.texts("local_whitelist_entries") == (ADDRESS,)
    assert station.running() is None
    station.wait(LEARN_MS)
    station.unplug(1)
    station.plug(1)
    station.tell(CarIdentified(1, ADDRESS))
    assert station.running().token == ADDRESS


# -- readers and entries of one outlet ---------------------------------------------------------


@pytest.mark.covers("B-RFD-09")
def test_cards_at_the_second_reader_are_learned_too():
    station = Free(None)
    station.tell(LearnAsked(on=True))
    station.tell(CardSeen("04aa", 1, 0), CardSeen("04bb", 2, 0))
    settings = station.core.configuration.settings
    assert settings.texts("local_whitelist_entries") == ("04aa", "04bb")


@pytest.mark.parametrize("readers, outlet", [(1, 1), (2, 2)])
def test_a_reader_of_its_own_serves_its_outlet(readers, outlet):
    station = Free(None, readers=readers, rfid_slave="on", local_whitelist_entries="0a0e9b83")
    station.plug(2)
    station.wait(2_000)
    station.plug(1)
    station.tell(CardSeen("0a0e9b83", 2, 0))
    assert [n for n in (1, 2) if station.running(n)] == [outlet]


def test_at_the_reader_of_the_other_outlet_a_card_stops_nothing():
    station = Free(None, readers=2, rfid_slave="on", local_whitelist_entries="0a0e9b83")
    station.plug(1)
    station.tell(CardSeen("0a0e9b83", 1, 0))
    station.draw()
    station.tell(CardSeen("0a0e9b83", 2, 0))
    assert station.core.sessions[1].state.stop is None
    station.plug(2)
    assert station.running(2).token == "0a0e9b83"  # the second car of the same driver


@pytest.mark.covers("B-RFD-11")
@pytest.mark.parametrize("plugged", [1, 2])
@pytest.mark.parametrize("first", ["card", "plug"])
def test_an_entry_for_one_outlet_starts_nothing_at_the_other(plugged, first):
    station = Free(None, local_whitelist_entries="0a0e9b83/1")
    steps = [lambda: station.tell(CARD), lambda: station.plug(plugged)]
    for step in steps if first == "card" else reversed(steps):
        step()
    started = station.running(plugged) is not None
    assert started == (plugged == 1)


@pytest.mark.covers("B-RFD-11")
def test_a_card_whose_outlet_is_taken_is_told_so():
    station = Free(None, local_whitelist_entries="0a0e9b83/1:04bb")
    station.plug(1)
    station.tell(OTHER)
    station.draw()
    station.tell(CARD)
    assert refused(station) == "its entry of the local whitelist is for outlet 1 only"
