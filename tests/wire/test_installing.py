"""What becomes of a firmware on the disk: judged, offered, taken or withdrawn."""

import base64
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from firmware.io.installer import HandOver
from firmware.model import transfers as t
from tests.wire import certificates as c
from tests.wire.transfer_desk import DIGEST, FIRMWARE, Desk


@pytest.fixture
def desk(tmp_path):
    """Return a worker that has a firmware on its disk."""
    one = Desk(tmp_path)
    (one.folder / "firmware.bin").write_bytes(FIRMWARE)
    yield one
    one.worker.finish()


def test_a_firmware_that_nobody_takes_is_withdrawn_and_told(desk):
    desk.ask(t.InstallWanted(1, DIGEST, signed=True))
    assert desk.fact().problem.startswith("nothing on this station installs firmware: ")
    assert desk.left() == []


def test_a_firmware_that_is_taken_belongs_to_who_took_it(tmp_path):
    installer = HandOver(tmp_path)
    file = tmp_path / "firmware.bin"
    file.write_bytes(FIRMWARE)
    told = []

    def pause(_seconds):
        told.append(json.loads((tmp_path / "ready" / "update.json").read_text()))
        (tmp_path / "ready").rename(tmp_path / "taken")
        return False

    assert installer.install(file, t.InstallWanted(4, DIGEST, True), pause) == t.InstallTaken(4)
    assert told == [{"sha256": DIGEST, "bytes": len(FIRMWARE), "signed": True}]
    assert (tmp_path / "taken" / "firmware.bin").read_bytes() == FIRMWARE


def test_an_offer_that_a_loss_of_power_has_left_is_withdrawn(tmp_path):
    (tmp_path / "ready").mkdir()
    HandOver(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_changed_on_the_disk_is_not_installed(desk):
    desk.ask(t.InstallWanted(1, "00", signed=True))
    assert desk.fact() == t.InstallFailed(1, "the file on the disk is another one")


@pytest.mark.covers("OCPP16-PITFALL-79")
def test_a_signature_is_checked_over_the_file_on_the_disk_which_goes_if_it_is_none(desk):
    key = ec.generate_private_key(ec.SECP256R1())
    pem = c.pem_of(c.Authority().issue("Firmware", key.public_key()))
    signature = base64.b64encode(key.sign(FIRMWARE, ec.ECDSA(hashes.SHA256()))).decode()
    desk.ask(t.SignatureWanted(1, pem, signature))
    assert desk.fact() == t.SignatureChecked(1, "")
    desk.ask(t.SignatureWanted(2, pem, "AAAA"))
    assert desk.fact().problem == "the signature does not belong to the file"
    assert desk.left() == []
    desk.ask(t.SignatureWanted(3, pem, signature))
    assert desk.fact() == t.SignatureChecked(3, "it broke off: No such file or directory")


def test_the_sentence_of_who_could_not_install_it_is_told(tmp_path):
    installer, said = HandOver(tmp_path), tmp_path / "taken" / "failed"
    said.parent.mkdir()
    waits = []

    def pause(_seconds):
        waits.append(said.touch() if not waits else said.write_text("dpkg: no room\n"))
        return False

    assert installer.outcome(4, pause) == t.InstallFailed(4, "dpkg: no room")
    assert len(waits) == 2  # an empty file is one that is being written


def test_a_station_that_ends_has_been_installed_or_will_be(tmp_path):
    assert HandOver(tmp_path).outcome(4, lambda _seconds: True) is None


def test_who_says_nothing_is_waited_for_twenty_minutes(tmp_path):
    waits = []
    assert HandOver(tmp_path).outcome(4, lambda seconds: waits.append(seconds) or False) is None
    assert sum(waits) == 1_200
