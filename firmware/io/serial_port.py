"""A serial port as a pair of asyncio streams, 115200 baud, 8 data bits, no parity, 1 stop bit.

pyserial opens it and sets it up, with a lock so that a second program is told; the loop reads
and writes.
"""

from __future__ import annotations

import asyncio
import importlib
import os
from typing import Any

BAUD = 115_200
BYTE_S = 10 / BAUD  # start bit, eight of data, stop bit
_LINE_MAX_BYTES = 1 << 20


def open_port(path: str) -> Any:
    """Return the open `serial.Serial`; raise `OSError` with a sentence."""
    try:
        serial = importlib.import_module("serial")
    except ImportError as problem:
        text = f"{path}: pyserial is not installed; `pip install pyserial`, or take HOST:PORT"
        raise OSError(text) from problem
    try:
        return serial.Serial(path, BAUD, timeout=0, exclusive=True)
    except (OSError, ValueError) as problem:  # its own error is an OSError
        text = f"{path} does not open as a serial port: {problem}"
        advice = "is it plugged in, free, and are you in the group dialout?"
        raise OSError(f"{text}; {advice}") from problem


async def open_serial(path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a port as streams; closing the writer closes the port. Raise `OSError`."""
    port = open_port(path)
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=_LINE_MAX_BYTES)
    taken = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), port)
    # the writing side has a descriptor of its own: each transport closes what it was given
    giving = os.fdopen(os.dup(port.fileno()), "wb", buffering=0)
    protocol = _Writing(taken[0])
    transport, _ = await loop.connect_write_pipe(lambda: protocol, giving)
    return reader, asyncio.StreamWriter(transport, protocol, None, loop)


class _Writing(asyncio.StreamReaderProtocol):
    """Closes the reading side with the writing one."""

    def __init__(self, reading: asyncio.BaseTransport) -> None:
        super().__init__(asyncio.StreamReader())
        self._reading = reading

    def connection_lost(self, exc: Exception | None) -> None:
        """Close both."""
        self._reading.close()
        super().connection_lost(exc)
