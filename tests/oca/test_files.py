"""OCA test cases of OCPP 1.6: firmware and diagnostics, security log, signed firmware."""

import base64

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from firmware.io.certificates import CertificateStore
from tests.oca.octt import NAME
from tests.wire.certificates import Authority, pem_of

URL = "ftp://octt:secret@files.lan/firmware.bin"
PLACE = "https://files.lan/logs/"
FIRMWARE = b"firmware" * 1_000
NOW = "2026-01-01T00:00:00Z"
EVENT = "SecurityEventNotification"


def statuses(lab, action, *words, within_s=120, **fields):
    """Expect these statuses one after the other, and no other between."""
    for word in words:
        payload = lab.expect(action, within_s)
        assert payload == {"status": word, **fields}


def update(lab, retries=1, at=NOW, **more):
    lab.station.files.files.setdefault(URL, FIRMWARE)
    answer = lab.ask(
        "UpdateFirmware", location=URL, retrieveDate=at, retries=retries, retryInterval=10, **more
    )
    assert answer == {}


def plain(lab, *words, **options):
    statuses(lab, "FirmwareStatusNotification", *words, **options)


class Factory:
    """Who signs firmware, and a station that knows its root."""

    def __init__(self, lab, folder):
        self.root = Authority("Manufacturer")
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.signer = pem_of(self.root.issue("Firmware", self.key.public_key()))
        self.lab = lab
        store = CertificateStore(folder)
        lab.station.certificates = store.perform
        answer = lab.ask(
            "InstallCertificate",
            certificateType="ManufacturerRootCertificate",
            certificate=self.root.pem,
        )
        assert answer == {"status": "Accepted"}
        lab.station.files.files[URL] = FIRMWARE

    def ask(self, number=5, *, signed=FIRMWARE, signer=None, **dates):
        """SignedUpdateFirmware."""
        signature = self.key.sign(signed, ec.ECDSA(hashes.SHA256()))
        firmware = {
            "location": URL,
            "retrieveDateTime": NOW,
            "signingCertificate": signer or self.signer,
            "signature": base64.b64encode(signature).decode(),
            **dates,
        }
        return self.lab.ask("SignedUpdateFirmware", requestId=number, firmware=firmware)["status"]

    def told(self, *words, number=5):
        statuses(self.lab, "SignedFirmwareStatusNotification", *words, requestId=number)


def get_log(lab, number, kind="SecurityLog", place=PLACE):
    return lab.ask(
        "GetLog", logType=kind, requestId=number, log={"remoteLocation": place}, retries=0
    )


@pytest.mark.covers("TC_044_1_CS", "OCPP16-PITFALL-60")
def test_044_1_firmware_is_fetched_and_installed_and_told_by_the_new_one(octt):
    lab = octt()
    update(lab)
    plain(lab, "Downloading", "Downloaded", "Installing")
    lab.silence("FirmwareStatusNotification", 9)
    boot = lab.expect("BootNotification")
    assert boot["firmwareVersion"] == "1"
    plain(lab, "Installed")
    assert lab.face(1) == "Available"
    lab.silence("FirmwareStatusNotification", 600)


@pytest.mark.covers("TC_044_2_CS", "OCPP16-PITFALL-59")
def test_044_2_the_download_fails_after_the_first_try_and_all_retries(octt):
    lab = octt()
    lab.station.files.files[URL] = b""
    del lab.station.files.files[URL]
    answer = lab.ask("UpdateFirmware", location=URL, retrieveDate=NOW, retries=2, retryInterval=10)
    assert answer == {}
    plain(lab, "Downloading", "DownloadFailed")
    assert lab.station.files.asked == [URL] * 3
    lab.silence("FirmwareStatusNotification", 600)
    assert lab.face(1) == "Available"


@pytest.mark.covers("TC_044_3_CS")
def test_044_3_the_installation_fails_and_the_station_works_on(octt):
    lab = octt()
    lab.station.files.installs = None
    update(lab)
    plain(lab, "Downloading", "Downloaded")
    lab.expect("StatusNotification", connectorId=1, status="Unavailable")
    plain(lab, "Installing", "InstallationFailed")
    lab.expect("StatusNotification", connectorId=1, status="Available")
    lab.charge()


