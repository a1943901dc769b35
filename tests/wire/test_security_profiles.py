"""From no security to profile 3, step by step, by the back end alone, over real sockets."""

import json

import pytest
from ocpp.v16 import call

from firmware.sim.backend import Backend
from tests.pure.rigs import settings
from tests.wire import certificates as c
from tests.wire.ocpp_station import within
from tests.wire.secure_station import secure_station
from tests.wire.test_ocpp_backend import AT

KEY, OTHER_KEY = "0123456789abcdef", "fedcba9876543210"
NAME = "CP1"
CENTRAL = "CentralSystemRootCertificate"


class Central:
    """A back end that can be put behind TLS on the same port, and keeps what it was sent."""

    def __init__(self, password=KEY):
        self.backend = Backend(lambda: AT)
        self.backend.passwords = {NAME: password.encode()}
        self.told, self.port = [], 0
        self.backend.on_frame = self.note

    def note(self, _identity, direction, text, _at):
        if direction == "up" and text.startswith("[2,"):
            self.told.append(tuple(json.loads(text)[2:]))

    async def open(self, context=None):
        secure = {"ssl": context} if context else {}
        self.port = await self.backend.start("localhost", self.port, **secure)

    async def reopen(self, context=None):
        await self.backend.stop()
        await self.open(context)

    async def here(self):
        await self.backend.until(lambda: self.backend.connected(NAME))

    async def gone(self):
        await self.backend.until(lambda: not self.backend.connected(NAME))

    async def change(self, key, value):
        return await self.backend.change_configuration(NAME, key, value)

    async def told_of(self, action):
        await self.backend.until(lambda: any(name == action for name, _ in self.told))
        return next(payload for name, payload in self.told if name == action)


def url_of(central):
    return {"ocpp_ws_url": f"ws://localhost:{central.port}/p", "ocpp_chargebox_identity": NAME}


@pytest.mark.covers("TC_083_CS", "TC_074_CS", "TC_086_CS", "TC_087_CS", "OCPP16-PITFALL-72")
def test_a_back_end_takes_a_station_up_to_profile_3(tmp_path):
    async def story():
        root, central = c.Authority("CPO"), Central()
        shown = c.shown(tmp_path, root, names=("localhost",))
        await central.open()
        known = settings(ocpp_basic_auth_password=KEY, ocpp__CpoName="CPO", **url_of(central))
        me = secure_station(tmp_path / "certificates", known)
        await central.here()

        assert await central.change("SecurityProfile", "2") == "Rejected"  # no root yet
        assert await central.change("SecurityProfile", "1") == "Accepted"
        await central.gone()
        await central.here()
        install = call.InstallCertificate(certificate_type=CENTRAL, certificate=root.pem)
        assert (await central.backend.command(NAME, install)).status == "Accepted"
        assert await central.change("SecurityProfile", "2") == "Accepted"
        await central.gone()
        await central.reopen(shown.context())
        await central.here()
        assert me.settings().number("ocpp:SecurityProfile") == 2

        assert await central.change("SecurityProfile", "3") == "Rejected"  # no certificate yet
        trigger = call.ExtendedTriggerMessage(requested_message="SignChargePointCertificate")
        assert (await central.backend.command(NAME, trigger)).status == "Accepted"
        csr = (await central.told_of("SignCertificate"))["csr"]
        signed = call.CertificateSigned(certificate_chain=root.sign_request(csr))
        assert (await central.backend.command(NAME, signed)).status == "Accepted"
        assert await central.change("SecurityProfile", "3") == "Accepted"
        await central.gone()
        central.backend.passwords = None
        await central.reopen(shown.context(clients=root.pem))
        await central.here()
        assert await central.change("SecurityProfile", "2") == "Rejected"
        assert me.settings().number("ocpp:SecurityProfile") == 3
        await me.leave()
        await central.backend.stop()

    within(40, story)


@pytest.mark.covers("TC_073_CS", "TC_085_CS", "OCPP16-PITFALL-70", "OCPP16-PITFALL-71")
@pytest.mark.parametrize("taken", [True, False])
def test_a_new_password_is_used_where_it_is_taken_and_the_old_one_where_not(tmp_path, taken):
    async def story():
        central = Central()
        await central.open()
        known = settings(ocpp_basic_auth_password=KEY, **url_of(central))
        me = secure_station(tmp_path, known)
        await central.here()
        assert await central.change("AuthorizationKey", OTHER_KEY) == "Accepted"
        if taken:
            central.backend.passwords = {NAME: OTHER_KEY.encode()}
        await central.gone()
        await central.here()
        used = me.settings().text("ocpp_basic_auth_password")
        assert used == (OTHER_KEY if taken else KEY)
        assert not any(KEY in line or OTHER_KEY in line for line in me.log())
        assert any("FailedToAuthenticate" in line for line in me.log()) is not taken
        await me.leave()
        await central.backend.stop()

    within(60, story)


@pytest.mark.covers("TC_078_CS", "OCPP16-PITFALL-73")
def test_a_back_end_with_a_bad_certificate_hears_of_it_when_it_has_a_good_one(tmp_path):
    async def story():
        root, central = c.Authority("CPO"), Central()
        good = c.shown(tmp_path, root, names=("localhost",)).context()
        bad = c.shown(tmp_path, root, names=("localhost",), span=c.PAST).context()
        await central.open(bad)
        known = settings(ocpp_basic_auth_password=KEY, ocpp__SecurityProfile="2", **url_of(central))
        certificates = tmp_path / "certificates"
        certificates.mkdir()
        (certificates / f"{CENTRAL}-x.pem").write_text(root.pem)
        me = secure_station(certificates, known)
        await me.until(lambda: "has expired" in me.core.ocpp.status()["problem"])
        await central.reopen(good)
        events = []

        def heard():
            events[:] = [payload for name, payload in central.told if name.startswith("Security")]
            return "InvalidCentralSystemCertificate" in [event["type"] for event in events]

        await central.backend.until(heard)
        assert events[0]["type"] == "StartupOfTheDevice"
        assert "has expired" in events[-1]["techInfo"]
        await me.leave()
        await central.backend.stop()

    within(40, story)
