"""Commands about parameters: read, change, try, undo, carry from one station to another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from firmware.config.exchange import FORMAT, Dry, dry_run, exported, forbidden, needed_role
from firmware.config.param import HIDDEN, Effect, Param, Role
from firmware.config.presets import PRESETS
from firmware.config.registry import PARAMS, find
from firmware.model.errors import SettingErrors
from firmware.model.settings import FactoryResetAsked, SettingChange
from firmware.station.command import Asked, Command, Taken, no, yes
from firmware.station.words import when


def _get(asked: Asked) -> Taken:
    keys = asked.word("keys") or sorted(PARAMS)
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        return no("keys is a list of parameter names")
    params = {key: find(key) for key in keys}
    unknown = [f"{key}: no such parameter" for key, param in params.items() if param is None]
    if unknown:
        return no(*unknown, code="unknown")
    return yes(values={p.key: _entry(asked, p) for p in params.values() if p is not None})


def _entry(asked: Asked, param: Param) -> dict[str, object]:
    return {
        "value": param.show(asked.station.configuration.value(param)),
        "unit": param.unit,
        "allowed": param.kind.allowed,
        "role": param.role.value,
        "effect": param.effect.value,
        "help": param.help,
    }


def _params(asked: Asked) -> Taken:
    """Return everything that a page needs to draw the parameters that this role may see."""
    desk = asked.station.configuration
    shown = [_form(asked, param) for param in PARAMS.values() if _visible(asked, param)]
    return yes(revision=desk.revision, params=shown)


def _visible(asked: Asked, param: Param) -> bool:
    """[B-ACC-21, 22] A user sees what is the user's; the maker's is the maker's."""
    if asked.role is Role.USER:
        return param.role is Role.USER
    needed = needed_role(param, asked.station.configuration.settings)
    return needed is not Role.MANUFACTURER or asked.role is Role.MANUFACTURER


def _form(asked: Asked, param: Param) -> dict[str, object]:
    desk = asked.station.configuration
    value, form = desk.value(param), param.kind.form
    needed = needed_role(param, desk.settings)
    shown_if = param.shown_if
    return {
        "key": param.key,
        "id": param.id,
        "label": param.title,
        "menu": param.menu.value,
        "group": param.group,
        "kind": form.name,
        "unit": param.unit,
        "low": form.low,
        "high": form.high,
        "also": list(form.also),
        "choices": list(form.choices),
        "max_length": form.max_length,
        "separator": form.separator,
        "optional": form.optional,
        "default": "" if param.kind.secret else param.kind.write(param.default),
        "role": needed.value,
        "writable": asked.role.may(needed) and not param.readonly,
        "effect": param.effect.value,
        "restarts": param.restarts if param.effect is Effect.RESTART else None,
        "ocpp": param.ocpp_key,
        "manual": param.manual,
        "help": param.help,
        "allowed": param.kind.allowed,
        "value": param.show(value),
        "is_set": value != param.default,
        "acts": param.acts,
        "shown_if": None if shown_if is None else {"key": shown_if[0], "is": list(shown_if[1])},
    }


def _set(asked: Asked) -> Taken:
    texts = _texts(asked.word("values"))
    return no("set takes values, an object of key: text") if texts is None else _save(asked, texts)


def _save(asked: Asked, texts: dict[str, str]) -> Taken:
    desk = asked.station.configuration
    revision = asked.word("revision")
    if revision is not None and revision != desk.revision:
        return no(
            "somebody else has changed parameters since this page was loaded; load it again",
            code="conflict",
        )
    above = forbidden(desk.settings, texts, asked.role)
    if above:
        return no(*above, code="forbidden")
    dry = dry_run(desk.settings, texts, asked.role, asked.networks())
    try:
        messages = desk.write(texts, asked.now_ms, who=asked.who, by=asked.by)
    except SettingErrors as problem:
        return no(*problem.messages)
    keys = [param.key for key in texts if (param := find(key)) is not None]
    later = [key for key in keys if PARAMS[key].effect is Effect.RESTART]
    return yes(
        messages,
        restart_needed_for=later, saved=keys, revision=desk.revision, warnings=list(dry.warnings),
    )  # fmt: skip


def _check(asked: Asked) -> Taken:
    texts = _texts(asked.word("values"))
    if texts is None:
        return no("check takes values, an object of key: text")
    settings = asked.station.configuration.settings
    return yes(**_dry_words(dry_run(settings, texts, asked.role, asked.networks())))


def _dry_words(dry: Dry) -> dict[str, object]:
    refused, _ = no(*dry.errors)
    return {
        "fine": not dry.errors,
        "problems": refused["details"],
        "warnings": list(dry.warnings),
        "diff": [{"key": d.key, "from": d.before, "to": d.after} for d in dry.differences],
        "restart": list(dry.restarts),
    }


def _export(asked: Asked) -> Taken:
    settings = exported(asked.station.configuration.settings)
    return yes(powerstation=FORMAT, settings=settings)


def _history(asked: Asked) -> Taken:
    desk = asked.station.configuration
    return yes(changes=[_change(asked, change) for change in reversed(desk.changes)])


def _change(asked: Asked, change: SettingChange) -> dict[str, object]:
    return {
        "number": change.number,
        "at": when(asked.station, change.at),
        "who": change.who,
        "by": change.by,
        "values": [{"key": k, "from": before, "to": after} for k, before, after in change.values],
        "undoable": bool(_undo_texts(change)),
    }


def _undo(asked: Asked) -> Taken:
    """Give the parameters of one change their values before it; secrets are not known any more."""
    number = asked.word("number")
    changes = asked.station.configuration.changes
    change = next((c for c in changes if c.number == number), None)
    if change is None:
        return no(f"undo: there is no change {number!r}", code="unknown")
    texts = _undo_texts(change)
    if not texts:
        return no(f"undo: change {number} was of secrets, whose old values nobody knows any more")
    return _save(asked, texts)


def _undo_texts(change: SettingChange) -> dict[str, str]:
    return {
        key: before
        for key, before, _ in change.values
        if key in PARAMS and not PARAMS[key].kind.secret and HIDDEN not in before
    }


def _presets(_asked: Asked) -> Taken:
    presets = [{"name": p.name, "changes": dict(p.texts), "remark": p.remark} for p in PRESETS]
    return yes(presets=presets)


def _factory_reset(asked: Asked) -> Taken:
    if asked.word("confirm") != "factory reset":
        return no("factory_reset: confirm has to be the words: factory reset")
    text = "all parameters are as from the factory; check LED Type and RFID - Slave"
    return yes([FactoryResetAsked(asked.who)], text=text)


def _texts(values: Any) -> dict[str, str] | None:
    if not isinstance(values, Mapping):
        return None
    return {str(key): str(value) for key, value in values.items()}


TABLE: dict[str, Command] = {
    "get": Command(_get),
    "params": Command(_params),
    "set": Command(_set, changes=True),
    "check": Command(_check, Role.OPERATOR),
    "export": Command(_export, Role.OPERATOR),
    "history": Command(_history, Role.OPERATOR),
    "undo": Command(_undo, Role.OPERATOR, changes=True),
    "presets": Command(_presets, Role.OPERATOR),
    "factory_reset": Command(_factory_reset, Role.OPERATOR, changes=True),
}
