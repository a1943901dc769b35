"""Pairing a unit with its master by a short code that a person carries from one to the other.

The code is eight digits, good for ten minutes, five tries and one unit. Both ends prove by
SPAKE2 that they know it, then prove the certificate that the TLS connection has shown, the
signing request and what is issued for it. So: who listens learns nothing that lets him try codes
on his own computer; who stands between shows another certificate and fails; who guesses has five
tries of 10^8, and while he uses them up nobody can be paired. It does not protect against who
reads the code from the page, nor against a master that is itself in wrong hands.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
import ssl
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spake2 import SPAKE2_A, SPAKE2_B, SPAKEError  # type: ignore[import-untyped, unused-ignore]
from spake2.ed25519_basic import NotOnCurve  # type: ignore[import-untyped, unused-ignore]

from firmware.io.dlm_keys import (
    BROKER,
    BadRequest,
    SiteAuthority,
    keep_unit,
    signing_request,
    unit_key,
)
from firmware.model.dlm import UNIT_NAME

PORT = 8884
CODE_DIGITS, CODE_TRIES, CODE_S = 8, 5, 600
LINE_BYTES, LINE_S = 8_192, 10
BUSY_MAX = 2  # connections at a time; a third is closed
_HEX = frozenset("0123456789abcdef")
_ELEMENT_DIGITS = 66  # a side and a point of the curve


class NotPairing(Exception):
    """Pairing has failed; the text is for the person with the code."""


@dataclass(slots=True)
class Code:
    """A code and what is left of it."""

    text: str
    until_s: float
    tries: int = CODE_TRIES


class PairingDesk:
    """The master's side: it listens only while a code is open."""

    def __init__(
        self, authority: SiteAuthority, keys: Path, tell: Callable[[str], None],
        now_s: Callable[[], float],
    ) -> None:  # fmt: skip
        """`tell` gets what has come of a code, in sentences."""
        self._authority, self._keys, self._tell, self._now_s = authority, keys, tell, now_s
        self._code: Code | None = None
        self._server: asyncio.Server | None = None
        self._end: asyncio.TimerHandle | None = None
        self._busy = 0

    async def open(self, address: str = "0.0.0.0", port: int = PORT) -> str:
        """Return a new code, in place of any before; raise `OSError` if the port is taken."""
        self.close()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self._keys / BROKER)
        self._server = await asyncio.start_server(
            self._served, address, port, ssl=context, limit=LINE_BYTES,
            ssl_handshake_timeout=LINE_S,
        )  # fmt: skip
        text = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
        self._code = Code(text, self._now_s() + CODE_S)
        self._end = asyncio.get_running_loop().call_later(CODE_S, self._expire)
        return text

    @property
    def port(self) -> int:
        """Where it listens, 0 while it does not."""
        sockets = self._server.sockets if self._server is not None else ()
        return int(sockets[0].getsockname()[1]) if sockets else 0

    @property
    def left_ms(self) -> int:
        """How long the code is good; 0 once its tries are used up."""
        code = self._code
        return int(1_000 * (code.until_s - self._now_s())) if code is not None and code.tries else 0

    def close(self) -> None:
        """Forget the code."""
        self._code = None
        if self._end is not None:
            self._end.cancel()
        if self._server is not None:
            self._server.close()
        self._server = self._end = None

    def _expire(self) -> None:
        self.close()
        self._tell("nobody has used the code in 10 minutes; open another one to pair a station")

    async def _served(self, reader: StreamReader, writer: StreamWriter) -> None:
        if self._busy < BUSY_MAX:
            self._busy += 1
            try:
                await self._talk(reader, writer)
            except (OSError, NotPairing, BadRequest) as why:
                self._tell(f"a station could not be paired: {why}")
            finally:
                self._busy -= 1
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    async def _talk(self, reader: StreamReader, writer: StreamWriter) -> None:
        hello = await _line(reader, "unit", "element")
        unit = hello["unit"]
        if not UNIT_NAME.fullmatch(unit):
            raise NotPairing(f"{unit[:64]!r} cannot name a unit")
        code = self._try()
        side = SPAKE2_B(code.encode(), idA=unit.encode(), idB=b"master")
        _send(writer, element=side.start().hex())
        key = _shared(side, hello["element"])
        asked = await _line(reader, "proof", "request")
        shown = hashlib.sha256(_own_certificate(self._keys)).digest()
        if not _proves(asked["proof"], key, "unit", shown, asked["request"]):
            left = self._code.tries if self._code is not None else 0
            raise NotPairing(f"{unit} does not have the code; tries left: {left}")
        issued, authority = self._authority.signed(unit, asked["request"]), self._authority.pem
        proof = _proof(key, "master", shown, issued + authority)
        _send(writer, certificate=issued, authority=authority, proof=proof)
        await writer.drain()
        self.close()
        self._tell(f"{unit} is paired")

    def _try(self) -> str:
        """Use up a try before anything is shown that a guess can be compared with."""
        code = self._code
        if code is None or self._now_s() >= code.until_s:
            raise NotPairing("no code is open")
        if not code.tries:
            raise NotPairing("the code has been tried too often; open another one")
        code.tries -= 1
        return code.text


