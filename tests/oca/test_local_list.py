"""OCA test cases of OCPP 1.6: the list of tokens that the back end keeps on the station."""

import pytest

from firmware.auth.ocpp_list import OcppList
from firmware.config.registry import defaults
from firmware.model.lists import SendListRequested
from firmware.model.storage import LIST_MAX, LIST_SENT_MAX
from firmware.model.values import TokenInfo, Verdict
from tests.oca.octt import CARD, OTHER, OTHER_UID

FULL = {"updateType": "Full"}
DIFFERENTIAL = {"updateType": "Differential"}
NEVER = "2020-01-01T00:00:00Z"


def entry(token, status="Accepted", **info):
    return {"idTag": token, "idTagInfo": {"status": status, **info}}


def send(lab, version, *entries, kind=FULL):
    """SendLocalList; return the status."""
    answer = lab.ask(
        "SendLocalList", listVersion=version, localAuthorizationList=list(entries), **kind
    )
    return answer["status"]


def version(lab):
    return lab.ask("GetLocalListVersion")["listVersion"]


def asked(lab):
    return len([action for _, action, _ in lab.heard if action == "Authorize"])


@pytest.mark.covers("TC_008_1_CS", "OCPP16-PITFALL-38")
def test_008_1_a_listed_card_starts_unasked_and_is_not_cached(octt):
    lab = octt(ocpp_whitelist_enabled="on", local_pre_authorize="on")
    assert send(lab, 1, entry(CARD)) == "Accepted"
    lab.charge()
    assert asked(lab) == 0
    lab.swipe()
    lab.expect("StopTransaction")
    lab.unplug()
    assert send(lab, 2) == "Accepted"
    lab.plug()
    lab.swipe()
    lab.expect("Authorize", idTag=CARD)


@pytest.mark.covers("TC_008_2_CS")
def test_008_2_a_listed_token_starts_remotely_unasked(octt):
    lab = octt(local_pre_authorize="on", send_authorize_for_remote_start="on")
    assert send(lab, 1, entry(CARD)) == "Accepted"
    lab.plug()
    answer = lab.ask("RemoteStartTransaction", idTag=CARD, connectorId=1)
    assert answer == {"status": "Accepted"}
    lab.expect("StartTransaction", idTag=CARD)
    assert asked(lab) == 0


@pytest.mark.covers("TC_042_1_CS", "TC_043_1_CS", "OCPP16-PITFALL-39")
def test_042_1_and_043_1_a_station_whose_list_is_switched_off_has_none(octt):
    lab = octt(ocpp__LocalAuthListEnabled="off", local_pre_authorize="on")
    assert version(lab) == -1
    assert send(lab, 1, entry(CARD)) == "NotSupported"
    lab.set("LocalAuthListEnabled", "true")
    assert version(lab) == 0
    assert send(lab, 1, entry(CARD)) == "Accepted"
    lab.set("LocalAuthListEnabled", "false")
    lab.plug()
    lab.swipe()
    lab.expect("Authorize", idTag=CARD)


@pytest.mark.covers("TC_042_2_CS", "OCPP16-PITFALL-39")
def test_042_2_an_empty_list_has_version_0(octt):
    lab = octt()
    assert version(lab) == 0
    assert send(lab, 4, entry(CARD)) == "Accepted"
    assert version(lab) == 4
    assert lab.ask("SendLocalList", listVersion=5, **FULL) == {"status": "Accepted"}
    assert version(lab) == 0


@pytest.mark.covers("TC_043_CS")
def test_043_a_list_and_its_changes_survive_a_power_failure(octt):
    lab = octt(local_pre_authorize="on")
    assert send(lab, 1, entry(CARD), entry("GONE")) == "Accepted"
    changes = (entry(OTHER), {"idTag": "gone"})
    assert send(lab, 2, *changes, kind=DIFFERENTIAL) == "Accepted"
    lab.act("power", off_ms=5_000)
    lab.expect("BootNotification", 60)
    lab.wait(5)
    assert version(lab) == 2
    keys = lab.ask("GetConfiguration", key=["LocalAuthListMaxLength", "SendLocalListMaxLength"])
    values = {one["key"]: one["value"] for one in keys["configurationKey"]}
    assert values == {"LocalAuthListMaxLength": "10000", "SendLocalListMaxLength": "500"}
    lab.plug()
    lab.swipe(OTHER_UID)
    lab.expect("StartTransaction", idTag=OTHER)
    assert asked(lab) == 0


@pytest.mark.covers("TC_043_2_CS", "OCPP16-PITFALL-39")
@pytest.mark.parametrize("number", [4, 5])
def test_043_2_a_change_that_is_not_newer_is_a_version_mismatch(octt, number):
    lab = octt()
    assert send(lab, 5, entry(CARD)) == "Accepted"
    assert send(lab, number, entry(OTHER), kind=DIFFERENTIAL) == "VersionMismatch"
    assert version(lab) == 5
    assert send(lab, number, entry(OTHER)) == "Accepted"  # a full list may go back
    assert version(lab) == number


