"""What a person at the station can find out without an instrument. [CC613 10, B-DIA]

Steps to the back end in the order in which a connection is made; symptoms with their causes.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware.model.backend import Loss
from firmware.ocpp.boot import BootState
from firmware.station.backend_why import why_backend
from firmware.station.core import StationCore

OK, FAILED, UNKNOWN = "ok", "failed", "unknown"
_STEPS = (
    ("connection_type", "Connection type"),
    ("link", "Cable, link LED and switch 10K1"),
    ("address", "Address: DHCP or the static data"),
    ("dns", "Name resolved (DNS)"),
    ("tcp", "TCP connection"),
    ("tls", "TLS"),
    ("http", "HTTP answer"),
    ("boot", "BootNotification"),
)
_FAILS_AT = {
    Loss.CERTIFICATE: "tls",
    Loss.TLS_VERSION: "tls",
    Loss.TLS_CIPHER: "tls",
    Loss.CLIENT: "tls",
    Loss.TLS: "tls",
    Loss.INTERFACE: "link",
    Loss.NAME: "dns",
    Loss.TCP: "tcp",
    Loss.HTTP: "http",
    Loss.REFUSED: "http",
    Loss.UNKNOWN: "http",
}


@dataclass(frozen=True, slots=True)
class Hint:
    """A symptom, and what to look at, likeliest first."""

    id: str
    symptom: str
    causes: tuple[str, ...]


HINTS = (
    Hint(
        "B-DIA-01",
        "A card is not read",
        (
            "LED Type or RFID - Slave is wrong; check both after a factory reset",
            "the card is not supported: ISO 14443A with 13.56 MHz is",
            "the reader is silent: fault F15 tells, and what to do",
        ),
    ),
    Hint(
        "B-DIA-05",
        "The ring is off",
        ("the supply, the fuse or the RCD of the station", "the cable of the LED board"),
    ),
    Hint(
        "B-DIA-06",
        "The ring shows a technical error and the meter is dark",
        (
            "the charge point is not energized: unplug the cars, switch the RCD on",
            "then check the contactors 7Q1 and 9Q1",
        ),
    ),
    Hint(
        "B-DIA-07",
        "A fault right after plugging",
        (
            "the locking actuator is jammed or dirty: clean it, move it by hand with the red lever",
            "then restart the station",
        ),
    ),
)


def diagnosis(station: StationCore) -> dict[str, object]:
    """Return the way to the back end step by step, what it stands on, and hints."""
    return {
        "backend": {
            "sentence": why_backend(station),
            "steps": _steps(station),
            "settings": _settings(station),
        },
        "hints": [{"id": h.id, "symptom": h.symptom, "causes": list(h.causes)} for h in HINTS],
    }


def _steps(station: StationCore) -> list[dict[str, object]]:
    """Mark what is known to work, the first that fails, and leave the rest open."""
    settings, line = station.configuration.settings, station.ocpp.line()
    alone = settings.text("backend_connection_type") == "none" or not settings.text("ocpp_ws_url")
    if alone or settings.text("ocpp_mode") == "off":
        first, text = "connection_type", why_backend(station)
    elif line.connected:
        accepted = line.boot is BootState.ACCEPTED
        first, text = ("", "") if accepted else ("boot", why_backend(station))
    else:
        first, text = _failing(station), line.problem
    names = [name for name, _ in _STEPS]
    broken = names.index(first) if first else len(names)
    rows: list[dict[str, object]] = []
    for index, (name, label) in enumerate(_STEPS):
        state = OK if index < broken else FAILED if index == broken else UNKNOWN
        said = text if index == broken else ""
        rows.append({"step": name, "label": label, "state": state, "text": said})
    return rows


def _failing(station: StationCore) -> str:
    """Return the step at which the last attempt broke off, by its cause."""
    loss = station.recent.loss
    return "link" if loss is None else _FAILS_AT.get(loss.cause, "tcp")


def _settings(station: StationCore) -> list[dict[str, object]]:
    """Return what has to agree with the back end's side. [B-DIA-03]"""
    settings = station.configuration.settings
    password = "set" if settings.text("ocpp_basic_auth_password") else "not set"
    return [
        _row("ocpp_mode", settings.text("ocpp_mode"), "has to be the one of the back end"),
        _row(
            "ocpp_chargebox_identity",
            settings.text("ocpp_chargebox_identity"),
            "has to be known there; a wrong one is often answered by 404",
        ),
        _row("ocpp_ws_url", settings.text("ocpp_ws_url"), "without the identity at its end"),
        _row("ocpp_basic_auth_password", password, "a wrong one is answered by 401 or 403"),
        _row(
            "ocpp_ssl_strictness_client",
            settings.text("ocpp_ssl_strictness_client"),
            "what may be wrong with the certificate there",
        ),
    ]


def _row(key: str, value: str, remark: str) -> dict[str, object]:
    return {"key": key, "value": value, "remark": remark}
