"""Reads the tables of a board file key by key and collects every mistake on the way.

A wrong value is told and stood in for by a harmless one, so that reading goes on to the end.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

Pin = int | str  # a GPIO line by number, or a named resource such as "spi0.0/3" or "pwmchip0/1"

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_RESOURCE = re.compile(r"[a-z][a-z0-9_./:-]{0,63}")
_LAST_GPIO = 53


@dataclass(slots=True)
class Mistakes:
    """Collects the mistakes of one file, and who holds which pin."""

    file: str
    messages: list[str] = field(default_factory=list)
    holders: dict[Pin, str] = field(default_factory=dict)

    def tell(self, where: str, what: str, remedy: str) -> None:
        """Add a mistake: where it is, what is wrong, and what to do."""
        self.messages.append(f"{self.file}: {where}: {what}; {remedy}")

    def hold(self, pin: Pin, holder: str) -> None:
        """Reserve a pin; one that is held already is a mistake that names its holder."""
        if pin in self.holders:
            label = f"gpio{pin}" if isinstance(pin, int) else pin
            what = f"{label} is already held by {self.holders[pin]}"
            self.tell(holder, what, "wire it to another pin")
        else:
            self.holders[pin] = holder


class Section:
    """One table of the file, read key by key; what was not asked for is a mistake."""

    def __init__(self, mistakes: Mistakes, where: str, table: Mapping[str, object]) -> None:
        self._mistakes = mistakes
        self._where = where
        self._table = table
        self._asked: set[str] = set()

    def tell(self, key: str, what: str, remedy: str) -> None:
        """Add a mistake at a key of this table."""
        self._mistakes.tell(f"{self._where} {key}", what, remedy)

    def has(self, key: str) -> bool:
        """Tell whether the table has the key."""
        return key in self._table

    def close(self) -> None:
        """Tell every key that nobody asked for; due after the last one was read."""
        for key in self._table:
            if key not in self._asked:
                known = ", ".join(sorted(self._asked))
                self.tell(key, "is not a known key", f"known here: {known}")

    def _take(self, key: str, kind: type, example: str) -> object:
        self._asked.add(key)
        if key not in self._table:
            self.tell(key, "is missing", f"add {key} = {example}")
            return None
        value = self._table[key]
        if type(value) is not kind:
            self.tell(key, f"{value!r} is of the wrong type", f"write {key} = {example}")
            return None
        return value

    def number(self, key: str, low: int, high: int, never: tuple[int, ...] = ()) -> int:
        """Return a whole number from low to high."""
        value = self._take(key, int, str(low))
        if not isinstance(value, int):
            return low
        if not low <= value <= high or value in never:
            allowed = f"{low} to {high}" + "".join(f", not {n}" for n in never)
            self.tell(key, f"{value} is out of range", f"allowed: {allowed}")
        return value

    def items(self) -> Mapping[str, object]:
        """Return the whole table as it stands; its keys are names, and the caller's to check."""
        return dict(self._table)

    def true(self, key: str) -> bool:
        """Tell whether a key stands there and is true, whoever reads it."""
        return self._table.get(key) is True

    def flag(self, key: str) -> bool:
        """Return true or false."""
        return self._take(key, bool, "true") is True

    def text(self, key: str) -> str:
        """Return a name."""
        value = self._take(key, str, '"name_1"')
        if not isinstance(value, str):
            return ""
        if not _NAME.fullmatch(value):
            self.tell(key, f'"{value}" is no name', "use lower-case letters, digits, underscores")
        return value

    def optional_text(self, key: str) -> str:
        """Return a text, empty where the key is absent."""
        self._asked.add(key)
        value = self._take(key, str, '"/dev/ttyAMA0"') if self.has(key) else ""
        return value if isinstance(value, str) else ""

    def driver(self, known: tuple[str, ...]) -> str:
        """Return the name of a driver that is known."""
        value = self._take("driver", str, f'"{known[0]}"')
        if isinstance(value, str) and value not in known:
            self.tell("driver", f'"{value}" is not known', f"known drivers: {', '.join(known)}")
            return ""
        return value if isinstance(value, str) else ""

    def names(self, key: str) -> tuple[str, ...]:
        """Return a list of names, each once."""
        value = self._take(key, list, '["mcb_1"]')
        names: list[str] = []
        for name in value if isinstance(value, list) else []:
            if not isinstance(name, str) or not _NAME.fullmatch(name):
                self.tell(key, f"{name!r} is no name", "use lower-case letters and digits")
            elif name in names:
                self.tell(key, f"{name} stands twice", "name each input once")
            else:
                names.append(name)
        return tuple(names)

    def pins(self) -> Mapping[str, Pin]:
        """Return the table `pins`, each pin reserved for its use."""
        self._asked.add("pins")
        table = self._take("pins", dict, "{}") if self.has("pins") else {}
        pins: dict[str, Pin] = {}
        for use, pin in table.items() if isinstance(table, dict) else ():
            good_line = type(pin) is int and 0 <= pin <= _LAST_GPIO
            good_name = isinstance(pin, str) and _RESOURCE.fullmatch(pin) is not None
            if good_line or good_name:
                pins[use] = pin
                self._mistakes.hold(pin, f"{self._where} {use}")
            else:
                remedy = f'a GPIO line 0 to {_LAST_GPIO}, or a resource like "spi0.0/3"'
                self.tell(f"pins.{use}", f"{pin!r} is no pin", remedy)
        return pins

    def section(self, key: str) -> Section | None:
        """Return a table inside this one, `None` where it is absent."""
        self._asked.add(key)
        table = self._take(key, dict, "a table") if self.has(key) else None
        return Section(self._mistakes, key, table) if isinstance(table, dict) else None

    def sections(self, key: str, word: str) -> list[Section]:
        """Return an array of tables; `word` and a number name each of them."""
        self._asked.add(key)
        tables = self._take(key, list, "an array of tables") if self.has(key) else []
        if not isinstance(tables, list) or not all(isinstance(t, dict) for t in tables):
            self.tell(key, "is not an array of tables", f"write [[{key}]]")
            return []
        return [Section(self._mistakes, f"{word} {n}", t) for n, t in enumerate(tables, 1)]
