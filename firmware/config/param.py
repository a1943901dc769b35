"""The declaration of one parameter, and what its values are outside (text) and inside.

Outside, key and unit are the catalogue's; inside, a value is bool, int, str or a tuple of
str. pydantic does the checking, so that the same declaration will make the forms.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, TypeAdapter, ValidationError

from firmware.model.settings import SettingValue


class Role(StrEnum):
    """Who may change a parameter; each may do what those before it may."""

    USER = "user"
    OPERATOR = "operator"
    INSTALLER = "installer"
    MANUFACTURER = "manufacturer"


class Effect(StrEnum):
    """When a change acts."""

    IMMEDIATE = "immediate"
    NEXT_SESSION = "next session"
    RESTART = "restart"


class BadValue(ValueError):
    """A value that a parameter cannot take; the text says what is allowed."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of value: how it is read from text and written as text."""

    adapter: TypeAdapter[Any]
    allowed: str  # for people
    read: Callable[[str], Any]
    write: Callable[[Any], str]
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
        if text.strip().lower() not in words:
            raise ValueError(text)
        return words[text.strip().lower()]

    return Kind(TypeAdapter(bool), "on or off", read, lambda v: "on" if v else "off")


def whole(low: int, high: int, *, also: tuple[int, ...] = ()) -> Kind:
    """A whole number in a range; `also` names single values besides."""
    kind = Annotated[int, Field(ge=low, le=high)]
    spec: Any = kind | Literal[also] if also else kind
    adapter: TypeAdapter[Any] = TypeAdapter(spec)
    extra = "".join(f"{value} or " for value in also)
    return Kind(adapter, f"{extra}{low} to {high}", _plain_digits, str)


def _plain_digits(text: str) -> int:
    """Return a number; Python alone would take 1_6 and other scripts' digits as well."""
    digits = text.strip()
    if not (digits.isascii() and digits.removeprefix("-").isdigit()):
        raise ValueError(text)
    return int(digits)


def choice(*words: str) -> Kind:
    """One of some words."""
    spec: Any = Literal[words]
    return Kind(TypeAdapter(spec), ", ".join(words), str.strip, str)


def text(low: int, high: int, pattern: str | None = None, allowed: str = "") -> Kind:
    """A string of a length and, where given, of a form."""
    constraints = StringConstraints(
        min_length=low, max_length=high, pattern=pattern or r"^[^\x00-\x1f\x7f]*$"
    )
    says = allowed or f"{low} to {high} printable characters"
    return Kind(TypeAdapter(Annotated[str, constraints]), says, lambda t: t, str)


def proxy() -> Kind:
    """The address of an HTTP proxy, or nothing; a password in it is not shown."""
    pattern = r"^(http://([^\s/@]+@)?[^\s/@:]+:\d{1,5}/?)?$"
    plain = text(0, 255, pattern, "nothing, http://host:port or http://name:password@host:port")

    def hide(shown: str) -> str:
        account, at, place = shown.rpartition("@")
        return f"http://***@{place}" if at and account else shown

    return Kind(plain.adapter, plain.allowed, plain.read, plain.write, hide=hide)


def secret(low: int, high: int, pattern: str | None = None, allowed: str = "") -> Kind:
    """A string that is never shown again."""
    plain = text(low, high, pattern, allowed)
    return Kind(plain.adapter, plain.allowed, plain.read, plain.write, secret=True)


def texts(separator: str, pattern: str, allowed: str, most: int) -> Kind:
    """A list of strings of a form."""
    item = Annotated[str, StringConstraints(pattern=pattern)]
    adapter: TypeAdapter[Any] = TypeAdapter(Annotated[tuple[item, ...], Field(max_length=most)])

    def read(value: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in value.split(separator) if part.strip())

    return Kind(adapter, allowed, read, separator.join)


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter. `key` and `unit` are the catalogue's; `ocpp16` is its OCPP key."""

    key: str
    kind: Kind
    default: SettingValue
    id: str = ""  # catalogue id; empty for OCPP keys without a parameter of their own
    unit: str = ""
    role: Role = Role.OPERATOR
    effect: Effect = Effect.IMMEDIATE
    ocpp16: str = ""
    readonly: bool = False
    manual: str = ""
    help: str = field(default="")

    def parse(self, value: str) -> SettingValue:
        """Return the inside value; raise `BadValue` with a whole sentence."""
        try:
            return self.kind.parse(value)
        except BadValue as problem:
            unit = f" {self.unit}" if self.unit else ""
            shown = "***" if self.kind.secret else repr(self.kind.hide(value)[:40])
            raise BadValue(f"{self.key}: {shown} cannot be taken, {problem}{unit}") from problem

    def show(self, value: SettingValue) -> str:
        """Return the outside text of a value; secrets show nothing."""
        return "" if self.kind.secret else self.kind.hide(self.kind.write(value))

    @property
    def vendor_key(self) -> str:
        """The CamelCase of its key, by which a back end may name any parameter."""
        return "".join(part.capitalize() for part in self.key.split("_"))

    @property
    def ocpp_key(self) -> str:
        """Its standard OCPP key, else the vendor key."""
        return self.ocpp16 or self.vendor_key
