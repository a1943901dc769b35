"""What each strictness accepts of a server's certificate, over real sockets and real OpenSSL."""

import asyncio
import ssl
import warnings

import pytest

from firmware.io.tls import STRICTNESS, TlsConfig
from firmware.io.ws import BackendLink, LinkConfig
from firmware.model.backend import BackendConnected, BackendLost, Loss
from firmware.sim.backend import Backend
from tests.wire import certificates as c
from tests.wire.ocpp_station import within
from tests.wire.test_ocpp_backend import AT

NORMAL, EXPIRED, SKIP, BOTH, ENCRYPT = (
    "normal_ssl_auth", "allow_expired", "skip_host", "allow_expired_skip_host", "encrypt_only",
)  # fmt: skip
ALL = {NORMAL, EXPIRED, SKIP, BOTH, ENCRYPT}
HERE = ("localhost",)
AWAY = ("elsewhere.example",)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def root():
    return c.Authority("CPO Root")


async def first_fact(port, tls):
    """Return the first fact of a link to this port."""
    facts, heard = [], asyncio.Event()

    def post(fact):
        facts.append(fact)
        heard.set()

    config = LinkConfig(f"wss://localhost:{port}", "CP1", tls=tls)
    link = BackendLink(config, post, jitter=lambda: 0.0, now_ms=lambda: 0)
    task = asyncio.ensure_future(link.run())
    await heard.wait()
    link.close()
    await task
    return facts[0]


async def outcome(context, tls):
    """Return the first fact of a link that connects to a back end with this context."""
    backend = Backend(lambda: AT)
    port = await backend.start("127.0.0.1", 0, ssl=context)
    fact = await first_fact(port, tls)
    await backend.stop()
    return fact


def refusal(context, tls):
    """Return cause and sentence of a server that refuses in its handshake."""
    with c.refusing(context) as port:
        fact = asyncio.run(asyncio.wait_for(first_fact(port, tls), 20))
    return fact.cause, fact.reason


def levels(context, roots):
    """Return the strictness levels that connect, and the sentences of those that do not."""

    async def story():
        facts = {}
        for level in STRICTNESS:
            tls = TlsConfig(level, roots=roots, system_roots=False)
            facts[level] = await outcome(context, tls)
        return facts

    told = []

    async def keep():
        told.append(await story())

    within(60, keep)
    well = {level for level, fact in told[0].items() if isinstance(fact, BackendConnected)}
    lost = {(f.cause, f.reason) for f in told[0].values() if isinstance(f, BackendLost)}
    return well, lost


def words(said):
    return {(Loss.CERTIFICATE, f"The certificate of localhost {said}.")}


OUT_OF_DATE = words("has expired; it must be renewed there")
TOO_EARLY = words("is not valid yet; is the clock of the station right?")
OTHER_HOST = words("was made for another host name; check the address")
STRANGE = words("is not signed by a root that this station trusts; install that root")

TABLE = [
    ("good", {"names": HERE}, ALL, set()),
    ("name in the CN only", {}, ALL, set()),
    ("expired", {"names": HERE, "span": c.PAST}, {EXPIRED, BOTH, ENCRYPT}, OUT_OF_DATE),
    ("not yet valid", {"names": HERE, "span": c.FUTURE}, {ENCRYPT}, TOO_EARLY),
    ("another host", {"names": AWAY}, {SKIP, BOTH, ENCRYPT}, OTHER_HOST),
    ("another CN", {"cn": "elsewhere.example"}, {SKIP, BOTH, ENCRYPT}, OTHER_HOST),
    (
        "expired, another host", {"names": AWAY, "span": c.PAST}, {BOTH, ENCRYPT},
        OTHER_HOST | OUT_OF_DATE,
    ),
]  # fmt: skip
NAMES = [row[0] for row in TABLE]


@pytest.mark.covers(
    "B-OCP-15", "B-OCP-16", "B-OCP-17", "B-OCP-18", "B-OCP-19", "TC_086_CS", "OCPP16-PITFALL-73"
)
@pytest.mark.parametrize("made, accepted, sentences", [r[1:] for r in TABLE], ids=NAMES)
def test_each_strictness_accepts_what_it_says(folder, root, made, accepted, sentences):
    context = c.shown(folder, root, **made).context()
    assert levels(context, (root.pem,)) == (accepted, sentences)


@pytest.mark.covers("B-OCP-15", "B-OCP-16", "B-OCP-17", "B-OCP-18", "B-OCP-19")
def test_a_chain_that_nobody_trusts_is_refused_by_all_that_check(folder, root):
    stranger = c.Authority("Stranger")
    context = c.shown(folder, stranger, names=HERE).context()
    assert levels(context, (root.pem,)) == ({ENCRYPT}, STRANGE)


