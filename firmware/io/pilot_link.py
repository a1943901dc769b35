"""The station's end of the link to `pilotd`: permits are renewed from here while it lives.

If this loop hangs, nothing is renewed and the permits die after their lease; if this process
dies, `pilotd` reads the end of file at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from pathlib import Path

from firmware.io.loop import loop_ms
from firmware.io.unix import connect_seqpacket
from firmware.link.frames import (
    LEASE_MS,
    MAX_FRAME_BYTES,
    RENEW_MS,
    Frame,
    PermitRenewed,
    ReportAsked,
    decode,
    encode,
)
from firmware.model.errors import RemoteError
from firmware.model.outlet import EndPermit, GivePermit, HoldLock, PilotFound, PilotLost

RETRY_S = 0.2


class PilotLink:
    """Connects, renews, reports; posts facts of the pilots."""

    def __init__(
        self, path: Path, post: Callable[[object], None], loop: asyncio.AbstractEventLoop
    ) -> None:
        self.path = path
        self.post = post
        self.loop = loop
        self.permits: dict[int, GivePermit] = {}
        self.sock: socket.socket | None = None
        self._lost = asyncio.Event()

    async def run(self) -> None:
        """Keep the link; never returns."""
        while True:
            try:
                self.sock = connect_seqpacket(self.path)
            except OSError:
                await asyncio.sleep(RETRY_S)
                continue
            self._lost.clear()
            self.permits.clear()
            self.loop.add_reader(self.sock, self._readable)
            self.post(PilotFound(loop_ms(self.loop)))
            self._send(ReportAsked())
            while not self._lost.is_set():
                self._renew()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._lost.wait(), RENEW_MS / 1_000)

    def give(self, wish: GivePermit) -> None:
        """Hold a permit from now on."""
        self.permits[wish.outlet] = wish
        self._send(PermitRenewed(wish.outlet, wish.limit_ma, LEASE_MS, wish.phases, wish.wake))

    def end(self, wish: EndPermit) -> None:
        """Hold it no longer."""
        self.permits.pop(wish.outlet, None)
        self._send(EndPermit(wish.outlet, wish.reason[:64]))

    def hold(self, wish: HoldLock) -> None:
        """Hold the plug or set it free."""
        self._send(wish)

    def close(self) -> None:
        """End the link, and with it every permit."""
        if self.sock is not None:
            self.loop.remove_reader(self.sock)
            self.sock.close()
            self.sock = None
            self._lost.set()

    def _renew(self) -> None:
        for wish in self.permits.values():
            self._send(PermitRenewed(wish.outlet, wish.limit_ma, LEASE_MS, wish.phases, wish.wake))

    def _send(self, frame: Frame) -> None:
        if self.sock is None:
            return
        try:
            self.sock.send(encode(frame))
        except BlockingIOError:
            return  # a pilot that does not read lets the lease end
        except OSError:
            self._drop()

    def _readable(self) -> None:
        while self.sock is not None:
            try:
                data = self.sock.recv(MAX_FRAME_BYTES + 1)
                if not data:
                    self._drop()
                    return
                self.post(decode(data))
            except BlockingIOError:
                return
            except (OSError, RemoteError):
                self._drop()

    def _drop(self) -> None:
        self.close()
        self.post(PilotLost(loop_ms(self.loop)))
