"""Certificates by the back end: installed, listed, deleted, renewed; keys stay where they are."""

import hashlib
import stat

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509 import ocsp

from firmware.io.certificates import CertificateStore, CertificateWorker, not_done
from firmware.model import security as s
from firmware.model.backend import Loss
from firmware.ocpp.security import TRIES
from tests.pure.security_rig import KEY, UTC_NOW, Secure
from tests.pure.test_security_line import signed
from tests.wire import certificates as c

CENTRAL, MANUFACTURER = "CentralSystemRootCertificate", "ManufacturerRootCertificate"


@pytest.fixture
def station(tmp_path):
    return Secure(tmp_path, ocpp_basic_auth_password=KEY, ocpp__CpoName="Green Power")


def install(station, pem, use=CENTRAL):
    return station.ask("InstallCertificate", certificateType=use, certificate=pem)["status"]


def ids(station, use=CENTRAL):
    answer = station.ask("GetInstalledCertificateIds", certificateType=use)
    return answer["status"], answer.get("certificateHashData", [])


def delete(station, data):
    return station.ask("DeleteCertificate", certificateHashData=data)["status"]


@pytest.mark.covers("TC_075_1_CS", "TC_075_2_CS", "OCPP16-PITFALL-77")
@pytest.mark.parametrize("use", [MANUFACTURER, CENTRAL])
def test_a_root_is_installed_for_its_use_and_stays(station, use):
    root = c.Authority()
    other = ({MANUFACTURER, CENTRAL} - {use}).pop()
    assert install(station, root.pem, use) == "Accepted"
    assert (len(ids(station, use)[1]), ids(station, other)) == (1, ("NotFound", []))
    station.boot()
    assert len(ids(station, use)[1]) == 1
    assert "ReconfigurationOfSecurityParameters" in station.log()


def bad_roots():
    root, leaf_key = c.Authority(), c.ec.generate_private_key(c.ec.SECP256R1())
    below = c.Authority("Below", parent=root)
    yield "no text", "rubbish"
    yield "broken", root.pem.replace("M", "N", 5)
    yield "a leaf", c.pem_of(root.issue("leaf", leaf_key.public_key()))
    yield "not a root", below.pem
    yield "two", root.pem + c.Authority().pem
    yield "expired", c.Authority(span=c.PAST).pem
    yield "too early", c.Authority(span=c.FUTURE).pem
    yield "a key", c.key_pem(leaf_key)


@pytest.mark.covers("TC_075_1_CS", "OCPP16-PITFALL-77")
@pytest.mark.parametrize("number", range(8))
def test_what_is_no_valid_root_is_rejected(station, number):
    _, pem = list(bad_roots())[number]
    assert install(station, pem) == "Rejected"
    assert ids(station) == ("NotFound", [])


@pytest.mark.covers("OCPP16-PITFALL-77")
def test_no_more_roots_are_installed_than_the_store_takes(station):
    roots = [c.Authority(str(n)) for n in range(21)]
    assert [install(station, root.pem) for root in roots] == ["Accepted"] * 20 + ["Rejected"]
    assert install(station, roots[3].pem) == "Accepted"  # that one is there
    assert len(ids(station)[1]) == 20


@pytest.mark.covers("OCPP16-PITFALL-78")
@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_hash_data_is_what_an_ocsp_request_says(station, kind):
    root = c.Authority("Ö GmbH")
    if kind == "rsa":
        root.key = c.rsa.generate_private_key(65537, 2048)
        root.certificate = c._signed(root.name, root.key.public_key(), root, authority=True)
        root.pem = c.pem_of(root.certificate)
    assert install(station, root.pem) == "Accepted"
    ((data,),) = (ids(station)[1],)
    request = ocsp.OCSPRequestBuilder()
    request = request.add_certificate(root.certificate, root.certificate, c.hashes.SHA256()).build()
    assert data == {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": request.issuer_name_hash.hex(),
        "issuerKeyHash": request.issuer_key_hash.hex(),
        "serialNumber": f"{request.serial_number:x}",
    }


@pytest.mark.covers("TC_076_CS", "OCPP16-PITFALL-78")
def test_a_root_is_deleted_by_any_algorithm_and_spelling_and_a_strange_one_is_not_found(station):
    root = station.install()
    name, key = root.certificate.issuer.public_bytes(), None
    key = root.key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    data = {
        "hashAlgorithm": "SHA512",
        "issuerNameHash": hashlib.sha512(name).hexdigest().upper(),
        "issuerKeyHash": hashlib.sha512(key).hexdigest(),
        "serialNumber": f"{root.certificate.serial_number:040X}"[-40:],
    }
    assert delete(station, {**data, "serialNumber": "1"}) == "NotFound"
    assert [delete(station, data), delete(station, data)] == ["Accepted", "NotFound"]
    assert ids(station) == ("NotFound", [])