@pytest.mark.covers("OCPP16-PITFALL-59")
def test_an_installation_waits_for_transactions_and_closes_what_is_idle(octt):
    lab = octt()
    lab.charge()
    update(lab)
    plain(lab, "Downloading", "Downloaded")
    lab.expect("StatusNotification", connectorId=2, status="Unavailable")
    lab.silence("FirmwareStatusNotification", 3_600)
    assert lab.face(1) == "Charging"
    lab.swipe()
    lab.expect("StopTransaction")
    plain(lab, "Installing")
    lab.expect("BootNotification")
    plain(lab, "Installed")
    assert [lab.face(n) for n in (0, 2)] == ["Available", "Available"]


@pytest.mark.covers("OCPP16-PITFALL-59")
def test_a_date_is_waited_for_and_idle_is_told_only_when_it_was_asked_for(octt):
    lab = octt()
    update(lab, at="2026-01-01T01:00:00Z")
    lab.silence("FirmwareStatusNotification", 1_800)
    for message, idle in (("Firmware", "Idle"), ("Diagnostics", "Idle")):
        lab.ask("TriggerMessage", requestedMessage=f"{message}StatusNotification")
        statuses(lab, f"{message}StatusNotification", idle)
    lab.station.power_cut(60_000)
    lab.expect("BootNotification", 120)
    plain(lab, "Downloading", within_s=3_600)
    assert lab.now_s >= 3_600
    lab.ask("TriggerMessage", requestedMessage="FirmwareStatusNotification")
    plain(lab, "Downloading", "Downloaded")


@pytest.mark.covers("OCPP16-PITFALL-60")
def test_the_firmware_that_was_there_before_tells_that_the_installation_failed(octt):
    lab = octt()
    lab.station.files.installs = "0"
    update(lab)
    plain(lab, "Downloading", "Downloaded", "Installing")
    lab.expect("BootNotification")
    plain(lab, "InstallationFailed")


def test_installed_is_told_even_when_the_back_end_is_away_at_first(octt):
    lab = octt()
    update(lab)
    plain(lab, "Downloading", "Downloaded", "Installing")
    lab.cut()
    lab.wait(300)
    lab.station.power_cut(1_000)
    lab.wait(60)
    lab.heal()
    plain(lab, "Installed", within_s=600)


@pytest.mark.covers("TC_045_1_CS", "OCPP16-PITFALL-60")
def test_045_1_diagnostics_are_uploaded_under_a_name_that_was_told_before(octt):
    lab = octt()
    name = lab.ask("GetDiagnostics", location=PLACE)["fileName"]
    assert name.startswith(f"{NAME}_diagnostics_2026") and name.endswith("Z.zip")
    statuses(lab, "DiagnosticsStatusNotification", "Uploading", "Uploaded")
    assert lab.station.files.brought == {name: "DiagnosticsLog"}
    nothing = lab.ask("GetDiagnostics", location=PLACE, startTime="2027-01-01T00:00:00Z")
    assert nothing == {}
    lab.silence("DiagnosticsStatusNotification", 60)


@pytest.mark.covers("TC_045_2_CS", "OCPP16-PITFALL-59")
def test_045_2_the_upload_fails_after_the_first_try_and_all_retries(octt):
    lab = octt()
    lab.station.files.refuses_upload = True
    lab.ask("GetDiagnostics", location=PLACE, retries=1, retryInterval=5)
    statuses(lab, "DiagnosticsStatusNotification", "Uploading", "UploadFailed")
    assert len(lab.station.files.asked) == 2


@pytest.mark.covers("TC_079_CS", "OCPP16-PITFALL-80")
def test_079_the_security_log_is_uploaded_with_its_request_id_in_every_status(octt):
    lab = octt()
    answer = get_log(lab, 17)
    assert answer["status"] == "Accepted" and "_security_" in answer["filename"]
    statuses(lab, "LogStatusNotification", "Uploading", "Uploaded", requestId=17)
    assert lab.station.files.brought == {answer["filename"]: "SecurityLog"}
    lab.ask("ExtendedTriggerMessage", requestedMessage="LogStatusNotification")
    statuses(lab, "LogStatusNotification", "Idle")


