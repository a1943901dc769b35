"""Password and security profile by the back end: on trial, with a way back, never in the open."""

import pytest

from firmware.model.backend import Loss
from firmware.ocpp.security import TRIES
from tests.pure.security_rig import KEY, OTHER_KEY, Secure
from tests.wire.certificates import Authority

PASSWORD = "ocpp_basic_auth_password"


@pytest.fixture
def station(tmp_path):
    return Secure(tmp_path, ocpp_basic_auth_password=KEY)


@pytest.mark.covers("TC_073_CS", "OCPP16-PITFALL-71")
def test_a_new_password_is_accepted_then_the_line_is_opened_with_it(station):
    assert station.ask("ChangeConfiguration", key="AuthorizationKey", value=OTHER_KEY) == {
        "status": "Accepted"
    }
    assert station.cuts() == []  # the answer leaves first
    station.wait(1_000)
    assert (station.cuts(), station.text(PASSWORD)) == (["The password was changed."], OTHER_KEY)


@pytest.mark.covers("TC_073_CS", "TC_085_CS", "OCPP16-PITFALL-71")
def test_a_refused_password_gives_way_to_the_old_one_also_after_a_loss_of_power(station):
    station.change("AuthorizationKey", OTHER_KEY)
    station.lose(Loss.OURS)
    station.lose(Loss.REFUSED, "401", TRIES - 1)
    station.lose(Loss.OTHER, "no network", 50)
    assert station.text(PASSWORD) == OTHER_KEY
    station.boot(connected=False)
    assert station.text(PASSWORD) == OTHER_KEY
    station.lose(Loss.REFUSED, "401", TRIES)
    assert station.text(PASSWORD) == KEY
    station.boot(connected=False)
    assert station.text(PASSWORD) == KEY


@pytest.mark.covers("TC_073_CS", "OCPP16-PITFALL-71")
def test_a_password_that_connected_once_stays_whatever_comes(station):
    station.change("AuthorizationKey", OTHER_KEY)
    station.lose(Loss.OURS)
    station.connect()
    station.lose(Loss.REFUSED, "401", 3 * TRIES)
    assert station.text(PASSWORD) == OTHER_KEY


def test_a_line_that_the_back_end_has_cut_itself_is_not_cut_again(station):
    station.ask("ChangeConfiguration", key="AuthorizationKey", value=OTHER_KEY)
    station.lose(Loss.OTHER, "h closed the connection.")
    station.now_ms -= 500
    station.connect()
    station.wait(60_000)
    assert station.cuts() == []


def test_of_two_new_passwords_the_one_before_both_is_the_way_back(station):
    station.change("AuthorizationKey", OTHER_KEY)
    station.change("AuthorizationKey", "a third password")
    station.lose(Loss.OURS)
    station.lose(Loss.REFUSED, "401", TRIES)
    assert station.text(PASSWORD) == KEY


@pytest.mark.parametrize("value", ["", "short", "x" * 15, "x" * 41, "line\nbreak 0123456"])
@pytest.mark.covers("TC_073_CS", "OCPP16-PITFALL-70")
def test_a_password_that_cannot_be_one_is_rejected_and_changes_nothing(station, value):
    assert station.change("AuthorizationKey", value) == "Rejected"
    assert (station.cuts(), station.text(PASSWORD)) == ([], KEY)


@pytest.mark.covers("TC_073_CS", "OCPP16-PITFALL-71")
def test_the_password_is_neither_shown_nor_logged_by_either_name(station):
    for name in ("AuthorizationKey", "OcppBasicAuthPassword"):
        assert station.change(name, OTHER_KEY) == "Accepted"
        (entry,) = station.ask("GetConfiguration", key=[name])["configurationKey"]
        assert entry == {"key": name, "readonly": False}
    assert not any(OTHER_KEY in line or KEY in line for line in station.lines())
    assert "ReconfigurationOfSecurityParameters" in station.log()


