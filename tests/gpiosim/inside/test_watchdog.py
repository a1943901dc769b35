"""The watchdog of the virtual station."""

import fcntl
import os
import struct

import pytest

SET_TIMEOUT, GET_TIMEOUT, GET_TIME_LEFT = 0xC0045706, 0x80045707, 0x8004570A


@pytest.fixture
def watchdog():
    device = os.open("/dev/watchdog", os.O_WRONLY)
    yield device
    os.write(device, b"V")
    os.close(device)


def _ask(device, request, value=0):
    return struct.unpack("i", fcntl.ioctl(device, request, struct.pack("i", value)))[0]


def test_its_time_can_be_set_and_a_kick_starts_it_again(watchdog):
    assert _ask(watchdog, SET_TIMEOUT, 10) == 10
    assert os.write(watchdog, b"\0") == 1
    assert _ask(watchdog, GET_TIMEOUT) == 10


def test_it_has_one_opener(watchdog):
    with pytest.raises(OSError, match="busy"):
        os.open("/dev/watchdog", os.O_WRONLY)


def test_after_the_magic_close_it_can_be_opened_again():
    for _ in range(2):
        device = os.open("/dev/watchdog", os.O_WRONLY)
        os.write(device, b"V")
        os.close(device)
