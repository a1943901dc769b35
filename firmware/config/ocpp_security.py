"""Configuration keys of the OCPP 1.6 security whitepaper, and what guards the back end's line."""

from __future__ import annotations

from firmware.config.kinds import Kind, flag, text, whole
from firmware.config.param import Param
from firmware.model.settings import SettingValue

STORE_MAX = 20  # roots of one use
CHAIN_MAX = 10_000  # characters; what the message CertificateSigned may have


def _key(
    name: str, kind: Kind, default: SettingValue, what: str, *, readonly: bool = True
) -> Param:
    return Param(
        f"ocpp:{name}", kind, default, ocpp16=name, readonly=readonly,
        manual="OCPP 1.6 security whitepaper", help=what,
    )  # fmt: skip


PARAMS = (
    _key(
        "SecurityProfile", whole(0, 3), 0,
        "0 none, 1 password, 2 TLS and password, 3 TLS with certificates of both sides; "
        "a back end can only raise it.",
        readonly=False,
    ),
    _key(
        "CpoName", text(0, 64), "", "The operator's name in certificates of the station.",
        readonly=False,
    ),
    _key(
        "CertificateSignedMaxChainSize", whole(0, CHAIN_MAX), CHAIN_MAX,
        "Characters that a chain in CertificateSigned may have.",
    ),
    _key(
        "CertificateStoreMaxLength", whole(0, 100), STORE_MAX,
        "Root certificates that can be installed, of both uses together.",
    ),
    _key(
        "AdditionalRootCertificateCheck", flag(), False,
        "Whether only one CentralSystem root and its successor are kept: not done here.",
    ),
)  # fmt: skip
