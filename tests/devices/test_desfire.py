"""A card that proves itself: by the published examples, and against a card that may cheat."""

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.drivers.desfire import (
    OK,
    Session,
    Unproved,
    answer_data,
    command_code,
    proved_id,
    session_of,
)
from hal.drivers.pn532 import PROOF_MS, PROOF_TRIES, SENSE_MS, Pn532Reader
from hal.ports import CardKey, HardwareSilent
from tools.played.desfire import BENCH_APPLICATION, BENCH_KEY, DesfireCard, code
from tools.played.pn532 import FAULTS, Card

KEY = CardKey(BENCH_APPLICATION, 0, BENCH_KEY, 0)
UID, NUMBER = "04a1b2c3d4e5f6", "0a0e9b83"
BUSY_MS = 1_000  # what a loaded machine may add to a deadline

# [NXP AN12196 table 14] AuthenticateEV2First with a key of zeros
OURS = bytes.fromhex("13c5db8a5930439fc3def9a4c675360f")
THEIRS = bytes.fromhex("b9e2fc789b64bf237cccaa20ec7e6e48")
FIRST = bytes.fromhex("a04c124213c186f22399d33ac2a3021591af")
BOTH = "35c3e05a752e0144bac0de51c1f22c56b34408a23d8aea266cab947ea8e0118d"
SECOND = bytes.fromhex("3fa64db5446d1f34cd6ea311167f5e4985b89690c04a05f17fa7ab2f081206639100")
ENC, MAC = "1309c877509e5a215007ff0ed19ca564", "4c6626f5e72ea694202139295c7a7fc7"
# [NXP AN12196 table 28] a command and its enciphered answer, of another session
READ = Session(
    bytes.fromhex("2b4d963c014dc36f24f69a50a394f875"),
    bytes.fromhex("379d32130ce61705dd5fd8c36b95d764"),
    bytes.fromhex("df055522"),
)
ANSWER = bytes.fromhex("70756055688505b52a5e26e59e329cd6595f672298ea41b7")


def card(**changes):
    """Return a card with the key and the number, or with something else."""
    return DesfireCard(UID, **{"number": bytes.fromhex(NUMBER), **changes})


def proved(a_card, key=KEY, challenge=bytes(16)):
    """Let a card prove itself without a reader in between."""
    a_card.unpowered()
    return proved_id(lambda apdu: a_card.answer(b"\x02" + apdu)[1:], key, challenge).hex()


# -- published examples ----------------------------------------------------------------------


@pytest.mark.covers("B-RFD-20")
def test_the_published_authentication_is_spoken_byte_for_byte():
    sent, answers = [], [b"\x91\x00", FIRST, SECOND, b"\x91\xf0"]

    def exchange(apdu):
        sent.append(apdu.hex())
        return answers[len(sent) - 1]

    with pytest.raises(Unproved, match="no such file"):
        proved_id(exchange, CardKey(0xF51CD0, 0, bytes(16), 2), OURS)
    assert sent[:3] == ["905a000003d01cf500", "9071000002000000", f"90af000020{BOTH}00"]
    header = "02000000000000"
    session = Session(bytes.fromhex(ENC), bytes.fromhex(MAC), bytes.fromhex("9d00c4df"))
    mac = command_code(session, 0xBD, 0, bytes.fromhex(header)).hex()
    assert sent[3] == f"90bd00000f{header}{mac}00"


def test_the_keys_of_a_session_are_the_published_ones():
    session = session_of(bytes(16), OURS, THEIRS, bytes.fromhex("9d00c4df"))
    assert (session.enc_key.hex(), session.mac_key.hex()) == (ENC, MAC)


def test_the_codes_and_the_plain_data_of_a_command_are_the_published_ones():
    assert command_code(READ, 0x51, 0, b"").hex() == "8e2c155adda99be3"
    assert answer_data(READ, OK, 0, ANSWER).hex() == "04958caa5c5e80"


def test_the_played_card_makes_codes_as_published_too():
    # [RFC 4493 4] three of its four examples: nothing, one block, two and a half
    key = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
    text = bytes.fromhex(
        "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411"
    )
    assert code(key, b"").hex() == "bb1d6929e95937287fa37d129b756746"
    assert code(key, text[:16]).hex() == "070a16b46b4d4144f79bdd9dd04a287c"
    assert code(key, text).hex() == "dfa66747de9ae63030ca32611497c827"


def test_the_played_card_authenticates_as_published():
    played = card(key=bytes(16))
    played.challenges = [THEIRS]
    heard = [
        played.answer(b"\x02" + bytes.fromhex(apdu))[1:]
        for apdu in ("905a000003d01cf500", "9071000002000000", f"90af000020{BOTH}00")
    ]
    assert heard == [b"\x91\x00", FIRST, SECOND]


