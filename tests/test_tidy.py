"""The tree keeps the rules of the house, and each rule is shown to find what it is for."""

import ast
import re
import subprocess
import sys

import pytest

from tests import tidy


def _sources(repository, *folders):
    for folder in folders:
        yield from sorted((repository / folder).rglob("*.py"))


def test_the_product_keeps_the_rules_of_the_house(repository):
    found = [
        problem
        for path in _sources(repository, "firmware", "hal")
        for problem in tidy.problems(tidy.module_of(path, repository), path.read_text())
    ]
    assert found == []


def test_tests_and_tools_neither_patch_nor_sleep_nor_grow_too_long(repository):
    found = []
    for path in _sources(repository, "tests", "tools"):
        text = path.read_text()
        tree = ast.parse(text)
        name = tidy.module_of(path, repository)
        found += tidy.banned(name, tree)
        found += [p for p in tidy.sizes(name, text, tree) if p.startswith(f"{name}: ")]
        if path.is_relative_to(repository / "tests"):
            sleeps = re.findall(r"^.*(?:time|asyncio)\.sleep\(.*$", text, re.M)
            found += [f"{name}: {line.strip()}" for line in sleeps]
    assert found == []


def test_the_pilot_room_stays_the_smallest(repository):
    lines = sum(len(p.read_text().splitlines()) for p in _sources(repository, "firmware/pilot"))
    assert lines < tidy.SAFETY_LINES_MAX


def test_pilotd_loads_nothing_but_its_own_rooms_and_the_standard_library(repository):
    code = "import firmware.apps.pilotd, sys; print('\\n'.join(sys.modules))"
    out = subprocess.run(
        [sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, check=True
    )
    own = {"firmware", "firmware.apps", "firmware.apps.pilotd", "firmware.io", "__main__"}
    strange = [
        name
        for name in out.stdout.split()
        if name not in own
        and not tidy._inside(name, tidy.PILOTD_MAY_LOAD)
        and name.split(".")[0] not in sys.stdlib_module_names
        and not name.startswith(("_", "sitecustomize", "usercustomize"))
    ]
    assert strange == []
    assert "asyncio" not in out.stdout.split()


def test_no_page_names_a_registry_or_a_path_of_a_machine(repository):
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=repository, capture_output=True, text=True, check=True
    )
    wrong = re.compile(r"pypi\.org|pythonhosted|registry\.npmjs|/root/\.|/work/(main|shared)")
    found = []
    for name in tracked.stdout.split():
        path = repository / name
        if name == "tests/test_tidy.py" or not path.is_file():
            continue
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        found += [f"{name}: {m.group()}" for m in wrong.finditer(text)]
    assert found == []


@pytest.mark.parametrize(
    "module, text, expected",
    [
        ("firmware.session.x", '"""X."""\nfrom firmware.auth.core import A', "may not import"),
        ("firmware.pilot.x", '"""X."""\nimport hal.drivers.world', "may not import"),
        ("firmware.io.x", '"""X."""\nfrom firmware.session.core import A', "may not import"),
        ("hal.x", '"""X."""\nimport firmware.model.values', "may not import"),
        ("firmware.sim.x", '"""X."""\nimport hal.drivers.world', "may not import"),
        ("firmware.led.x", '"""X."""\nimport time', "no place in a pure room"),
        ("firmware.auth.x", '"""X."""\nimport pydantic', "may not use"),
        ("firmware.auth.x", '"""X."""\ndatetime.now()', "only as now_ms"),
        ("firmware.io.x", '"""X."""\n' + "x = 1\n" * 400, "401 lines"),
        ("firmware.io.x", '"""X."""\nx = "' + "x" * 100 + '"', "columns"),
        ("firmware.io.x", '"""X."""\ndef _f():\n' + "    x = 1\n" * 60, "has 61 lines"),
        ("firmware.io.x", '"""X."""\ndef _f(a, b, c, d, e, f): ...', "6 arguments"),
        ("firmware.io.x", '"""X."""\ndef _f(timeout: int): ...', "does not say its unit"),
        ("firmware.io.x", '"""X."""\nclass _A:\n    current: int = 0', "does not say its unit"),
        ("firmware.io.x", '"""X."""\ntry:\n    x = 1\nexcept:\n    x = 2', "bare except"),
        ("firmware.io.x", '"""X."""\nrun("x", shell=True)', "shell=True"),
        ("firmware.io.x", '"""X."""\nfrom unittest import mock', "banned"),
        ("firmware.io.x", "x = 1", "no docstring"),
        ("firmware.io.x", '"""X."""\ndef f(): ...', "f has no docstring"),
    ],
)
def test_each_rule_finds_what_it_is_for(module, text, expected):
    assert any(expected in problem for problem in tidy.problems(module, text))


def test_a_deeply_nested_function_is_found():
    text = '"""X."""\ndef _f():\n'
    for depth in range(1, 7):
        text += "    " * depth + "if x:\n"
    text += "    " * 7 + "pass\n"
    assert any("nested" in problem for problem in tidy.problems("firmware.io.x", text))
