"""The mutants as data, and where each stands in the code of today."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOM = Path("firmware") / "pilot"
TABLE = Path(__file__).parent / "mutants.toml"


class Astray(ValueError):
    """A mutant whose text does not stand in the code exactly once; says which."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault: `was` becomes `now` in a file of the pilot room."""

    number: int
    file: str
    was: str
    now: str
    means: str

    def __str__(self) -> str:
        return f"mutant {self.number} ({self.file}: {self.means})"

    def applied(self, text: str) -> str:
        """Return the file's text with the fault; raise `Astray`."""
        if (count := text.count(self.was)) != 1:
            raise Astray(f"{self}: its text stands {count} times, once is wanted: {self.was!r}")
        return text.replace(self.was, self.now)


def mutants(path: Path = TABLE) -> list[Mutant]:
    """Return all of them, numbered from 1."""
    rows = [(file, *row) for file, table in tomllib.loads(path.read_text()).items()
            for row in table]  # fmt: skip
    return [Mutant(number, *row) for number, row in enumerate(rows, start=1)]


def astray(root: Path = ROOT, path: Path = TABLE) -> list[str]:
    """Return a sentence for each mutant that cannot be made in this tree."""
    found = []
    for mutant in mutants(path):
        try:
            mutant.applied((root / ROOM / mutant.file).read_text())
        except (Astray, OSError) as problem:
            found.append(str(problem))
    return found
