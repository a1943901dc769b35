"""Every configuration key of OCPP 1.6 Core is there, with its access, and acts where it can."""

import pytest

from firmware.config.registry import OCPP_KEYS, defaults
from firmware.model.backend import (
    Answer,
    ConfigurationChangeRequested,
    ConfigurationRequested,
    KeyValue,
)
from firmware.station.configuration import ConfigurationDesk

READ_WRITE = (
    "AllowOfflineTxForUnknownId AuthorizationCacheEnabled AuthorizeRemoteTxRequests BlinkRepeat "
    "ClockAlignedDataInterval ConnectionTimeOut ConnectorPhaseRotation HeartbeatInterval "
    "LightIntensity LocalAuthorizeOffline LocalPreAuthorize MeterValuesAlignedData "
    "MeterValuesSampledData MeterValueSampleInterval MinimumStatusDuration ResetRetries "
    "StopTransactionOnEVSideDisconnect StopTransactionOnInvalidId StopTxnSampledData "
    "TransactionMessageAttempts "
    "TransactionMessageRetryInterval UnlockConnectorOnEVSideDisconnect WebSocketPingInterval"
)
READ_ONLY = (
    "ConnectorPhaseRotationMaxLength GetConfigurationMaxKeys MaxEnergyOnInvalidId "
    "MeterValuesAlignedDataMaxLength MeterValuesSampledDataMaxLength NumberOfConnectors "
    "StopTxnAlignedData StopTxnAlignedDataMaxLength "
    "StopTxnSampledDataMaxLength SupportedFeatureProfiles SupportedFeatureProfilesMaxLength"
)


@pytest.mark.covers("TC_019_CS")
@pytest.mark.parametrize("name", [*READ_WRITE.split(), *READ_ONLY.split()])
def test_a_core_key_is_answered_with_its_access(name):
    desk = ConfigurationDesk(defaults())
    (answer,) = desk.handle(ConfigurationRequested("1", (name.lower(),)), 0)
    (entry,) = answer.known
    assert (entry.key, entry.readonly, answer.unknown) == (name, name in READ_ONLY.split(), ())


def test_all_thirty_four_core_keys_are_among_all_keys():
    desk = ConfigurationDesk(defaults())
    (answer,) = desk.handle(ConfigurationRequested("1", ()), 0)
    names = [entry.key for entry in answer.known]
    wanted = {*READ_WRITE.split(), *READ_ONLY.split()}
    assert len(wanted) == 34
    assert wanted <= set(names)
    assert len(names) == len(set(names)) == len(OCPP_KEYS)


@pytest.mark.covers("TC_040_1_CS", "TC_040_2_CS", "B-ACC-12")
@pytest.mark.parametrize(
    "key, value, status",
    [
        ("NoSuchKey", "1", "NotSupported"),
        ("MeterValueSampleInterval", "-1", "Rejected"),
        ("MeterValuesSampledData", "Voltage,Nonsense", "Rejected"),
        ("NumberOfConnectors", "3", "Rejected"),
        ("WebSocketPingInterval", "-5", "Rejected"),
        ("OperatorCurrentLimit1", "99", "Rejected"),
        ("MaximumCurrent1", "16", "Rejected"),
    ],
)
def test_a_change_that_cannot_be_changes_nothing(key, value, status):
    desk = ConfigurationDesk(defaults())
    asked = ConfigurationChangeRequested("1", key, value)
    assert desk.handle(asked, 0) == [Answer("1", status)]
    assert desk.settings == defaults()


@pytest.mark.covers("TC_021_CS", "B-ACC-11", "B-OCP-41")
@pytest.mark.parametrize(
    "key, value, setting, inside, status",
    [
        ("MeterValueSampleInterval", "300", "ocpp:MeterValueSampleInterval", 300, "Accepted"),
        ("connectiontimeout", "60", "vehicle_connection_timeout", 60, "Accepted"),
        ("AllowOfflineTxForUnknownId", "true", "if_in_doubt_allow_charging", "on", "Accepted"),
        ("OperatorCurrentLimit1", "10", "operator_current_limit_1", 10, "Accepted"),
        ("OcppWsUrl", "wss://x/y", "ocpp_ws_url", "wss://x/y", "RebootRequired"),
    ],
)
def test_a_change_is_kept_and_answered(key, value, setting, inside, status):
    desk = ConfigurationDesk(defaults())
    answer, *_, put, news = desk.handle(ConfigurationChangeRequested("1", key, value), 0)
    assert answer == Answer("1", status)
    assert (put.key, news.settings.values[setting]) == (setting, inside)


@pytest.mark.covers("B-ACC-10")
def test_a_secret_is_listed_without_its_value():
    desk = ConfigurationDesk(defaults())
    desk.write({"ocpp_basic_auth_password": "correct horse battery"})
    (answer,) = desk.handle(ConfigurationRequested("1", ("AuthorizationKey",)), 0)
    assert answer.known == (KeyValue("AuthorizationKey", readonly=False, value=None),)


@pytest.mark.covers("B-OCP-38")
def test_a_long_value_is_cut_unless_long_ones_are_allowed():
    desk = ConfigurationDesk(defaults())
    entries = ":".join(f"{n:08x}" for n in range(100))
    desk.write({"local_whitelist_entries": entries})
    asked = ConfigurationRequested("1", ("LocalWhitelistEntries",))
    assert desk.handle(asked, 0)[0].known[0].value == entries[:500]
    desk.write({"ocpp_allow_long_get_config": "on"})
    assert desk.handle(asked, 0)[0].known[0].value == entries
