"""Kinds of values: how each is read from text, checked, written, and drawn as a field.

pydantic does the checking, so that the same declaration makes forms and documents.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints, TypeAdapter, ValidationError

from firmware.model.schedule import read_entry
from firmware.model.settings import SettingValue

PRINTABLE = r"^[^\p{C}]*$"  # no control, no format character, nothing unassigned
LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
HOST = rf"{LABEL}(\.{LABEL})*"  # RFC 1123; a dotted IPv4 address is one as well
MAIL = rf"[A-Za-z0-9.!#$%&*+/=?^_{{|}}~-]{{1,64}}@{HOST}"
_URL_PATH = r"^[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*$"


class BadValue(ValueError):
    """A value that a parameter cannot take; the text says what is allowed."""


@dataclass(frozen=True, slots=True)
class Form:
    """What a page needs to draw the field of a value."""

    name: str  # flag, whole, choice, text, secret, password, amps3, list or schedule
    low: int | None = None
    high: int | None = None
    also: tuple[int, ...] = ()
    choices: tuple[str, ...] = ()
    max_length: int | None = None
    separator: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of value: how it is read from text and written as text."""

    adapter: TypeAdapter[Any]
    allowed: str  # for people
    read: Callable[[str], Any]
    write: Callable[[Any], str]
    form: Form
    secret: bool = False
    hide: Callable[[str], str] = str  # what of the outside text must not be shown

    def parse(self, text: str) -> SettingValue:
        """Return the checked value; raise `BadValue`."""
        try:
            value: SettingValue = self.adapter.validate_python(self.read(text), strict=True)
        except (ValidationError, ValueError) as problem:
            raise BadValue(f"allowed: {self.allowed}") from problem
        return value


def flag() -> Kind:
    """on or off; OCPP writes true or false."""
    words = {"on": True, "true": True, "1": True, "off": False, "false": False, "0": False}

    def read(text: str) -> bool:
        if text.strip(" ").lower() not in words:
            raise ValueError(text)
        return words[text.strip(" ").lower()]

    form = Form("flag", choices=("on", "off"))
    return Kind(TypeAdapter(bool), "on or off", read, lambda v: "on" if v else "off", form)


def whole(low: int, high: int, *, also: tuple[int, ...] = (), optional: bool = False) -> Kind:
    """A whole number in a range; `also` names single values besides, `optional` allows none."""
    kind = Annotated[int, Field(ge=low, le=high)]
    spec: Any = kind | Literal[also] if also else kind
    adapter: TypeAdapter[Any] = TypeAdapter(spec | None if optional else spec)
    extra = "nothing, or " if optional else "".join(f"{value} or " for value in also)

    def read(text: str) -> int | None:
        return None if optional and not text.strip(" ") else plain_digits(text)

    def write(value: int | None) -> str:
        return "" if value is None else str(value)

    form = Form("whole", low, high, also, optional=optional)
    return Kind(adapter, f"{extra}{low} to {high}", read, write, form)


def plain_digits(text: str) -> int:
    """Return a number; Python alone would take 1_6 and other scripts' digits as well."""
    digits = text.strip(" ")
    if not (digits.isascii() and digits.removeprefix("-").isdigit() and len(digits) <= 12):
        raise ValueError(text[:40])
    return int(digits)


def amps3(high: int) -> Kind:
    """Three currents in A, one a grid phase, written L1/L2/L3."""
    each = Annotated[int, Field(ge=0, le=high)]
    adapter: TypeAdapter[Any] = TypeAdapter(tuple[each, each, each])

    def read(text: str) -> tuple[int, ...]:
        return tuple(plain_digits(part) for part in text.split("/"))

    def write(value: tuple[int, ...]) -> str:
        return "/".join(map(str, value))

    form = Form("amps3", 0, high, separator="/")
    return Kind(adapter, f"three numbers L1/L2/L3, each 0 to {high}", read, write, form)


def choice(*words: str) -> Kind:
    """One of some words."""
    spec: Any = Literal[words]
    return Kind(
        TypeAdapter(spec),
        ", ".join(words),
        lambda t: t.strip(" "),
        str,
        Form("choice", choices=words),
    )


