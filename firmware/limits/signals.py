"""A signal at a digital input: given at once, over once it has rested; unread, it counts as given.

An input that was never told is not active. So a signal that is wired active low is given from
the start until the input becomes active: a cut wire reads as a given signal.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware.model.devices import InputChanged, InputsAnswered, InputsSilent
from firmware.model.machine import NEVER_MS

REST_MS = 500  # a relay that chatters does not let the limit go; B-DLM-28 wants it within 1 s
ACTIVE_HIGH, ACTIVE_LOW = "active_high", "active_low"  # any other word: the signal is not used


@dataclass(slots=True)
class Signal:
    """One input with what is known of it; `there`: the board or the meter has it."""

    input: str
    there: bool = True
    answers: bool = True
    active: bool = False
    given: bool = False
    over_ms: int = NEVER_MS

    @property
    def readable(self) -> bool:
        """Whether its level is known."""
        return self.there and self.answers

    @property
    def resting(self) -> bool:
        """It is given no more and has not yet rested."""
        return self.over_ms < NEVER_MS

    def take(self, fact: object) -> None:
        """Take a fact about the board's inputs."""
        match fact:
            case InputChanged(name, active, _) if name == self.input:
                self.active = active
            case InputsSilent():
                self.answers = False
            case InputsAnswered():
                self.answers = True

    def settle(self, sense: str, now_ms: int) -> bool:
        """Return whether it is given, wired in this sense."""
        if sense not in (ACTIVE_HIGH, ACTIVE_LOW):
            self.given, self.over_ms = False, NEVER_MS
        elif not self.readable or self.active == (sense == ACTIVE_HIGH):
            self.given, self.over_ms = True, NEVER_MS
        elif self.given and self.over_ms == NEVER_MS:
            self.over_ms = now_ms + REST_MS
        elif now_ms >= self.over_ms:
            self.given, self.over_ms = False, NEVER_MS
        return self.given

    def unread(self, key: str) -> str:
        """Say why a signal that the parameter `key` asks for cannot be read, and what to do."""
        if not self.there:
            return (
                f"{key} asks for the input {self.input}, which this board has not; a signal that "
                f"cannot be read counts as given: set {key} to disable, or take a board that has it"
            )
        return (
            f"the board's inputs do not answer; the signal that {key} asks for counts as given: "
            "the station asks again by itself, have the board looked at if this stays"
        )