@pytest.mark.covers("TC_084_CS", "OCPP16-PITFALL-72")
@pytest.mark.parametrize("value", ["0", "1"])
def test_a_lower_or_the_same_profile_is_rejected(tmp_path, value):
    station = Secure(tmp_path, ocpp_basic_auth_password=KEY, ocpp__SecurityProfile="1")
    assert station.change("SecurityProfile", value) == "Rejected"
    assert (station.cuts(), station.text("ocpp:SecurityProfile")) == ([], "1")


PREREQUISITES = [
    (1, "password"), (2, "password root"), (3, "root certificate"),
]  # fmt: skip
HAS = ["", "password", "root", "password root", "root certificate", "password root certificate"]


@pytest.mark.covers("TC_083_CS", "OCPP16-PITFALL-72")
@pytest.mark.parametrize("has", HAS)
@pytest.mark.parametrize(("profile", "needs"), PREREQUISITES)
def test_a_higher_profile_needs_what_it_stands_on(tmp_path, profile, needs, has):
    known = {"ocpp_basic_auth_password": KEY} if "password" in has else {}
    station = Secure(tmp_path, **known)
    root = Authority()
    if "root" in has:
        station.install(root)
    if "certificate" in has:
        signed(station, root)
    enough = set(needs.split()) <= set(has.split())
    assert station.change("SecurityProfile", str(profile)) == ("Accepted" if enough else "Rejected")
    assert bool(station.cuts()) is enough


@pytest.mark.parametrize("value", ["4", "-1", "x", ""])
def test_a_profile_that_is_none_is_rejected(station, value):
    assert station.change("SecurityProfile", value) == "Rejected"


@pytest.mark.covers("TC_083_CS", "OCPP16-PITFALL-72")
def test_a_profile_that_does_not_connect_falls_back_and_is_written_down(station):
    station.install()
    assert station.change("SecurityProfile", "2") == "Accepted"
    station.lose(Loss.OURS)
    station.lose(Loss.OTHER, "h refuses the connection.", TRIES - 1)
    assert station.text("ocpp:SecurityProfile") == "2"
    station.lose(Loss.OTHER, "h refuses the connection.")
    assert station.text("ocpp:SecurityProfile") == "0"
    assert "back to the old security profile 0: h refuses the connection." in "".join(
        station.lines()
    )


@pytest.mark.covers("TC_083_CS", "OCPP16-PITFALL-72")
def test_a_profile_that_connected_is_never_left_by_itself(station):
    station.install()
    station.change("SecurityProfile", "2")
    station.lose(Loss.OURS)
    station.connect()
    station.lose(Loss.CERTIFICATE, "expired", 100)
    assert station.text("ocpp:SecurityProfile") == "2"


@pytest.mark.parametrize(
    ("key", "readonly", "value"),
    [
        ("SecurityProfile", False, "0"), ("CpoName", False, ""),
        ("CertificateSignedMaxChainSize", True, "10000"),
        ("CertificateStoreMaxLength", True, "20"),
        ("AdditionalRootCertificateCheck", True, "false"),
    ],
)  # fmt: skip
def test_the_keys_of_the_whitepaper_are_there(station, key, readonly, value):
    (entry,) = station.ask("GetConfiguration", key=[key])["configurationKey"]
    assert entry == {"key": key, "readonly": readonly, "value": value}


def test_a_proxys_password_is_not_shown(tmp_path):
    station = Secure(tmp_path, ocpp_ws_proxy="http://me:secret@px:3128")
    (entry,) = station.ask("GetConfiguration", key=["OcppWsProxy"])["configurationKey"]
    assert entry["value"] == "http://***@px:3128"


def signed(station, authority, **span):
    """Ask for a certificate, have it signed and take it; return the answer."""
    asked = station.ask("ExtendedTriggerMessage", requestedMessage="SignChargePointCertificate")
    assert asked == {"status": "Accepted"}
    chain = authority.sign_request(station.signing[-1], **span)
    return station.ask("CertificateSigned", certificateChain=chain)["status"]