@pytest.mark.covers("TC_076_CS", "OCPP16-PITFALL-78")
def test_the_root_in_use_is_not_deleted(station):
    used, spare = station.install(), station.install(c.Authority("spare"))
    station.lose()
    station.connect(used.certificate.fingerprint(c.hashes.SHA256()).hex())
    results = {data["serialNumber"]: delete(station, data) for data in list(ids(station)[1])}
    assert results == {
        f"{used.certificate.serial_number:x}": "Failed",
        f"{spare.certificate.serial_number:x}": "Accepted",
    }


@pytest.mark.covers("TC_076_CS")
def test_the_last_root_of_a_profile_that_needs_one_is_not_deleted(tmp_path):
    station = Secure(tmp_path, ocpp__SecurityProfile="2", ocpp_basic_auth_password=KEY)
    station.install()
    assert delete(station, ids(station)[1][0]) == "Failed"


@pytest.mark.covers("TC_074_CS", "OCPP16-PITFALL-75", "OCPP16-PITFALL-81")
def test_a_certificate_is_asked_for_signed_and_shown_from_then_on(station):
    root = station.install()
    assert station.store.shown().client is None
    assert signed(station, root) == "Accepted"
    asked = x509.load_pem_x509_csr(station.signing[0].encode())
    names = {one.rfc4514_attribute_name: one.value for one in asked.subject}
    assert names == {"CN": "S1", "O": "Green Power"}
    assert isinstance(asked.public_key().curve, c.ec.SECP256R1)
    assert station.store.shown().client.name == "station-000001.pem"
    assert station.cuts() == []  # this profile does not show it


@pytest.mark.covers("OCPP16-PITFALL-75")
def test_the_key_leaves_in_no_frame_and_nobody_else_may_read_it(station):
    root = station.install()
    signed(station, root)
    station.ask("ExtendedTriggerMessage", requestedMessage="SignChargePointCertificate")
    assert not any("PRIVATE KEY" in csr for csr in station.signing)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in station.folder.iterdir()}
    assert set(modes.values()) == {0o600} and {"pending.key", "station-000001.pem"} < set(modes)


def bad_chains(station, root):
    csr = station.signing[-1]
    stranger = c.ec.generate_private_key(c.ec.SECP256R1()).public_key()
    good = root.sign_request(csr)
    return {
        "another key": c.pem_of(root.issue("S1", stranger)),
        "another root": c.Authority("X").sign_request(csr),
        "expired": root.sign_request(csr, span=c.PAST),
        "too early": root.sign_request(csr, span=c.FUTURE),
        "rubbish": "rubbish",
        "a broken chain": good + c.Authority("X").pem,
        "too long": good + " " * (10_001 - len(good)),
    }


BAD = [
    "another key", "another root", "expired", "too early", "rubbish", "a broken chain", "too long",
]  # fmt: skip


@pytest.mark.covers("TC_077_CS", "OCPP16-PITFALL-76")
@pytest.mark.parametrize("kind", BAD)
def test_a_bad_certificate_is_rejected_and_told(station, kind):
    root = station.install()
    station.ask("ExtendedTriggerMessage", requestedMessage="SignChargePointCertificate")
    chain = bad_chains(station, root)[kind]
    answer = station.ask("CertificateSigned", certificateChain=chain)
    if kind == "too long":
        assert answer == "TypeConstraintViolation"  # the message itself ends at 10,000
        return
    assert answer == {"status": "Rejected"}
    assert station.events[-1]["type"] == "InvalidChargePointCertificate"
    assert station.store.shown().client is None


@pytest.mark.covers("TC_077_CS", "OCPP16-PITFALL-76")
def test_a_certificate_that_nobody_asked_for_is_rejected(station):
    root = station.install()
    chain = c.pem_of(root.issue("S1", root.key.public_key()))
    assert station.ask("CertificateSigned", certificateChain=chain) == {"status": "Rejected"}
    assert station.events[-1]["techInfo"] == "no certificate was asked for"


@pytest.mark.covers("TC_074_CS", "OCPP16-PITFALL-76")
def test_a_chain_over_an_authority_between_is_taken(station):
    root = station.install()
    between = c.Authority("between", parent=root)
    station.ask("ExtendedTriggerMessage", requestedMessage="SignChargePointCertificate")
    chain = between.sign_request(station.signing[-1]) + between.pem
    assert station.ask("CertificateSigned", certificateChain=chain) == {"status": "Accepted"}


