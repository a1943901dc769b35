"""Security events: all in the log, the important ones at the back end, never in anybody's way."""

import pytest

from firmware.model import security as s
from firmware.model.backend import ClockSynced, Loss
from firmware.model.security import SecurityEvent
from firmware.model.security import SecurityEventKind as Kind
from firmware.model.storage import SECURITY_KEPT
from firmware.ocpp.security_events import REPORTED, WAITING_MAX
from firmware.storage import rows
from tests.pure.security_rig import Secure, refused


@pytest.fixture
def station(tmp_path):
    return Secure(tmp_path)


def waiting(station):
    return [record.kind for record in rows.memory(station.database.query).security]


def types(station):
    return [event["type"] for event in station.events]


@pytest.mark.covers("OCPP16-PITFALL-81")
def test_a_start_is_told_once_and_kept_in_the_log(station):
    assert station.events == [
        {"type": "StartupOfTheDevice", "timestamp": "2026-01-31T12:00:00.000Z"},
        {"type": "SettingSystemTime", "timestamp": "2026-01-31T12:00:00.000Z", "techInfo": "ocpp"},
    ]
    assert station.log() == ["StartupOfTheDevice", "SettingSystemTime"]
    assert waiting(station) == []


@pytest.mark.covers("OCPP16-PITFALL-81")
def test_an_event_without_a_back_end_is_told_after_the_next_start_with_its_own_time(tmp_path):
    station = Secure(tmp_path, connected=False)
    station.tell(
        ClockSynced(1_769_000_000_000, "system clock"), SecurityEvent(Kind.TAMPERED, "lid")
    )
    assert waiting(station) == ["StartupOfTheDevice", "TamperDetectionActivated"]
    station.boot()
    assert types(station)[:3] == [
        "StartupOfTheDevice", "TamperDetectionActivated", "StartupOfTheDevice",
    ]  # fmt: skip
    assert station.events[1] == {
        "type": "TamperDetectionActivated", "techInfo": "lid",
        "timestamp": "2026-01-21T12:53:20.000Z",
    }  # fmt: skip
    assert waiting(station) == []


@pytest.mark.covers("OCPP16-PITFALL-81")
def test_a_reset_is_told_after_the_start(station):
    assert station.ask("Reset", type="Hard") == {"status": "Accepted"}
    station.events.clear()
    station.boot()
    assert types(station)[:2] == ["StartupOfTheDevice", "ResetOrReboot"]


@pytest.mark.parametrize("code", ["NotImplemented", "NotSupported"])
def test_a_back_end_that_does_not_know_events_gets_no_more_until_the_next_start(tmp_path, code):
    station = Secure(tmp_path, connected=False)
    station.event_answers = [refused(code)]
    station.connect()
    station.tell(SecurityEvent(Kind.TAMPERED))
    station.lose()
    station.connect()
    station.wait(86_400_000)
    assert (types(station), waiting(station)) == (["StartupOfTheDevice"], [])
    assert "TamperDetectionActivated" in station.log()
    station.boot()
    assert types(station)[1] == "StartupOfTheDevice"


def test_an_event_that_is_not_answered_is_told_again_with_longer_and_longer_pauses(tmp_path):
    station = Secure(tmp_path, connected=False)
    station.event_answers = [None] * 3
    station.connect()
    times = []
    for _ in range(600):
        before = len(station.events)
        station.wait(1_000)
        times += [station.now_ms // 1_000] * (len(station.events) - before)
    assert [b - a for a, b in zip(times, times[1:], strict=False)][:2] == [180, 300]
    assert waiting(station) == []


def test_an_event_that_is_refused_five_times_is_given_up_and_the_next_is_told(tmp_path):
    station = Secure(tmp_path, connected=False)
    station.tell(SecurityEvent(Kind.TAMPERED))
    station.event_answers = [refused("FormationViolation")] * 5
    station.connect()
    station.wait(86_400_000)
    assert types(station)[:6] == ["StartupOfTheDevice"] * 5 + ["TamperDetectionActivated"]
    assert waiting(station) == []


def test_no_event_overtakes_a_transaction_message(tmp_path):
    station = Secure(tmp_path, connected=False)
    for _ in range(20):
        station.tell(SecurityEvent(Kind.TAMPERED))
    station.charge()
    station.order.clear()
    station.connect()
    station.wait(10_000)
    started = station.order.index("StartTransaction")
    assert "event" not in station.order[:started]
    assert station.order.count("event") == 22


def test_what_waits_and_what_is_kept_is_bounded(tmp_path):
    station = Secure(tmp_path, connected=False)
    for _ in range(WAITING_MAX + 7):
        station.tell(SecurityEvent(Kind.TAMPERED))
    assert len(waiting(station)) == WAITING_MAX
    for _ in range(SECURITY_KEPT):
        station.tell(SecurityEvent(Kind.INVALID_MESSAGES, "x" * 500))
    assert len(station.lines()) == SECURITY_KEPT
    assert max(map(len, station.lines())) < 400


@pytest.mark.covers("TC_078_CS", "OCPP16-PITFALL-73")
@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        (Loss.CERTIFICATE, "InvalidCentralSystemCertificate"),
        (Loss.TLS_VERSION, "InvalidTLSVersion"),
        (Loss.TLS_CIPHER, "InvalidTLSCipherSuite"),
    ],
)
def test_a_line_refused_for_its_tls_is_told_once_when_there_is_a_line_again(station, cause, kind):
    station.events.clear()
    station.lose(cause, "The certificate of h has expired.", 30)
    assert (station.events, station.log().count(kind)) == ([], 1)
    station.connect()
    ((told, info),) = [(event["type"], event["techInfo"]) for event in station.events]
    assert (told, info) == (kind, "The certificate of h has expired.")


def test_a_refused_password_is_written_down_and_not_told(station):
    station.lose(Loss.REFUSED, "h refuses the password of this station (401).", 5)
    assert station.log().count("FailedToAuthenticateAtCentralSystem") == 1
    assert "FailedToAuthenticateAtCentralSystem" not in types(station)


def test_every_event_of_the_whitepaper_is_named_and_most_that_matter_are_told():
    assert len(Kind) == 18
    assert {Kind.STARTUP, Kind.RESET, Kind.TIME_SET, Kind.FIRMWARE_UPDATED} < REPORTED
    assert Kind.NOT_AUTHENTICATED_THERE not in REPORTED


def test_the_log_is_lines_in_a_span_of_time_and_no_text_breaks_one(station):
    station.now_ms = 60_000
    station.tell(SecurityEvent(Kind.TAMPERED, "lid\nopen \x1b[31m"))
    assert station.lines()[0].split()[2:] == ["StartupOfTheDevice"]  # before the time was known
    assert station.lines()[2] == (
        "3 2026-01-31T12:01:00.000Z TamperDetectionActivated lid?open ?[31m"
    )
    noon_ms = 1_769_860_800_000
    assert len(list(s_lines(station, noon_ms + 1, None))) == 2
    assert len(list(s_lines(station, None, noon_ms + 59_999))) == 2


def s_lines(station, oldest_utc_ms, latest_utc_ms):
    return rows.security.lines(station.database.query, oldest_utc_ms, latest_utc_ms)


def test_a_secret_is_in_no_repr():
    asked = s.SecurityKeyRequested("1", "k", "secret")
    assert "secret" not in repr(asked) + repr(s.ChangeSettings({"k": "secret"}))
