"""Failures and protocol errors: whose mistake it was tells the reader what to do.

PowerstationError
  RemoteError     the other side broke the protocol
  LocalError      we did
  SettingErrors   a value that a person or a back end gave cannot be taken; all at once
"""

from __future__ import annotations


class PowerstationError(Exception):
    """The parent of all errors of this firmware."""


class RemoteError(PowerstationError):
    """The other side broke the protocol."""


class LocalError(PowerstationError):
    """We broke the protocol."""


class SettingErrors(PowerstationError, ValueError):
    """Values that cannot be taken, one sentence each."""

    def __init__(self, messages: tuple[str, ...]) -> None:
        super().__init__("\n".join(messages))
        self.messages = messages
