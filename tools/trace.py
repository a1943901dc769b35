"""A pytest plugin that writes which test proves which id of the catalogue.

`pytest -p tools.trace --trace-to docs` writes traceability.md and traceability.json: every id of
the catalogue, and every further id that a test names, with its tests and their result.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from firmware.model.annex import ROWS
from firmware.model.fault import Fault

CATALOGUE = Path(__file__).parent.parent / "tests" / "data" / "catalogue.json"
_covers: dict[str, list[str]] = {}  # id -> node ids
_results: dict[str, str] = {}  # node id -> outcome


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --trace-to."""
    parser.addoption("--trace-to", type=Path, help="folder for traceability.{md,json}")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Note the ids of every test; workers tell their reports, so the master collects too."""
    for item in items:
        ids = [i for mark in item.iter_markers("covers") for i in mark.args]
        item.user_properties.append(("covers", ids))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep ids and outcome of a finished test."""
    if report.when != "call" and report.passed:
        return
    ids = next((v for k, v in report.user_properties if k == "covers"), [])
    node = re.sub(r"@[^\]]*$", "", report.nodeid)  # of xdist, for a test that is one of a group
    for name in ids:
        nodes = _covers.setdefault(name, [])
        if node not in nodes:
            nodes.append(node)
    _results[node] = report.outcome


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write both files, on the master only."""
    folder: Path | None = session.config.getoption("--trace-to")
    if folder is None or hasattr(session.config, "workerinput"):
        return
    titles: dict[str, str] = json.loads(CATALOGUE.read_text())
    titles |= {f.row.id: f"{f.row.ocpp16}: {f.row.raised}" for f in Fault}
    titles |= {f"61851-1 A.6 seq {row.id}": row.condition for row in ROWS}
    rows = {i: _row(title, i) for i, title in titles.items()}
    rows |= {i: _row("", i) for i in sorted(_covers) if i not in titles}
    folder.mkdir(exist_ok=True)
    text = json.dumps(rows, indent=1, ensure_ascii=False)
    (folder / "traceability.json").write_text(text + "\n")
    (folder / "traceability.md").write_text(_page(rows))


def _row(title: str, name: str) -> dict[str, Any]:
    tests = sorted(_covers.get(name, []))
    outcomes = {_results[test] for test in tests}
    result = "missing" if not tests or outcomes == {"skipped"} else "passed"
    if "failed" in outcomes:
        result = "failed"
    return {"title": title, "tests": tests, "result": result}


def _page(rows: dict[str, dict[str, Any]]) -> str:
    groups: dict[str, Counter[str]] = {}
    for name, row in rows.items():
        group = name.rsplit("-", 1)[0] if name.startswith("B-") else name.rstrip("0123456789")
        group = name.split(" (")[0] if name.startswith("2.12.1") else group  # test vectors
        group = "TC" if name.startswith("TC_") else "61851-1" if "61851" in name else group
        groups.setdefault(group, Counter())[row["result"]] += 1
    lines = [
        "# Which test proves what",
        "",
        "Written by `make trace`; an id counts only when a test would fail without the behaviour.",
        "",
        "| group | proven | failed | missing |",
        "|---|---:|---:|---:|",
        *(f"| {g} | {c['passed']} | {c['failed']} | {c['missing']} |" for g, c in groups.items()),
        "",
        "| id | result | tests | what |",
        "|---|---|---|---|",
    ]
    for name, row in rows.items():
        tests = "<br>".join(f"`{t.removeprefix('tests/')}`" for t in row["tests"][:4])
        more = f"<br>and {len(row['tests']) - 4} more" if len(row["tests"]) > 4 else ""
        title = row["title"].replace("|", "\\|")
        lines.append(f"| {name} | {row['result']} | {tests}{more} | {title} |")
    return "\n".join(lines) + "\n"
