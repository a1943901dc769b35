"""How a DESFire EV2 or EV3 card proves itself: AuthenticateEV2First, then a number is read.

Both sides prove that they hold an AES key, without telling it; the number comes enciphered and
with a code over it, by keys of this one session. [NXP AN12343, MF2DLHX0 9: AuthenticateEV2First,
secure messaging EV2; AN12196 has the same with examples] What does not fit raises `Unproved`:
what a card says is never trusted before its code was right.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

from hal.ports import CardKey

BLOCK_BYTES = 16
MAC_BYTES = 8
ID_BYTES = range(4, 11)  # as a UID may have, so that 20 characters of OCPP hold it

SELECT_APPLICATION, AUTHENTICATE_EV2_FIRST, MORE, READ_DATA = 0x5A, 0x71, 0xAF, 0xBD
OK, ADDITIONAL_FRAME = 0x00, 0xAF
_STATUS = {
    0x1C: "illegal command", 0x1E: "its own check of a code failed", 0x40: "no such key",
    0x7E: "a length it does not want", 0x9D: "permission denied", 0xA0: "no such application",
    0xAE: "authentication error", 0xBE: "beyond the end of the file", 0xCA: "command aborted",
    0xF0: "no such file",
}  # fmt: skip
_NO_IV = bytes(BLOCK_BYTES)

Exchange = Callable[[bytes], bytes]


class Unproved(Exception):
    """A card did not prove itself; says at which step and why."""


@dataclass(frozen=True, slots=True)
class Session:
    """What both sides derive from their challenges: keys, and a number of the transaction."""

    enc_key: bytes = field(repr=False)
    mac_key: bytes = field(repr=False)
    ti: bytes


def proved_id(exchange: Exchange, key: CardKey, challenge: bytes) -> bytes:
    """Return the number that a card keeps; raise `Unproved`.

    `exchange` sends one APDU to the card in the field. `challenge` are 16 random bytes, never
    used before: they are what makes an answer that was recorded worthless.
    """
    said = _command(exchange, SELECT_APPLICATION, key.application.to_bytes(3, "little"), OK)
    _must(not said, "it says more than it was asked")
    session = _authenticated(exchange, key, challenge)
    return _read(exchange, session, key.file)


def _authenticated(exchange: Exchange, key: CardKey, challenge: bytes) -> Session:
    """Let the card prove that it holds the key, and prove it to the card."""
    assert len(challenge) == BLOCK_BYTES, len(challenge)
    header = bytes([key.number, 0])  # no capabilities of ours
    theirs = _command(exchange, AUTHENTICATE_EV2_FIRST, header, ADDITIONAL_FRAME)
    _must(len(theirs) == BLOCK_BYTES, "its challenge has another length")
    theirs = _decrypted(key.key, _NO_IV, theirs)
    both = _encrypted(key.key, _NO_IV, challenge + _rotated(theirs))
    answer = _command(exchange, MORE, both, OK)
    _must(len(answer) == 2 * BLOCK_BYTES, "its answer has another length")
    answer = _decrypted(key.key, _NO_IV, answer)
    ti, mine = answer[:4], answer[4 : 4 + BLOCK_BYTES]
    _must(hmac.compare_digest(mine, _rotated(challenge)), "it does not hold the key")
    return session_of(key.key, challenge, theirs, ti)


def session_of(key: bytes, ours: bytes, theirs: bytes, ti: bytes) -> Session:
    """Return the session of two challenges. [AN12343, MF2DLHX0 9.1.7: SV1 and SV2]"""
    mixed = bytes(a ^ b for a, b in zip(ours[2:8], theirs[:6], strict=True))
    vector = ours[:2] + mixed + theirs[6:] + ours[8:]
    labels = (bytes.fromhex("a55a00010080"), bytes.fromhex("5aa500010080"))
    return Session(*(_cmac(key, label + vector) for label in labels), ti)


def _read(exchange: Exchange, session: Session, file: int) -> bytes:
    """Read the whole file, as the first command of the session."""
    header = bytes([file]) + bytes(6)  # from the beginning, all of it
    code = command_code(session, READ_DATA, 0, header)
    answer = _command(exchange, READ_DATA, header + code, OK)
    number = answer_data(session, OK, 0, answer)
    _must(len(number) in ID_BYTES, f"a number of {len(number)} bytes, not of 4 to 10")
    return number


def command_code(session: Session, command: int, counter: int, rest: bytes) -> bytes:
    """Return the code over a command, which is the `counter`-th of the session from 0."""
    return _code(session, bytes([command]) + counter.to_bytes(2, "little") + session.ti + rest)


def answer_data(session: Session, status: int, counter: int, answer: bytes) -> bytes:
    """Return the plain data of an enciphered answer to that command; raise `Unproved`."""
    data, code = answer[:-MAC_BYTES], answer[-MAC_BYTES:]
    _must(len(code) == MAC_BYTES and data and len(data) % BLOCK_BYTES == 0, "an answer cut short")
    after = (counter + 1).to_bytes(2, "little")
    expected = _code(session, bytes([status]) + after + session.ti + data)
    _must(hmac.compare_digest(code, expected), "the code over its number is wrong")
    start = bytes.fromhex("5aa5") + session.ti + after + bytes(8)
    iv = _encrypted(session.enc_key, _NO_IV, start)
    plain, mark, padding = _decrypted(session.enc_key, iv, data).rpartition(b"\x80")
    _must(mark and not padding.strip(b"\x00"), "its number is padded wrongly")  # [ISO 9797-1, 2]
    return plain


def _command(exchange: Exchange, command: int, data: bytes, wanted: int) -> bytes:
    """Send a native command in the frame of ISO 7816-4. [MF2DLHX0 8.4]"""
    answer = bytes(exchange(bytes([0x90, command, 0, 0, len(data)]) + data + b"\x00"))
    _must(len(answer) >= 2 and answer[-2] == 0x91, f"no DESFire answer to {command:02x}")
    status = answer[-1]
    said = _STATUS.get(status, f"status {status:02x}")
    _must(status == wanted, f"command {command:02x} was answered with: {said}")
    return answer[:-2]


def _must(fine: object, otherwise: str) -> None:
    if not fine:
        raise Unproved(otherwise)


def _code(session: Session, data: bytes) -> bytes:
    return _cmac(session.mac_key, data)[1::2]  # each second byte [MF2DLHX0 9.1.3]


def _cmac(key: bytes, data: bytes) -> bytes:
    code = CMAC(algorithms.AES(key))
    code.update(data)
    return code.finalize()


def _encrypted(key: bytes, iv: bytes, data: bytes) -> bytes:
    cipher = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return cipher.update(data) + cipher.finalize()


def _decrypted(key: bytes, iv: bytes, data: bytes) -> bytes:
    cipher = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
    return cipher.update(data) + cipher.finalize()


def _rotated(data: bytes) -> bytes:
    return data[1:] + data[:1]
