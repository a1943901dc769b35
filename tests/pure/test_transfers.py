"""The machine of transfers alone: what is lost, late, away, or lasts over a restart."""

import json
from dataclasses import asdict

import pytest

from firmware.model import backend as b
from firmware.model import transfers as t
from firmware.model.fault import Fault
from firmware.model.machine import NEVER_MS
from firmware.model.outlet import FaultCleared, FaultRaised
from firmware.model.security import InspectSigner, SecurityEvent, SignerInspected
from firmware.model.storage import PutNote
from firmware.ocpp import reports, updates, uploads
from firmware.ocpp.frames import Call
from firmware.ocpp.handle_files import HANDLERS
from firmware.ocpp.transfers import INSPECTION_MAX_MS
from firmware.ocpp.updates import NOTE, Note, Stage
from tests.pure.transfer_rig import PATIENCE, PLAIN, SIGNED, URL, ZERO_MS, Desk


def kept(stage, starts=0, version="0", asked=PLAIN):
    return {NOTE: json.dumps(asdict(Note(updates.order_of(asked), stage, starts, version)))}


def log(number, content=t.Content.SECURITY):
    return t.LogRequested(f"l{number}", number, content, URL, t.Span(), PATIENCE)


@pytest.mark.covers("OCPP16-PITFALL-59")
@pytest.mark.parametrize(("told", "tries"), [({"retries": 0}, 1), ({"retries": 3}, 4), ({}, 3)])
def test_retries_are_counted_after_the_first_try(told, tries):
    call = Call("d", "GetDiagnostics", {"location": URL, "retryInterval": 5, **told})
    desk = Desk()
    desk.tell(HANDLERS["GetDiagnostics"](call, None).fact)
    for _ in range(tries):
        (wanted,) = desk.wished(t.UploadWanted)
        desk.tell(t.UploadFailed(wanted.job, "no"))
        desk.wait(5_000)
    assert desk.wished(t.UploadWanted) == []
    assert desk.heard == ["Uploading", "UploadFailed"]


@pytest.mark.parametrize(("retries", "wait_s"), [(-5, -9), (10**9, 10**9)])
def test_what_a_request_says_of_tries_is_bounded(retries, wait_s):
    told = {"location": URL, "retries": retries, "retryInterval": wait_s}
    patience = HANDLERS["GetDiagnostics"](Call("d", "GetDiagnostics", told), None).fact.patience
    assert 0 <= patience.retries <= 20 and 0 <= patience.wait_ms <= 86_400_000


def test_an_upload_that_nobody_tells_of_is_tried_again_and_then_failed():
    desk = Desk()
    desk.tell(log(1))
    desk.wait(2 * uploads.GIVEN_UP_MS + 10_000)
    assert len(desk.wished(t.UploadWanted)) == 2
    assert desk.heard == ["Uploading", "UploadFailure"]


@pytest.mark.covers("OCPP16-PITFALL-80")
def test_what_is_told_of_a_cancelled_job_counts_for_nothing():
    desk = Desk()
    desk.tell(log(1))
    first = desk.job()
    desk.tell(log(2))
    assert desk.wished(t.CancelTransfer) == [t.CancelTransfer(first)]
    second = desk.job()
    desk.tell(t.Uploaded(first), t.UploadFailed(first, "no"))
    assert desk.heard == ["Uploading", "Uploading"]
    desk.tell(t.Uploaded(second))
    assert desk.heard[-1] == "Uploaded"


def test_statuses_wait_for_the_back_end_and_come_in_their_order():
    desk = Desk(ready=False)
    desk.tell(log(1))
    desk.tell(t.Uploaded(desk.job()))
    assert desk.heard == []
    desk.tell(b.BackendReady(0))
    assert desk.heard == ["Uploading", "Uploaded"]


def test_a_status_that_is_never_answered_is_given_up():
    desk = Desk()
    desk.deaf = True
    desk.tell(log(1))
    desk.tell(t.Uploaded(desk.job()))
    desk.wait(reports.RETRY_MS * (reports.TRIES_MAX - 1))
    desk.deaf = False
    desk.wait(reports.RETRY_MS)
    assert desk.heard == ["Uploaded"]
    assert desk.core.deadline_ms() == NEVER_MS


def test_while_the_time_is_not_known_a_date_is_waited_for_ten_minutes_at_most():
    desk = Desk(ready=False)
    desk.tell(PLAIN)
    desk.wait(updates.CLOCK_WAIT_MS - 1)
    assert desk.wished(t.DownloadWanted) == []
    desk.wait(1)
    assert len(desk.wished(t.DownloadWanted)) == 1


def test_when_the_time_becomes_known_the_date_counts():
    desk = Desk(ready=False)
    desk.tell(PLAIN)
    desk.wait(1_000)
    desk.tell(b.ClockSynced(ZERO_MS - 61_000, "ntp"))
    desk.wait(59_999)
    assert desk.wished(t.DownloadWanted) == []
    desk.wait(1)
    assert len(desk.wished(t.DownloadWanted)) == 1


