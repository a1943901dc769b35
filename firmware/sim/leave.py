"""Who has leave to charge, by an outsider's book: cards, answers and settings, nothing inside.

Written from the catalogue (2.5 to 2.7), not from the code that it judges.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from firmware.config.registry import changed, defaults
from firmware.model.free import MODES, FreeMode
from firmware.model.session import Transaction
from firmware.model.settings import Settings

CARD = "0a0e9b83"
REMOTE = "remote"
FIXED = "freecharging"


class Wrong(AssertionError):
    """Something that may not be; str() says which rule."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Settings of who may charge, and what the back end says of the card."""

    name: str
    settings: Mapping[str, str]
    card_accepted: bool = True

    def verdict(self, token: str) -> str:
        """Return what the back end answers; what it starts itself, it accepts."""
        return "Accepted" if self.card_accepted or token == REMOTE else "Invalid"

    @property
    def parameters(self) -> Settings:
        """The parameters of a station under it."""
        return changed(defaults(), self.settings)

    @property
    def free(self) -> FreeMode | None:
        """The mode of free charging."""
        mode = self.settings.get("free_charging_mode")
        return MODES[mode] if self.settings.get("free_charging") == "on" and mode else None

    @property
    def billed(self) -> bool:
        """The back end hears of transactions."""
        return self.free is None or self.free.tells_transaction

    def on(self, key: str) -> bool:
        """Tell whether a switch is on; all that are asked for here are given or off."""
        return self.settings.get(key, "off") == "on"

    @property
    def doubt(self) -> str:
        """What happens where nobody can be asked."""
        return self.settings.get("if_in_doubt_allow_charging", "off")


@dataclass(slots=True)
class Leave:
    """Tokens that may begin one transaction each."""

    policy: Policy
    given: set[str] = field(default_factory=set)
    waiting: set[str] = field(default_factory=set)  # a question about them is due or open
    known: set[str] = field(default_factory=set)  # the back end accepted them before
    rejected: set[tuple[str, str]] = field(default_factory=set)  # token and register of a start
    booted: bool = False
    online: bool = False

    def card(self, running: Transaction | None) -> None:
        """The card is shown; that of a running transaction stops, and gives no leave."""
        if running is None or (running.starter or running.token) != CARD:
            self._presented(CARD)

    def _presented(self, token: str) -> None:
        policy, free = self.policy, self.policy.free
        if free is not None:
            if free.card:
                self.given.add(FIXED if free.fixed else token)
        elif token in policy.settings.get("local_whitelist_entries", "").split(":"):
            self.given.add(token)
        elif not self.online:
            self._in_doubt(token)
        elif token in self.known and policy.on("local_pre_authorize"):
            self.given.add(token)
        else:
            self.waiting.add(token)  # the question may stand behind others; no answer is a doubt

    def _in_doubt(self, token: str) -> None:
        remembered = token in self.known and self.policy.on("local_authorize_offline")
        if remembered or self.policy.doubt != "off":
            self.given.add(token)

    def plugged(self) -> None:
        """A car has come; it may need no card."""
        free = self.policy.free
        alone = free is None and self.policy.doubt == "immediate_plug_in" and not self.online
        if alone or (free is not None and not free.card):
            self.given.add(FIXED)

    def left(self) -> None:
        """The car has left, and with it the leave that it had by itself."""
        if self.policy.free is None or not self.policy.free.card:
            self.given.discard(FIXED)

    def answered(self, action: str, token: str, register: str) -> None:
        """The back end has answered: it is there, and may have said something of a token."""
        if action == "BootNotification":
            self.booted = self.online = True
        if action not in ("Authorize", "StartTransaction"):
            return
        accepted = self.policy.verdict(token) == "Accepted"
        if self.policy.free is None and self.policy.on("ocpp_whitelist_enabled"):
            (self.known.add if accepted else self.known.discard)(token)
        if action == "StartTransaction" and not accepted and self.policy.free is None:
            self.rejected.add((token, register))
        if action == "Authorize" and token in self.waiting:
            self.waiting.discard(token)
            if accepted:
                self.given.add(token)

    def line_lost(self) -> None:
        """Questions that are open will not be answered."""
        self.online = False
        for token in self.waiting:
            self._in_doubt(token)
        self.waiting.clear()

    def line_back(self) -> None:
        """The same start is no new boot (OCPP-J 5.4): the back end is there again at once."""
        self.online = self.booted

    def remote_start(self) -> None:
        """The back end asks for a start."""
        free = self.policy.free
        if free is not None:
            self.given.add(FIXED if free.fixed else REMOTE)
        else:
            self._presented(REMOTE)

    def refuses(self, running: Transaction) -> bool:
        """The back end has refused the one who charges."""
        return (running.token, str(running.meter_start_wh)) in self.rejected

    def begins(self, transaction: Transaction) -> None:
        """A transaction begins: its token needs leave, and has used it."""
        if transaction.token in self.waiting:  # the station may have waited long enough
            self._in_doubt(transaction.token)
        if transaction.token not in self.given:
            raise Wrong(f"{transaction.token} charges without leave")
        self.given.discard(transaction.token)

    def woke(self) -> None:
        """The power was lost: what nobody wrote down is forgotten."""
        self.given.clear()
        self.waiting.clear()
        self.booted = self.online = False


# -- the policies that differ -------------------------------------------------------------------

_OFF = {"local_whitelist_entries": "", "ocpp_whitelist_enabled": "off"}
_CACHE = {**_OFF, "ocpp_whitelist_enabled": "on", "local_pre_authorize": "on",
          "local_authorize_offline": "on"}  # fmt: skip
_DOUBT = "if_in_doubt_allow_charging"
_WHO: tuple[tuple[str, dict[str, str], bool], ...] = (
    ("on the local whitelist", {**_OFF, "local_whitelist_entries": CARD}, True),
    ("the back end accepts", _OFF, True),
    ("the back end refuses", _OFF, False),
    ("remembered", _CACHE, True),
    ("in doubt yes, accepted", {**_OFF, _DOUBT: "on"}, True),
    ("in doubt yes, refused", {**_OFF, _DOUBT: "on"}, False),
    ("immediate plug-in, accepted", {**_OFF, _DOUBT: "immediate_plug_in"}, True),
    ("immediate plug-in, refused", {**_OFF, _DOUBT: "immediate_plug_in"}, False),
    *(
        (f"free, {name}", {**_OFF, "free_charging": "on", "free_charging_mode": name}, False)
        for name in MODES
    ),
)
# `normal_mode_d_rcd` differs by state D and residual currents only, which do not occur here;
# where neither card nor back end could end it, free charging has one way to stop (catalogue 2.6)
_STOPS = ("normal", "only_by_disconnecting", "only_by_rfid_remote_stop")
_RESUME = "restart_transaction_after_power_loss"


def policies() -> tuple[Policy, ...]:
    """Return every combination of who may charge, what stops, and what a power cut leaves."""
    return tuple(
        Policy(
            f"{who}; {stop}; {'goes on' if resume == 'on' else 'ends'} after a power cut",
            {**settings, "stop_transaction_mode": stop, _RESUME: resume},
            accepted,
        )
        for who, settings, accepted in _WHO
        for stop in (_STOPS if _stoppable(settings) else _STOPS[:1])
        for resume in ("on", "off")
    )


def _stoppable(settings: Mapping[str, str]) -> bool:
    mode = MODES.get(settings.get("free_charging_mode", ""))
    return mode is None or (mode.card and mode.tells_transaction)
