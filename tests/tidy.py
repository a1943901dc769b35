"""The rules of the house as functions over source text; `test_tidy` applies them to the tree.

Layers, purity, sizes, unit suffixes, bare excepts, banned calls. `docs/house.md` gives the
reasons.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

LINES_MAX, FUNCTION_MAX, ARGUMENTS_MAX, NESTING_MAX, COLUMNS_MAX = 400, 60, 5, 4, 100
SAFETY_LINES_MAX = 1_200  # firmware/pilot as a whole

_M = "firmware.model"
_ROOMS = [
    "session",
    "auth",
    "limits",
    "dlm",
    "metering",
    "rfid",
    "led",
    "ocpp",
    "iso15118",
    "ems",
    "net",
    "update",
    "usb",
    "mail",
    "diag",
    "storage",
    "link",
    "config",
]
MAY_IMPORT: dict[str, set[str]] = {
    "firmware.model": {_M},
    "firmware.pilot": {_M, "firmware.pilot", "hal.ports"},
    "firmware.web": {_M, "firmware.web", "firmware.config"},
    **{f"firmware.{room}": {_M, f"firmware.{room}"} for room in _ROOMS},
    "firmware.station": {_M, "firmware.station", "firmware.pilot", "firmware.web"}
    | {f"firmware.{room}" for room in _ROOMS},
    "firmware.io": {_M, "firmware.io", "firmware.link"},
    "firmware.sim": {"firmware", "hal.ports", "hal.mock"},
    "firmware.apps": {"firmware", "hal"},
    "firmware": {"firmware"},
    "hal": {"hal"},
}
NOT_FROM_SIM = ("firmware.apps",)
PURE = ("firmware.model", "firmware.pilot", "firmware.web", "firmware.station") + tuple(
    f"firmware.{room}" for room in _ROOMS
)
NOT_IN_PURE = {
    "asyncio", "threading", "socket", "time", "random", "os", "logging", "subprocess",
    "select", "selectors", "signal", "uuid", "secrets", "multiprocessing", "sqlite3",
}  # fmt: skip
THIRD_PARTY_IN_PURE = {
    "firmware.config": {"pydantic"},
    "firmware.web": {"pydantic"},
    "firmware.ocpp": {"ocpp", "jsonschema"},
}
PILOTD_MAY_LOAD = (
    "firmware.model", "firmware.pilot", "firmware.link", "firmware.io.unix",
    "firmware.io.clock", "firmware.io.sdnotify", "firmware.io.realtime", "firmware.io.blackbox",
    "firmware.io.latch", "firmware.apps.recorder",
    "hal",
)  # fmt: skip
NOW = {"now", "today", "utcnow"}
QUANTITIES = [
    "current",
    "voltage",
    "power",
    "energy",
    "timeout",
    "delay",
    "interval",
    "period",
    "duration",
]
UNITS = [
    "_ma",
    "_mv",
    "_w",
    "_wh",
    "_ms",
    "_s",
    "_us",
    "_permille",
    "_dc",
    "_v",
    "_a",
    "_kw",
    "_kwh",
    "_bytes",
    "_mw",
    "_uw",
    "_hz",
    "_mhz",
    "_factor",
]
COUNTS = ("_stops", "_count")  # so many of them; a number without a unit
BANNED_CALLS = {"eval", "exec", "os.system", "pickle.loads", "pickle.load", "yaml.load"}


def module_of(path: Path, top: Path) -> str:
    """Return the dotted name of a file."""
    parts = path.relative_to(top).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str | None:
    """Return the key of MAY_IMPORT with the longest match."""
    keys = [k for k in MAY_IMPORT if module == k or module.startswith(k + ".")]
    return max(keys, key=len, default=None)


def _inside(name: str, packages: set[str] | tuple[str, ...]) -> bool:
    return any(name == p or name.startswith(p + ".") for p in packages)


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and full name of everything imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            # `from hal import ports` names a module, `from hal.ports import X` a value in one
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def layers(module: str, tree: ast.AST) -> Iterator[str]:
    """Who may import whom."""
    room = room_of(module)
    for line, name in imports(tree):
        if not _inside(name, ("firmware", "hal")) or room is None:
            continue
        if not _inside(name, MAY_IMPORT[room]):
            yield f"{module}:{line}: {room} may not import {name}"
        if room == "firmware.sim" and _inside(name, NOT_FROM_SIM):
            yield f"{module}:{line}: {room} may not import {name}"


def purity(module: str, tree: ast.AST) -> Iterator[str]:
    """No I/O, clock, randomness or logging in the pure rooms."""
    room = room_of(module)
    if room not in PURE:
        return
    for line, name in imports(tree):
        if name.split(".")[0] in NOT_IN_PURE:
            yield f"{module}:{line}: {name} has no place in a pure room"
        third = name.split(".")[0] in {"pydantic", "ocpp", "jsonschema", "websockets", "aiohttp"}
        if third and name.split(".")[0] not in THIRD_PARTY_IN_PURE.get(room, set()):
            yield f"{module}:{line}: {room} may not use {name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in NOW:
            value = node.value
            if isinstance(value, ast.Name) and value.id in {"datetime", "date"}:
                yield f"{module}:{node.lineno}: time enters only as now_ms"


def sizes(module: str, text: str, tree: ast.AST) -> Iterator[str]:
    """Files, functions, arguments, nesting and lines keep their measure."""
    lines = text.splitlines()
    if len(lines) > LINES_MAX:
        yield f"{module}: {len(lines)} lines, {LINES_MAX} are allowed"
    for number, line in enumerate(lines, start=1):
        if len(line) > COLUMNS_MAX:
            yield f"{module}:{number}: {len(line)} columns, {COLUMNS_MAX} are allowed"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _function(module, node)


def _function(module: str, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    where = f"{module}:{node.lineno}: {node.name}"
    length = (node.end_lineno or node.lineno) - node.lineno + 1
    if length > FUNCTION_MAX:
        yield f"{where} has {length} lines, {FUNCTION_MAX} are allowed"
    plain = [a for a in node.args.posonlyargs + node.args.args if a.arg not in ("self", "cls")]
    if len(plain) > ARGUMENTS_MAX:
        yield f"{where} has {len(plain)} arguments, {ARGUMENTS_MAX} are allowed"
    depth = _depth(node.body)
    if depth > NESTING_MAX:
        yield f"{where} is nested {depth} deep, {NESTING_MAX} are allowed"


def _depth(body: list[ast.stmt]) -> int:
    blocks = (ast.If, ast.For, ast.While, ast.Try, ast.With, ast.Match, ast.AsyncFor, ast.AsyncWith)
    deepest = 0
    for node in body:
        if isinstance(node, blocks):
            inner = [
                n for field in ("body", "orelse", "finalbody") for n in getattr(node, field, [])
            ]
            elif_only = isinstance(node, ast.If) and len(node.orelse) == 1
            own = _depth(getattr(node, "body", [])) + 1
            rest = _depth(inner)
            deepest = max(deepest, own, rest if elif_only else rest + 1)
    return deepest


def units(module: str, tree: ast.AST) -> Iterator[str]:
    """A number that is a quantity says its unit."""
    for node in ast.walk(tree):
        names: list[ast.arg | ast.Name] = []
        if isinstance(node, ast.arg) and _is_int(node.annotation):
            names = [node]
        elif isinstance(node, ast.AnnAssign) and _is_int(node.annotation):
            names = [node.target] if isinstance(node.target, ast.Name) else []
        for name in names:
            text = name.arg if isinstance(name, ast.arg) else name.id
            counted = text.lower().endswith(COUNTS)
            quantity = any(q in text.lower() for q in QUANTITIES) and not counted
            if quantity and not text.lower().endswith(tuple(UNITS)):
                yield f"{module}:{name.lineno}: {text} does not say its unit"


def _is_int(annotation: ast.expr | None) -> bool:
    return annotation is not None and ast.unparse(annotation) in {
        "int", "int | None", "float", "float | None", "tuple[int, int, int]",
    }  # fmt: skip


def banned(module: str, tree: ast.AST) -> Iterator[str]:
    """Bare excepts, shells, pickles, patches."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            yield f"{module}:{node.lineno}: a bare except"
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in BANNED_CALLS:
                yield f"{module}:{node.lineno}: {name} is banned"
            if any(k.arg == "shell" and ast.unparse(k.value) == "True" for k in node.keywords):
                yield f"{module}:{node.lineno}: shell=True is banned"
        if isinstance(node, ast.Import | ast.ImportFrom):
            for line, name in imports(ast.Module([node], [])):
                if name.startswith("unittest"):
                    yield f"{module}:{line}: {name} is banned; fakes implement ports"


def docstrings(module: str, tree: ast.Module) -> Iterator[str]:
    """Every module and every public thing has its sentence."""
    if ast.get_docstring(tree) is None:
        yield f"{module}: no docstring"
    for node in tree.body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if node.name.startswith("_"):
            continue
        if ast.get_docstring(node) is None:
            yield f"{module}:{node.lineno}: {node.name} has no docstring"
        for inner in node.body if isinstance(node, ast.ClassDef) else []:
            public = isinstance(inner, ast.FunctionDef) and not inner.name.startswith("_")
            if public and ast.get_docstring(inner) is None:  # type: ignore[arg-type]
                yield f"{module}:{inner.lineno}: {node.name}.{inner.name} has no docstring"  # type: ignore[attr-defined]


def problems(module: str, text: str) -> list[str]:
    """Return every problem of one file of the product."""
    tree = ast.parse(text)
    return [
        *layers(module, tree), *purity(module, tree), *sizes(module, text, tree),
        *units(module, tree), *banned(module, tree), *docstrings(module, tree),
    ]  # fmt: skip
