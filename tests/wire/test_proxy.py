"""The back end through an HTTP proxy, with and without an account, and never by accident."""

import asyncio
import base64

import pytest

from firmware.apps.backend_link import link_config
from firmware.io.tls import Shown, TlsConfig
from firmware.model.backend import BackendLost
from firmware.sim.backend import Backend
from tests.pure.rigs import settings
from tests.wire import certificates as c
from tests.wire.ocpp_station import leave, station, within
from tests.wire.test_ocpp_backend import AT, NAME, ready

ACCOUNT = base64.b64encode(b"box:pass").decode()


class Proxy:
    """A CONNECT proxy; `asked` grows with each request line."""

    def __init__(self, account=""):
        self.account = account
        self.asked = []

    async def start(self):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self.server.sockets[0].getsockname()[1]

    async def _serve(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.asked.append(head.split("\r\n")[0])
        if self.account and f"Basic {self.account}" not in head:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            writer.close()
            return
        host, _, port = self.asked[-1].split()[1].rpartition(":")
        there, thither = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(self._carry(reader, thither), self._carry(there, writer))

    async def _carry(self, reader, writer):
        while data := await reader.read(4096):
            writer.write(data)
        writer.close()


async def through(proxy, address, backend, *, secure=None, scheme="ws", tls=None):
    port = await backend.start("127.0.0.1", 0, **({"ssl": secure} if secure else {}))
    link = {"proxy": address.format(await proxy.start())}
    me = station(f"{scheme}://localhost:{port}", link=link | ({"tls": tls} if tls else {}))
    return port, me


@pytest.mark.covers("B-OCP-04")
@pytest.mark.parametrize(("account", "name"), [("", ""), (ACCOUNT, "box:pass@")])
def test_the_back_end_is_reached_through_the_proxy(account, name):
    async def story():
        proxy, backend = Proxy(account), Backend(lambda: AT)
        port, me = await through(proxy, f"http://{name}127.0.0.1:{{}}", backend)
        await ready(me)
        assert proxy.asked == [f"CONNECT localhost:{port} HTTP/1.1"]
        await leave(me)
        await backend.stop()

    within(10, story)


@pytest.mark.covers("B-OCP-04")
def test_tls_is_between_station_and_back_end_not_the_proxy(tmp_path):
    async def story():
        root, proxy, backend = c.Authority(), Proxy(), Backend(lambda: AT)
        secure = c.shown(tmp_path, root, names=("localhost",)).context()
        tls = TlsConfig(roots=(root.pem,), system_roots=False)
        port, me = await through(
            proxy, "http://127.0.0.1:{}", backend, secure=secure, scheme="wss", tls=tls
        )
        await ready(me)
        assert proxy.asked == [f"CONNECT localhost:{port} HTTP/1.1"]
        await leave(me)
        await backend.stop()

    within(10, story)


@pytest.mark.covers("B-OCP-04")
def test_a_proxy_that_refuses_is_told_in_a_sentence_without_its_password():
    async def story():
        proxy, backend = Proxy(ACCOUNT), Backend(lambda: AT)
        _, me = await through(proxy, "http://box:wrong@127.0.0.1:{}", backend)
        sentence = "The proxy refuses its user name or password (407)."
        await me.until(lambda: me.core.status()["problem"] == sentence)
        assert not backend.connected(NAME)
        await leave(me)
        await backend.stop()

    within(10, story)


@pytest.mark.covers("B-OCP-04")
def test_a_proxy_that_is_not_there_is_told_in_a_sentence():
    async def story():
        me = station("ws://127.0.0.1:9", link={"proxy": "http://127.0.0.1:9"})
        sentence = "The proxy 127.0.0.1 refuses the connection; is the port right?"
        await me.until(lambda: me.core.status()["problem"] == sentence)
        await leave(me)

    within(10, story)


def test_a_proxy_of_the_environment_is_never_used(monkeypatch):
    for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "ws_proxy", "wss_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    async def story():
        backend = Backend(lambda: AT)
        port = await backend.start("127.0.0.1", 0)
        me = station(f"ws://127.0.0.1:{port}")
        await ready(me)
        assert not any(isinstance(wish, BackendLost) for wish in me.wishes)
        await leave(me)
        await backend.stop()

    within(10, story)


@pytest.mark.covers("B-OCP-04", "B-OCP-06")
def test_the_parameters_reach_the_link():
    plain = link_config(settings(ocpp_ws_url="ws://h/p"), Shown(), simulated=False)
    assert plain.interface == "ethernet"
    wireless = settings(ocpp_ws_url="ws://h/p", backend_connection_type="wlan")
    assert link_config(wireless, Shown(), simulated=False).interface == "wlan"
    assert link_config(wireless, Shown(), simulated=True).interface == ""
    assert (plain.proxy, plain.ping_interval_s, plain.tls) == (None, 0, TlsConfig())
    known = settings(
        ocpp_ws_url="wss://h/p",
        ocpp_ws_proxy="http://u:p@px:8",
        ocpp_ssl_strictness_client="skip_host",
    )
    config = link_config(known, Shown(("ROOT",)), simulated=True)
    assert (config.proxy, config.tls) == ("http://u:p@px:8", TlsConfig("skip_host", ("ROOT",)))
    assert "u:p" not in repr(config)


@pytest.mark.parametrize(
    ("profile", "url", "password", "strictness", "client"),
    [
        (0, "ws://h:8/p", True, "skip_host", False),
        (1, "ws://h:8/p", True, "skip_host", False),
        (2, "wss://h:8/p", True, "normal_ssl_auth", False),
        (3, "wss://h:8/p", False, "normal_ssl_auth", True),
    ],
)
@pytest.mark.covers("TC_083_CS", "OCPP16-PITFALL-75")
def test_a_security_profile_decides_what_is_shown_and_checked(
    tmp_path, profile, url, password, strictness, client
):
    known = settings(
        ocpp_ws_url="ws://h:8/p", ocpp_ssl_strictness_client="skip_host",
        ocpp_basic_auth_password="0123456789abcdef", ocpp__SecurityProfile=str(profile),
    )  # fmt: skip
    config = link_config(known, Shown(("ROOT",), tmp_path), simulated=True)
    assert (config.url, bool(config.password)) == (url, password)
    assert (config.tls.strictness, config.tls.client is not None) == (strictness, client)
    assert config.tls.system_roots is (profile < 2)
