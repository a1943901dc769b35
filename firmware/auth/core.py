"""The pipeline of a token: local whitelist -> OCPP list -> cache -> back end -> offline rules.

[B-AUT-02] Each verdict carries one sentence: whose rule it was. One question a token is open at
a time; no answer (lost, late, refused) is answered by the rules for being offline.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from firmware.auth.lists import CACHE_END_UTC_MS, YEAR_MS, Entry, live, on_local_list
from firmware.auth.master import MASTER_FLAG, NEEDS_MASTER, MasterGate
from firmware.auth.ocpp_list import NOT_SUPPORTED_VERSION, OcppList
from firmware.model.backend import (
    Answer,
    AskBackend,
    BackendAnswered,
    BackendLost,
    BackendReady,
    CacheClearRequested,
    ClockSynced,
)
from firmware.model.clock import WallClock
from firmware.model.free import FreeMode, free_mode
from firmware.model.lists import ListContradicted, ListVersionRequested, SendListRequested
from firmware.model.machine import NEVER_MS
from firmware.model.session import (
    StartSource,
    TokenAsked,
    TokenJudged,
    TokenPresented,
    Transaction,
    TransactionBegan,
    TransactionConfirmed,
)
from firmware.model.settings import CacheWritten, Settings, SettingsChanged
from firmware.model.storage import ClearCache, PutCache
from firmware.model.values import TokenInfo, Verdict, token_key

CACHE_MAX = 10_000  # entries; the oldest goes first
OPEN_MAX = 16  # questions open at once
TOKENS_MAX = 1_000  # transactions whose start the back end has not answered


class AuthCore:
    """The machine of the authorisation."""

    def __init__(
        self,
        settings: Settings,
        boot: int,
        cache: Mapping[str, TokenInfo],
        transactions: Iterable[Transaction] = (),
        *,
        listed: OcppList | None = None,
    ) -> None:
        self.settings = settings
        self.clock = WallClock(boot)
        self.online = False
        self.cache = dict(cache)
        self.listed = listed or OcppList()
        self.open: dict[str, TokenPresented] = {}
        self.master = MasterGate()
        self.tokens = {t.key: t.token for t in transactions}

    def handle(self, fact: object, now_ms: int) -> Iterable[object]:
        """Take one fact."""
        match fact:
            case TokenPresented():
                return self._presented(fact, now_ms)
            case BackendAnswered(token, info):
                return self._answered(token, info, now_ms)
            case TransactionBegan(transaction):
                self.tokens[transaction.key] = transaction.token
                while len(self.tokens) > TOKENS_MAX:  # the back end gave these starts up
                    self.tokens.pop(next(iter(self.tokens)))
            case TransactionConfirmed(key, _, _, info):
                known = self.tokens.pop(key, None)
                if free_mode(self.settings) is not None:
                    return []  # of a fixed tag, or of a card that anybody may use
                return self._learn(known, info, now_ms) if known is not None else []
            case SendListRequested():
                return self._renew(fact)
            case ListVersionRequested(call):
                known_version = self.listed.version if self._uses_list else NOT_SUPPORTED_VERSION
                return [Answer(call, "", {"listVersion": known_version})]
            case CacheClearRequested(call):
                return self._clear(call)
            case CacheWritten(tokens):
                return self._written(tokens, now_ms)
            case BackendReady():
                self.online = True
            case BackendLost():
                self.online = False
            case ClockSynced(utc_at_zero_ms, _):
                self.clock.utc_at_zero_ms = utc_at_zero_ms
            case SettingsChanged(settings):
                self.settings = settings
            case _:
                pass
        return []

    def deadline_ms(self) -> int:
        """Never: each question is timed by the back end's side."""
        return NEVER_MS

    # -- rules ------------------------------------------------------------------------------

    def _presented(self, asked: TokenPresented, now_ms: int) -> list[object]:
        mode = free_mode(self.settings)
        if mode is not None:
            return self._free(mode, asked)
        if asked.source is StartSource.FREE:
            return self._plugged_in(asked)
        flag = self.settings.flag
        if asked.source is StartSource.CAR:
            return self._named(asked)
        if asked.thorough and self.online:
            return self._ask(asked)
        if asked.source is StartSource.CARD and flag(MASTER_FLAG):
            entries = self.settings.texts("local_whitelist_entries")
            if (done := self.master.shown(entries, asked.token, now_ms)) is not None:
                return done
            if not self.master.opened(now_ms):
                return [_refuse(asked, NEEDS_MASTER)]
        if asked.source is StartSource.REMOTE and not flag("send_authorize_for_remote_start"):
            return [
                _accept(
                    asked, None, "remote start, send_authorize_for_remote_start is off", guess=True
                )
            ]
        if (entry := self._on_local_list(asked)) is not None:
            accepted = _accept(asked, None, "on the local whitelist", guess=True)
            return [replace(accepted, only=entry.outlets)]
        if not self.online:
            return [self._offline(asked, now_ms)]
        if flag("local_pre_authorize") and (known := self._known(asked.token, now_ms)):
            return [_accept(asked, known[0].parent, _KNOWN_BY[known[1]])]
        return self._ask(asked)

    def _free(self, mode: FreeMode, asked: TokenPresented) -> list[object]:
        """Only the table of free charging counts; lists and back end are not asked. [B-AUT-01]"""
        wanted = {StartSource.CARD: mode.card, StartSource.FREE: not mode.card,
                  StartSource.REMOTE: mode.remote_start}  # fmt: skip
        if not wanted.get(asked.source):
            return []  # a card where none is needed, or a car that has to wait for one
        fixed = self.settings.text("free_charging_fixed_tag")
        token = fixed if mode.fixed else asked.token
        starter = asked.token if asked.source is StartSource.CARD and mode.fixed else None
        reason = f"free charging, free_charging_mode is {mode.name}"
        judged = _accept(replace(asked, token=token), None, reason, guess=False)
        return [replace(judged, starter=starter)]

    def _plugged_in(self, asked: TokenPresented) -> list[object]:
        """[B-AUT-11, A-18] Without a back end to ask, a car may charge on the fixed tag."""
        doubt = self.settings.text("if_in_doubt_allow_charging")
        if self.online or doubt != "immediate_plug_in":
            return []
        token = self.settings.text("free_charging_fixed_tag")
        reason = "back end away, if_in_doubt_allow_charging is immediate_plug_in"
        return [_accept(replace(asked, token=token), None, reason, guess=True)]

    def _named(self, asked: TokenPresented) -> list[object]:
        """[B-AUT-18] A car on the local whitelist needs no card; another waits for one."""
        entry = self._on_local_list(asked)
        if entry is None:
            return []
        return [_accept(asked, None, "the car's address is on the local whitelist", guess=True)]

    def _ask(self, asked: TokenPresented) -> list[object]:
        key = token_key(asked.token)
        if key in self.open or len(self.open) >= OPEN_MAX:
            return []  # the answer on its way will do
        self.open[key] = asked
        return [TokenAsked(asked.token), AskBackend(asked.token)]

    def _answered(self, token: str, info: TokenInfo | None, now_ms: int) -> list[object]:
        asked = self.open.pop(token_key(token), None)
        if asked is None:
            return []
        if info is None:
            return [self._offline(asked, now_ms)]
        kept = self._learn(token, info, now_ms)
        if info.verdict is Verdict.ACCEPTED:
            return [*kept, _accept(asked, info.parent, "the back end accepted it")]
        return [*kept, _refuse(asked, f"the back end answered {info.verdict.value}")]

    def _offline(self, asked: TokenPresented, now_ms: int) -> TokenJudged:
        known = self._known(asked.token, now_ms)
        if known is not None and self.settings.flag("local_authorize_offline"):
            return _accept(asked, known[0].parent, f"back end away, {_KNOWN_AWAY[known[1]]}")
        if known is None and self._entry(asked.token) is not None:  # [E2 3.5.4] not in doubt
            return _refuse(asked, "the back end is away and its list does not accept it")
        if self.settings.text("if_in_doubt_allow_charging") != "off":
            return _accept(
                asked, None, "back end away, if_in_doubt_allow_charging is on", guess=True
            )
        return _refuse(
            asked,
            "the back end is away and no list knows it; "
            "if_in_doubt_allow_charging or the local whitelist would change that",
        )

    # -- lists ------------------------------------------------------------------------------

    def _on_local_list(self, asked: TokenPresented) -> Entry | None:
        if not self.settings.flag("local_whitelist_enabled"):
            return None
        entries = self.settings.texts("local_whitelist_entries")
        return on_local_list(entries, asked.token, asked.outlet)

    def _cached(self, token: str, now_ms: int) -> TokenInfo | None:
        """Return a live Accepted of the back end; `None` for anything else."""
        if not self.settings.flag("ocpp_whitelist_enabled"):
            return None
        info = self.cache.get(token_key(token))
        return info if info is not None and live(info, self.clock.utc_ms(now_ms)) else None

    @property
    def _uses_list(self) -> bool:
        return self.settings.flag("ocpp:LocalAuthListEnabled")

    def _entry(self, token: str) -> TokenInfo | None:
        """Return what the back end's list says, whatever that is."""
        return self.listed.entries.get(token_key(token)) if self._uses_list else None

    def _known(self, token: str, now_ms: int) -> tuple[TokenInfo, str] | None:
        """Return a live Accepted of list or cache; a list entry has the last word. [E2 3.5.3]"""
        entry = self._entry(token)
        if entry is None:
            info = self._cached(token, now_ms)
            return None if info is None else (info, "cache")
        return (entry, "list") if live(entry, self.clock.utc_ms(now_ms)) else None

    def _renew(self, sent: SendListRequested) -> list[object]:
        """SendLocalList: the answer leaves after the list is on the disk."""
        if not self._uses_list:
            return [Answer(sent.call, "NotSupported")]
        contradicted = bool(self.listed.contradicted)
        word, writes = self.listed.update(sent)
        over = [ListContradicted(None)] if contradicted and writes else []
        return [*writes, Answer(sent.call, word), *over]

    def _learn(self, token: str, info: TokenInfo, now_ms: int) -> list[object]:
        """Take an answer: what the list names is not cached, but compared. [E2 3.5.2, 3.5.3]"""
        entry = self._entry(token)
        if entry is None:
            return self._remember(token, info, now_ms)
        accepts = live(entry, self.clock.utc_ms(now_ms))
        return [ListContradicted(token)] if self.listed.contradicts(token, info, accepts) else []

    def _remember(self, token: str, info: TokenInfo, now_ms: int) -> list[object]:
        """Keep a verdict; without an expiry date, the setting gives one. [B-RFD-15 to 17]"""
        if not self.settings.flag("ocpp_whitelist_enabled"):
            return []
        if info.expires_utc_ms is None:
            utc_ms = self.clock.utc_ms(now_ms)
            one_year = self.settings.text("ocpp_whitelist_expiry_mode") == "one_year"
            end_ms = utc_ms + YEAR_MS if one_year and utc_ms is not None else CACHE_END_UTC_MS
            info = replace(info, expires_utc_ms=end_ms)
        key = token_key(token)
        self.cache.pop(key, None)
        while len(self.cache) >= CACHE_MAX:
            self.cache.pop(next(iter(self.cache)))
        self.cache[key] = info
        return [PutCache(key, info)]

    def _clear(self, call: str) -> list[object]:
        if not self.settings.flag("ocpp_whitelist_enabled"):  # [ER 3.23]
            return [Answer(call, "Rejected")]
        self.cache.clear()
        return [ClearCache(), Answer(call, "Accepted")]

    def _written(self, tokens: tuple[str, ...], now_ms: int) -> list[object]:
        """A person's edit: nothing forgets all, what is new is added as accepted. [B-RFD-18]"""
        if not tokens:
            self.cache.clear()
            return [ClearCache()]
        new = [token for token in tokens if token_key(token) not in self.cache]
        fresh = TokenInfo(Verdict.ACCEPTED)
        return [write for token in new for write in self._remember(token, fresh, now_ms)]


_KNOWN_BY = {
    "cache": "accepted by the back end before (cache)",
    "list": "on the list of the back end",
}
_KNOWN_AWAY = {"cache": "accepted before (cache)", "list": "on its list"}


def _accept(
    asked: TokenPresented, parent: str | None, reason: str, *, guess: bool = False
) -> TokenJudged:
    """With `guess` the parent would have to be asked for, and was not."""
    guess = guess and not asked.thorough
    return TokenJudged(asked.token, asked.outlet, asked.source, True, parent, reason, guess)


def _refuse(asked: TokenPresented, reason: str) -> TokenJudged:
    return TokenJudged(asked.token, asked.outlet, asked.source, False, None, reason)
