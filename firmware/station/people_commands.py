"""Commands of people at the pages: cards, what happened, the guided test, restarts."""

from __future__ import annotations

from typing import Any

from firmware.config.param import Role
from firmware.model.backend import CacheClearRequested, Restart
from firmware.model.people import (
    CommissioningAsked,
    CommissioningConfirmed,
    GuidedPart,
    LearnAsked,
)
from firmware.model.values import StopReason
from firmware.station.command import Asked, Command, Taken, no, yes
from firmware.station.words import utc, when

ENTRIES = "local_whitelist_entries"


def _whitelist(asked: Asked) -> Taken:
    settings = asked.station.configuration.settings
    cache = asked.station.auth.cache
    remembered = [
        {"token": token, "verdict": info.verdict.value, "expires": utc(info.expires_utc_ms)}
        for token, info in cache.items()
    ]
    return yes(
        local=list(settings.texts(ENTRIES)),
        ocpp=remembered,
        enabled=settings.flag("local_whitelist_enabled"),
    )


def _edit(asked: Asked) -> Taken:
    """Add and remove entries, or replace them all."""
    lists = {name: asked.word(name) for name in ("add", "remove", "entries")}
    bad = [name for name, value in lists.items() if value is not None and not _strings(value)]
    if bad or all(value is None for value in lists.values()):
        return no("whitelist takes add, remove or entries, each a list of texts")
    entries: Any = lists["entries"]
    if entries is None:
        there = asked.station.configuration.settings.texts(ENTRIES)
        add: Any = lists["add"] or []
        remove: Any = lists["remove"] or []
        entries = [*(e for e in there if e not in remove), *(e for e in add if e not in remove)]
    joined = [entry for entry in entries if ":" in entry]
    if joined:
        return no(f"{ENTRIES}: {joined[0][:40]!r} cannot be taken, a colon separates entries")
    texts = {ENTRIES: ":".join(dict.fromkeys(entries))}
    messages: list[object]
    try:
        messages = asked.station.configuration.write(
            texts, asked.now_ms, who=asked.who, by=asked.by
        )
    except ValueError as problem:
        return no(*str(problem).splitlines())
    answer, _ = _whitelist(asked)
    return answer, messages


def _strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(entry, str) for entry in value)


def _learn(asked: Asked) -> Taken:
    if not isinstance(asked.word("on"), bool):
        return no("learn takes on, true or false")
    return yes([LearnAsked(asked.word("on") is True)], text="learn mode")


def _events(asked: Asked) -> Taken:
    return yes(
        events=[
            {
                "at": when(asked.station, event.at),
                "what": event.what,
                "outlet": event.outlet or None,
                "text": event.text,
            }
            for event in reversed(asked.station.recent.events)
        ]
    )


def _steps(asked: Asked) -> Taken:
    state = asked.station.commissioning.state
    steps = [
        {"part": s.part.value, "outlet": s.outlet, "state": s.state, "do": s.todo, "seen": s.seen}
        for s in state.steps
    ]
    return yes(on=state.on, steps=steps)


def _commission(asked: Asked) -> Taken:
    if not isinstance(asked.word("on"), bool):
        return no("commissioning takes on, true or false")
    return yes([CommissioningAsked(asked.word("on") is True)], text="guided test")


def _confirm(asked: Asked) -> Taken:
    part, fine = asked.word("part"), asked.word("fine")
    if part not in list(GuidedPart) or not isinstance(fine, bool):
        return no(f"confirm takes a part of {', '.join(GuidedPart)}, and ok, true or false")
    return yes([CommissioningConfirmed(GuidedPart(str(part)), fine)], text="noted")


def _restart(_asked: Asked) -> Taken:
    """[B-ACC-17] Transactions go on afterwards, or end, as after a loss of power."""
    return yes([Restart(StopReason.REBOOT)], text="the station starts anew in two seconds")


def _clear_cache(asked: Asked) -> Taken:
    if not asked.station.configuration.settings.flag("ocpp_whitelist_enabled"):
        return no("clear_cache: ocpp_whitelist_enabled is off", code="conflict")
    return yes([CacheClearRequested("here")], text="all remembered tokens are forgotten")


def _bench(asked: Asked) -> Taken:
    """Nothing: whether somebody may act in a simulated world is all that is asked."""
    return yes()


TABLE: dict[str, Command] = {
    "bench": Command(_bench, Role.OPERATOR, changes=True),
    "whitelist": Command(_whitelist, Role.OPERATOR),
    "whitelist_edit": Command(_edit, Role.OPERATOR, changes=True),
    "learn": Command(_learn, Role.OPERATOR, changes=True),
    "events": Command(_events, Role.OPERATOR),
    "commissioning": Command(_steps, Role.INSTALLER),
    "commission": Command(_commission, Role.INSTALLER, changes=True),
    "confirm": Command(_confirm, Role.INSTALLER, changes=True),
    "restart": Command(_restart, Role.OPERATOR, changes=True),
    "clear_cache": Command(_clear_cache, Role.OPERATOR, changes=True),
}
