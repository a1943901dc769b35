"""The shapes of answers of the API; the OpenAPI document is made from them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Told(BaseModel):
    """An answer; only what is declared leaves the station."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)


class Problem(Told):
    """What is wrong, where and what to do; `key` is the parameter that it is about."""

    message: str
    key: str | None = None


class Errors(Told):
    """Everything that is wrong with a request, at once."""

    errors: list[Problem]


# -- signing in --------------------------------------------------------------------------------


class SignedIn(Told):
    """Who is signed in; `csrf` has to come back as X-CSRF-Token with every change."""

    signed_in: bool
    language: str
    local: bool
    user: str | None = None
    role: str | None = None
    csrf: str | None = None
    must_change: bool = False
    idle_s: int | None = None


# -- looking -----------------------------------------------------------------------------------


class StationState(Told):
    """The station as a whole."""

    name: str
    firmware: str
    board: str
    simulated: bool
    utc: str | None
    zone: str
    restart_needed_for: list[str]
    running_transactions: int
    language: str
    whitelist: bool
    bench: bool = False


class OutletState(Told):
    """One outlet; currents are those of L1, L2 and L3 of the outlet."""

    outlet: int
    phase: str
    status: str
    error: str
    cp: str | None
    cable_ma: int | None
    contactor_closed: bool
    limit_ma: int
    limit_source: str
    offered_ma: int | None
    token: str | None
    transaction_id: int | None
    energy_wh: int | None
    power_w: int | None
    currents_ma: list[int] | None
    faults: list[str]
    why: str
    closings: int
    advice: str
    locked: bool | None


class BackendState(Told):
    """The line to the back end."""

    connected: bool
    state: str
    why: str
    name: str
    heartbeat_in_s: int | None
    queued: int


class Modem(Told):
    """The modem."""

    fitted: bool
    text: str


class Slave(Told):
    """A station that this one manages."""

    name: str
    state: str
    limit_ma: int
    currents_ma: list[int]


class Dlm(Told):
    """Dynamic load management."""

    role: str
    unit: str
    text: str
    problem: str
    warnings: list[str]
    slaves: list[Slave]


class FaultState(Told):
    """One fault of the catalogue; outlet 0 is the station."""

    id: str
    outlet: int
    text: str
    since: str
    ended: str | None
    times: int
    stops: bool
    advice: str
    clears: str


class Card(Told):
    """The card that was presented last, and what became of it."""

    uid: str
    verdict: str
    text: str
    at: str


class Learning(Told):
    """Learn mode of the local whitelist."""

    on: bool
    learned: list[str]
    ends_in_s: int | None


class Status(Told):
    """Everything that the dashboard shows."""

    station: StationState
    outlets: list[OutletState]
    backend: BackendState
    modem: Modem
    dlm: Dlm
    faults: list[FaultState]
    last_card: Card | None
    learning: Learning


class SiteFuse(Told):
    """A fuse with L1, L2 and L3: its own limit, what it may carry now, and what may flow."""

    fuse: str
    parent: str | None
    limit_ma: list[int]
    given_ma: list[int]
    in_force_ma: list[int]


class SitePoint(Told):
    """An outlet of the site: `waits_s` counts while it waits for its turn."""

    point: str
    name: str
    fuse: str
    phases: list[str]
    state: str
    wants_ma: int
    limit_ma: int
    drawn_ma: list[int]
    waits_s: int | None
    why: str


class SiteMoment(Told):
    """The site at one instant, L1, L2 and L3 each; `at` is UTC where the time is known."""

    at: str | None
    ago_s: int
    given_ma: list[int]
    in_force_ma: list[int]
    drawn_ma: list[int]
    waiting: int


class Site(Dlm):
    """The site of a master: fuses, outlets with who waits and why, and the last hours."""

    available: str
    fuses: list[SiteFuse]
    points: list[SitePoint]
    history: list[SiteMoment]


class PairingMaster(Told):
    """A master in the LAN at which a code is open."""

    master: str
    network: int
    host: str
    port: int


class PairingState(Told):
    """The code that is open here, what came of the last one, and masters to join."""

    code: str
    ends_in_s: int | None
    text: str
    paired: bool
    told: int
    masters: list[PairingMaster]


class OutletSample(Told):
    """An outlet at one instant."""

    outlet: int
    limit_ma: int
    offered_ma: int | None
    currents_ma: list[int] | None
    power_w: int | None


class Sample(Told):
    """All outlets at one instant; `t_s` is UTC."""

    t_s: int
    outlets: list[OutletSample]


class Samples(Told):
    """What the chart is drawn from, oldest first."""

    period_s: int = 2
    samples: list[Sample]


class Limit(Told):
    """One limit with its reason."""

    source: str
    limit_ma: int
    reason: str
    binding: bool
    expires_in_s: int | None


class OutletLimits(Told):
    """All limits of an outlet, the least first."""

    outlet: int
    limit_ma: int
    wanted: bool
    limits: list[Limit]


class Limits(Told):
    """All limits of all outlets."""

    outlets: list[OutletLimits]


class Faults(Told):
    """Faults, those that are there first."""

    faults: list[FaultState]


class TransactionRow(Told):
    """One transaction; `delivered`: the back end has all of it."""

    key: str
    outlet: int
    token: str
    began: str
    ended: str | None
    energy_wh: int
    stop_reason: str | None
    transaction_id: int | None
    delivered: bool


class Transactions(Told):
    """A page of transactions; `next` asks for the one after it."""

    transactions: list[TransactionRow]
    next: str | None


class EventRow(Told):
    """One thing that happened; outlet `null` is the station."""

    at: str
    what: str
    outlet: int | None
    text: str


class Events(Told):
    """What happened since the last start, newest first."""

    events: list[EventRow]


class Step(Told):
    """One step on the way to the back end."""

    step: str
    label: str
    state: Literal["ok", "failed", "unknown"]
    text: str


class Remark(Told):
    """A value that has to agree with the other side."""

    key: str
    value: str
    remark: str


class BackendDiagnosis(Told):
    """How far the way to the back end is open."""

    sentence: str
    steps: list[Step]
    settings: list[Remark]


class HintRow(Told):
    """A symptom and its causes, likeliest first."""

    id: str
    symptom: str
    causes: list[str]


class Diagnosis(Told):
    """What can be found out without an instrument."""

    backend: BackendDiagnosis
    hints: list[HintRow]
