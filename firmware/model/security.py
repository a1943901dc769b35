"""Facts and wishes of the security whitepaper: events, keys of the line, certificates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class SecurityEventKind(StrEnum):
    """The events of the whitepaper's appendix, by their names on the wire."""

    FIRMWARE_UPDATED = "FirmwareUpdated"
    NOT_AUTHENTICATED_THERE = "FailedToAuthenticateAtCentralSystem"
    NOT_AUTHENTICATED_HERE = "CentralSystemFailedToAuthenticate"
    TIME_SET = "SettingSystemTime"
    STARTUP = "StartupOfTheDevice"
    RESET = "ResetOrReboot"
    LOG_CLEARED = "SecurityLogWasCleared"
    RECONFIGURED = "ReconfigurationOfSecurityParameters"
    MEMORY_EXHAUSTED = "MemoryExhaustion"
    INVALID_MESSAGES = "InvalidMessages"
    REPLAY = "AttemptedReplayAttacks"
    TAMPERED = "TamperDetectionActivated"
    FIRMWARE_SIGNATURE = "InvalidFirmwareSignature"
    FIRMWARE_CERTIFICATE = "InvalidFirmwareSigningCertificate"
    CENTRAL_CERTIFICATE = "InvalidCentralSystemCertificate"
    STATION_CERTIFICATE = "InvalidChargePointCertificate"
    TLS_VERSION = "InvalidTLSVersion"
    TLS_CIPHER = "InvalidTLSCipherSuite"


@dataclass(frozen=True, slots=True)
class SecurityEvent:
    """Something that belongs into the security log; `info` never holds a secret."""

    kind: SecurityEventKind
    info: str = ""


@dataclass(frozen=True, slots=True)
class SecurityKeyRequested:
    """ChangeConfiguration of a parameter on which the line itself stands; the value is checked."""

    call: str
    key: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ChangeSettings:
    """Give parameters these values (outside texts); who wishes it has checked them."""

    texts: Mapping[str, str] = field(repr=False)


# -- certificates; the private key never leaves the adapter ------------------------------------


class RootUse(StrEnum):
    """What an installed root is for, by OCPP's names."""

    CENTRAL_SYSTEM = "CentralSystemRootCertificate"
    MANUFACTURER = "ManufacturerRootCertificate"


@dataclass(frozen=True, slots=True)
class CertificateHash:
    """What names a certificate [RFC 6960 4.1.1]; hex, lower case."""

    algorithm: str  # SHA256, SHA384, SHA512
    issuer_name: str
    issuer_key: str
    serial: str


@dataclass(frozen=True, slots=True)
class InstalledRoot:
    """A root of the store: its file's name, its own SHA-256, and its three hash data."""

    use: RootUse
    fingerprint: str
    hashes: tuple[CertificateHash, ...]


@dataclass(frozen=True, slots=True)
class CertificatesListed:
    """What the store holds: told at the start and after each change."""

    roots: tuple[InstalledRoot, ...]
    client: bool  # a valid certificate of the station with its key


@dataclass(frozen=True, slots=True)
class InstallRootRequested:
    """InstallCertificate."""

    call: str
    use: RootUse
    pem: str


@dataclass(frozen=True, slots=True)
class DeleteRootRequested:
    """DeleteCertificate."""

    call: str
    wanted: CertificateHash


@dataclass(frozen=True, slots=True)
class RootsRequested:
    """GetInstalledCertificateIds."""

    call: str
    use: RootUse


@dataclass(frozen=True, slots=True)
class SignedRequested:
    """CertificateSigned: the chain for the station's last signing request."""

    call: str
    chain: str


@dataclass(frozen=True, slots=True)
class SigningTriggered:
    """The back end wants a new certificate to be asked for."""


@dataclass(frozen=True, slots=True)
class Inspect:
    """Look at a PEM text; `Inspected` follows. With `ours` it is to be the station's own chain."""

    call: str
    pem: str
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Inspected:
    """What is wrong with a PEM text as a root, or as our chain; empty: nothing."""

    call: str
    problem: str
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class InspectSigner:
    """Judge who signed a firmware (PEM, leaf first); `SignerInspected` follows."""

    call: str
    pem: str


@dataclass(frozen=True, slots=True)
class SignerInspected:
    """Why a firmware of this signer is not to be trusted; empty: it is."""

    call: str
    problem: str


@dataclass(frozen=True, slots=True)
class KeepRoot:
    """Put a root into the store; `CertificateKept` follows."""

    call: str
    use: RootUse
    pem: str


@dataclass(frozen=True, slots=True)
class KeepChain:
    """Keep the chain of our pending key: from now on they are shown; `CertificateKept` follows."""

    call: str
    pem: str


@dataclass(frozen=True, slots=True)
class DropRoot:
    """Take a root out of the store; `CertificateKept` follows."""

    call: str
    use: RootUse
    fingerprint: str


@dataclass(frozen=True, slots=True)
class DropNewestChain:
    """Show the certificate before the newest again: nobody takes that one."""


@dataclass(frozen=True, slots=True)
class MakeSigningRequest:
    """Make a new key and a request for its certificate; `SigningRequestMade` follows."""

    common_name: str
    organisation: str


CertificateWish = (
    Inspect | InspectSigner | KeepRoot | KeepChain | DropRoot | DropNewestChain | MakeSigningRequest
)
CERTIFICATE_WISHES: tuple[type, ...] = (
    Inspect, InspectSigner, KeepRoot, KeepChain, DropRoot, DropNewestChain, MakeSigningRequest,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CertificateKept:
    """A change of the store is on the disk, or could not be made."""

    call: str
    done: bool


@dataclass(frozen=True, slots=True)
class SigningRequestMade:
    """The PEM of a signing request; empty where it could not be made."""

    csr: str
