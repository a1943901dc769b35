"""The protocol and its link against an honest and against bad back ends, over real sockets."""

import asyncio
from datetime import UTC, datetime

import pytest
from websockets.utils import accept_key

from firmware.io.ws import LinkConfig, basic_auth, station_url
from firmware.model.backend import (
    Answer,
    AskBackend,
    BackendAnswered,
    BackendReady,
    RemoteStartRequested,
    ResetRequested,
)
from firmware.model.session import (
    ConnectorChanged,
    TransactionBegan,
    TransactionConfirmed,
    TransactionEnded,
)
from firmware.model.values import ConnectorStatus, TokenInfo, Verdict
from firmware.sim.backend import Backend
from firmware.sim.recorder import WireRecorder
from tests.pure.ocpp_rig import ended, sample, transaction
from tests.wire.ocpp_station import leave, station, within

NAME = "CP 1/ä"
AT = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def listened(backend, recorder):
    """Let a recorder hear a back end."""
    loop = asyncio.get_running_loop()

    def hear(identity, direction, text, at):
        recorder.frame(identity, direction, text, int(loop.time() * 1_000))

    backend.on_frame = hear
    return recorder


async def opened(decide=lambda wish: (), link=None, backend=None, **settings):
    backend = backend or Backend(lambda: AT)
    timeout_s = settings.get("backend_connection_timeout", 30)
    recorder = listened(backend, WireRecorder(timeout_s * 1_000))
    port = await backend.start("127.0.0.1", 0)
    me = station(f"ws://127.0.0.1:{port}/ocpp/", decide, link=link, **settings)
    return backend, recorder, me


async def ready(me):
    await me.until(lambda: any(isinstance(wish, BackendReady) for wish in me.wishes))


async def closed(backend, me):
    await leave(me)
    await backend.stop()


@pytest.mark.covers("B-OCP-01")
def test_a_day_at_the_station_leaves_clean_books():
    def decide(wish):
        match wish:
            case RemoteStartRequested(call) | ResetRequested(call):
                yield Answer(call, "Accepted")

    async def story():
        backend, recorder, me = await opened(decide)
        for outlet in (0, 1, 2):
            me.post(ConnectorChanged(outlet, ConnectorStatus.AVAILABLE))
        await backend.until(lambda: len(backend.ledger(NAME).statuses) == 3)
        assert await backend.remote_start(NAME, "TAG", 1) == "Accepted"
        assert await backend.trigger(NAME, "StatusNotification") == "Accepted"
        me.post(TransactionBegan(transaction()))
        await me.until(lambda: isinstance(me.wishes[-1], TransactionConfirmed))
        me.post(sample())
        me.post(TransactionEnded(ended(transaction())))
        books = backend.ledger(NAME)
        await backend.until(lambda: books.transactions and books.transactions[0].stopped)
        (one,) = books.transactions
        assert (one.token, one.meter_start_wh, one.meter_stop_wh) == ("TAG", 100, 900)
        assert len(one.meter_values) == 1
        assert (books.retransmissions, books.duplicates, books.orphans) == (0, 0, [])
        assert await backend.reset(NAME, "Hard") == "Accepted"
        await closed(backend, me)
        assert recorder.problems() == []

    within(10, story)


@pytest.mark.parametrize("kind", ["late", "never", "twice", "garbage", "nonsense", "error", "huge"])
@pytest.mark.covers("B-OCP-09")
def test_after_a_bad_answer_the_next_good_one_counts(kind):
    async def story():
        backend, _, me = await opened(backend_connection_timeout=1)
        await ready(me)
        backend.misbehave("Authorize", kind, delay_s=1.5)
        me.post(AskBackend("A"))
        await me.until(lambda: any(isinstance(wish, BackendAnswered) for wish in me.wishes))
        verdict = TokenInfo(Verdict.ACCEPTED) if kind == "twice" else None
        assert BackendAnswered("A", verdict) in me.wishes
        if kind == "huge":
            await me.until(lambda: me.core.status()["connected"])
        me.post(AskBackend("B"))
        good = BackendAnswered("B", TokenInfo(Verdict.ACCEPTED))
        await me.until(lambda: good in me.wishes)
        assert await backend.trigger(NAME, "Heartbeat") == "Accepted"
        await closed(backend, me)

    within(10, story)


@pytest.mark.parametrize("kind", ["never", "error", "nonsense", "garbage", "close", "huge"])
@pytest.mark.covers("B-OCP-34")
def test_no_bad_answer_to_a_start_makes_a_second_transaction(kind):
    async def story():
        backend, recorder, me = await opened(
            backend_connection_timeout=1, ocpp__TransactionMessageRetryInterval=0
        )
        await ready(me)
        backend.misbehave("StartTransaction", kind)
        me.post(TransactionBegan(transaction()))
        me.post(TransactionEnded(ended(transaction())))
        books = backend.ledger(NAME)
        await backend.until(lambda: books.transactions and books.transactions[0].stopped)
        assert len(books.transactions) == 1
        assert (books.retransmissions, books.duplicates) == (1, 0)
        await closed(backend, me)
        assert [problem for problem in recorder.problems() if " up: " in problem] == []

    within(10, story)


