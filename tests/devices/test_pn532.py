"""The driver of a PN532 reader, through nfcpy, against a chip on a pseudo terminal."""

import queue
import threading
import time
from pathlib import Path

import pytest

from hal.drivers.pn532 import (
    CLOSE_MS,
    OPEN_MS,
    SENSE_MS,
    Line,
    Pn532Reader,
    Presence,
    back_off_ms,
    device_path,
)
from hal.ports import HardwareSilent
from tools.played.pn532 import ACK, FAULTS, Card

CARD = Card("04a1b2c3d4e5f6")
BUSY_MS = 1_000  # what a loaded machine may add to a deadline


@pytest.fixture
def reader(chip):
    reader = Pn532Reader(str(chip.path), 2)
    yield reader
    reader.close()


def descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


def look(reader, late=None):
    """Look once; a chip without a turn on a loaded machine for 100 ms is looked at again."""
    for _ in range(20):
        try:
            return reader.poll(0)
        except HardwareSilent:
            if late is not None:
                late.append(reader)
            reader._ending.wait(0.1)
    raise AssertionError("the reader does not come back")


def uids(reader, looks=1, late=None):
    cards = [look(reader, late) for _ in range(looks)]
    return [card.uid for card in cards if card is not None]


def silence_ms(reader, wait_ms=0):
    since_s = time.monotonic()
    with pytest.raises(HardwareSilent):
        reader.poll(wait_ms)
    return 1_000 * (time.monotonic() - since_s)


@pytest.mark.parametrize(
    "uid, kind",
    [
        ("0a0e9b83", "mifare_classic"),
        ("04a1b2c3d4e5f6", "mifare_classic"),
        ("04112233445566778899", "mifare_classic"),
        ("08112233", "random"),
        ("08112233445566", "mifare_classic"),
    ],
)
def test_an_identifier_is_read_in_the_order_in_which_it_was_sent(chip, reader, uid, kind):
    chip.card = Card(uid)
    card = look(reader)
    assert (card.uid, card.kind, card.reader) == (uid, kind, 2)
    assert 0 <= time.monotonic() * 1_000 - card.at_ms < BUSY_MS


def test_a_card_that_stays_is_read_once(chip, reader):
    chip.card = CARD
    assert uids(reader, looks=5) == [CARD.uid]


def test_a_card_that_the_field_missed_once_is_still_the_same(chip, reader):
    chip.card = CARD
    assert uids(reader) == [CARD.uid]
    chip.card = None
    assert uids(reader) == []
    chip.card = CARD
    assert uids(reader) == []


def test_a_card_that_was_taken_away_is_new_when_it_returns(chip, reader):
    chip.card = CARD
    assert uids(reader) == [CARD.uid]
    chip.card = None
    assert uids(reader, looks=2) == []
    chip.card = CARD
    assert uids(reader) == [CARD.uid]


def test_a_second_card_straight_after_the_first_is_read(chip, reader):
    chip.card = CARD
    assert uids(reader) == [CARD.uid]
    chip.card = Card("0a0e9b83")
    assert uids(reader, looks=2) == ["0a0e9b83"]


def test_a_phone_that_changes_its_identifier_is_one_presentation(chip, reader):
    chip.card = Card("", random=True)
    assert uids(reader, looks=5) == ["08000001"]
    assert chip.draws == 5


def test_a_poll_waits_for_a_card_no_longer_than_it_was_told(reader):
    since_s = time.monotonic()
    assert reader.poll(150) is None
    assert 140 <= 1_000 * (time.monotonic() - since_s) < 150 + BUSY_MS


def test_nothing_is_opened_before_the_first_poll(tmp_path):
    reader = Pn532Reader(str(tmp_path / "nowhere"), 1)
    with pytest.raises(HardwareSilent, match=r"reader 1 at .*nowhere: no answer to opening"):
        reader.poll(0)
    reader.close()


@pytest.mark.parametrize("fault", FAULTS)
def test_one_spoiled_answer_is_asked_again_and_told_to_nobody(chip, reader, fault):
    look(reader)
    opened = chip.opened
    chip.card = CARD
    chip.fail(fault)
    card = reader.poll(0) or reader.poll(0)
    assert (card.uid, chip.opened) == (CARD.uid, opened)


def test_after_each_of_twenty_failures_the_reader_is_back_and_nothing_has_leaked(chip, reader):
    look(reader)
    before, late = descriptors(), []
    for number in range(20):
        chip.card = Card(f"04a1b2c3d4e5{number:02x}")
        fault = ("checksum", "foreign", "error", "length")[number % 4]
        chip.fail(fault, fault, fault)
        with pytest.raises(HardwareSilent, match="reader 2 at .* no answer to a look for cards"):
            reader.poll(0)
        chip.faults.clear()
        assert uids(reader, late=late) == [chip.card.uid]
    assert len(late) <= 2  # back at the next call
    assert descriptors() == before


@pytest.mark.parametrize("fault", ["garbage", "mute", "half"])
def test_a_reader_that_does_not_end_its_answers_is_back_too(chip, reader, fault):
    look(reader)
    chip.fail(fault, fault, fault)
    assert silence_ms(reader) < SENSE_MS + CLOSE_MS + BUSY_MS
    chip.card = CARD
    assert uids(reader) == [CARD.uid]


def test_an_answer_that_the_library_trips_over_is_silence_not_the_end(chip, reader):
    look(reader)
    chip.card = CARD
    chip.fail("", "truncated", "", "truncated")  # of the field, then of the list of cards
    with pytest.raises(HardwareSilent, match="index out of range"):
        reader.poll(0)
    assert uids(reader) == [CARD.uid]


