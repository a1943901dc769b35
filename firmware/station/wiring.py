"""The one table that says which message goes to which part: this table is the architecture.

Inside are the parts of the station; `OUT` leaves by an adapter. A message with an outlet goes
to that outlet's session. What is not in the table is a bug.
"""

from __future__ import annotations

from enum import StrEnum

from firmware.model import backend as b
from firmware.model import devices as d
from firmware.model import dlm
from firmware.model import lists as li
from firmware.model import load as lo
from firmware.model import outlet as o
from firmware.model import people as pe
from firmware.model import reservation as r
from firmware.model import security as sec
from firmware.model import session as s
from firmware.model import storage as st
from firmware.model import transfers as tr
from firmware.model import values as v
from firmware.model.machine import Tick
from firmware.model.settings import (
    CacheWritten,
    FactoryResetAsked,
    HashPassword,
    PasswordHashed,
    SettingsChanged,
    SettingsWritten,
)


class Part(StrEnum):
    """The parts of the station, and the way out."""

    SESSION = "session"
    DESK = "desk"
    AUTH = "auth"
    LIMITS = "limits"
    SUPPLY = "supply"  # one line for both outlets
    DLM = "dlm"  # load management between stations
    DIMMING = "dimming"  # a signal that leaves the station a power
    SITE_INPUTS = "site inputs"  # signals that limit the whole site
    SCHEDULER = "scheduler"  # a weekly table that does
    METERING = "metering"
    WATCH = "watch"
    EXTERNAL = "external"
    BOOK = "book"
    INPUTS = "inputs"
    ABSENCES = "absences"
    WEAR = "wear"
    LED = "led"
    OCPP = "ocpp"
    CHARGING = "charging"  # of OCPP: profiles and schedules
    SECURITY = "security"
    WATCHDOG = "watchdog"  # of the back end
    BOARD_LINK = "board link"
    TRANSFERS = "transfers"  # files up and firmware down
    SETTINGS = "settings"
    LEARN = "learn"  # mode of the local whitelist
    RECENT = "recent"  # what happened lately
    COMMISSIONING = "commissioning"
    OUT = "out"
    KEEP = "keep"  # a durable write


SESSION, DESK, AUTH, LIMITS = Part.SESSION, Part.DESK, Part.AUTH, Part.LIMITS
METERING, LED, OCPP, SETTINGS = Part.METERING, Part.LED, Part.OCPP, Part.SETTINGS
WATCH, EXTERNAL, BOOK, INPUTS = Part.WATCH, Part.EXTERNAL, Part.BOOK, Part.INPUTS
ABSENCES, WEAR, OUT, KEEP = Part.ABSENCES, Part.WEAR, Part.OUT, Part.KEEP
CHARGING, SECURITY, WATCHDOG = Part.CHARGING, Part.SECURITY, Part.WATCHDOG
SUPPLY, DLM, DIMMING = Part.SUPPLY, Part.DLM, Part.DIMMING
SITE_INPUTS, SCHEDULER = Part.SITE_INPUTS, Part.SCHEDULER
BOARD_LINK, TRANSFERS = Part.BOARD_LINK, Part.TRANSFERS
LEARN, RECENT, COMMISSIONING = Part.LEARN, Part.RECENT, Part.COMMISSIONING
INSIDE = (
    SESSION, DESK, AUTH, SUPPLY, DLM, DIMMING, LIMITS, METERING, WATCH, EXTERNAL, BOOK, INPUTS,
    ABSENCES, WEAR, LED, OCPP, CHARGING, SECURITY, WATCHDOG, BOARD_LINK, TRANSFERS, LEARN,
    SITE_INPUTS, SCHEDULER,
)  # fmt: skip

CONFIGURED = (
    SESSION, DESK, AUTH, SUPPLY, DLM, DIMMING, LIMITS, METERING, EXTERNAL, LED, OCPP, CHARGING,
    SECURITY, WATCHDOG, BOARD_LINK, TRANSFERS, LEARN, SITE_INPUTS, SCHEDULER, RECENT, OUT,
)  # fmt: skip

