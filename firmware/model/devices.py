"""Facts and wishes of the devices that no outlet owns: inputs, readers, external meters."""

from __future__ import annotations

from dataclasses import dataclass

from firmware.model.values import Reading


@dataclass(frozen=True, slots=True)
class InputChanged:
    """A digital input of the board is now active or not; what was never told is not active."""

    name: str
    active: bool
    at_ms: int


@dataclass(frozen=True, slots=True)
class InputsSilent:
    """The digital inputs of the board cannot be read; what they were told to be may be over."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class InputsAnswered:
    """The digital inputs of the board are read again; what changed meanwhile was told before."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class ReaderSilent:
    """A card reader did not answer."""

    reader: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class ReaderAnswered:
    """A card reader answers again."""

    reader: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class ReadOtherMeter:
    """Ask a meter that belongs to no outlet now."""

    name: str


@dataclass(frozen=True, slots=True)
class OtherMeterRead:
    """A meter that belongs to no outlet answered."""

    name: str
    reading: Reading


@dataclass(frozen=True, slots=True)
class OtherMeterSilent:
    """A meter that belongs to no outlet did not answer."""

    name: str
    at_ms: int
