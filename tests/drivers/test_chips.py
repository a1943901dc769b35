"""PWM files, the ADC's frames, the watchdog: what is written, and what a failure says."""

import os
import struct

import pytest

from hal.drivers import spi_bus
from hal.drivers.mcp3xxx import Adc
from hal.drivers.sysfs_pwm import PERIOD_NS, SysfsPwm
from hal.drivers.watchdog import Watchdog
from hal.ports import HardwareSilent


@pytest.fixture
def sysfs(tmp_path):
    channel = tmp_path / "pwmchip0" / "pwm1"
    channel.mkdir(parents=True)
    for name in ("period", "duty_cycle", "enable"):
        (channel / name).write_text("0")
    return tmp_path


def test_a_pwm_begins_with_x1_at_one_kilohertz(sysfs):
    pwm = SysfsPwm("pwmchip0/1", sysfs)
    channel = sysfs / "pwmchip0" / "pwm1"
    assert (channel / "period").read_text() == str(PERIOD_NS) == "1000000"
    assert (channel / "enable").read_text() == "1"
    assert pwm.duty_permille() == 1_000


@pytest.mark.parametrize("duty", [0, 100, 266, 533, 892, 1_000])
def test_what_is_driven_is_read_back_from_the_kernel(sysfs, duty):
    pwm = SysfsPwm("pwmchip0/1", sysfs)
    pwm.drive(duty)
    assert (sysfs / "pwmchip0" / "pwm1" / "duty_cycle").read_text() == str(duty * 1_000)
    assert pwm.duty_permille() == duty


def test_a_duty_that_somebody_else_has_set_is_seen(sysfs):
    pwm = SysfsPwm("pwmchip0/1", sysfs)
    pwm.drive(266)
    (sysfs / "pwmchip0" / "pwm1" / "duty_cycle").write_text("533000\n")
    assert pwm.duty_permille() == 533


def test_a_generator_that_was_stopped_or_detuned_is_no_generator(sysfs):
    pwm = SysfsPwm("pwmchip0/1", sysfs)
    (sysfs / "pwmchip0" / "pwm1" / "period").write_text("2000000\n")
    with pytest.raises(HardwareSilent, match="period 2000000 ns, ordered 1000000"):
        pwm.duty_permille()
    (sysfs / "pwmchip0" / "pwm1" / "enable").write_text("0\n")
    assert pwm.duty_permille() == 0


def test_a_pwm_that_is_not_there_says_what_to_do(tmp_path):
    with pytest.raises(HardwareSilent, match="pwm pwmchip0/1: .* is the overlay loaded"):
        SysfsPwm("pwmchip0/1", tmp_path)


class Bus:
    """Answers with the channel that was asked, as the data sheets draw it."""

    def __init__(self, bits):
        self.bits, self.asked, self.broken = bits, [], False

    def exchange(self, frame, count):
        if self.broken:
            raise OSError(5, "Input/output error")
        word = int.from_bytes(frame)
        if self.bits == 12:  # 0000 01 S D2 | D1 D0 ...
            assert word >> 17 & 0x7F == 0b0000011
            channel = word >> 14 & 7
        else:  # 0000 0001 | S D2 D1 D0 ...
            assert word >> 15 == 0b000000011
            channel = word >> 12 & 7
        self.asked += [channel] * count
        counts = (1 << self.bits) - 1 - channel
        return bytes((0xFF, counts >> 8 | 0xF0, counts & 0xFF)) * count

    def close(self):
        pass


@pytest.mark.parametrize("chip, bits", [("mcp3208", 12), ("mcp3008", 10)])
@pytest.mark.parametrize("channel", range(8))
def test_a_conversion_asks_for_its_channel_and_takes_its_bits(chip, bits, channel):
    bus = Bus(bits)
    assert Adc(chip, "spi0.0", lambda _where: bus).read(channel) == (1 << bits) - 1 - channel
    assert bus.asked == [channel]


def test_a_burst_asks_as_often_as_it_is_long():
    bus = Bus(12)
    assert Adc("mcp3208", "spi0.0", lambda _where: bus).burst(2, 63) == [4_093] * 63
    assert bus.asked == [2] * 63


def test_a_converter_is_deselected_between_two_frames_of_a_message_and_at_its_end_anyhow():
    _, transfers, _ = spi_bus._message(b"\x06\x00\x00", 3)
    each = struct.iter_unpack("=QQIIHBBBBBx", transfers)  # [linux/spi/spidev.h] its 7th: cs_change
    assert [fields[6] for fields in each] == [1, 1, 0]


def test_a_bus_that_fails_says_which_channel():
    bus = Bus(12)
    adc = Adc("mcp3208", "spi0.0", lambda _where: bus)
    bus.broken = True
    with pytest.raises(HardwareSilent, match=r"spi0.0 channel 5: .*Input/output error"):
        adc.read(5)


def test_a_watchdog_is_kicked_and_let_go_with_the_magic_letter(tmp_path):
    path = tmp_path / "watchdog"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    watchdog = Watchdog(path)
    watchdog.kick()
    watchdog.kick()
    watchdog.close()
    assert os.read(reader, 16) == b"\0\0V"
    os.close(reader)


def test_a_watchdog_that_somebody_holds_says_whom_to_suspect(tmp_path):
    with pytest.raises(HardwareSilent, match="does somebody else hold it"):
        Watchdog(tmp_path / "none")
