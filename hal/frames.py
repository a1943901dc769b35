"""The frames between a simulated world and its driver: one JSON object a packet, typed, bounded.

Both ends check every field of what they receive; a wrong frame ends the connection.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from hal.ports import CardRead, LockPosition, MeterReading, OutletDrive, OutletSample, Rgb

LONGEST_FRAME_BYTES = 4_096
SOCKET_NAME = "world.sock"  # in the state directory

Kinds = Mapping[str, tuple[type, ...]]

_NONE = type(None)
_SAMPLE: Kinds = {
    "at_ms": (int,),
    "cp_high_mv": (int,),
    "cp_low_mv": (int,),
    "pp_ohm": (int, _NONE),
    "duty_permille": (int,),
    "contactor_closed": (bool, _NONE),
    "lock": (str, _NONE),
    "residual_tripped": (bool,),
    "residual_test_ok": (bool, _NONE),
    "mcb_tripped": (bool,),
    "rcd_tripped": (bool,),
    "mains_mv": (list, _NONE),
    "temperature_dc": (int, _NONE),
}
_DRIVE: Kinds = {
    "duty_permille": (int,),
    "cp_connected": (bool,),
    "contactor_on": (bool,),
    "phases": (int,),
    "lock_on": (bool,),
    "residual_test": (bool,),
    "ventilation_on": (bool,),
}
_READING: Kinds = {
    "at_ms": (int,),
    "energy_wh": (int,),
    "power_w": (int,),
    "currents_ma": (list,),
    "voltages_mv": (list, _NONE),
    "powers_w": (list, _NONE),
    "digital_input": (bool, _NONE),
}
_CARD: Kinds = {
    "uid": (str,), "reader": (int,), "at_ms": (int,), "kind": (str,), "secure": (bool,),
    "doubt": (str,),
}  # fmt: skip


class FrameError(ValueError):
    """The other side sent what is no frame of this wire; says which field is wrong."""


def encode(frame: Mapping[str, object]) -> bytes:
    """Return one packet; a frame of ours is never too long."""
    packet = json.dumps(frame, separators=(",", ":")).encode()
    assert len(packet) <= LONGEST_FRAME_BYTES, len(packet)
    return packet


def decode(packet: bytes) -> dict[str, Any]:
    """Return the object of one packet; raise `FrameError` if it is none."""
    if len(packet) > LONGEST_FRAME_BYTES:
        raise FrameError(f"a packet of more than {LONGEST_FRAME_BYTES} bytes")
    try:
        frame = json.loads(packet)
    except (ValueError, RecursionError) as error:
        raise FrameError(f"a packet is not JSON: {error}") from error
    if not isinstance(frame, dict):
        raise FrameError("a packet is not an object")
    return frame


def plain(value: OutletSample | OutletDrive | MeterReading | CardRead) -> dict[str, object]:
    """Return a dataclass of the ports as what a frame carries."""
    return asdict(value)


def sample_of(body: object) -> OutletSample:
    """Return the sample that a frame carries."""
    fields = _checked("sample", body, _SAMPLE)
    try:
        lock = None if fields["lock"] is None else LockPosition(fields["lock"])
    except ValueError as error:
        raise FrameError(f"sample: {error}") from error
    mains_mv = None if fields["mains_mv"] is None else _triple("mains_mv", fields["mains_mv"])
    return OutletSample(**{**fields, "lock": lock, "mains_mv": mains_mv})


def drive_of(body: object) -> OutletDrive:
    """Return the order that a frame carries."""
    drive = OutletDrive(**_checked("drive", body, _DRIVE))
    if not 0 <= drive.duty_permille <= 1_000 or drive.phases not in (1, 3):
        raise FrameError(f"drive: out of range: {drive}")
    return drive


def reading_of(body: object) -> MeterReading:
    """Return the meter reading that a frame carries."""
    fields = _checked("reading", body, _READING)
    triples = {
        name: None if fields[name] is None else _triple(name, fields[name])
        for name in ("currents_ma", "voltages_mv", "powers_w")
    }
    return MeterReading(**{**fields, **triples})


def card_of(body: object) -> CardRead:
    """Return the card that a frame carries."""
    return CardRead(**_checked("card", body, _CARD))


def lights_of(body: object, count: int) -> tuple[Rgb, ...]:
    """Return the ring that a frame carries as one string of six hex digits for each light."""
    if not isinstance(body, str) or len(body) != 6 * count:
        raise FrameError(f"led: not {count} lights of six hex digits")
    try:
        raw = bytes.fromhex(body)
    except ValueError as error:
        raise FrameError(f"led: {error}") from error
    if len(raw) != 3 * count:
        raise FrameError(f"led: not {count} lights of six hex digits")
    return tuple((raw[n], raw[n + 1], raw[n + 2]) for n in range(0, len(raw), 3))


def lights(frame: tuple[Rgb, ...]) -> str:
    """Return a ring as one string of six hex digits for each light."""
    return "".join(bytes(light).hex() for light in frame)


def _checked(word: str, body: object, kinds: Kinds) -> dict[str, Any]:
    if not isinstance(body, dict) or body.keys() != kinds.keys():
        raise FrameError(f"{word}: not the fields {', '.join(kinds)}")
    for name, allowed in kinds.items():
        if type(body[name]) not in allowed:
            raise FrameError(f"{word}: {name} is of the wrong type")
    return body


def _triple(word: str, value: list[object]) -> tuple[int, int, int]:
    match value:
        case [int(one), int(two), int(three)]:
            return one, two, three
    raise FrameError(f"{word}: not three whole numbers")