@pytest.mark.covers("B-OCP-15", "B-OCP-18", "B-OCP-19")
def test_an_untrusted_chain_is_refused_even_where_date_and_name_do_not_count(folder, root):
    stranger = c.Authority("Stranger")
    context = c.shown(folder, stranger, names=AWAY, span=c.PAST).context()
    assert levels(context, (root.pem,)) == ({ENCRYPT}, STRANGE)


@pytest.mark.covers("B-OCP-15", "B-OCP-19")
def test_a_self_signed_certificate_is_refused_by_all_that_check(folder, root):
    context = c.self_signed(folder).context()
    assert levels(context, (root.pem,)) == ({ENCRYPT}, STRANGE)


@pytest.mark.covers("OCPP16-PITFALL-73")
def test_a_server_that_knows_only_tls_1_1_is_told_to_be_too_old(folder, root):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old = ssl.TLSVersion.TLSv1_1
        context = c.shown(folder, root, names=HERE).context(
            oldest=old, newest=old, ciphers="ALL:@SECLEVEL=0"
        )
    sentence = "localhost offers no TLS 1.2 or newer; it is too old."
    for level in STRICTNESS:
        tls = TlsConfig(level, roots=(root.pem,), system_roots=False)
        assert refusal(context, tls) == (Loss.TLS_VERSION, sentence)


def test_a_tls_1_1_server_of_this_test_does_serve_tls_1_1(folder, root):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old = ssl.TLSVersion.TLSv1_1
        server = c.shown(folder, root, names=HERE).context(
            oldest=old, newest=old, ciphers="ALL:@SECLEVEL=0"
        )
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client.minimum_version = old
        client.set_ciphers("ALL:@SECLEVEL=0")
    client.load_verify_locations(cadata=root.pem)

    async def story():
        listening = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=server)
        port = listening.sockets[0].getsockname()[1]
        _, writer = await asyncio.open_connection("localhost", port, ssl=client)
        assert writer.get_extra_info("ssl_object").version() == "TLSv1.1"
        writer.close()
        listening.close()

    within(10, story)


@pytest.mark.covers("OCPP16-PITFALL-74")
@pytest.mark.parametrize(
    "suite", ["AES128-GCM-SHA256", "AES256-GCM-SHA384", "ECDHE-RSA-AES128-GCM-SHA256"]
)
def test_a_server_with_one_suite_of_the_whitepaper_is_understood(folder, root, suite):
    context = c.shown(folder, root, names=HERE).context(
        newest=ssl.TLSVersion.TLSv1_2, ciphers=suite
    )
    assert levels(context, (root.pem,)) == (ALL, set())


@pytest.mark.covers("OCPP16-PITFALL-74")
def test_a_server_without_any_suite_of_the_whitepaper_is_refused(folder, root):
    context = c.shown(folder, root, names=HERE).context(
        newest=ssl.TLSVersion.TLSv1_2, ciphers="ECDHE-RSA-AES128-SHA"
    )
    cause, sentence = refusal(context, TlsConfig(roots=(root.pem,), system_roots=False))
    assert cause is Loss.TLS_CIPHER
    assert sentence.startswith("localhost takes none of our TLS cipher suites")


def test_the_connection_says_on_which_root_it_stands(folder, root):
    context = c.shown(folder, root, names=HERE).context()

    async def story():
        fact = await outcome(context, TlsConfig(roots=(root.pem,), system_roots=False))
        assert fact.anchor == root.certificate.fingerprint(c.hashes.SHA256()).hex()
        fact = await outcome(context, TlsConfig(ENCRYPT))
        assert fact.anchor == ""

    within(20, story)


def test_a_plain_server_behind_a_wss_address_is_told_in_a_sentence(root):
    async def story():
        async def plain(reader, writer):
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(plain, "127.0.0.1", 0)
        fact = await first_fact(server.sockets[0].getsockname()[1], TlsConfig())
        sentence = "localhost does not speak TLS on this port; is it a ws:// address?"
        assert fact.reason == sentence
        server.close()

    within(20, story)


@pytest.mark.covers("TC_087_CS")
@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_server_that_wants_our_certificate_gets_it_and_refuses_anothers(folder, root, newest):
    context = c.shown(folder, root, names=HERE).context(newest=newest, clients=root.pem)
    roots = {"roots": (root.pem,), "system_roots": False}

    def client(authority):
        key = c.ec.generate_private_key(c.ec.SECP256R1())
        return c.Shown(folder, authority.issue("S1", key.public_key()), key).path

    good = TlsConfig(**roots, client=client(root))
    told = []

    async def story():
        told.append(await outcome(context, good))

    within(20, story)
    assert isinstance(told[0], BackendConnected)
    stranger = TlsConfig(**roots, client=client(c.Authority("X")))
    assert refusal(context, stranger)[0] is Loss.CLIENT
    assert refusal(context, TlsConfig(**roots))[0] in (Loss.CLIENT, Loss.TLS_CIPHER)
