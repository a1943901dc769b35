"""The station's thread of a card reader: what it asks of a card, and what it tells of one."""

import asyncio

import pytest

from firmware.apps.devices import card_key, reader
from firmware.model.session import CardSeen
from hal.drivers.pn532 import Pn532Reader
from hal.ports import CardKey
from tests.pure.rigs import settings
from tools.played.desfire import BENCH_APPLICATION, BENCH_KEY, DesfireCard
from tools.played.pn532 import Card, EmulatedPn532

SECURE = {
    "rfid_enforce_secure": "on",
    "rfid_secure_key": BENCH_KEY.hex().upper(),
    "rfid_secure_application": f"{BENCH_APPLICATION:06X}",
    "rfid_secure_file": "3",
    "rfid_secure_key_number": "2",
}
CARDS = {
    "bare": (Card("0a0e9b83"), ("0a0e9b83", "mifare_classic", False)),
    "phone": (Card("08123456"), ("08123456", "random", False)),
    "proved": (
        DesfireCard("04a1b2c3d4e5f6", number=bytes.fromhex("0a0e9b83"), file=3, key_number=2),
        ("0a0e9b83", "mifare_desfire", True),
    ),
}


def test_the_parameters_become_the_key_that_cards_have_to_hold():
    assert card_key(settings(**SECURE)) == CardKey(BENCH_APPLICATION, 2, BENCH_KEY, 3)
    assert card_key(settings(**{**SECURE, "rfid_enforce_secure": "off"})) is None


@pytest.mark.covers("B-RFD-20")
@pytest.mark.parametrize("which", CARDS)
def test_the_station_is_told_what_a_card_is_and_whether_it_proved_itself(tmp_path, which):
    card, told = CARDS[which]
    chip = EmulatedPn532(tmp_path / "ttyAMA0")
    port = Pn532Reader(str(chip.path), 1)
    port.demand(card_key(settings(**SECURE)))
    chip.card = card

    async def first():
        facts = asyncio.Queue()
        thread = reader(1, port, facts.put_nowait, asyncio.get_running_loop())
        thread.start()
        while not isinstance(fact := await asyncio.wait_for(facts.get(), 30), CardSeen):
            pass
        thread.finish()
        await asyncio.to_thread(port.close)
        await asyncio.to_thread(thread.join)
        return fact

    seen = asyncio.run(first())
    assert (seen.uid, seen.kind, seen.secure) == told
    chip.unplug()