@pytest.mark.covers("TC_043_3_CS", "OCPP16-PITFALL-39")
def test_043_3_a_list_that_cannot_be_taken_leaves_the_old_one(octt):
    lab = octt()
    assert send(lab, 5, entry(CARD)) == "Accepted"
    many = [entry(f"T{number}") for number in range(501)]
    assert send(lab, 6, *many) == "Failed"
    assert send(lab, 6, entry(OTHER), entry(OTHER.upper())) == "Failed"
    assert send(lab, 6, entry(OTHER), {"idTag": CARD}) == "Failed"
    assert send(lab, 6, entry(OTHER, expiryDate="soon")) == "Failed"
    assert send(lab, 0, entry(OTHER)) == "Failed"
    assert send(lab, -1, entry(OTHER)) == "Failed"
    assert version(lab) == 5


@pytest.mark.covers("OCPP16-PITFALL-39")
@pytest.mark.parametrize("info", [{"status": "Blocked"}, {"expiryDate": NEVER}])
def test_a_listed_card_that_may_not_is_asked_online_and_the_conflict_is_told_once(octt, info):
    lab = octt(ocpp_whitelist_enabled="on", local_pre_authorize="on")
    assert send(lab, 1, entry(CARD, **info)) == "Accepted"
    for times in (1, 2):
        lab.plug()
        lab.swipe()
        lab.expect("Authorize", idTag=CARD)
        if times == 1:
            told = lab.expect("StatusNotification", connectorId=0, errorCode="LocalListConflict")
            assert told["status"] == "Available" and CARD in told["info"]
        lab.expect("StartTransaction", idTag=CARD)
        lab.swipe()
        lab.expect("StopTransaction")
        lab.unplug()
    lab.silence("StatusNotification", 5, errorCode="LocalListConflict")
    assert send(lab, 2, entry(CARD)) == "Accepted"
    lab.expect("StatusNotification", connectorId=0, errorCode="NoError")


@pytest.mark.covers("OCPP16-PITFALL-39")
def test_a_start_that_the_back_end_refuses_contradicts_the_list(octt):
    lab = octt(local_pre_authorize="on")
    assert send(lab, 1, entry(CARD)) == "Accepted"
    lab.backend.tokens = set()
    lab.plug()
    lab.swipe()
    lab.expect("StartTransaction", idTag=CARD)
    lab.expect("StatusNotification", connectorId=0, errorCode="LocalListConflict")
    lab.expect("StopTransaction", reason="DeAuthorized")


@pytest.mark.covers("OCPP16-PITFALL-38")
def test_the_list_decides_offline_before_the_cache_and_before_doubt(octt):
    lab = octt(
        ocpp_whitelist_enabled="on", local_authorize_offline="on", if_in_doubt_allow_charging="on"
    )
    lab.charge()  # now it is cached
    lab.swipe()
    lab.expect("StopTransaction")
    lab.unplug()
    assert send(lab, 1, entry(CARD, "Invalid"), entry(OTHER)) == "Accepted"
    lab.cut()
    lab.wait(120)
    lab.plug()
    lab.swipe()
    lab.wait(10)
    assert not lab.look()["contactor_closed"]
    lab.swipe(OTHER_UID)
    lab.wait(10)
    assert lab.look()["contactor_closed"]


@pytest.mark.covers("OCPP16-PITFALL-40")
def test_a_cached_card_that_was_refused_is_asked_again(octt):
    lab = octt(ocpp_whitelist_enabled="on", local_pre_authorize="on")
    lab.backend.tokens = set()
    lab.plug()
    lab.swipe()
    lab.expect("Authorize", idTag=CARD)
    lab.silence("StartTransaction", 5)
    lab.backend.tokens = {CARD}
    lab.swipe()
    lab.expect("Authorize", idTag=CARD)
    lab.expect("StartTransaction", idTag=CARD)


def test_what_the_keys_say_is_what_the_station_takes():
    values = defaults()
    assert values.number("ocpp:LocalAuthListMaxLength") == LIST_MAX
    assert values.number("ocpp:SendLocalListMaxLength") == LIST_SENT_MAX


def test_a_list_never_grows_beyond_its_bound():
    book = OcppList()
    accepted = TokenInfo(Verdict.ACCEPTED)
    many = tuple((f"T{number}", accepted) for number in range(LIST_MAX))
    assert book.update(SendListRequested("a", 1, True, many))[0] == "Accepted"
    more = SendListRequested("b", 2, False, (("MORE", accepted),))
    assert book.update(more) == ("Failed", [])
    assert (len(book.entries), book.version) == (LIST_MAX, 1)
