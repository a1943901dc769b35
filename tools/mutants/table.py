"""The mutants as data, and where each stands in the code of today."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOM = Path("firmware") / "pilot"
FOLDER = Path(__file__).parent
TABLE = FOLDER / "mutants.toml"
INSIDE = "tests/gpiosim/inside/"


class Astray(ValueError):
    """A mutant whose text does not stand in the code exactly once; says which."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault: `was` becomes `now` in a file of the pilot room, or at a path of the tree."""

    number: int
    file: str
    was: str
    now: str
    means: str
    test: str = ""  # which must find it; empty: some test of the pilot room

    def __str__(self) -> str:
        return f"mutant {self.number} ({self.file}: {self.means})"

    @property
    def path(self) -> Path:
        """Where its file stands in the tree."""
        return Path(self.file) if "/" in self.file else ROOM / self.file

    @property
    def inside(self) -> bool:
        """Tell whether its test runs in the virtual station only."""
        return self.test.startswith(INSIDE)

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


def table_file(name: str) -> Path:
    """Return the file of a table: by its path, or by its name here, such as `drivers`."""
    here = FOLDER / f"{name}.toml"
    return here if here.is_file() else Path(name)


def astray(root: Path = ROOT, path: Path = TABLE) -> list[str]:
    """Return a sentence for each mutant that cannot be made in this tree."""
    found = []
    for mutant in mutants(path):
        try:
            mutant.applied((root / mutant.path).read_text())
        except (Astray, OSError) as problem:
            found.append(str(problem))
    return found
