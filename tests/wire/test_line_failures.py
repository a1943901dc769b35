"""Each way in which a line cannot be made ends in one sentence that says what to do."""

import asyncio
import base64

import pytest

from firmware.io.ws import BackendLink, LinkConfig, basic_auth
from firmware.model.backend import Loss
from tests.wire.ocpp_station import within


def answering(status):
    """Return cause and sentence of a server that answers with this HTTP status."""
    told = []

    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode())
        writer.close()

    async def story():
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        told.append(await first_loss(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"))
        server.close()

    within(10, story)
    return told[0]


async def first_loss(url):
    """Return cause and sentence of the first failure of a link to this address."""
    losses, heard = [], asyncio.Event()

    def post(fact):
        losses.append((fact.cause, fact.reason))
        heard.set()

    link = BackendLink(LinkConfig(url, "CP1"), post, jitter=lambda: 0.0, now_ms=lambda: 0)
    task = asyncio.ensure_future(link.run())
    await heard.wait()
    link.close()
    await task
    return losses[0]


@pytest.mark.covers("OCPP16-PITFALL-65")
@pytest.mark.parametrize(
    ("status", "cause", "sentence"),
    [
        (401, Loss.REFUSED, "127.0.0.1 refuses the password of this station (401)."),
        (403, Loss.REFUSED, "127.0.0.1 refuses this station (403)."),
        (404, Loss.UNKNOWN, "127.0.0.1 does not know this station or this path (404)."),
        (503, Loss.HTTP, "127.0.0.1 answered with HTTP status 503."),
    ],
)
def test_an_http_answer_is_told_in_a_sentence(status, cause, sentence):
    assert answering(status) == (cause, sentence)


def test_a_name_that_is_not_there_is_told_in_a_sentence():
    told = []

    async def story():
        told.append(await first_loss("ws://nowhere.invalid"))

    within(30, story)
    sentence = "The name nowhere.invalid cannot be resolved; check DNS and the address."
    assert told == [(Loss.NAME, sentence)]


@pytest.mark.covers("TC_085_CS", "OCPP16-PITFALL-70", "B-OCP-03")
@pytest.mark.parametrize(
    ("password", "secret"),
    [
        ("00ff" * 8, b"\x00\xff" * 8),
        ("FE80" * 10, b"\xfe\x80" * 10),  # no UTF-8, and never read as such
        ("00ff" * 7 + "00", b"00ff" * 7 + b"00"),  # 15 bytes are too few for a key
        ("0" * 33, b"0" * 33),
        ("g" * 32, b"g" * 32),
        ("a plain 16 chars", b"a plain 16 chars"),
        ("x" * 40, b"x" * 40),
    ],
)
def test_hex_of_16_to_20_bytes_is_sent_as_bytes_and_all_else_as_text(password, secret):
    word = basic_auth("CP1", password)["Authorization"].removeprefix("Basic ")
    assert base64.b64decode(word) == b"CP1:" + secret
