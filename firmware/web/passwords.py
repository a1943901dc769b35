"""Which passwords of people are refused. [E5 5]"""

from __future__ import annotations

from collections.abc import Iterable

from firmware.config.kinds import PASSWORD_HIGH, PASSWORD_LOW
from firmware.web.accounts import MAKERS

LETTERS_LEAST = 4  # different ones
COMMON = frozenset(
    [
        "password",
        "password1",
        "passw0rd",
        "12345678",
        "123456789",
        "1234567890",
        "qwertyui",
        "qwertyuiop",
        "qwerty123",
        "iloveyou",
        "11111111",
        "00000000",
        "administrator",
        "operator1",
        "installer",
        "powerstation",
        "charging",
        "wallbox1",
        "changeme",
        "letmein1",
        "welcome1",
        "abcdefgh",
        "asdfghjk",
        "sunshine",
        "football",
        "baseball",
        "superman",
        "princess",
        "trustno1",
        "dragon12",
        "monkey12",
        "shadow12",
        "master12",
        "passwort",
        "passwort1",
        "hallo123",
        "motdepasse",
        "azertyui",
        "bonjour1",
        "wachtwoord",
        "welkom01",
        "manufacturer",
    ]
)


def too_weak(new: str, user: str, labels: Iterable[str]) -> str:
    """Say why a password cannot be taken; nothing if it can. `labels` are printed ones."""
    if not PASSWORD_LOW <= len(new) <= PASSWORD_HIGH or not new.isprintable():
        return f"{user}_password: {PASSWORD_LOW} to {PASSWORD_HIGH} printable characters"
    printed = new in (*MAKERS, *labels)
    if printed or new.lower() in COMMON or len(set(new)) < LETTERS_LEAST:
        return f"{user}_password: too easy to guess, or printed on a label; take another"
    return ""