ROUTES: dict[type, tuple[Part, ...]] = {
    Tick: INSIDE,
    # from the pilot
    o.CpChanged: (SESSION, DESK, WATCH),
    o.CableChanged: (SUPPLY, LIMITS, SESSION, DESK, WATCH, RECENT),
    o.ContactorMoved: (SESSION, WATCH, WEAR, COMMISSIONING, RECENT),
    o.LockMoved: (DESK, WEAR, COMMISSIONING, RECENT),
    o.OfferChanged: (WATCH, METERING, SUPPLY, DLM),
    o.PermitEnded: (),
    o.CpToggled: (),  # for ISO 15118
    o.FaultRaised: (BOOK, SESSION, DESK, LIMITS, WATCH, WEAR, LED, COMMISSIONING, RECENT),
    o.FaultCleared: (BOOK, SESSION, DESK, LIMITS, WATCH, WEAR, LED, RECENT),
    o.PilotFound: (SESSION, LIMITS, BOOK, WATCH, BOARD_LINK),
    o.PilotLost: (SESSION, BOOK, WATCH, WEAR, BOARD_LINK),
    # to the pilot
    o.GivePermit: (OUT,),
    o.EndPermit: (OUT,),
    o.HoldLock: (OUT,),
    # cards and tokens
    s.CardSeen: (RECENT, LEARN, LED, DESK, ABSENCES, COMMISSIONING),
    s.CarIdentified: (LEARN, DESK),
    s.ReaderOpened: (LED, RECENT),
    s.TokenPresented: (AUTH,),
    s.TokenAsked: (LED, RECENT),
    s.TokenJudged: (LED, DESK),
    s.TokenAccepted: (LED, CHARGING, SESSION, RECENT),
    s.TokenRefused: (LED, CHARGING, RECENT),
    s.TokenWaits: (LED, CHARGING),
    s.AuthorityExpired: (DESK, CHARGING),
    # a session
    s.StopAsked: (SESSION,),
    s.UnlockAsked: (SESSION,),
    s.OperativeChanged: (SESSION,),
    s.EnergyWanted: (SUPPLY, DLM, DIMMING, LIMITS),
    v.LimitSet: (LIMITS,),
    v.LimitLifted: (LIMITS,),
    v.OwnLimitChanged: (DLM,),
    s.LimitChanged: (SESSION,),
    s.TransactionBegan: (
        CHARGING,
        DESK,
        AUTH,
        METERING,
        WATCH,
        OCPP,
        WATCHDOG,
        TRANSFERS,
        RECENT,
    ),
    s.TransactionEnded: (
        DESK,
        METERING,
        WATCH,
        WEAR,
        OCPP,
        CHARGING,
        WATCHDOG,
        TRANSFERS,
        RECENT,
    ),
    s.TransactionConfirmed: (SESSION, DESK, AUTH, CHARGING),
    s.ConnectorChanged: (OCPP, BOARD_LINK),
    s.SessionShown: (LED, DESK, CHARGING),
    s.ShowPattern: (OUT,),
    # meters
    s.ReadMeter: (OUT,),
    s.MeterRead: (SUPPLY, DLM, SESSION, METERING, WATCH, COMMISSIONING),
    s.MeterSilent: (METERING,),
    s.EnergySampled: (OCPP,),
    # devices that no outlet owns
    d.InputChanged: (INPUTS, DIMMING, SITE_INPUTS),
    d.InputsSilent: (DIMMING, SITE_INPUTS),
    d.InputsAnswered: (DIMMING, SITE_INPUTS),
    d.ReaderSilent: (ABSENCES,),
    d.ReaderAnswered: (ABSENCES,),
    d.ReadOtherMeter: (OUT,),
    d.OtherMeterRead: (EXTERNAL,),
    d.OtherMeterSilent: (EXTERNAL,),
    lo.ExternalLoad: (SITE_INPUTS, DLM),
    lo.ExternalLoadLost: (SITE_INPUTS, DLM),
    lo.ReadingDropped: (RECENT,),
    # load management between stations
    dlm.SiteLimitSet: (DLM,),
    dlm.SiteLimitLifted: (DLM,),
    dlm.MastersFound: (DLM,),
    dlm.BusTold: (DLM,),
    dlm.PairingOpened: (DLM,),
    dlm.PairingTold: (DLM,),
    dlm.MasterSeen: (DLM,),
    dlm.UnitAsked: (DLM,),
    dlm.UnitAnswered: (DLM,),
    dlm.ForgetSilentUnits: (DLM,),
    **dict.fromkeys(dlm.LOAD_WISHES, (OUT,)),
    # the back end
    b.BackendConnected: (OCPP, SECURITY, ABSENCES, WATCHDOG),
    b.BackendLost: (OCPP, SECURITY, AUTH, LED, ABSENCES, WATCHDOG, TRANSFERS, RECENT),
    b.BackendReady: (AUTH, LED, SECURITY, TRANSFERS, RECENT),
    b.FrameReceived: (OCPP,),
    b.SendFrame: (OUT,),
    b.DropConnection: (OUT,),
    b.ClockSynced: (
        SCHEDULER,
        LED,
        SESSION,
        DESK,
        AUTH,
        METERING,
        OCPP,
        BOOK,
        ABSENCES,
        CHARGING,
        SECURITY,
        TRANSFERS,
        SETTINGS,
        RECENT,
    ),
    b.AskBackend: (OCPP,),
    b.BackendAnswered: (AUTH,),
    b.RemoteStartRequested: (CHARGING, DESK),
    b.RemoteStopRequested: (DESK,),
    b.UnlockRequested: (DESK,),
    b.ResetRequested: (DESK,),
    b.AvailabilityRequested: (DESK,),
    b.CacheClearRequested: (AUTH,),
    li.SendListRequested: (AUTH,),
    li.ListVersionRequested: (AUTH,),
    li.ListContradicted: (OCPP,),
    r.ReserveRequested: (DESK,),
    r.CancelReservationRequested: (DESK,),
    r.OutletReserved: (SESSION,),
    b.SetChargingProfileRequested: (CHARGING,),
    b.ClearChargingProfileRequested: (CHARGING,),
    b.CompositeScheduleRequested: (CHARGING,),
    b.SampleRequested: (METERING,),
    b.ConfigurationRequested: (SETTINGS,),
    b.ConfigurationChangeRequested: (SETTINGS,),
    b.Answer: (OCPP, CHARGING),
    b.Tell: (OCPP,),
    b.Told: (SECURITY, TRANSFERS),
    b.ConfigurationAnswer: (OCPP,),
    b.Restart: (OUT,),
    SettingsChanged: CONFIGURED,
    SettingsWritten: (RECENT,),
    FactoryResetAsked: (SETTINGS,),
    HashPassword: (OUT,),
    PasswordHashed: (SETTINGS,),
    CacheWritten: (AUTH,),
    # people at the pages
    pe.LearnAsked: (LEARN,),
    pe.LearningChanged: (DESK, LED, RECENT),
    pe.CommissioningAsked: (COMMISSIONING,),
    pe.CommissioningConfirmed: (COMMISSIONING,),
    pe.LightsTested: (LED,),
    pe.SignInTried: (RECENT,),
    # security of the line
    sec.SecurityEvent: (SECURITY,),
    sec.SecurityKeyRequested: (SECURITY,),
    sec.ChangeSettings: (SETTINGS,),
    sec.InstallRootRequested: (SECURITY,),
    sec.DeleteRootRequested: (SECURITY,),
    sec.RootsRequested: (SECURITY,),
    sec.SignedRequested: (SECURITY,),
    sec.SigningTriggered: (SECURITY,),
    sec.CertificatesListed: (SECURITY,),
    sec.Inspected: (SECURITY,),
    sec.CertificateKept: (SECURITY,),
    sec.SigningRequestMade: (SECURITY,),
    **dict.fromkeys(sec.CERTIFICATE_WISHES, (OUT,)),
    # files
    tr.DiagnosticsRequested: (TRANSFERS,),
    tr.LogRequested: (TRANSFERS,),
    tr.UpdateRequested: (TRANSFERS,),
    tr.PackageBrought: (TRANSFERS,),
    tr.ReportTriggered: (TRANSFERS,),
    sec.SignerInspected: (TRANSFERS,),
    tr.Uploaded: (TRANSFERS,),
    tr.UploadFailed: (TRANSFERS,),
    tr.Downloaded: (TRANSFERS,),
    tr.DownloadFailed: (TRANSFERS,),
    tr.SignatureChecked: (TRANSFERS,),
    tr.InstallTaken: (TRANSFERS,),
    tr.InstallFailed: (TRANSFERS,),
    **dict.fromkeys(tr.TRANSFER_WISHES, (OUT,)),
    # what lasts
    **dict.fromkeys(st.DURABLE_WRITES, (KEEP,)),
    st.PutRegister: (KEEP,),
}

# These never wait for the disk: they can only make the world safer or tell what is.
AT_ONCE: tuple[type, ...] = (o.EndPermit, s.ShowPattern, s.ReadMeter, d.ReadOtherMeter)

# These go out last: others must not be told what has not been done here yet.
LAST: tuple[type, ...] = (dlm.Say,)