def numbers(*these: int) -> Kind:
    """One of some numbers."""
    spec: Any = Literal[these]
    words = tuple(map(str, these))
    form = Form("choice", choices=words)
    return Kind(TypeAdapter(spec), ", ".join(words), plain_digits, str, form)


def text(low: int, high: int, pattern: str | None = None, allowed: str = "") -> Kind:
    """A string of a length and, where given, of a form."""
    constraints = StringConstraints(min_length=low, max_length=high, pattern=pattern or PRINTABLE)
    says = allowed or f"{low} to {high} printable characters"
    form = Form("text", max_length=high, optional=low == 0)
    return Kind(TypeAdapter(Annotated[str, constraints]), says, lambda t: t, str, form)


def checked(check: Callable[[str], object], high: int, allowed: str) -> Kind:
    """Nothing, or a string that a function takes; it raises `ValueError` for others."""

    def take(value: str) -> str:
        if len(value) > high or not all("\x21" <= letter <= "\x7e" for letter in value):
            raise ValueError(allowed)
        if value:
            check(value)
        return value

    adapter: TypeAdapter[Any] = TypeAdapter(Annotated[str, AfterValidator(take)])
    form = Form("text", max_length=high, optional=True)
    return Kind(adapter, allowed, lambda t: t, str, form)


def ipv4() -> Kind:
    """An IPv4 address, or nothing."""
    return checked(ipaddress.IPv4Address, 15, "nothing, or an IPv4 address like 192.168.1.20")


def netmask() -> Kind:
    """An IPv4 netmask, or nothing."""

    def check(value: str) -> None:
        network = ipaddress.IPv4Network(f"0.0.0.0/{value}")
        if value != str(network.netmask) or not 1 <= network.prefixlen <= 30:
            raise ValueError(value)

    return checked(check, 15, "nothing, or a netmask like 255.255.255.0")


def time_zone() -> Kind:
    """A zone of the IANA's data base, or nothing."""

    def check(value: str) -> None:
        try:
            ZoneInfo(value)
        except (KeyError, OSError) as problem:  # not there, or a folder of zones
            raise ValueError(value) from problem

    return checked(check, 40, "nothing, or a time zone like Europe/Berlin")


def host() -> Kind:
    """A host name or IPv4 address, or nothing."""
    return text(0, 253, rf"^({HOST})?$", "nothing, or a host name or address")


def host_port(*, port_needed: bool) -> Kind:
    """host:port, or nothing."""
    port = r":([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])"
    optional = "" if port_needed else "?"
    says = "host:port" if port_needed else "host or host:port"
    return text(0, 259, rf"^({HOST}({port}){optional})?$", f"nothing, or {says}")


def mail() -> Kind:
    """One e-mail address, or nothing."""
    return text(0, 254, f"^({MAIL})?$", "nothing, or one address like name@example.org")


def url(*schemes: str) -> Kind:
    """An address with one of these schemes, or nothing; no account in it, no fragment."""
    begin = " or ".join(f"{scheme}://" for scheme in schemes)

    def check(value: str) -> None:
        parts = urlsplit(value)
        _ = parts.port  # raises ValueError
        bracketed = parts.netloc.startswith("[")
        if bracketed:
            ipaddress.IPv6Address(parts.hostname or "")
        rest = parts.path + ("?" + parts.query if parts.query else "")
        fine = TypeAdapter(Annotated[str, StringConstraints(pattern=_URL_PATH)])
        named = TypeAdapter(Annotated[str, StringConstraints(pattern=f"^{HOST}$")])
        fine.validate_python(rest)
        if parts.scheme not in schemes or parts.username is not None or "#" in value:
            raise ValueError(value)
        if not bracketed:
            named.validate_python(parts.hostname or "")

    return checked(check, 255, f"nothing, or an address that begins with {begin}")