@pytest.mark.covers("OCPP16-PITFALL-80")
def test_a_second_log_cancels_the_first(octt):
    lab = octt()
    assert get_log(lab, 1)["status"] == "Accepted"
    second = get_log(lab, 2, "DiagnosticsLog")
    assert second["status"] == "AcceptedCanceled"
    statuses(lab, "LogStatusNotification", "Uploading", requestId=1)
    statuses(lab, "LogStatusNotification", "Uploading", "Uploaded", requestId=2)
    assert list(lab.station.files.brought) == [second["filename"]]


@pytest.mark.parametrize(
    ("trouble", "word"),
    [("not supported", "NotSupportedOperation"), ("denied", "PermissionDenied"),
     ("bad address", "BadMessage"), ("other", "UploadFailure")],
)  # fmt: skip
def test_a_log_that_cannot_be_brought_tells_why(octt, trouble, word):
    lab = octt()
    lab.station.files.failures.append(trouble)
    get_log(lab, 3)
    statuses(lab, "LogStatusNotification", "Uploading", word, requestId=3)


def test_a_log_to_a_place_that_is_none_is_rejected(octt):
    assert get_log(octt(), 3, place="file:///etc/passwd") == {"status": "Rejected"}


@pytest.mark.covers("TC_080_CS", "OCPP16-PITFALL-79")
def test_080_signed_firmware_is_checked_installed_and_told(octt, tmp_path):
    lab = octt()
    factory = Factory(lab, tmp_path)
    assert factory.ask() == "Accepted"
    factory.told("Downloading", "Downloaded", "SignatureVerified", "Installing")
    factory.told("InstallRebooting")
    lab.expect("BootNotification")
    factory.told("Installed")
    lab.expect(EVENT, type="FirmwareUpdated")


@pytest.mark.covers("TC_081_CS", "OCPP16-PITFALL-79")
def test_081_a_signature_over_something_else_is_invalid(octt, tmp_path):
    lab = octt()
    factory = Factory(lab, tmp_path)
    assert factory.ask(signed=FIRMWARE[:-1]) == "Accepted"
    factory.told("Downloading", "Downloaded", "InvalidSignature")
    lab.expect(EVENT, type="InvalidFirmwareSignature")
    lab.silence("SignedFirmwareStatusNotification", 600)
    assert lab.face(1) == "Available"


@pytest.mark.covers("OCPP16-PITFALL-79")
def test_a_signer_whom_no_manufacturer_root_knows_is_refused_before_anything(octt, tmp_path):
    lab = octt()
    factory = Factory(lab, tmp_path)
    stranger = pem_of(Authority("Somebody").issue("Firmware", factory.key.public_key()))
    assert factory.ask(signer=stranger) == "InvalidCertificate"
    lab.expect(EVENT, type="InvalidFirmwareSigningCertificate")
    lab.silence("SignedFirmwareStatusNotification", 60)
    assert lab.station.files.asked == []


@pytest.mark.covers("OCPP16-PITFALL-79")
def test_a_second_signed_update_cancels_the_first(octt, tmp_path):
    lab = octt()
    factory = Factory(lab, tmp_path)
    assert factory.ask(1) == "Accepted"
    assert factory.ask(2) == "AcceptedCanceled"
    factory.told("Downloading", number=1)
    factory.told("Downloading", "Downloaded", "SignatureVerified", "Installing", number=2)
    assert factory.ask(3) == "Rejected"  # it can no longer be stopped


def test_dates_of_a_signed_update_are_told_and_kept(octt, tmp_path):
    lab = octt()
    factory = Factory(lab, tmp_path)
    factory.ask(retrieveDateTime="2026-01-01T00:10:00Z", installDateTime="2026-01-01T00:30:00Z")
    factory.told("DownloadScheduled")
    lab.wait(500)
    factory.told("Downloading", "Downloaded", "SignatureVerified", "InstallScheduled")
    lab.ask("ExtendedTriggerMessage", requestedMessage="FirmwareStatusNotification")
    factory.told("InstallScheduled")
    lab.silence("SignedFirmwareStatusNotification", 1_000)
    lab.wait(190)
    factory.told("Installing")
    assert lab.now_s >= 1_800
