"""What providers of back ends want set. [CC613 1.3, 4; A-30]"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Preset:
    """Values for one provider, as outside texts, and what to look after."""

    name: str
    texts: Mapping[str, str]
    remark: str


PRESETS = (
    Preset(
        "E-Flux",
        {
            "gsm_apn": "m2m.services",
            "gsm_apn_username": "",
            "gsm_apn_password": "",
            "ocpp_mode": "ocpp_j_1_6",
            "ocpp_ws_url": "wss://ocpp.e-flux.nl/1.6/powerstation",
        },
        "The manual names two access points, m2m.services and m2m.com: ask E-Flux if the modem "
        "does not get through.",
    ),
    Preset(
        "TotalEnergies",
        {
            "gsm_apn": "wlapn.com",
            "gsm_apn_username": "g2m",
            "gsm_apn_password": "g2m",
            "ocpp_mode": "ocpp_j_1_6",
            "ocpp_ws_url": "ws://evse.total-ev-charge.com:9999/ocpp/WebSocket",
            "ocpp_ws_keepalive_interval": "60",
            "rfid_letter_case": "upper",
        },
        "The line is not encrypted.",
    ),
    Preset(
        "LMS (Last Mile Solutions)",
        {
            "gsm_apn": "evc-net.apn",
            "gsm_apn_username": "",
            "gsm_apn_password": "",
            "ocpp_mode": "ocpp_j_1_6",
            "ocpp_ws_url": "ws://ws-private.evc-net.com",
        },
        "The line is not encrypted; it runs inside the private network of the access point.",
    ),
)