@pytest.mark.parametrize("at", range(len(ANSWER)))
def test_an_answer_with_one_byte_changed_is_not_believed(at):
    changed = ANSWER[:at] + bytes([ANSWER[at] ^ 1]) + ANSWER[at + 1 :]
    with pytest.raises(Unproved, match="the code over its number is wrong"):
        answer_data(READ, OK, 0, changed)


@pytest.mark.parametrize("status, counter", [(0xAF, 0), (OK, 1), (OK, 65_534)])
def test_an_answer_of_another_status_or_place_is_not_believed(status, counter):
    with pytest.raises(Unproved, match="the code over its number is wrong"):
        answer_data(READ, status, counter, ANSWER)


@pytest.mark.parametrize("size", [*range(24), 25, 31, 33])
def test_an_answer_of_another_length_is_not_believed(size):
    with pytest.raises(Unproved, match="cut short"):
        answer_data(READ, OK, 0, bytes(size))


def test_what_is_secret_is_not_shown():
    shown = repr(KEY) + repr(READ)
    assert BENCH_KEY.hex() not in shown and repr(BENCH_KEY) not in shown
    assert repr(READ.enc_key) not in shown and repr(READ.mac_key) not in shown


# -- cards that may cheat -----------------------------------------------------------------------


@pytest.mark.covers("B-RFD-20")
@pytest.mark.parametrize("number", ["0a0e9b83", "04a1b2c3d4e5f6", "04112233445566778899"])
def test_a_card_with_the_key_proves_the_number_that_it_keeps(number):
    assert proved(card(number=bytes.fromhex(number))) == number


@pytest.mark.parametrize(
    "wrong, why",
    [
        ({"key": bytes(16)}, "authentication error"),
        ({"application": 0x123456}, "no such application"),
        ({"key_number": 1}, "no such key"),
        ({"file": 1}, "no such file"),
        ({"number": b"\x0a\x0e\x9b"}, "a number of 3 bytes"),
        ({"number": bytes(11)}, "a number of 11 bytes"),
        ({"number": b""}, "a number of 0 bytes"),
    ],
)
def test_a_card_of_another_kind_is_not_believed(wrong, why):
    with pytest.raises(Unproved, match=why):
        proved(card(**wrong))


def test_what_was_recorded_of_a_good_card_is_worth_nothing_against_another_challenge():
    good, recorded = card(), []
    good.spoil = lambda _command, answer: recorded.append(answer) or answer
    assert proved(good, challenge=OURS) == NUMBER

    def replay(challenge):
        answers = iter(recorded)
        return proved_id(lambda _apdu: next(answers), KEY, challenge).hex()

    assert replay(OURS) == NUMBER  # which is why no challenge is ever used twice
    with pytest.raises(Unproved, match="it does not hold the key"):
        replay(THEIRS)


def test_what_the_reader_sends_does_not_serve_a_card_as_its_own_answer():
    answers = {0x5A: lambda _: b"", 0x71: lambda _: OURS, 0xAF: lambda data: data}
    endings = {0x5A: b"\x91\x00", 0x71: b"\x91\xaf", 0xAF: b"\x91\x00"}

    def mirrored(apdu):
        return answers[apdu[1]](apdu[5:-1]) + endings[apdu[1]]

    with pytest.raises(Unproved, match="it does not hold the key"):
        proved_id(mirrored, KEY, THEIRS)


ANSWERS = st.binary(max_size=60).filter(lambda answer: answer != b"\x91\x00")


@given(step=st.sampled_from([0x5A, 0x71, 0xAF, 0xBD]), answer=ANSWERS)
def test_whatever_a_card_answers_at_any_step_it_is_believed_only_with_the_key(step, answer):
    mad = card()
    mad.spoil = lambda command, right: answer if command == step else right
    with pytest.raises(Unproved):
        proved(mad)


# -- at the reader -----------------------------------------------------------------------------


@pytest.fixture
def reader(chip):
    reader = Pn532Reader(str(chip.path), 1)
    reader.demand(KEY)
    reader.poll(0)
    yield reader
    reader.close()


def cards(reader, looks=PROOF_TRIES + 1):
    """Look so often, as the station's thread would; a look that failed is one."""
    seen = []
    for _ in range(looks):
        with contextlib.suppress(HardwareSilent):
            seen.append(reader.poll(0))
    return [card for card in seen if card is not None]


@pytest.mark.covers("B-RFD-20")
@pytest.mark.parametrize("random", [False, True])
def test_a_card_that_proves_itself_is_read_once_by_the_number_that_it_keeps(chip, reader, random):
    chip.card = card()
    chip.card.random = random  # its identifier on the air is of no importance
    (read,) = cards(reader)
    assert (read.uid, read.secure, read.kind, read.doubt) == (NUMBER, True, "mifare_desfire", "")
    assert chip.card.commands == [0x5A, 0x71, 0xAF, 0xBD]


