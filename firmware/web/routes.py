"""The table of the API: which request is which command, who may send it, what comes back.

`webd` serves this table, the OpenAPI document is made from it, and tests try every row with every
role.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from firmware.config.param import Role
from firmware.web import act_schemas as a
from firmware.web import requests as q
from firmware.web import schemas as s

BASE = "/api/v1"
Words = Mapping[str, Any]
CHANGING = ("POST", "PATCH", "PUT", "DELETE")


@dataclass(frozen=True, slots=True)
class Route:
    """One row. `command` is the station's; empty for what `webd` answers itself."""

    method: str
    path: str
    command: str
    told: type[BaseModel] | None
    what: str
    role: Role | None = Role.OPERATOR  # None: whoever asks
    asked: type[BaseModel] | None = None
    words: Callable[[Words], dict[str, Any]] = dict  # of body, path and query: the command's
    query: tuple[str, ...] = ()
    status: int = 200
    media: str = "application/json"
    conflicts: bool = False  # it can be refused for the state that the station is in

    @property
    def changes(self) -> bool:
        """It changes something, so it has to come from the page that signed in."""
        return self.method in CHANGING and self.command != "login"


def _changes(words: Words) -> dict[str, Any]:
    revision = words.get("revision")
    more = {} if revision is None else {"revision": revision}
    return {"values": words["changes"], **more}


def _transactions(words: Words) -> dict[str, Any]:
    return {"limit": int(words.get("limit") or 50), "before": words.get("before")}


def _outlet(name: str, what: str) -> Route:
    return Route(
        "POST", f"/outlets/{{n}}/{name}", name, a.Noted, what,
        asked=q.Start if name == "start" else None, words=_at_outlet, status=202, conflicts=True,
    )  # fmt: skip


def _at_outlet(words: Words) -> dict[str, Any]:
    return {"outlet": words["n"], **{k: v for k, v in words.items() if k != "n"}}


def _confirm(words: Words) -> dict[str, Any]:
    return {"part": words["part"], "fine": words["ok"]}


