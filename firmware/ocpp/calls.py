"""Our side of the RPC: one outstanding CALL, ids that never repeat, time-outs, late answers.

[OCPP-J 4.1.1] one CALL per direction at a time. Message ids are `<boot>-<n>`; the boot counter
of the memory makes them unique for ever, so a late answer can never meet another request.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware.model.machine import NEVER_MS
from firmware.ocpp.frames import Payload, pack_call


@dataclass(frozen=True, slots=True)
class Send:
    """A CALL to be sent; `kind` and `ref` say what its answer is for."""

    kind: str  # "boot" | "heartbeat" | "authorize" | "status" | "meter" | "outbox"
    action: str
    payload: Payload
    ref: str | int = ""
    asked: bool = False  # by TriggerMessage: may also go out while Pending


class CallSlot:
    """The place of the one outstanding CALL."""

    def __init__(self, boot: int) -> None:
        self._boot = boot
        self._count = 0
        self._id = ""
        self._send: Send | None = None
        self._deadline_ms = NEVER_MS

    @property
    def free(self) -> bool:
        """Nothing is outstanding."""
        return self._send is None

    def deadline_ms(self) -> int:
        """Return when the outstanding CALL times out."""
        return self._deadline_ms

    def open(self, send: Send, deadline_ms: int) -> str:
        """Occupy the slot; return the text to be sent."""
        assert self._send is None, (self._send, send)
        self._count += 1
        self._id = f"{self._boot}-{self._count}"
        self._send, self._deadline_ms = send, deadline_ms
        return pack_call(self._id, send.action, send.payload)

    def answered(self, message_id: str) -> Send | None:
        """Free the slot if this id is the outstanding one; late and double answers are `None`."""
        return self.lost() if message_id == self._id else None

    def expired(self, now_ms: int) -> Send | None:
        """Free the slot if its time is over."""
        return self.lost() if now_ms >= self._deadline_ms else None

    def lost(self) -> Send | None:
        """Free the slot; return what was outstanding."""
        send, self._send = self._send, None
        self._id, self._deadline_ms = "", NEVER_MS
        return send
