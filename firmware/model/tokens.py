"""What names a card or a car: its textual form by setting, and which cards have none that counts.

[CC613 5.3, 5.5]
"""

from __future__ import annotations

from firmware.model.free import free_mode
from firmware.model.session import CardSeen
from firmware.model.settings import Settings

UNPROVED = "rfid_enforce_secure is on, and the card showed a bare number instead of a proof"
RANDOM = "the card draws another number each time (08...), so no list can know it"


def written(uid: str, letter_case: str) -> str:
    """Return the idTag of a UID given as lower-case hex in the order of the air interface."""
    if letter_case.endswith("_reversed"):
        uid = bytes.fromhex(uid)[::-1].hex()
    return uid.upper() if letter_case.startswith("upper") else uid


def written_address(address: str, letter_case: str) -> str:
    """Return the token of a car's MAC address; a byte order belongs to cards only."""
    return address.upper() if letter_case.startswith("upper") else address.lower()


def unfit(card: CardSeen, settings: Settings) -> str | None:
    """Return why a card cannot be a token, in one sentence; `None` for one that can.

    Free charging asks for no authorisation, so any card will do there. [CC613 5.2, B-AUT-01]
    """
    if card.secure or free_mode(settings) is not None:
        return None
    if settings.flag("rfid_enforce_secure"):
        return UNPROVED  # [B-RFD-20, A-16]
    return RANDOM if card.kind == "random" else None  # [ISO 14443-3 6.5.4]