@pytest.mark.covers("TC_074_CS", "OCPP16-PITFALL-75")
def test_with_profile_3_a_new_certificate_is_shown_at_once_and_the_old_one_is_the_way_back(
    tmp_path,
):
    station = Secure(tmp_path, ocpp__SecurityProfile="3")
    root = station.install()
    assert signed(station, root) == "Accepted"
    station.wait(1_000)
    assert station.cuts() == ["The certificate of the station was renewed."]
    station.lose(Loss.OURS)
    station.connect()
    assert signed(station, root) == "Accepted"
    station.wait(1_000)
    assert station.store.shown().client.name == "station-000002.pem"
    station.lose(Loss.OURS)
    station.lose(Loss.CLIENT, "h refuses the certificate of this station.", TRIES)
    assert station.store.shown().client.name == "station-000001.pem"


def test_a_second_request_waits_for_the_key_of_the_first(station):
    core = station.core.parts["security"]
    made = [wish for _ in range(3) for wish in core.handle(s.SigningTriggered(), station.now_ms)]
    assert [type(wish) for wish in made] == [s.MakeSigningRequest]
    (lost,) = not_done(made[0])
    assert list(core.handle(lost, station.now_ms)) == []  # nothing to be sent
    assert len(list(core.handle(s.SigningTriggered(), station.now_ms))) == 1


@pytest.mark.covers("OCPP16-PITFALL-75")
def test_two_certificates_are_kept_and_an_expired_one_is_not_shown(tmp_path):
    station = Secure(tmp_path)
    root = station.install()
    for span in (c.NOW, c.NOW, c.NOW):
        assert signed(station, root, span=span) == "Accepted"
    kept = sorted(file.name for file in tmp_path.glob("station-*.pem"))
    assert kept == ["station-000002.pem", "station-000003.pem"]
    old = CertificateStore(tmp_path, lambda: UTC_NOW.replace(year=2100))
    assert (old.shown().client, old.listed().client) == (None, False)


def test_half_a_file_of_a_power_cut_and_a_damaged_one_are_not_used(tmp_path):
    station = Secure(tmp_path)
    root = station.install()
    (tmp_path / "pending.key.new").write_text("half")
    (tmp_path / f"{CENTRAL}-damaged.pem").write_text("rubbish")
    (tmp_path / "station-000009.pem").write_text("rubbish")
    store = CertificateStore(tmp_path, lambda: UTC_NOW)
    assert store.shown().roots == (root.pem,)
    assert store.shown().client is None
    assert not list(tmp_path.glob("*.new"))


@pytest.mark.covers("OCPP16-PITFALL-81")
@pytest.mark.parametrize(
    ("message", "status"),
    [
        ("BootNotification", "Accepted"), ("Heartbeat", "Accepted"),
        ("StatusNotification", "Accepted"), ("MeterValues", "Accepted"),
        ("FirmwareStatusNotification", "Accepted"),
        ("LogStatusNotification", "Accepted"),
        ("SignChargePointCertificate", "Accepted"),
    ],
)  # fmt: skip
def test_extended_trigger_message_knows_what_it_may_trigger(station, message, status):
    answer = station.ask("ExtendedTriggerMessage", requestedMessage=message)
    assert answer == {"status": status}


@pytest.mark.covers("OCPP16-PITFALL-81")
def test_trigger_message_does_not_know_what_only_the_extended_one_does(station):
    answer = station.ask("TriggerMessage", requestedMessage="SignChargePointCertificate")
    assert answer == "PropertyConstraintViolation"
    assert station.signing == []


def test_the_thread_of_the_store_tells_what_is_there_then_does_what_is_wished(tmp_path):
    told = []
    worker = CertificateWorker(
        CertificateStore(tmp_path, lambda: UTC_NOW), lambda *fact: told.append(fact)
    )
    worker.start()
    root = c.Authority()
    worker.ask(s.KeepRoot("1", s.RootUse.CENTRAL_SYSTEM, root.pem))
    worker.ask(s.KeepChain("2", "rubbish"))
    worker.ask(s.KeepRoot("3", s.RootUse.CENTRAL_SYSTEM, "rubbish"))
    worker.finish()
    assert told[0][0] == [s.CertificatesListed((), False)]
    assert told[1][0][1] == s.CertificateKept("1", True) and told[1][1].roots == (root.pem,)
    assert [facts for facts, _ in told[2:]] == [
        [s.CertificateKept("2", False)], [s.CertificateKept("3", False)],
    ]  # fmt: skip
