"""Numbered steps that bring kept settings of older versions to the words of this one.

A released step is never changed. Each takes all texts and returns all; it runs once, and what it
returns is written in one transaction with its number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

Texts = dict[str, str]


def _rotation(texts: Texts) -> Texts:
    """1: the OCPP key of both outlets became one parameter each (P131, P132)."""
    kept = texts.pop("ocpp:ConnectorPhaseRotation", "")
    for outlet, rotation in re.findall(r"([12])\.([A-Z]{3})(?![A-Za-z])", kept):
        texts.setdefault(f"phase_rotation_{outlet}", rotation)
    return texts


def _stop_at_car(texts: Texts) -> Texts:
    """2: an OCPP key became a mode of the manual (P069)."""
    if texts.pop("ocpp:StopTransactionOnEVSideDisconnect", "on") == "off":
        texts.setdefault("stop_transaction_mode", "only_by_rfid_remote_stop")
    return texts


STEPS: tuple[Callable[[Texts], Texts], ...] = (_rotation, _stop_at_car)


def migrated(texts: Mapping[str, str], version: int) -> Texts:
    """Return the texts after all steps that `version` has not seen."""
    now = dict(texts)
    for step in STEPS[version:]:
        now = step(now)
    return now
