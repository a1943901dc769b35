"""Serves a box in real time: JSON lines over serial and TCP, and the measuring between them.

One loop, no thread. Inputs are looked at every 5 ms, each pilot every 50 ms, which takes 11 ms of
the processor's time; a line that comes meanwhile waits so long.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from firmware.io.serial_port import open_serial
from hal.mock.bench import LineSplitter, answer, encoded
from tools.bench.box import Box
from tools.bench.hardware import Hardware

INPUTS_S = 0.005
PILOT_EVERY = 10  # looks at the inputs
PORT_AGAIN_S = 1.0
MOST_CLIENTS = 16
_SLOWEST_CLIENT_BYTES = 1 << 18


@dataclass(eq=False, slots=True)
class _Client:
    writer: asyncio.StreamWriter
    watching: bool = False


def monotonic_ms() -> int:
    """Return the box's clock."""
    return time.monotonic_ns() // 1_000_000


class BoxServer:
    """One box and its clients."""

    def __init__(self, box: Box, hardware: Hardware, say: Callable[[str], None]) -> None:
        self.box = box
        self.hardware = hardware
        self.say = say
        self._clients: list[_Client] = []

    async def tcp(self, host: str, port: int) -> asyncio.Server:
        """Listen on the loopback; return the server."""
        return await asyncio.start_server(self._serve, host, port)

    async def serial(self, path: str) -> None:
        """Serve a serial port for ever, through all its unplugging."""
        missing = False
        while True:
            try:
                reader, writer = await open_serial(path)
            except OSError as problem:
                if not missing:
                    self.say(str(problem))
                missing = True
                await asyncio.sleep(PORT_AGAIN_S)
                continue
            missing = False
            self.say(f"serving {path}")
            await self._serve(reader, writer)
            await asyncio.sleep(PORT_AGAIN_S)

    async def measure(self) -> None:
        """Look at the station for ever; raise `HardwareSilent` when a pin is gone."""
        turn = 0
        while True:
            turn += 1
            self.look(pilots=turn % PILOT_EVERY == 0)
            self.box.step(monotonic_ms())
            self._tell()
            await asyncio.sleep(INPUTS_S)

    def look(self, *, pilots: bool = True) -> None:
        """Look at all inputs, and at the pilots; due once before anybody asks."""
        for number in self.box.outlets:
            self.box.saw_inputs(number, self.hardware.levels(number), monotonic_ms())
        for number in self.hardware.measured_outlets if pilots else ():
            began_ms = monotonic_ms()
            self.box.saw_pilot(number, self.hardware.pilot(number), began_ms)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = _Client(writer)
        if len(self._clients) >= MOST_CLIENTS:
            writer.write(encoded({"ok": False, "error": f"more than {MOST_CLIENTS} clients"}))
            writer.close()
            return
        self._clients.append(client)
        lines = LineSplitter()
        try:
            while data := await reader.read(4_096):
                for line in lines.feed(data):
                    self._line(client, line)
                await writer.drain()
        except OSError:
            pass  # gone; the relays fall off when nobody else speaks
        finally:
            self._clients.remove(client)
            with contextlib.suppress(OSError):
                writer.close()

    def _line(self, client: _Client, line: bytes | None) -> None:
        self.box.heard(monotonic_ms())
        reply = answer(line, lambda verb, args: self._act(client, verb, args))
        if reply is not None:
            client.writer.write(reply)
        self._tell()

    def _act(self, client: _Client, verb: str, args: Mapping[str, object]) -> Mapping[str, object]:
        done = self.box.act(verb, args, monotonic_ms())
        client.watching |= verb == "watch"
        return done

    def _tell(self) -> None:
        for event in self.box.changes():
            line = encoded(event)
            for client in self._clients:
                full = client.writer.transport.get_write_buffer_size() > _SLOWEST_CLIENT_BYTES
                if client.watching and not full:
                    client.writer.write(line)
