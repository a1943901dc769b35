"""Facts and wishes of files that come and go: diagnostics and logs up, firmware down and in.

An address may hold a password: it is a field named `url`, is in no `repr` and in no log. A `job`
is a number of this start of the station; what is told of another job is of the past.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

PACKAGE_MAX_BYTES = 64 << 20  # of a firmware that a person brings
PART_MAX_BYTES = 96 * 1024  # it comes in parts of that size; in base64 exactly 128 Ki letters

# -- requests of the back end -------------------------------------------------------------------


class Content(StrEnum):
    """What a file is made of, by OCPP's names."""

    DIAGNOSTICS = "DiagnosticsLog"
    SECURITY = "SecurityLog"


@dataclass(frozen=True, slots=True)
class Patience:
    """How often to try again after the first try, and how long to wait between."""

    retries: int
    wait_ms: int


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when; `None` is open."""

    oldest_utc_ms: int | None = None
    latest_utc_ms: int | None = None


@dataclass(frozen=True, slots=True)
class DiagnosticsRequested:
    """GetDiagnostics."""

    call: str
    url: str = field(repr=False)
    span: Span
    patience: Patience


@dataclass(frozen=True, slots=True)
class LogRequested:
    """GetLog."""

    call: str
    request_id: int
    content: Content
    url: str = field(repr=False)
    span: Span
    patience: Patience


@dataclass(frozen=True, slots=True)
class Signing:
    """What a signed firmware comes with: who signed it (PEM), and the signature in base64."""

    pem: str = field(repr=False)
    signature: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class UpdateRequested:
    """UpdateFirmware (no signing, no id, no call: it was answered) or SignedUpdateFirmware."""

    call: str
    url: str = field(repr=False)
    retrieve_utc_ms: int | None
    patience: Patience
    request_id: int | None = None
    install_utc_ms: int | None = None
    signing: Signing | None = None


@dataclass(frozen=True, slots=True)
class PackageBrought:
    """A person has brought a firmware; it is on the disk, whole and checked. [P139]"""

    version: str
    digest: str  # SHA-256, hex


class Report(StrEnum):
    """The status messages, by OCPP's names."""

    DIAGNOSTICS = "DiagnosticsStatusNotification"
    LOG = "LogStatusNotification"
    FIRMWARE = "FirmwareStatusNotification"
    SIGNED = "SignedFirmwareStatusNotification"


@dataclass(frozen=True, slots=True)
class ReportTriggered:
    """TriggerMessage or ExtendedTriggerMessage wants one of the statuses now."""

    report: Report


# -- wishes, each with the facts that follow it ---------------------------------------------------


class Trouble(StrEnum):
    """Why a file could not be moved, as far as OCPP wants to know."""

    BAD_ADDRESS = "bad address"
    NOT_SUPPORTED = "not supported"  # a scheme that is not spoken here, or a refused method
    DENIED = "denied"  # by the other side: name or password
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class UploadWanted:
    """Make a file and bring it there; `Uploaded` or `UploadFailed` follows."""

    job: int
    url: str = field(repr=False)
    name: str
    content: Content
    span: Span


@dataclass(frozen=True, slots=True)
class Uploaded:
    """The other side has the file."""

    job: int


@dataclass(frozen=True, slots=True)
class UploadFailed:
    """It has not; `problem` is a sentence without the address."""

    job: int
    problem: str
    trouble: Trouble = Trouble.OTHER


@dataclass(frozen=True, slots=True)
class DownloadWanted:
    """Fetch a firmware, go on where an earlier try ended; `Downloaded` or `DownloadFailed`."""

    job: int
    url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Downloaded:
    """The file is whole and on the disk."""

    job: int
    size_bytes: int
    digest: str  # SHA-256, hex


@dataclass(frozen=True, slots=True)
class DownloadFailed:
    """It is not; `problem` is a sentence without the address."""

    job: int
    problem: str


@dataclass(frozen=True, slots=True)
class SignatureWanted:
    """Check the signature over the whole file that was fetched; `SignatureChecked` follows."""

    job: int
    pem: str = field(repr=False)
    signature: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignatureChecked:
    """What is wrong with the signature; empty: nothing."""

    job: int
    problem: str


@dataclass(frozen=True, slots=True)
class InstallWanted:
    """Install the file that was fetched; `InstallTaken` and a restart follow, or `InstallFailed`.

    `signed` tells that its signature was checked against the manufacturer's root.
    """

    job: int
    digest: str
    signed: bool


@dataclass(frozen=True, slots=True)
class InstallTaken:
    """The installer works on it, and will start the station anew."""

    job: int


@dataclass(frozen=True, slots=True)
class InstallFailed:
    """Nothing was changed; `problem` is a sentence."""

    job: int
    problem: str


@dataclass(frozen=True, slots=True)
class CancelTransfer:
    """Whatever is done for this job is no longer wanted; nothing follows."""

    job: int


TransferWish = UploadWanted | DownloadWanted | SignatureWanted | InstallWanted | CancelTransfer
TRANSFER_WISHES: tuple[type, ...] = (
    UploadWanted, DownloadWanted, SignatureWanted, InstallWanted, CancelTransfer,
)  # fmt: skip


def failed(wish: object, problem: str) -> list[object]:
    """Return the facts of a wish that could not even be begun."""
    match wish:
        case UploadWanted(job):
            return [UploadFailed(job, problem)]
        case DownloadWanted(job):
            return [DownloadFailed(job, problem)]
        case SignatureWanted(job):
            return [SignatureChecked(job, problem)]
        case InstallWanted(job):
            return [InstallFailed(job, problem)]
    return []