@pytest.mark.covers("B-RFD-20")
@pytest.mark.parametrize(
    "a_card, why",
    [
        (Card("0a0e9b83"), "no ISO 14443-4"),
        (Card("04a1b2c3d4e5f6", sak=0x20), "lost in the middle"),
        (card(key=bytes(16)), "authentication error"),
        (card(application=1), "no such application"),
    ],
)
def test_a_card_without_the_proof_is_read_once_as_not_secure_and_why(chip, reader, a_card, why):
    chip.card = a_card
    (read,) = cards(reader)
    assert (read.uid, read.secure) == (a_card.uid, False)
    assert why in read.doubt


def test_nobody_is_asked_for_a_proof_that_is_not_demanded(chip, reader):
    reader.demand(None)
    chip.card = card()
    (read,) = cards(reader)
    assert (read.uid, read.secure, chip.card.commands) == (UID, False, [])


def test_each_presentation_has_a_challenge_of_its_own(chip, tmp_path):
    drawn = [bytes([n]) * 16 for n in range(3)]
    reader = Pn532Reader(str(chip.path), 1, lambda size: drawn.pop(0)[:size])
    reader.demand(KEY)
    for _ in range(2):
        chip.card = card()
        assert [read.secure for read in cards(reader)] == [True]
        chip.card = None
        assert cards(reader) == []
    assert drawn == [bytes([2]) * 16]
    reader.close()


@pytest.mark.covers("B-RFD-20")
@pytest.mark.parametrize("blocks", range(5))
def test_a_card_that_leaves_in_the_middle_is_not_told_and_is_read_when_it_returns(
    chip, reader, blocks
):
    chip.card = leaving = card()
    leaving.leaves_after = blocks
    assert reader.poll(0) is None
    chip.card = None
    assert cards(reader) == []
    chip.card = card()
    assert [(read.uid, read.secure) for read in cards(reader)] == [(NUMBER, True)]


def test_a_card_that_was_lost_for_a_moment_still_proves_itself(chip, reader):
    chip.card = card()
    chip.card.leaves_after = 3
    assert reader.poll(0) is None
    chip.card.leaves_after = None
    assert [(read.uid, read.secure) for read in cards(reader)] == [(NUMBER, True)]


MAD = {
    "nothing": lambda _: b"",
    "one byte": lambda _: b"\x91",
    "a wrong status": lambda answer: answer[:-1] + b"\x0b",
    "too much": lambda answer: bytes(200) + answer,
}


@pytest.mark.parametrize("step", [0x5A, 0x71, 0xAF, 0xBD])
@pytest.mark.parametrize("answer", MAD)
def test_a_mad_card_never_ends_the_reader(chip, reader, step, answer):
    chip.card = mad = card()
    mad.spoil = lambda command, right: MAD[answer](right) if command == step else right
    (read,) = cards(reader)
    assert (read.uid, read.secure) == (UID, False)
    chip.card = None
    assert cards(reader) == []
    chip.card = card()
    assert [read.secure for read in cards(reader)] == [True]


@pytest.mark.parametrize("ats", ["", "01", "0275", "067577", "06ff77ff0280"])
def test_a_card_that_is_selected_oddly_never_ends_the_reader(chip, reader, ats):
    chip.card = card()
    chip.card.spoil = lambda command, right: bytes.fromhex(ats) if command == "RATS" else right
    assert [read.secure for read in cards(reader)] in ([False], [True])
    chip.card = None
    assert cards(reader) == []
    chip.card = card()
    assert [read.secure for read in cards(reader)] == [True]


def test_a_card_that_asks_for_ever_more_time_meets_the_deadline(chip, reader):
    chip.card = waiting = card()
    waiting.answer = lambda frame: (
        bytes.fromhex("067577810280") if frame[0] == 0xE0 else b"\xf2\x3b"
    )
    since_s = time.monotonic()
    assert reader.poll(0) is None
    assert 1_000 * (time.monotonic() - since_s) < PROOF_MS + SENSE_MS + BUSY_MS
    (read,) = cards(reader)
    assert (read.secure, "lost in the middle" in read.doubt) == (False, True)
    chip.card = None
    assert cards(reader) == []
    chip.card = card()
    assert [read.secure for read in cards(reader)] == [True]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_proof_that_the_chip_spoils_is_no_refusal(chip, reader, fault):
    chip.card = card()
    chip.fail(*[""] * 8, fault)  # in the middle of the exchange with the card
    assert [(read.uid, read.secure) for read in cards(reader)] == [(NUMBER, True)]