def test_a_dead_reader_is_told_within_its_deadline_each_time_and_comes_back(chip, reader):
    chip.silent = True
    before = descriptors()
    assert silence_ms(reader) < OPEN_MS + BUSY_MS
    assert silence_ms(reader) < OPEN_MS + BUSY_MS
    assert descriptors() == before
    chip.silent = False
    chip.card = CARD
    assert uids(reader) == [CARD.uid]


def test_a_reader_that_babbles_for_ever_meets_the_deadline(chip, reader):
    look(reader)
    chip.babbling = True
    assert silence_ms(reader) < SENSE_MS + CLOSE_MS + BUSY_MS
    chip.babbling = False
    chip.card = CARD
    assert uids(reader) == [CARD.uid]


def test_after_its_deadline_an_exchange_ends_whatever_lies_there(chip):
    line = Line(str(chip.path))
    chip.babble()
    assert line.read(100) == ACK
    line.allow(0)
    with pytest.raises(OSError, match="0 of 6 bytes"):
        line.read(100)
    line.close()


def test_while_it_backs_off_the_port_is_left_alone(chip, reader):
    chip.silent = True
    silence_ms(reader)
    silence_ms(reader)
    asked = len(chip.commands)
    with pytest.raises(HardwareSilent, match="tried again in"):
        reader.poll(0)
    assert len(chip.commands) == asked


def test_a_port_that_goes_away_and_returns_is_opened_again(chip, reader):
    chip.card = CARD
    assert uids(reader) == [CARD.uid]
    before = descriptors()
    chip.unplug()
    silence_ms(reader)
    chip.plug()
    assert uids(reader, looks=2) == []  # it lay there all the time
    chip.card = Card("0a0e9b83")
    assert uids(reader) == ["0a0e9b83"]
    assert descriptors() == before


def test_a_chip_left_at_a_high_speed_by_a_killed_process_is_found(chip, reader):
    chip.speed_bd, chip.asleep = 921_600, False
    chip.card = CARD
    assert uids(reader) == [CARD.uid]


def test_a_chip_that_lost_its_power_is_initialised_again(chip, reader):
    look(reader)
    assert chip.speed_bd == 921_600
    chip.restart()
    silence_ms(reader)
    chip.card = CARD
    assert uids(reader) == [CARD.uid]


def test_closing_puts_the_chip_to_sleep_at_its_first_speed_and_leaks_nothing(chip):
    before = descriptors()
    reader = Pn532Reader(str(chip.path), 1)
    look(reader)
    reader.close()
    reader.close()
    assert (chip.asleep, chip.speed_bd) == (True, 115_200)
    assert descriptors() == before
    with pytest.raises(HardwareSilent, match="closed"):
        reader.poll(0)


def test_closing_a_line_closes_its_port_though_somebody_keeps_it(chip):
    line = Line(str(chip.path))
    port = line.tty
    line.close()
    assert not port.is_open


def test_closing_ends_a_poll_that_waits_in_another_thread(reader):
    ended = queue.Queue()

    def look():
        try:
            ended.put(reader.poll(60_000))
        except HardwareSilent as silence:
            ended.put(str(silence))

    threading.Thread(target=look, daemon=True).start()
    reader.close()
    assert ended.get(timeout=5).endswith("closed")


def test_two_readers_do_not_talk_over_one_port(chip, reader):
    look(reader)
    other = Pn532Reader(str(chip.path), 3)
    silence_ms(other)
    chip.card = CARD
    assert uids(reader) == [CARD.uid]
    other.close()


@pytest.mark.parametrize(
    "failures, wait_ms",
    [(0, 0), (1, 250), (2, 500), (3, 1_000), (4, 2_000), (5, 5_000), (99, 5_000)],
)
def test_the_pause_between_openings_grows_to_five_seconds(failures, wait_ms):
    assert back_off_ms(failures) == wait_ms


@pytest.mark.parametrize(
    "seen, new",
    [
        (["a1", "a1", "", "a1"], ["a1"]),
        (["a1", "", "", "a1"], ["a1", "a1"]),
        (["a1", "b2", "a1"], ["a1", "b2", "a1"]),
        (["08000001", "08000002", "", "08000003"], ["08000001"]),
        (["08000001", "", "", "08000002"], ["08000001", "08000002"]),
        (["08000001", "a1", "08000002"], ["08000001", "a1", "08000002"]),
    ],
)
def test_a_presentation_ends_after_two_looks_at_nothing(seen, new):
    presence = Presence()
    assert [uid for uid in seen if presence.new(uid)] == new


@pytest.mark.parametrize(
    "device, path",
    [
        ("tty:AMA5:pn532", "/dev/ttyAMA5"),
        ("tty:USB0:pn532", "/dev/ttyUSB0"),
        ("tty:rfid0:pn532", "/dev/rfid0"),
        ("/dev/serial/by-id/usb-1a86_USB-if00", "/dev/serial/by-id/usb-1a86_USB-if00"),
    ],
)
def test_a_reader_is_named_as_the_library_does_or_by_a_path(device, path):
    assert device_path(device) == path


@pytest.mark.parametrize("device", ["", "ttyAMA5", "/dev/tty; reboot", "/dev/$(id)", "usb:1:2"])
def test_what_is_no_reader_is_refused_before_a_shell_sees_it(device):
    with pytest.raises(ValueError, match="is no reader"):
        Pn532Reader(device, 1)