def proxy() -> Kind:
    """The address of an HTTP proxy, or nothing; a password in it is not shown."""
    pattern = rf"^(http://([^\s/@\p{{C}}]+@)?{HOST}:\d{{1,5}}/?)?$"
    plain = text(0, 255, pattern, "nothing, http://host:port or http://name:password@host:port")

    def hide(shown: str) -> str:
        account, at, place = shown.rpartition("@")
        return f"http://***@{place}" if at and account else shown

    return replace(plain, hide=hide)


def secret(low: int, high: int, pattern: str | None = None, allowed: str = "") -> Kind:
    """A string that is never shown again."""
    plain = text(low, high, pattern, allowed)
    return replace(plain, secret=True, form=replace(plain.form, name="secret"))


HASHED = r"\$scrypt\$[0-9]{1,2}\$[A-Za-z0-9+/=]{20,30}\$[A-Za-z0-9+/=]{40,90}"
PASSWORD_LOW, PASSWORD_HIGH = 8, 64


def password() -> Kind:
    """A password of a person: text comes in, its hash is kept; nothing is that of the factory."""
    pattern = rf"^(|[^\p{{C}}]{{{PASSWORD_LOW},{PASSWORD_HIGH}}}|{HASHED})$"
    plain = text(0, 160, pattern, f"{PASSWORD_LOW} to {PASSWORD_HIGH} printable characters")
    return replace(
        plain, secret=True, form=Form("password", max_length=PASSWORD_HIGH, optional=True)
    )


def hashed(value: str) -> bool:
    """Whether a password's text is a hash; it is longer than any password may be."""
    return len(value) > PASSWORD_HIGH


def texts(separator: str, pattern: str, allowed: str, most: int) -> Kind:
    """A list of strings of a form."""
    item = Annotated[str, StringConstraints(pattern=pattern)]
    adapter: TypeAdapter[Any] = TypeAdapter(Annotated[tuple[item, ...], Field(max_length=most)])
    form = Form("list", separator=separator, optional=True)
    return Kind(adapter, allowed, _splitter(separator), separator.join, form)


def addresses(most: int, *, networks: bool = False) -> Kind:
    """A list of IPv4 addresses or, where so said, networks; separated by commas."""

    def check(value: str) -> str:
        if networks:
            ipaddress.IPv4Network(value)
        else:
            ipaddress.IPv4Address(value)
        return value

    item = Annotated[str, StringConstraints(max_length=18), AfterValidator(check)]
    adapter: TypeAdapter[Any] = TypeAdapter(Annotated[tuple[item, ...], Field(max_length=most)])
    what = "IPv4 addresses or networks like 10.0.0.0/8" if networks else "IPv4 addresses"
    form = Form("list", separator=",", optional=True)
    return Kind(
        adapter, f"up to {most} {what}, separated by commas", _splitter(","), ",".join, form
    )


def schedule(most: int) -> Kind:
    """A weekly table of currents: entries separated by semicolons."""

    def check(value: str) -> str:
        return read_entry(value).text

    item = Annotated[str, StringConstraints(max_length=60), AfterValidator(check)]
    adapter: TypeAdapter[Any] = TypeAdapter(Annotated[tuple[item, ...], Field(max_length=most)])
    allowed = f"up to {most} entries like mon-fri 22:00 16/16/16, separated by semicolons"
    form = Form("schedule", separator=";", optional=True)
    return Kind(adapter, allowed, _splitter(";"), ";".join, form)


def entries(read: Callable[[str], object], what: str, most: int) -> Kind:
    """A list of entries that `read` takes, separated by semicolons; `what` shows one of them."""

    def check(value: str) -> str:
        read(value)
        return value

    item = Annotated[str, StringConstraints(max_length=90), AfterValidator(check)]
    adapter: TypeAdapter[Any] = TypeAdapter(Annotated[tuple[item, ...], Field(max_length=most)])
    allowed = f"up to {most} {what}, separated by semicolons"
    form = Form("list", separator=";", optional=True)
    return Kind(adapter, allowed, _splitter(";"), ";".join, form)


def _splitter(separator: str) -> Callable[[str], tuple[str, ...]]:
    def read(value: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in value.split(separator) if part.strip())

    return read
