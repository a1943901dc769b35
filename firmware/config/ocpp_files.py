"""Configuration keys of OCPP 1.6 about files that come and go."""

from __future__ import annotations

from firmware.config.kinds import texts
from firmware.config.param import Param

PROTOCOLS = ("FTP", "FTPS", "HTTP", "HTTPS")

PARAMS = (
    Param(
        "ocpp:SupportedFileTransferProtocols",
        texts(",", "^(FTP|FTPS|HTTP|HTTPS)$", "FTP, FTPS, HTTP, HTTPS", len(PROTOCOLS)),
        PROTOCOLS,
        ocpp16="SupportedFileTransferProtocols",
        readonly=True,
        manual="OCPP 1.6 errata 4.0",
        help="By what diagnostics are brought to the back end, and firmware is fetched.",
    ),
)