@dataclass(frozen=True, slots=True)
class PairingConfig:
    """Where the master's desk is, and what this unit is called; its keys go to `folder`."""

    host: str
    port: int
    unit: str
    folder: Path


async def pair(config: PairingConfig, code: str) -> None:
    """Pair this unit by the code of the master's page; raise `NotPairing` with the reason."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # the code proves the certificate, below
    try:
        async with asyncio.timeout(LINE_S):
            reader, writer = await asyncio.open_connection(
                config.host, config.port, ssl=context, limit=LINE_BYTES
            )
    except (OSError, TimeoutError) as why:
        raise NotPairing(
            f"no master answers at {config.host}:{config.port} ({why or 'silence'}); "
            "is a code open on its page?"
        ) from why
    try:
        await _asked(config, code.strip().replace(" ", ""), reader, writer)
    except (OSError, BadRequest) as why:
        raise NotPairing(str(why) or "the master has hung up") from why
    finally:
        writer.close()


async def _asked(
    config: PairingConfig, code: str, reader: StreamReader, writer: StreamWriter
) -> None:
    side = SPAKE2_A(code.encode(), idA=config.unit.encode(), idB=b"master")
    _send(writer, unit=config.unit, element=side.start().hex())
    key = _shared(side, (await _line(reader, "element"))["element"])
    tls = writer.get_extra_info("ssl_object")
    shown = hashlib.sha256(tls.getpeercert(binary_form=True)).digest()
    own = unit_key()
    request = signing_request(own, config.unit)
    _send(writer, proof=_proof(key, "unit", shown, request), request=request)
    issued = await _line(reader, "certificate", "authority", "proof")
    certificate, authority = issued["certificate"], issued["authority"]
    if not _proves(issued["proof"], key, "master", shown, certificate + authority):
        raise NotPairing("whoever answered is not the master of this code")
    keep_unit(config.folder, own, config.unit, certificate, authority)


# -- words between both --------------------------------------------------------------------


def _shared(side: Any, element: str) -> bytes:
    """Return the key that both have if both know the code."""
    if len(element) != _ELEMENT_DIGITS or not _HEX.issuperset(element):
        raise NotPairing("the other side does not speak our protocol")
    try:
        return bytes(side.finish(bytes.fromhex(element)))
    except (SPAKEError, NotOnCurve, ValueError, AssertionError) as why:
        raise NotPairing("the other side has sent no point of the curve") from why


def _proof(key: bytes, who: str, shown: bytes, content: str) -> str:
    """Return what only a holder of the key can say of a certificate and a content."""
    told = b"\0".join((who.encode(), shown, content.encode()))
    return hmac.new(key, told, hashlib.sha256).hexdigest()


def _proves(proof: str, key: bytes, who: str, shown: bytes, content: str) -> bool:
    expected = _proof(key, who, shown, content)
    return hmac.compare_digest(proof.encode(errors="replace"), expected.encode())


def _send(writer: StreamWriter, **words: str) -> None:
    writer.write(json.dumps(words).encode() + b"\n")


async def _line(reader: StreamReader, *names: str) -> dict[str, str]:
    """Return the next line's words; raise `NotPairing` where it is not exactly these."""
    try:
        async with asyncio.timeout(LINE_S):
            line = await reader.readuntil(b"\n")
        words = json.loads(line)
    except (asyncio.IncompleteReadError, ConnectionError):
        raise NotPairing("the other side has hung up; the code may be wrong or used up") from None
    except TimeoutError:
        raise NotPairing(f"the other side has said nothing for {LINE_S} s") from None
    except (asyncio.LimitOverrunError, ValueError, RecursionError):
        raise NotPairing("the other side does not speak our protocol") from None
    if (
        type(words) is not dict
        or words.keys() != set(names)
        or not all(type(word) is str for word in words.values())
    ):
        raise NotPairing("the other side does not speak our protocol")
    return words


def _own_certificate(keys: Path) -> bytes:
    content = (keys / BROKER).read_text()
    begin = content.index("-----BEGIN CERTIFICATE-----")
    return ssl.PEM_cert_to_DER_cert(content[begin:])
