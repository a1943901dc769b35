"""Relations between values: checked as a whole on every write, all broken ones at once.

[CC613 7.2, 7.3a, 7.4] What is refused breaks a limit or cannot work; what is only unwise is a
warning.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping

from firmware.config.meters import (
    ONE_PHASE,
    PHOENIX,
    PHOENIX_IP,
    TCP_TYPES,
    WITH_INPUT,
    WITHOUT_DRIVER,
)
from firmware.model.fuses import SITE, read_fuse, read_place
from firmware.model.settings import SettingValue

Values = Mapping[str, SettingValue]


def held_by(values: Values) -> tuple[tuple[str, str], ...]:
    """Return pairs of currents, the first of which may not exceed the second; outermost first.

    With one supply line for both outlets its own two limits take the place of those of an
    outlet's installation.
    """
    pairs: list[tuple[str, str]] = []
    single = values["station_single_supply"]
    if single:
        pairs.append(("station_supply_line_limit", "station_hardware_limit"))
    for n in (1, 2):
        if single:
            pairs.append((f"operator_current_limit_{n}", "station_supply_line_limit"))
            pairs.append((f"operator_current_limit_{n}", f"maximum_current_{n}"))
        else:
            pairs.append((f"installation_current_limit_{n}", f"maximum_current_{n}"))
            pairs.append((f"operator_current_limit_{n}", f"installation_current_limit_{n}"))
    return tuple(pairs)


def above(values: Values, lower: str, upper: str) -> str | None:
    """Say that a current is above the one that holds it."""
    low, high = _number(values, lower), _number(values, upper)
    if low <= high:
        return None
    return f"{lower}: {low} A is above {upper} ({high} A); lower it or raise the other first"


def broken(values: Values) -> list[str]:
    """Return a sentence for each relation that does not hold."""
    problems = [said for pair in held_by(values) if (said := above(values, *pair)) is not None]
    for check in _CHECKS:
        problems += check(values)
    return problems


def warnings(before: Values, after: Values, networks: Iterable[str] = ()) -> list[str]:
    """Return what is unwise about a change, one sentence each.

    `networks` are the station's own as they are now, each as address/netmask.
    """
    said = [said for check in _DOUBTS for said in check(before, after)]
    return [*said, *_elsewhere(before, after, networks)]


# -- what is refused --------------------------------------------------------------------------


def _subdistribution(values: Values) -> Iterator[str]:
    lower, upper = "dlm_operator_evse_subdistribution_limit", "dlm_evse_subdistribution_limit"
    for phase, (low, high) in enumerate(
        zip(_triple(values, lower), _triple(values, upper), strict=True), 1
    ):
        if low > high:
            yield f"{lower}: L{phase} {low} A is above {upper} ({high} A)"


def _fuses(values: Values) -> Iterator[str]:
    """The fuses of a site make a tree, and stations are at fuses that there are."""
    there = [SITE]
    for fuse in map(read_fuse, _texts(values, "dlm_fuses")):
        if fuse.name in there:
            yield f"dlm_fuses: {fuse.name} stands there twice, or is the name of the site itself"
        if fuse.behind not in there:
            yield (
                f"dlm_fuses: {fuse.name} is behind {fuse.behind}, which does not stand before it; "
                "write the upper fuse first"
            )
        there.append(fuse.name)
    named: set[str] = set()
    for station, fuse_name in map(read_place, _texts(values, "dlm_places")):
        if fuse_name not in there:
            yield f"dlm_places: {station} is at {fuse_name}, which is none of dlm_fuses"
        if station in named:
            yield f"dlm_places: {station} stands there twice"
        named.add(station)


def _minimum(values: Values) -> Iterator[str]:
    """[CC613 7.4.1] With load management a car gets at least the minimum, or nothing."""
    if values["dlm_mode"] == "off":
        return
    least = _number(values, "dlm_minimum_current_limit")
    for n in (1, 2):
        operator = _number(values, f"operator_current_limit_{n}")
        if least > operator:
            yield (
                f"dlm_minimum_current_limit: {least} A is above operator_current_limit_{n} "
                f"({operator} A); no car would ever charge there"
            )


def _disconnected(values: Values) -> Iterator[str]:
    """Both outlets together must fit their one supply line while no master is heard."""
    if values["dlm_mode"] == "off" or not values["station_single_supply"]:
        return
    each, line = (
        _number(values, key) for key in ("dlm_disconnected_limit", "station_supply_line_limit")
    )
    if 2 * each > line:
        yield (
            f"dlm_disconnected_limit: {each} A at each of two outlets is above "
            f"station_supply_line_limit ({line} A)"
        )


def _static_lan(values: Values) -> Iterator[str]:
    if values["lan_config_mode"] != "manual":
        return
    keys = ("lan_static_ip", "lan_static_netmask")
    missing = [key for key in keys if not values[key]]
    yield from (f"{key}: is needed while lan_config_mode is manual" for key in missing)
    if missing:
        return
    own = ipaddress.IPv4Interface("/".join(str(values[key]) for key in keys))
    if own.ip in (own.network.network_address, own.network.broadcast_address):
        yield f"lan_static_ip: {own.ip} is no address of a host in {own.network}"
    gateway = values["lan_static_gateway"]
    if gateway and ipaddress.IPv4Address(str(gateway)) not in own.network:
        yield f"lan_static_gateway: {gateway} is not in the network {own.network}"


def _charging_meter(values: Values) -> Iterator[str]:
    """What could not count is no choice: charging would stop with fault F13, or go uncounted."""
    kind = str(values["meter1_type"])
    if kind in WITHOUT_DRIVER:
        yield f"meter1_type: {kind} has no driver in this version; choose a Modbus type"
    if kind in ONE_PHASE and values["phases_connected_1"] == "three_phase":
        yield (
            f"meter1_type: {kind} measures one phase, but phases_connected_1 is three_phase; "
            "choose a meter of three phases"
        )


def _meter_input(values: Values) -> Iterator[str]:
    """A signal that no meter can tell would count as given for ever."""
    kind = values["meter2_type"]
    used = values["dlm_external_meter_support"] and values["dlm_meter_digital_input"] != "off"
    if used and kind not in WITH_INPUT:
        shown = " or ".join(WITH_INPUT)
        yield (
            f"dlm_meter_digital_input: no digital input of a {kind} is known; "
            f"choose {shown}, or off"
        )


def _needed(values: Values) -> Iterator[str]:
    for key, there, when, is_any in _NEEDS:
        if values[when] in is_any and values[key] == there:
            shown = "on" if values[when] is True else values[when]
            yield f"{key}: is needed while {when} is {shown}"


_NEEDS: tuple[tuple[str, SettingValue, str, tuple[SettingValue, ...]], ...] = (
    # key, its value that is not enough, what asks for it, with which values
    ("wlan_ssid", "", "wlan_enabled", (True,)),
    ("dlm_master_address", "", "dlm_mode", ("slave_fixed_ip",)),
    ("email_smtp_server", "", "email_enabled", (True,)),
    ("email_recipient", "", "email_enabled", (True,)),
    ("rfid_secure_key", "", "rfid_enforce_secure", (True,)),
    ("rfid_secure_application", "", "rfid_enforce_secure", (True,)),
    ("meter2_type", "none", "dlm_external_meter_support", (True,)),
    ("meter2_ip", "", "dlm_external_meter_support", (True,)),
    ("meter1_ip", "", "meter1_type", tuple(TCP_TYPES)),
)
_CHECKS: tuple[Callable[[Values], Iterator[str]], ...] = (
    _subdistribution,
    _fuses,
    _minimum,
    _disconnected,
    _static_lan,
    _charging_meter,
    _meter_input,
    _needed,
)


# -- what is only unwise ------------------------------------------------------------------------


def _main_distribution(_before: Values, after: Values) -> Iterator[str]:
    if not after["dlm_external_meter_support"]:
        return
    lower, upper = "dlm_evse_subdistribution_limit", "dlm_main_distribution_limit"
    for phase, (low, high) in enumerate(
        zip(_triple(after, lower), _triple(after, upper), strict=True), 1
    ):
        if low > high:
            yield f"{lower}: L{phase} {low} A is above {upper} ({high} A), which binds then"


def _fallback(before: Values, after: Values) -> Iterator[str]:
    """[CC613 7.7] What an outlet may draw while it hears no master."""
    key = "dlm_disconnected_limit"
    was, now = _number(before, key), _number(after, key)
    if now < was:
        yield (
            f"{key}: both outlets fall back to {now} A instead of {was} A while no master is heard"
        )
    for n in (1, 2):
        operator = _number(after, f"operator_current_limit_{n}")
        if now > operator and (was <= operator or now != was):
            yield f"{key}: at outlet {n} operator_current_limit_{n} ({operator} A) binds before it"


def _lonely_whitelist(before: Values, after: Values) -> Iterator[str]:
    """[B-RFD-19] Without a back end nothing fills the list."""
    lonely = after["backend_connection_type"] == "none" and after["ocpp_whitelist_enabled"]
    if lonely and before["backend_connection_type"] != "none":
        yield "ocpp_whitelist_enabled: without a back end it is better switched off"


def _lonely_doubt(before: Values, after: Values) -> Iterator[str]:
    """[B-AUT-13, CC613 5.1] Doubt that nobody will ever settle."""
    keys = ("backend_connection_type", "if_in_doubt_allow_charging")
    if after[keys[0]] != "none" or after[keys[1]] == "off":
        return
    if any(before[key] != after[key] for key in keys):
        yield f"{keys[1]}: must be off without a back end, otherwise anyone can charge permanently"


def _unencrypted(before: Values, after: Values) -> Iterator[str]:
    url = str(after["ocpp_ws_url"])
    if url.startswith("ws://") and url != before["ocpp_ws_url"]:
        yield "ocpp_ws_url: ws:// is not encrypted; take wss:// where the back end has it"


def _factory_meter(before: Values, after: Values) -> Iterator[str]:
    """[B-MET-03, CC613 7.5] An EEM-MB370/371 comes with a fixed address and a page of its own."""
    for meter, used in (("meter1", True), ("meter2", after["dlm_external_meter_support"])):
        keys = (f"{meter}_type", f"{meter}_ip", "dlm_external_meter_support")
        changed = any(before[key] != after[key] for key in keys)
        if used and changed and (after[keys[0]], after[keys[1]]) == (PHOENIX, PHOENIX_IP):
            yield (
                f"{meter}_ip: {PHOENIX_IP} is the address with which an EEM-MB370/371 leaves the "
                f"factory; on its own web page, http://{PHOENIX_IP}, set DHCP or a free address of "
                "the station's network, and put that here"
            )


def _dimmed_to_nothing(before: Values, after: Values) -> Iterator[str]:
    """Less than 6 A on the phases of an outlet pauses every car there."""
    fed = ("power_source_voltage", "phases_connected_1", "phases_connected_2")
    keys = ("dimming_input", "dimming_power_w", *fed)
    if after[keys[0]] == "disable" or all(before[key] == after[key] for key in keys):
        return
    power_w = _number(after, "dimming_power_w")
    for n in (1, 2):
        phases = 3 if after[f"phases_connected_{n}"] == "three_phase" else 1
        least_w = 6 * phases * _number(after, "power_source_voltage")
        if power_w < least_w:
            yield (
                f"dimming_power_w: {power_w} W are less than 6 A at outlet {n} ({least_w} W), so "
                "no car charges there while the station is dimmed"
            )


def _empty_schedule(before: Values, after: Values) -> Iterator[str]:
    keys = ("dlm_max_current_scheduler", "dlm_max_current_schedule")
    changed = any(before[key] != after[key] for key in keys)
    if changed and after[keys[0]] and not after[keys[1]]:
        yield f"{keys[0]}: limits nothing while {keys[1]} is empty"


def _elsewhere(before: Values, after: Values, networks: Iterable[str]) -> Iterator[str]:
    """[B-MET-05, CC613 1.4, 7.4.2] A meter in another network may be out of reach."""
    match after["lan_config_mode"], after["lan_static_ip"], after["lan_static_netmask"]:
        case "manual", str(own), mask if own:
            networks = (f"{own}/{mask}",)
        case "dhcp_server", _, _:
            networks = (_SERVED,)
    found = [ipaddress.IPv4Interface(text).network for text in networks]
    own_ones = [network for network in found if not network.is_loopback]
    for meter, used in (("meter1", True), ("meter2", after["dlm_external_meter_support"])):
        asked = (f"{meter}_type", f"{meter}_ip", *_PLACES)
        changed = any(before[key] != after[key] for key in asked)
        if not (used and changed and own_ones and after[asked[0]] in TCP_TYPES):
            continue
        address = ipaddress.IPv4Address(str(after[asked[1]]))
        if not (address.is_loopback or any(address in own for own in own_ones)):
            shown = ", ".join(map(str, own_ones))
            yield f"{meter}_ip: {address} is not in the station's own network ({shown})"


_SERVED = "172.16.23.1/24"  # [B-NET-07]
_PLACES = (
    "lan_config_mode",
    "lan_static_ip",
    "lan_static_netmask",
    "dlm_external_meter_support",
)
_DOUBTS: tuple[Callable[[Values, Values], Iterator[str]], ...] = (
    _main_distribution,
    _fallback,
    _lonely_whitelist,
    _lonely_doubt,
    _unencrypted,
    _factory_meter,
    _dimmed_to_nothing,
    _empty_schedule,
)


def _number(values: Values, key: str) -> int:
    value = values[key]
    assert isinstance(value, int), (key, value)
    return value


def _triple(values: Values, key: str) -> tuple[int, ...]:
    value = values[key]
    assert isinstance(value, tuple) and len(value) == 3, (key, value)
    return tuple(int(amps) for amps in value)


def _texts(values: Values, key: str) -> tuple[str, ...]:
    value = values[key]
    assert isinstance(value, tuple), (key, value)
    return tuple(map(str, value))
