"""A Modbus meter by hand: on a pseudo terminal with CRC, or on a TCP port with its header.

It holds the registers of a map and refuses, as meters do, what lies outside its blocks. Faults:
`fail` spoils the next answers, `silent` ends them, `unplug` takes the port away.
"""

import contextlib
import os
import select
import socket
import struct
import threading
from collections import deque

from tools.played.coding import words_of
from tools.played.port import Port

ILLEGAL_ADDRESS = 2
FAULTS = ("mute", "crc", "half", "exception", "fewer", "stranger", "noise")
QUICK_FAULTS = ("exception", "fewer")  # those that need no time-out to be seen


class Registers:
    """What a meter of one map answers, by unit address."""

    def __init__(self, registers, unit=1):
        self.map = registers
        self.units = {unit: {}}
        self.asked = []
        self.faults = deque()
        self.silent = False
        self.mute_units = set()
        self.dripping = False
        for name in registers.values:
            self.put(name, 0, unit)

    def put(self, name, number, unit=1):
        """Let a quantity be so many V, A, W or Wh."""
        self.units.setdefault(unit, {}).update(words_of(self.map, name, number))

    def fail(self, *faults):
        """Spoil the next answers, one fault for each."""
        self.faults.extend(faults)

    def answer(self, unit, request):
        """Return the fault and the answer to one request, no answer where the unit is another."""
        function, first, count = struct.unpack(">BHH", request[:5])
        self.asked.append((unit, function, first, count))
        if self.silent or unit in self.mute_units or unit not in self.units:
            return "mute", b""
        fault = self.faults.popleft() if self.faults else ""
        inside = any(a <= first and first + count <= a + n for a, n in self.map.blocks)
        if fault == "exception" or function != self.map.function or not inside:
            return fault, bytes([function | 0x80, ILLEGAL_ADDRESS])
        held = self.units[unit]
        words = [held.get(address, 0) for address in range(first, first + count)]
        words = words[:-1] if fault == "fewer" else words
        return fault, struct.pack(f">BB{len(words)}H", function, 2 * len(words), *words)


class SerialMeter(Registers):
    """A meter at the path of a serial port."""

    def __init__(self, path, registers, unit=1):
        super().__init__(registers, unit)
        self.path = path
        self.where = str(path)
        self.plug()

    def plug(self):
        """Put the bus there."""
        self.port = Port(self.path)
        self.port.serve(self._run)

    def unplug(self):
        """Take the bus away, its port too."""
        self.port.close()

    def say_again(self):
        """Let the last answer come once more, or too late where a fault held it back."""
        os.write(self.port.master, self.last)
        select.select([self.port.slave], [], [], 5)  # the kernel carries it over in its own time

    def _run(self):
        buffer = b""
        while True:
            ready, _, _ = select.select([self.port.master, self.port.stop], [], [])
            if self.port.stop in ready:
                return
            buffer += os.read(self.port.master, 256)
            while len(buffer) >= 8:
                request, buffer = buffer[:8], buffer[8:]
                assert crc(request[:6]) == request[6:], request.hex()
                self._send(request[0], *self.answer(request[0], request[1:6]))

    def _send(self, unit, fault, body):
        frame = bytes([unit]) + body
        frame += crc(frame)
        self.last = frame
        spoiled = {
            "mute": b"",
            "crc": frame[:-1] + bytes([frame[-1] ^ 1]),
            "half": frame[: len(frame) // 2],
            "stranger": bytes([unit + 1]) + body + crc(bytes([unit + 1]) + body),
            "noise": bytes.fromhex("00ff5a"),
        }.get(fault, frame)
        if not self.dripping:
            os.write(self.port.master, spoiled)
            return
        for byte in spoiled:  # slower than a whole frame may be
            if select.select([self.port.stop], [], [], 0.05)[0]:
                return
            os.write(self.port.master, bytes([byte]))


class TcpMeter(Registers):
    """A meter at a TCP port of this machine."""

    def __init__(self, registers, unit=1):
        super().__init__(registers, unit)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.where = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.accepted = []
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def hang_up(self):
        """End every connection, as a meter does with one that was idle."""
        for wire in self.accepted:
            with contextlib.suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)

    def unplug(self):
        """End, port and all."""
        with contextlib.suppress(OSError):  # it has ended already
            self.listener.shutdown(socket.SHUT_RDWR)
        self.hang_up()
        self.thread.join(5)
        self.listener.close()

    def _run(self):
        while True:
            try:
                wire, _ = self.listener.accept()
            except OSError:
                return
            self.accepted.append(wire)
            with wire, contextlib.suppress(ConnectionError):
                self._serve(wire)

    def _serve(self, wire):
        while len(head := wire.recv(7, socket.MSG_WAITALL)) == 7:
            number, _, size, unit = struct.unpack(">HHHB", head)
            fault, body = self.answer(unit, wire.recv(size - 1, socket.MSG_WAITALL))
            frame = struct.pack(">HHHB", number, 0, len(body) + 1, unit) + body
            if fault != "mute":
                wire.sendall(frame[: len(frame) // 2] if fault == "half" else frame)


def crc(data):
    """Return the check of a serial frame. [Modbus over serial line 1.02, 6.2.2]"""
    check = 0xFFFF
    for byte in data:
        check ^= byte
        for _ in range(8):
            check = check >> 1 ^ (0xA001 if check & 1 else 0)
    return check.to_bytes(2, "little")
