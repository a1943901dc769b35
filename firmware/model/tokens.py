"""The textual form of what names a card or a car: hex case and byte order. [CC613 5.3]"""

from __future__ import annotations


def written(uid: str, letter_case: str) -> str:
    """Return the idTag of a UID given as lower-case hex in the order of the air interface."""
    if letter_case.endswith("_reversed"):
        uid = bytes.fromhex(uid)[::-1].hex()
    return uid.upper() if letter_case.startswith("upper") else uid


def written_address(address: str, letter_case: str) -> str:
    """Return the token of a car's MAC address; a byte order belongs to cards only."""
    return address.upper() if letter_case.startswith("upper") else address.lower()