@pytest.mark.parametrize(
    "text",
    ["[" * 50_000, "not json", '[2,"x",["Reset"],{}]', '[2,"x","Reset",{"type":NaN}]', "[]",
     '[2,"x","Reset"]', '[3,"nobody",{}]', '[4,"nobody"]', '"x"', "[7,1]"],
)  # fmt: skip
def test_no_odd_frame_stops_the_station(text):
    async def story():
        backend, _, me = await opened()
        await ready(me)
        await backend.raw(NAME, text)
        assert await backend.trigger(NAME, "Heartbeat") == "Accepted"
        await closed(backend, me)

    within(10, story)


@pytest.mark.covers("TC_001_CS", "TC_002_CS")
def test_pending_and_rejected_boots_are_followed_by_an_accepted_one():
    async def story():
        backend = Backend(lambda: AT)
        backend.boot_answers, backend.interval_s = ["Rejected", "Pending"], 1
        backend, recorder, me = await opened(backend=backend)
        await ready(me)
        assert len(backend.ledger(NAME).boots) == 3
        await closed(backend, me)
        assert recorder.problems() == []

    within(10, story)


def test_a_broken_line_is_opened_again_without_a_second_boot():
    async def story():
        backend, _, me = await opened()
        await ready(me)
        await backend.drop(NAME)
        await me.until(lambda: sum(isinstance(w, BackendReady) for w in me.wishes) == 2)
        assert len(backend.ledger(NAME).boots) == 1
        await closed(backend, me)

    within(10, story)


@pytest.mark.covers("B-OCP-03", "TC_085_CS")
@pytest.mark.parametrize(
    ("password", "secret"),
    [("00ff" * 10, bytes.fromhex("00ff" * 10)), ("a plain passwörd", "a plain passwörd".encode())],
)
def test_the_password_arrives_as_raw_bytes(password, secret):
    async def story():
        backend = Backend(lambda: AT)
        backend.passwords = {NAME: secret}
        backend, _, me = await opened(backend=backend, link={"password": password})
        await ready(me)
        await closed(backend, me)

    within(10, story)


def lost_sentence(link, *, seconds=10):
    """Return the first sentence of a link that cannot connect."""
    sentences = []

    async def story():
        heard = asyncio.Event()
        me = station(link.pop("url"), link=link)

        def note():
            problem = me.core.status()["problem"]
            if "not been connected" not in problem:
                sentences.append(problem)
                heard.set()

        while not sentences:
            me.news.clear()
            await me.news.wait()
            note()
        await leave(me)

    within(seconds, story)
    return sentences[0]


def test_a_refused_connection_is_told_in_a_sentence():
    sentence = lost_sentence({"url": "ws://127.0.0.1:9"})
    assert sentence == "127.0.0.1 refuses the connection; is the port right?"


@pytest.mark.covers("B-OCP-02")
def test_an_address_that_is_none_is_told_in_a_sentence():
    sentence = lost_sentence({"url": "http://127.0.0.1:9"})
    assert sentence == "The address of the back end is no WebSocket address."


def test_a_wrong_password_or_subprotocol_is_told_in_a_sentence():
    async def story():
        backend = Backend(lambda: AT)
        backend.passwords = {}
        backend, _, me = await opened(backend=backend)
        await me.until(lambda: "401" in me.core.status()["problem"])
        await closed(backend, me)
        other = Backend(lambda: AT)
        port = await other.start("127.0.0.1", 0, select_subprotocol=lambda *_: None)
        me = station(f"ws://127.0.0.1:{port}")
        await me.until(lambda: "does not speak ocpp1.6" in me.core.status()["problem"])
        await closed(other, me)

    within(10, story)


def test_a_redirect_is_not_followed_for_it_would_take_the_password_along():
    async def story():
        elsewhere = Backend(lambda: AT)
        port = await elsewhere.start("127.0.0.1", 0)

        async def redirect(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            place = f"Location: ws://127.0.0.1:{port}/CP1\r\n".encode()
            writer.write(b"HTTP/1.1 302 Found\r\n" + place + b"Content-Length: 0\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(redirect, "127.0.0.1", 0)
        me = station(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        await me.until(lambda: "HTTP status 302" in me.core.status()["problem"])
        assert not elsewhere.connected(NAME)
        await closed(elsewhere, me)
        server.close()

    within(10, story)


@pytest.mark.covers("B-OCP-05")
def test_a_server_without_pongs_is_left():
    async def deaf(reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        key = head.lower().partition("sec-websocket-key: ")[2]
        key = head[-len(key) :].split("\r\n")[0]
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Protocol: ocpp1.6\r\nSec-WebSocket-Accept: "
            + accept_key(key).encode()
            + b"\r\n\r\n"
        )
        await reader.read()
        writer.close()

    async def story():
        server = await asyncio.start_server(deaf, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        me = station(f"ws://127.0.0.1:{port}", link={"ping_interval_s": 1})
        await me.until(lambda: "pings" in me.core.status()["problem"])
        await leave(me)
        server.close()

    within(15, story)


def test_url_and_password_are_written_as_the_standard_says():
    assert station_url(LinkConfig("wss://h/p/", "CP 1/ä")) == "wss://h/p/CP%201%2F%C3%A4"
    header = basic_auth("AL1000", "0001020304050607FFFFFFFFFFFFFFFFFFFFFFFF")
    assert header == {"Authorization": "Basic QUwxMDAwOgABAgMEBQYH////////////////"}
    assert "secret" not in repr(LinkConfig("ws://h", "CP1", password="secret"))
