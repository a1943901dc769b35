"""One mutant in a process of its own, forked before pilot or drivers were imported by anything.

The fault is planted into the module as it is loaded: no file of the tree is touched. Then the
tests run in the same process, the likeliest killers first, until one fails.
"""

from __future__ import annotations

import importlib
import os
import resource
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from multiprocessing.connection import Connection
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from tools.mutants.table import ROOT, Mutant

PURE = ("test_pilot_*.py", "test_contactor*.py", "test_mutant_*.py", "test_annex.py")
LAWS = Path("tests") / "laws" / "test_laws.py"
SLOW = ("test_laws.py", "test_pilot_laws.py", "test_pilot_search.py")  # only when all else passed
LIKELY = dict.fromkeys(("classify", "cable", "duty"), "tables")  # a file's tests, if not its name
# what tests of the pilot load besides it; none of it loads the pilot
WARM = ("hypothesis", "pydantic", "firmware.config.registry", "hal.board", "ocpp.v16",
        "jsonschema", "websockets.asyncio.server", "sqlite3")  # fmt: skip
BROKEN = "broken: "  # nothing was found, but the tests did not run to their end either
WORKS_S = 240  # of processor time, so that a busy machine finds no mutant; then it is found
SAME_EXAMPLES = "--hypothesis-seed=0"


@dataclass(slots=True)
class Task:
    """A mutant, or none for the control; what killed it last time; which tests there are."""

    mutant: Mutant | None
    killer: str = ""
    files: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class Told:
    """The plugin: puts the tests into order, and notes the first that fails."""

    task: Task
    killer: str = ""
    tests: int = field(default=0)

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """The killer of last time, the tests of the file itself, the others, the slow ones."""
        items[:] = [i for i in items if i.path.name != LAWS.name or "Pilot" in i.name]
        items.sort(key=lambda item: self._rank(item.nodeid, item.path.name))

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Note the first failure."""
        self.tests += report.when == "call"
        if report.failed and not self.killer:
            self.killer = report.nodeid

    def pytest_collectreport(self, report: Any) -> None:
        """A file of tests that cannot be loaded any more has found the fault as well."""
        if report.failed and not self.killer:
            self.killer = f"{report.nodeid} (cannot be loaded)"

    def _rank(self, node: str, name: str) -> int:
        if node == self.task.killer:
            return -1
        stem = "" if self.task.mutant is None else Path(self.task.mutant.file).stem
        return SLOW.index(name) + 2 if name in SLOW else LIKELY.get(stem, stem) not in name


class _Planted(SourceFileLoader):
    """Loads a module from its mutated text, whatever was compiled before."""

    text = ""

    def get_code(self, fullname: str) -> CodeType:
        """Compile the mutated text."""
        return compile(self.text, self.path, "exec", dont_inherit=True)


def warm_up() -> None:
    """Load what every worker needs, and nothing of pilot or drivers."""
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    for name in WARM:
        with suppress(ImportError):
            importlib.import_module(name)
    loaded = [name for name in sys.modules if name.startswith(("firmware.pilot", "hal.drivers."))]
    assert not loaded, f"already loaded, so that no mutant would show: {loaded}"


def test_files(names: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the files of tests, or those of them with one of these names."""
    found = [path for pattern in PURE for path in (ROOT / "tests" / "pure").glob(pattern)]
    files = [str(path.relative_to(ROOT)) for path in sorted(found)] + [str(LAWS)]
    wanted = set(names)
    return tuple(name for name in files if not wanted or Path(name).name in wanted)


def judged(task: Task, answer: Connection) -> None:
    """Plant the mutant and test it; send the test that found it, or nothing, and how many ran."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    sys.dont_write_bytecode = True
    resource.setrlimit(resource.RLIMIT_CPU, (WORKS_S, WORKS_S + 5))
    told = Told(task)
    try:
        if task.mutant is not None:
            plant(task.mutant)
        code = pytest.main(
            ["-x", "-q", "--tb=no", "-p", "no:cacheprovider", "-p", "no:xdist", SAME_EXAMPLES,
             *task.files],
            plugins=[told],
        )  # fmt: skip
        if code and not told.killer:
            told.killer = f"{BROKEN}pytest ended with {int(code)}"
    except BaseException as problem:  # noqa: BLE001 - whatever a mutant does, it is told
        told.killer = told.killer or f"{type(problem).__name__}: {problem}"
    answer.send((told.killer, told.tests))
    answer.close()
    os._exit(0)  # threads and loops of a mutant do not matter any more


def plant(mutant: Mutant) -> None:
    """Load the module with its fault; every later import gets this one."""
    path = ROOT / mutant.path
    room = ".".join(mutant.path.parent.parts)
    name = f"{room}.{path.stem}"
    loader = _Planted(name, str(path))
    loader.text = mutant.applied(path.read_text())
    spec = spec_from_loader(name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    loader.exec_module(module)
    setattr(importlib.import_module(room), path.stem, module)
