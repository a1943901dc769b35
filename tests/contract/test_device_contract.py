"""The contract of reader, meter, ring and inputs: the same on the mock, served, and on drivers."""

import pytest

from hal.mock.world import SECURE_KIND
from hal.ports import CardKey, HardwareSilent
from tests.contract.conftest import INSIDE, STATION, MockRig, WireRig
from tests.contract.devices_rig import DevicesRig
from tools.played.desfire import BENCH_APPLICATION, BENCH_KEY

HOLD_MS = 250
RIGS = STATION if INSIDE else {"mock": lambda _: MockRig(), "wire": WireRig, "drivers": DevicesRig}


@pytest.fixture(params=RIGS)
def rig(request, tmp_path):
    rig = RIGS[request.param](tmp_path)
    yield rig
    rig.close()


def card_leaves(rig):
    """Wait until the card has been held long enough, in the time of the rig."""
    if isinstance(rig, MockRig):
        rig.world.advance(rig.world.now_ms + HOLD_MS)
    elif isinstance(rig, DevicesRig):
        rig.chip.card = None
    assert [rig.take_card() for _ in range(2)] == [None, None]


@pytest.mark.parametrize("uid", ["0a0e9b83", "04a1b2c3d4e5f6", "04112233445566778899"])
def test_a_card_is_read_once_and_again_when_it_returns(rig, uid):
    for _ in range(2):
        assert rig.act("swipe", uid=uid.upper(), hold_ms=HOLD_MS)["ok"]
        card = rig.take_card()
        assert (card.uid, card.reader, card.kind) == (uid, 1, "mifare_classic")
        card_leaves(rig)


def test_a_card_that_stays_is_not_read_again(rig):
    rig.act("swipe", uid="0a0e9b83", hold_ms=60_000)
    assert rig.take_card().uid == "0a0e9b83"
    assert [rig.take_card() for _ in range(2)] == [None, None]


@pytest.mark.covers("B-RFD-20")
def test_a_card_that_proves_itself_is_told_from_one_that_does_not(rig):
    rig.demand(CardKey(BENCH_APPLICATION, 0, BENCH_KEY))
    rig.act("swipe", uid="0a0e9b83", kind=SECURE_KIND, hold_ms=60_000)
    card = rig.take_card()
    assert (card.uid, card.secure, card.kind) == ("0a0e9b83", True, SECURE_KIND)
    rig.act("swipe", uid="0a0e9b84", hold_ms=60_000)
    card = rig.take_card()
    assert (card.uid, card.secure, card.kind) == ("0a0e9b84", False, "mifare_classic")


def test_two_cards_one_after_the_other_are_both_read(rig):
    read = []
    for uid in ("0a0e9b83", "04a1b2c3d4e5f6"):
        rig.act("swipe", uid=uid, hold_ms=60_000)
        read.append(rig.take_card().uid)
    assert read == ["0a0e9b83", "04a1b2c3d4e5f6"]


def test_a_silent_reader_raises_and_comes_back(rig):
    assert rig.take_card() is None
    rig.act("reader", silent=True)
    for _ in range(2):
        with pytest.raises(HardwareSilent, match="reader 1"):
            rig.take_card()
    rig.act("reader", silent=False)
    assert rig.take_card() is None
    rig.act("swipe", uid="0a0e9b83", hold_ms=60_000)
    assert rig.take_card().uid == "0a0e9b83"


def test_a_meter_tells_register_power_currents_and_voltages(rig):
    rig.act("meter", name="meter_1", currents_ma=[5_000, 6_000, 7_000])
    reading = rig.read_meter(1)
    assert reading.currents_ma == (5_000, 6_000, 7_000)
    assert (reading.power_w, reading.voltages_mv) == (4_140, (230_000, 230_000, 230_000))
    assert type(reading.energy_wh) is int
    assert rig.read_meter(2).currents_ma == (0, 0, 0)


def test_a_silent_meter_raises_and_comes_back_and_the_other_one_answers(rig):
    rig.act("meter", name="meter_2", silent=True)
    with pytest.raises(HardwareSilent, match="meter_2"):
        rig.read_meter(2)
    assert rig.read_meter(1).power_w == 0
    rig.act("meter", name="meter_2", silent=False)
    assert rig.read_meter(2).energy_wh == 0


@pytest.mark.parametrize("name", ["mcb_1", "spd", "tilt"])
def test_an_input_is_active_while_the_world_says_so(rig, name):
    others = {"mcb_1", "spd", "tilt"} - {name}
    for active in (False, True, False):
        assert rig.act("input", name=name, active=active)["ok"]
        read = rig.read_inputs()
        assert read[name] is active
        assert [read[other] for other in sorted(others)] == [False, False]


def test_the_ring_is_seen_from_outside(rig):
    frame = tuple((10 * n, 255 - 10 * n, n) for n in range(24))
    rig.show_led(frame)
    assert rig.act("look")["led"] == [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in frame]
