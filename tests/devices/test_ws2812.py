"""The driver of the ring: the pulses are those that the lights can read."""

import pytest

from hal.drivers.ws2812 import BUFFER_BYTES, MOST_LIGHTS, Ws2812Ring, pulses
from hal.ports import HardwareSilent
from tools.played.lights import Lights

DARK = ((0, 0, 0),) * 3
FRAME = ((255, 0, 1), (2, 128, 254), (0, 0, 0))


@pytest.fixture
def lights():
    return Lights()


@pytest.mark.parametrize(
    "frame, data",
    [
        ((), ""),
        (((0, 0, 0),), "924924" * 3),
        (((255, 255, 255),), "db6db6" * 3),
        (((255, 0, 0),), "924924db6db6924924"),  # green goes first
        (((0, 255, 0),), "db6db6924924924924"),
        (((0, 0, 255),), "924924924924db6db6"),
        (((0, 0x80, 0x01),), "d24924924924924926"),
        (((0, 0, 0xAA), (0, 0xF0, 0)), "924924924924d34d34db6924924924924924"),
    ],
)
def test_each_bit_is_three_bits_of_the_bus_between_two_resets(frame, data):
    reset = bytes(90)  # 300 us at 2.4 MHz
    assert pulses(frame) == reset + bytes.fromhex(data) + reset


def test_what_is_shown_is_what_the_lights_read(lights):
    ring = Ws2812Ring(lights.open, 3)
    ring.show(FRAME)
    assert lights.shown == [DARK, FRAME]


def test_every_brightness_reaches_the_lights(lights):
    ring = Ws2812Ring(lights.open, 256)
    frame = tuple((byte, 255 - byte, byte ^ 0x55) for byte in range(256))
    ring.show(frame)
    assert lights.shown[-1] == frame


def test_the_largest_ring_fits_one_transfer_and_a_larger_one_is_refused(lights):
    assert MOST_LIGHTS == 435
    Ws2812Ring(lights.open, MOST_LIGHTS)
    assert BUFFER_BYTES - 9 < lights.transfers[0] <= BUFFER_BYTES
    for count in (0, MOST_LIGHTS + 1):
        with pytest.raises(ValueError, match="one transfer holds 1 to 435"):
            Ws2812Ring(lights.open, count)


def test_a_bus_that_fails_raises_and_is_opened_again_at_the_next_frame(lights):
    ring = Ws2812Ring(lights.open, 3)
    lights.broken = True
    for _ in range(2):
        with pytest.raises(HardwareSilent, match="the bus took no frame of 3 lights"):
            ring.show(FRAME)
    lights.broken = False
    ring.show(FRAME)
    assert (lights.opened, lights.closed) == (2, 1)
    assert lights.shown[-1] == FRAME


def test_a_bus_that_is_not_there_is_told_when_the_ring_is_made(lights):
    lights.broken = True
    with pytest.raises(HardwareSilent, match="led: .*No such device"):
        Ws2812Ring(lights.open, 3)


def test_closing_leaves_the_ring_dark(lights):
    ring = Ws2812Ring(lights.open, 3)
    ring.show(FRAME)
    ring.close()
    ring.close()
    assert lights.shown[-1] == DARK
    assert (lights.opened, lights.closed) == (1, 1)
