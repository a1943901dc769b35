"""A firmware that a person has brought: it waits for the cars, and the back end hears little."""

import json

import pytest

from firmware.model import backend as b
from firmware.model import transfers as t
from firmware.model.fault import Fault
from firmware.model.outlet import FaultCleared, FaultRaised
from firmware.model.security import SecurityEvent
from firmware.model.session import Transaction, TransactionBegan, TransactionEnded
from firmware.model.storage import PutNote
from firmware.model.values import Stamp
from firmware.ocpp import updates
from firmware.ocpp.updates import NOTE, Shown
from tests.pure.transfer_rig import PLAIN, Desk

STAMP = Stamp(3, 0, None)
CAR = Transaction("3-1-1", 1, "T", STAMP, 0, 0, STAMP)
BROUGHT = t.PackageBrought("2", "aa")


def shown(desk):
    return desk.core.update()


@pytest.mark.covers("B-UPD-03", "P139")
def test_it_waits_until_the_last_transaction_has_ended_and_nothing_new_begins():
    desk = Desk()
    desk.tell(TransactionBegan(CAR), BROUGHT)
    assert desk.wished(FaultRaised) == [FaultRaised(0, Fault.UPDATING, 0)]
    desk.wait(3_600_000)
    assert desk.wished(t.InstallWanted) == []
    assert shown(desk) == Shown("waiting", "2")
    desk.tell(TransactionEnded(CAR))
    desk.wait(updates.SETTLE_MS)
    assert desk.wished(t.InstallWanted) == [t.InstallWanted(1, "aa", True)]
    assert shown(desk) == Shown("installing", "2")
    assert desk.heard == []


def test_a_failure_is_shown_with_its_sentence_and_the_outlets_open_again():
    desk = Desk()
    desk.tell(BROUGHT)
    desk.wait(updates.SETTLE_MS)
    desk.tell(t.InstallTaken(1), t.InstallFailed(1, "dpkg: no room"))
    assert shown(desk) == Shown("failed", "2", "dpkg: no room")
    assert len(desk.wished(FaultCleared)) == 1
    assert desk.wished(PutNote)[-1] == PutNote(NOTE, None)
    assert desk.heard == [] and not desk.core.updating


@pytest.mark.parametrize("version, stage, events", [("2", "installed", 1), ("1", "failed", 0)])
def test_the_firmware_that_starts_afterwards_shows_what_became_of_it(version, stage, events):
    desk = Desk()
    desk.tell(BROUGHT)
    desk.wait(updates.SETTLE_MS)
    note = desk.wished(PutNote)[-1].value
    again = Desk({NOTE: note}, version=version)
    assert shown(again).stage == stage and shown(again).brought == "2"
    assert len(again.wished(SecurityEvent)) == events
    assert again.heard == []
    assert again.wished(PutNote)[-1] == PutNote(NOTE, None)


def test_it_waits_on_over_a_loss_of_power_and_knows_its_file_by_the_digest():
    desk = Desk()
    desk.tell(TransactionBegan(CAR), BROUGHT)
    again = Desk({NOTE: desk.wished(PutNote)[-1].value})
    assert again.wished(t.DownloadWanted) == []
    again.wait(updates.SETTLE_MS)
    assert again.wished(t.InstallWanted) == [t.InstallWanted(1, "aa", True)]


def test_the_back_end_that_asks_for_a_status_hears_of_none():
    desk = Desk()
    desk.tell(BROUGHT, t.ReportTriggered(t.Report.FIRMWARE))
    assert desk.heard == ["Idle"]


def test_what_the_back_end_installs_already_is_not_replaced_but_what_waits_is():
    desk = Desk()
    desk.tell(PLAIN)
    desk.tell(t.Downloaded(desk.job(), 9, "bb"), BROUGHT)
    desk.wait(updates.SETTLE_MS)
    assert desk.wished(t.InstallWanted) == [t.InstallWanted(2, "aa", True)]
    desk.tell(t.PackageBrought("3", "cc"), PLAIN)
    assert desk.wished(t.InstallWanted, t.DownloadWanted) == []
    assert shown(desk) == Shown("installing", "2")


def test_an_order_of_the_back_end_takes_the_place_of_one_that_waits():
    desk = Desk()
    desk.tell(TransactionBegan(CAR), BROUGHT, PLAIN)
    assert len(desk.wished(t.DownloadWanted)) == 1
    assert shown(desk) == Shown("fetching", "")
    assert desk.heard == ["Downloading"]


def test_a_note_of_an_older_firmware_has_no_digest_and_is_read():
    kept = {"order": {"url": "https://a/b", "retrieve_utc_ms": None, "install_utc_ms": None,
                      "retries": 1, "wait_ms": 1, "request_id": None, "pem": "", "signature": ""},
            "stage": "installing", "starts": 0, "version": "0"}  # fmt: skip
    desk = Desk({NOTE: json.dumps(kept)}, version="1")
    assert desk.heard == ["Installed"]
    assert b.Told not in [type(wish) for wish in desk.wishes]
