"""Chapter Authorization: lists, doubt, timeouts, the form of card numbers."""

from __future__ import annotations

from firmware.config.param import Effect, Param, choice, flag, texts, whole

# a slash is no part of an id: what follows it is a connector
_ENTRY = r"^[\x21-\x2e\x30-\x39\x3b-\x7e]{1,20}(/[12]){0,2}$"
PARAMS = (
    Param(
        "if_in_doubt_allow_charging",
        choice("off", "on", "immediate_plug_in"),
        "off",
        id="P066",
        manual="5.1",
        help="What happens when no list knows a card and the back end cannot answer.",
    ),
    Param(
        "vehicle_connection_timeout",
        whole(1, 3_600),
        45,
        id="P067",
        unit="s",
        ocpp16="ConnectionTimeOut",
        manual="5.1",
        help="An accepted card expires when no plug comes within this time.",
    ),
    Param(
        "send_authorize_for_remote_start",
        flag(),
        True,
        id="P068",
        ocpp16="AuthorizeRemoteTxRequests",
        manual="5.1",
        help="A remote start's token is authorised before the start.",
    ),
    Param(
        "lock_actuator_only_if_authorized",
        flag(),
        False,
        id="P070",
        effect=Effect.NEXT_SESSION,
        manual="5.1",
        help="Hold the plug only from the authorisation on.",
    ),
    Param(
        "cable_always_locked",  # ours: no manual of the family has it
        flag(),
        False,
        effect=Effect.NEXT_SESSION,
        help="The plug is never set free: the cable belongs to the station, and a session ends "
        "when it is pulled at the car. An unlock command still frees it.",
    ),
    Param(
        "rfid_letter_case",
        choice("lower", "upper", "lower_reversed", "upper_reversed"),
        "lower",
        id="P071",
        manual="5.3",
        help="Hex case and byte order of card numbers in lists and messages.",
    ),
    Param(
        "local_whitelist_enabled",
        flag(),
        True,
        id="P075",
        manual="5.5",
        help="The list that needs no back end.",
    ),
    Param(
        "ocpp_whitelist_enabled",
        flag(),
        True,
        id="P076",
        ocpp16="AuthorizationCacheEnabled",
        manual="5.4",
        help="Remember what the back end said of a card.",
    ),
    Param(
        "ocpp_whitelist_expiry_mode",
        choice("end_of_epoch_2038", "one_year"),
        "end_of_epoch_2038",
        id="P077",
        manual="5.4",
        help="How long, where the back end gave no date.",
    ),
    Param(
        "local_pre_authorize",
        flag(),
        True,
        id="P078",
        ocpp16="LocalPreAuthorize",
        manual="5.5",
        help="A remembered card starts without waiting for the back end.",
    ),
    Param(
        "local_authorize_offline",
        flag(),
        True,
        id="P079",
        ocpp16="LocalAuthorizeOffline",
        manual="5.5",
        help="Remembered cards may start while the back end is away.",
    ),
    Param(
        "local_whitelist_entries",
        texts(":", _ENTRY, "ids separated by colons, id/1 or id/2 for one connector only", 5_000),
        (),
        id="P081",
        manual="5.5",
        help="Ids that always may; id/1 or id/2 for one connector only.",
    ),
)
