"""Commands of load management: the site, its list of stations, and joining it by a code."""

from __future__ import annotations

import re

from firmware.config.param import Role
from firmware.dlm.core import MASTERS, OFF
from firmware.model.dlm import ForgetSilentUnits, OpenPairing, PairWith
from firmware.station.command import Asked, Command, Taken, no, yes
from firmware.station.load_words import pairing, site

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})")
_CODE = re.compile(r"\d{4} ?\d{4}")


def _site(asked: Asked) -> Taken:
    return yes(**site(asked.station, asked.now_ms))


def _clear_slaves(asked: Asked) -> Taken:
    """[P122, B-DLM-21] Only a master remembers slaves."""
    dlm = asked.station.dlm
    if dlm.mode not in MASTERS:
        said = f"clear_slaves: this station is no master, dlm_mode is {dlm.mode}"
        return no(said, code="conflict")
    silent = dlm.silent(asked.now_ms)
    if not silent:
        return yes(text="every station that is known is heard; nothing is forgotten")
    names = ", ".join(silent)
    stations = "1 station is" if len(silent) == 1 else f"{len(silent)} stations are"
    return yes([ForgetSilentUnits()], text=f"{stations} forgotten: {names}")


def _pairing(asked: Asked) -> Taken:
    return yes(**pairing(asked.station, asked.now_ms))


def _pair_open(asked: Asked) -> Taken:
    dlm = asked.station.dlm
    if not dlm.leading:
        said = f"pair_open: only a master lets stations join, dlm_mode is {dlm.mode}"
        return no(said, code="conflict")
    return yes([OpenPairing()], text="the code is shown in a moment")


def _pair(asked: Asked) -> Taken:
    dlm = asked.station.dlm
    second = asked.word("second") is True
    if dlm.mode == OFF or (dlm.mode in MASTERS and not (second and dlm.watch is not None)):
        said = f"pair: only a slave joins a master, dlm_mode is {dlm.mode}"
        return no(said, code="conflict")
    if second and dlm.watch is not None and dlm.watch.second:
        return no("pair: this station is the second master itself", code="conflict")
    host, port, code = asked.word("host"), asked.word("port"), asked.word("code")
    if not isinstance(host, str) or not _HOST.fullmatch(host):
        return no("pair: host is the address of the master, as its page shows it")
    if type(port) is not int or not 1 <= port <= 65_535:
        return no("pair: port is a number from 1 to 65535")
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        return no("pair: code is the eight digits that the master shows")
    return yes([PairWith(host, port, code, second)], text="the master is being asked")


TABLE: dict[str, Command] = {
    "site": Command(_site),
    "clear_slaves": Command(_clear_slaves, Role.OPERATOR, changes=True),
    "pairing": Command(_pairing, Role.INSTALLER),
    "pair_open": Command(_pair_open, Role.INSTALLER, changes=True),
    "pair": Command(_pair, Role.INSTALLER, changes=True),
}