USER, INSTALLER = Role.USER, Role.INSTALLER
# fmt: off
ROUTES: tuple[Route, ...] = (
    Route("GET", "/session", "session", s.SignedIn, "Who is signed in.", None),
    Route("POST", "/login", "login", s.SignedIn, "Sign in.", None, q.Login),
    Route("POST", "/logout", "logout", None, "Sign out.", USER, status=204),
    Route("POST", "/password", "password", None, "Change a password by one's own old one.", USER,
          q.NewPassword, status=204, conflicts=True),
    Route("GET", "/status", "status", s.Status, "The state of the station.", USER),
    Route("GET", "/live", "", None, "The state whenever it changes, as server-sent events.", USER,
          media="text/event-stream"),
    Route("GET", "/samples", "samples", s.Samples, "The last 15 minutes for the chart.", USER),
    Route("GET", "/limits", "limits", s.Limits, "Every limit with its reason.", USER),
    Route("GET", "/faults", "faults", s.Faults, "Faults with what to do; `all=true`: ended too.",
          USER, words=lambda w: {"all": w.get("all") == "true"}, query=("all",)),
    Route("GET", "/transactions", "transactions", s.Transactions, "Transactions, newest first.",
          words=_transactions, query=("limit", "before"), conflicts=True),
    Route("GET", "/events", "events", s.Events, "What happened lately."),
    Route("GET", "/diagnosis", "diagnosis", s.Diagnosis, "The way to the back end, and hints."),
    Route("GET", "/logs.zip", "logs", None, "Diagnostics and logs, without secrets.",
          media="application/zip"),
    Route("GET", "/update", "update", a.Update, "The update of the firmware, if there is one."),
    Route("POST", "/update/begin", "update_begin", a.Update, "Announce a package that is coming.",
          asked=q.BeginUpdate, conflicts=True),
    Route("POST", "/update/part", "update_part", a.Update, "The next part of the package.",
          asked=q.UpdatePart, conflicts=True),
    Route("POST", "/update/install", "update_install", a.Update,
          "Install the package once no car is charging.", status=202, conflicts=True),
    Route("POST", "/update/drop", "update_drop", a.Update, "Forget the package."),
    Route("GET", "/openapi.json", "", None, "This document.", USER),
    Route("GET", "/params", "params", a.Params, "Every parameter that this role may see.", USER),
    Route("POST", "/params/check", "check", a.Dry, "What a change would do.", asked=q.Changes,
          words=_changes),
    Route("PATCH", "/params", "set", a.Saved, "Change parameters, all or none.", USER, q.Changes,
          words=_changes, conflicts=True),
    Route("GET", "/params/export", "export", a.Exported, "Settings without secrets."),
    Route("POST", "/params/import", "", None, "Try or take exported settings.", asked=q.Import,
          conflicts=True),
    Route("GET", "/params/history", "history", a.History, "Who changed what."),
    Route("POST", "/params/undo", "undo", a.Saved, "Undo one change.", asked=q.Undo,
          conflicts=True),
    Route("GET", "/presets", "presets", a.Presets, "Values of providers of back ends."),
    _outlet("start", "Start a session, as a remote start does."),
    _outlet("stop", "Stop the transaction of an outlet."),
    _outlet("unlock", "Free the plug."),
    _outlet("available", "Switch an outlet on."),
    _outlet("unavailable", "Switch an outlet off, after a running transaction."),
    Route("POST", "/actions/restart", "restart", a.Noted, "Start the station anew.", status=202),
    Route("POST", "/actions/factory_reset", "factory_reset", a.Noted,
          "Every parameter as from the factory.", asked=q.FactoryReset, status=202),
    Route("POST", "/actions/clear_cache", "clear_cache", a.Noted, "Forget remembered tokens.",
          status=202, conflicts=True),
    Route("POST", "/actions/email_test", "email_test", a.Noted, "Send a test e-mail.", status=202,
          conflicts=True),
    Route("POST", "/actions/clear_slaves", "clear_slaves", a.Noted,
          "Forget all remembered slaves of load management.", status=202, conflicts=True),
    Route("GET", "/site", "site", s.Site, "The site of a master of load management.", USER),
    Route("GET", "/pairing", "pairing", s.PairingState, "Codes by which stations join a site.",
          INSTALLER),
    Route("POST", "/pairing/open", "pair_open", a.Noted, "Let one station join by a code.",
          INSTALLER, status=202, conflicts=True),
    Route("POST", "/pairing/join", "pair", a.Noted, "Join the site of a master by its code.",
          INSTALLER, q.Join, status=202, conflicts=True),
    Route("GET", "/whitelist", "whitelist", a.Whitelist, "Both whitelists."),
    Route("POST", "/whitelist", "whitelist_edit", a.Whitelist, "Add and remove entries.",
          asked=q.EditWhitelist),
    Route("PUT", "/whitelist", "whitelist_edit", a.Whitelist, "Replace all entries.",
          asked=q.ReplaceWhitelist),
    Route("GET", "/whitelist/export", "", None, "The local whitelist, colon separated.",
          media="text/plain"),
    Route("POST", "/learn", "learn", a.Noted, "Begin or end learn mode.", asked=q.Switch),
    Route("GET", "/commissioning", "commissioning", a.CommissioningState, "The guided test.",
          INSTALLER),
    Route("POST", "/commissioning", "commission", a.Noted, "Begin or end the guided test.",
          INSTALLER, q.Switch),
    Route("POST", "/commissioning/confirm", "confirm", a.Noted, "What only a person can see.",
          INSTALLER, q.Confirm, words=_confirm),
    Route("GET", "/bench/live", "", None, "The simulated world, as server-sent events.",
          media="text/event-stream"),
    Route("POST", "/bench/do", "", a.BenchAnswer, "Act in the simulated world.",
          asked=q.BenchVerb, conflicts=True),
    Route("GET", "/bench/trace", "", a.BenchAnswer, "What the pilot did lately.",
          query=("outlet", "last_ms"), conflicts=True),
)
# fmt: on