def test_an_order_is_kept_until_it_has_ended():
    desk = Desk()
    desk.tell(PLAIN)
    for _ in range(2):
        desk.tell(t.DownloadFailed(desk.job(), "no"))
        desk.wait(10_000)
    notes = desk.wished(PutNote)
    assert [note.value is None for note in notes] == [False, False, True]
    assert "hush" not in repr(updates.order_of(PLAIN))


def test_an_order_of_an_earlier_start_begins_again_but_not_for_ever():
    desk = Desk(kept(Stage.DOWNLOADING, starts=updates.STARTS_MAX - 2))
    assert desk.job() == 1
    assert json.loads(desk.wished(PutNote)[-1].value)["starts"] == updates.STARTS_MAX - 1
    desk = Desk(kept(Stage.DOWNLOADING, starts=updates.STARTS_MAX - 1))
    assert desk.wished(t.DownloadWanted) == []
    assert desk.wished(PutNote) == [PutNote(NOTE, None)]
    assert desk.heard == ["DownloadFailed"]


@pytest.mark.parametrize("stage", [Stage.SCHEDULED, Stage.FETCHED])
def test_starts_while_it_only_waits_do_not_count(stage):
    desk = Desk(kept(stage, starts=updates.STARTS_MAX - 1))
    assert json.loads(desk.wished(PutNote)[-1].value)["starts"] == updates.STARTS_MAX - 1


@pytest.mark.covers("OCPP16-PITFALL-60")
@pytest.mark.parametrize(
    ("before", "word", "events"), [("0", "Installed", 1), ("1", "InstallationFailed", 0)]
)
def test_only_another_firmware_has_been_installed(before, word, events):
    desk = Desk(kept(Stage.INSTALLING, version=before))
    assert desk.heard == [word]
    assert len(desk.wished(SecurityEvent)) == events
    assert desk.wished(FaultCleared) == [FaultCleared(0, Fault.UPDATING, 0)]
    assert desk.wished(PutNote)[-1] == PutNote(NOTE, None)


def test_installed_is_kept_until_the_back_end_has_heard_it():
    desk = Desk(kept(Stage.INSTALLING), ready=False)
    (note,) = desk.wished(PutNote)
    assert len(desk.wished(SecurityEvent)) == 1
    again = Desk({NOTE: note.value})
    assert again.heard == ["Installed"]
    assert again.wished(SecurityEvent) == []
    assert again.wished(PutNote) == [PutNote(NOTE, None)]


def test_an_installer_that_says_nothing_is_given_up_and_outlets_open_again():
    desk = Desk()
    desk.tell(PLAIN)
    desk.tell(t.Downloaded(desk.job(), 9, "aa"))
    assert desk.wished(FaultRaised) == [FaultRaised(0, Fault.UPDATING, 0)]
    desk.wait(updates.SETTLE_MS)
    assert desk.wished(t.InstallWanted) == [t.InstallWanted(1, "aa", False)]
    desk.tell(PLAIN)  # nothing is cancelled any more
    desk.wait(updates.INSTALL_MAX_MS)
    assert desk.heard == ["Downloading", "Downloaded", "Installing", "InstallationFailed"]
    assert len(desk.wished(FaultCleared)) == 1


@pytest.mark.covers("OCPP16-PITFALL-79")
def test_a_certificate_that_nobody_judges_is_not_trusted():
    desk = Desk()
    desk.tell(SIGNED)
    assert desk.wished(InspectSigner) == [InspectSigner("s", "PEM")]
    desk.wait(INSPECTION_MAX_MS)
    assert desk.wished(b.Answer) == [b.Answer("s", "InvalidCertificate")]
    desk.tell(SignerInspected("s", ""))
    assert desk.wished(t.DownloadWanted) == []


@pytest.mark.covers("OCPP16-PITFALL-79")
def test_a_check_that_does_not_end_is_an_invalid_signature():
    desk = Desk()
    desk.tell(SIGNED, SignerInspected("s", ""))
    desk.tell(t.Downloaded(desk.job(), 9, "aa"))
    desk.wait(updates.CHECK_MAX_MS)
    assert desk.heard == ["Downloading", "Downloaded", "InvalidSignature"]
    assert desk.wished(t.InstallWanted) == []


def test_a_newer_update_takes_the_place_of_one_that_waits_for_cars():
    desk = Desk()
    desk.tell(PLAIN)
    desk.tell(t.Downloaded(desk.job(), 9, "aa"))
    desk.tell(SIGNED, SignerInspected("s", ""))
    assert desk.wished(b.Answer) == [b.Answer("s", "AcceptedCanceled")]
    assert desk.wished(FaultCleared) == [FaultCleared(0, Fault.UPDATING, 0)]
    desk.wait(updates.SETTLE_MS)
    assert desk.wished(t.InstallWanted) == []
