"""A PN532 on a pseudo terminal, behind a path that stays when the chip is plugged out and in.

It speaks the serial protocol of the user manual (UM0701-02): wake-up, acknowledgement, normal and
extended frames, and it remembers its speed, so what is sent at another one is noise. Faults:
`fail` spoils the next answers, by name or by a function over the frame, `silent` ends them,
`babbling` acknowledges for ever instead, `unplug` takes the port away.
"""

import contextlib
import os
import select
import termios
from collections import deque
from dataclasses import dataclass

from tools.played.desfire import DesfireCard
from tools.played.port import Port

ACK = bytes.fromhex("0000ff00ff00")
SPEEDS = {
    4: (115_200, termios.B115200),
    5: (230_400, termios.B230400),
    6: (460_800, termios.B460800),
    7: (921_600, termios.B921600),
}
SENS_REQ = 0x26  # stays in the FIFO when no card has answered
FIFO_DATA = 0x6339
WAKE_UP_BYTES = 5

LATE = "late"  # the answer comes only with the next command, before what belongs to that
FAULTS = ("garbage", "mute", "half", "checksum", "length", "no_ack", "short", "foreign", "error")


@dataclass(frozen=True)
class Card:
    """A card of type A; a random one draws an identifier whenever the field comes on."""

    uid: str
    sak: int = 0x08
    random: bool = False


class EmulatedPn532:
    """A chip at `path`, with a thread that answers."""

    def __init__(self, path):
        self.path = path
        self.card = None
        self.silent = False
        self.babbling = False
        self.speed_bd = 115_200
        self.asleep = True
        self.opened = 0
        self.commands = []
        self.faults = deque()
        self.late = b""
        self.registers = {}
        self.draws = 0
        self.drawn = ""
        self.plug()

    def plug(self):
        """Put the chip there: it has just got its power."""
        self.speed_bd, self.asleep = 115_200, True
        self.port = Port(self.path)
        os.set_blocking(self.port.master, False)
        self.port.serve(self._run)

    def unplug(self):
        """Take the chip away, its port too."""
        self.port.close()

    def restart(self):
        """Let the chip lose its power while the port stays."""
        self.speed_bd, self.asleep = 115_200, True

    def fail(self, *faults):
        """Spoil the next answers, one fault for each: a name or what makes another frame of it."""
        self.faults.extend(faults)

    def babble(self):
        """Acknowledge what nobody asked, and wait until it lies at the other end."""
        self._send(ACK * 8)
        select.select([self.port.slave], [], [], 5)

    def _run(self):
        buffer = b""
        while True:
            talks = [self.port.master] if self.babbling else []
            ready, room, _ = select.select([self.port.master, self.port.stop], talks, [])
            if self.port.stop in ready:
                return
            if room:
                self._send(ACK * 8)  # faster than it is read
            if self.port.master not in ready:
                continue
            heard = os.read(self.port.master, 4_096)
            # bytes at another speed than the chip's are noise to it
            speed = dict(SPEEDS.values())[self.speed_bd]
            if termios.tcgetattr(self.port.slave)[5] == speed:
                buffer = self._take(buffer + heard)

    def _take(self, buffer):
        while (start := buffer.find(b"\x00\xff")) >= 0:
            rest = buffer[start + 2 :]
            if rest[:2] == b"\x00\xff":
                buffer = rest[2:]
                continue
            size, head = rest[0] if rest else 0, 2
            if rest[:2] == b"\xff\xff":
                size, head = int.from_bytes(rest[2:4], "big"), 5
            if len(rest) < head + size + 2:
                return buffer
            data, buffer = rest[head : head + size], rest[head + size + 2 :]
            if self.asleep and start < WAKE_UP_BYTES:
                continue
            assert sum(rest[head : head + size + 1]) % 256 == 0, rest.hex()
            self.asleep = False
            self._obey(data[1], data[2:])
        return b""

    def _obey(self, command, data):
        self.commands.append(command)
        self.opened += command == 0x14
        if self.silent or self.babbling:
            return
        fault = self.faults.popleft() if self.faults else ""
        late, self.late = self.late, b""
        if fault != "no_ack":
            self._send(late + ACK)
        answer = bytes([0xD5, command + 1]) + self._answer(command, data)
        if fault == LATE:
            self.late = framed(answer)
        else:
            self._send(spoiled(fault, answer))
        if command == 0x10:
            # the chip waits for an acknowledgement, which here may arrive at either speed
            self.speed_bd = SPEEDS[data[0]][0]

    def _send(self, data):
        with contextlib.suppress(BlockingIOError):
            os.write(self.port.master, data)

    def _answer(self, command, data):
        match command:
            case 0x00:
                return data  # Diagnose: the line test sends back what it got
            case 0x02:
                return bytes.fromhex("32010607")
            case 0x06:
                pairs = range(0, len(data), 2)
                return bytes(self._register(int.from_bytes(data[i : i + 2], "big")) for i in pairs)
            case 0x08 | 0x10 | 0x12 | 0x14:
                return b""
            case 0x32:
                return self._field(data)
            case 0x16:
                self.asleep = True
                return b"\x00"
            case 0x4A:
                return self._list(data)
            case 0x44 | 0x52 | 0x54:
                return b"\x00"
            case 0x42:
                return self._through(data)
        return b"\x01"

    def _register(self, address):
        return SENS_REQ if address == FIFO_DATA else 0

    def _field(self, data):
        if data[0] == 1 and not data[1] & 1:
            self.drawn = ""
            if isinstance(self.card, DesfireCard):
                self.card.unpowered()
        return b""

    def _through(self, data):
        """Let a frame through to the card: its answer after a zero, or that none came in time."""
        card = self.card
        answer = card.answer(data) if isinstance(card, DesfireCard) else None
        return b"\x01" if answer is None else b"\x00" + answer

    def _list(self, data):
        card = self.card
        if data[1] != 0 or card is None:
            return b"\x00"
        uid = bytes.fromhex(self._uid(card))
        atqa = {4: b"\x00\x04", 7: b"\x00\x44"}.get(len(uid), b"\x00\x84")
        return bytes([1, 1]) + atqa + bytes([card.sak, len(uid)]) + uid

    def _uid(self, card):
        if not card.random:
            return card.uid
        if not self.drawn:
            self.draws += 1
            self.drawn = f"08{self.draws:06x}"
        return self.drawn


def framed(data):
    """Return a frame of the chip, extended where it is too long for a normal one."""
    if len(data) < 256:
        head = bytes([len(data), -len(data) % 256])
    else:
        size = len(data).to_bytes(2, "big")
        head = b"\xff\xff" + size + bytes([-sum(size) % 256])
    return b"\x00\x00\xff" + head + data + bytes([-sum(data) % 256, 0])


def spoiled(fault, data):
    """Return what comes down the line for an answer, with one fault in it."""
    frame = framed(data)
    if callable(fault):
        return fault(frame)
    return {
        "": frame,
        "no_ack": frame,
        "garbage": bytes.fromhex("5a00ff3c81"),
        "mute": b"",
        "half": frame[: len(frame) // 2],
        "checksum": frame[:-2] + bytes([frame[-2] ^ 0x55]) + frame[-1:],
        "length": frame[:4] + bytes([frame[4] ^ 1]) + frame[5:],
        "short": framed(data[:2]),
        "truncated": framed(data[:2] + b"\x01\x01"),
        "foreign": framed(bytes([0xD5, 0x99])),
        "error": framed(b"\x7f"),
    }[fault]
