"""Security profiles 1 to 3 and the whitepaper's messages, against a strict back end."""

import pytest

from firmware.io.tls import TlsConfig
from firmware.model.backend import BackendReady
from tests.pure.rigs import settings
from tests.wire import certificates as c
from tests.wire.ocpp_station import leave, station, within
from tests.wire.secure_station import secure_station
from tests.wire.test_ocpp_peer import calls, csms, peer  # noqa: F401  (a fixture)

# one worker for all: two would install the packages of the peer over each other
pytestmark = [pytest.mark.needs_node, pytest.mark.xdist_group("node peer")]
SECRET = "0001fe" + "ff" * 17
HERE = ("localhost",)


def client(folder, authority):
    key = c.ec.generate_private_key(c.ec.SECP256R1())
    return c.Shown(folder, authority.issue("S1", key.public_key()), key).path


async def ready(me):
    await me.until(lambda: any(isinstance(wish, BackendReady) for wish in me.wishes))


@pytest.mark.covers("TC_085_CS", "TC_086_CS", "OCPP16-PITFALL-70", "OCPP16-PITFALL-73")
def test_profile_2_tls_and_a_binary_password(peer, tmp_path):  # noqa: F811
    async def story():
        root = c.Authority()
        shown = c.shown(tmp_path, root, names=HERE)
        tls = TlsConfig(roots=(root.pem,), system_roots=False)
        async with csms(peer, "Accepted", SECRET, str(shown.path)) as back:
            url = f"wss://localhost:{back.port}"
            bad = station(url, link={"password": SECRET.replace("fe", "fd"), "tls": tls})
            await bad.until(lambda: "401" in bad.core.status()["problem"])
            await leave(bad)
            good = station(url, link={"password": SECRET, "tls": tls})
            await ready(good)
            await leave(good)

    within(20, story)


@pytest.mark.covers("TC_087_CS", "OCPP16-PITFALL-75")
def test_profile_3_a_certificate_instead_of_a_password(peer, tmp_path):  # noqa: F811
    async def story():
        root = c.Authority()
        shown = c.shown(tmp_path, root, names=HERE)
        (tmp_path / "clients.pem").write_text(root.pem)
        arguments = ("Accepted", "", str(shown.path), str(tmp_path / "clients.pem"))
        roots = {"roots": (root.pem,), "system_roots": False}
        async with csms(peer, *arguments) as back:
            url = f"wss://localhost:{back.port}"
            stranger = TlsConfig(**roots, client=client(tmp_path, c.Authority("X")))
            bad = station(url, link={"tls": stranger})
            await bad.until(lambda: "localhost" in bad.core.status()["problem"])
            assert [line["event"] for line in back.heard] == ["ready"]
            await leave(bad)
            good = station(url, link={"tls": TlsConfig(**roots, client=client(tmp_path, root))})
            await ready(good)
            await leave(good)

    within(20, story)


@pytest.mark.covers(
    "TC_074_CS", "TC_075_1_CS", "TC_075_2_CS", "TC_076_CS", "TC_077_CS", "OCPP16-PITFALL-78"
)
def test_the_messages_of_the_whitepaper_are_of_the_schema(peer, tmp_path):  # noqa: F811
    async def story():
        async with csms(peer) as back:
            known = settings(ocpp_ws_url=f"ws://localhost:{back.port}")
            me = secure_station(tmp_path, known)
            await back.until(lambda heard: calls(back, "SecurityEventNotification"))
            root = c.Authority()
            for use in ("ManufacturerRootCertificate", "CentralSystemRootCertificate"):
                kind = {"certificateType": use}
                asked = {**kind, "certificate": root.pem}
                assert await back.ask("InstallCertificate", asked) == {"status": "Accepted"}
                listed = await back.ask("GetInstalledCertificateIds", kind)
                assert len(listed["certificateHashData"]) == 1
            wanted = {"requestedMessage": "SignChargePointCertificate"}
            assert await back.ask("ExtendedTriggerMessage", wanted) == {"status": "Accepted"}
            await back.until(lambda heard: calls(back, "SignCertificate"))
            chain = root.sign_request(calls(back, "SignCertificate")[0]["csr"])
            for answer in ("Accepted", "Rejected"):  # its key has a certificate now
                signed = await back.ask("CertificateSigned", {"certificateChain": chain})
                assert signed == {"status": answer}
            gone = {"certificateHashData": listed["certificateHashData"][0]}
            assert await back.ask("DeleteCertificate", gone) == {"status": "Accepted"}
            await back.until(lambda heard: "InvalidChargePointCertificate" in [
                event["type"] for event in calls(back, "SecurityEventNotification")
            ])  # fmt: skip
            await me.leave()

    within(20, story)
