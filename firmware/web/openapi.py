"""The OpenAPI 3.1 document, made from the table of routes and the shapes."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from firmware.web.routes import BASE, ROUTES, Route
from firmware.web.schemas import Errors

_REF = "#/components/schemas/{model}"
_REFUSALS = {
    400: "The request cannot be read.",
    401: "Nobody is signed in.",
    403: "The role is too low, the page is another, or the password has to be changed first.",
    404: "There is no such thing.",
    409: "The state of the station does not allow it.",
    413: "The request is too large.",
    415: "The body is not JSON.",
    422: "Values are refused, one sentence each; nothing was changed.",
    429: "Too many tries; Retry-After says how long to wait.",
    503: "The station does not answer.",
}
_QUERIES: dict[str, dict[str, Any]] = {
    "all": {"type": "string", "enum": ["true", "false"]},
    "limit": {"type": "integer", "minimum": 1, "maximum": 200},
    "before": {"type": "string", "pattern": "^[0-9]{1,15}$"},
    "outlet": {"type": "integer", "minimum": 1, "maximum": 2},
    "last_ms": {"type": "integer", "minimum": 1, "maximum": 600_000},
}


def document(version: str) -> dict[str, Any]:
    """Return the whole document."""
    models: set[type[BaseModel]] = {Errors}
    for route in ROUTES:
        models |= {m for m in (route.asked, route.told) if m is not None}
    ordered = sorted(models, key=lambda model: model.__name__)
    _, schemas = models_json_schema(
        [(model, "validation") for model in ordered], by_alias=True, ref_template=_REF
    )
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(BASE + route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Powerstation", "version": version},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": "session"},
                "page": {"type": "apiKey", "in": "header", "name": "X-CSRF-Token"},
            },
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": route.what,
        "operationId": _name(route),
        "parameters": [
            *(
                [{"name": "n", "in": "path", "required": True,
                  "schema": {"type": "integer", "minimum": 1, "maximum": 2}}]
                if "{n}" in route.path
                else []
            ),
            *({"name": q, "in": "query", "schema": _QUERIES[q]} for q in route.query),
        ],
        "responses": {str(route.status): _answer(route)} | _refusals(route),
        "security": _security(route),
    }  # fmt: skip
    if route.role is not None:
        operation["x-role"] = route.role.value
    if route.asked is not None:
        operation["requestBody"] = {"required": True, "content": _json(route.asked)}
    return operation


def _security(route: Route) -> list[dict[str, list[str]]]:
    if route.role is None:
        return []
    return [{"session": [], "page": []}] if route.changes else [{"session": []}]


def _name(route: Route) -> str:
    words = route.path.strip("/").replace("{n}", "outlet").replace(".", "_").split("/")
    return "_".join([route.method.lower(), *words])


def _answer(route: Route) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": route.what}
    if route.told is not None:
        answer["content"] = _json(route.told)
    elif route.status != 204:
        answer["content"] = {route.media: {"schema": {}}}
    return answer


def _refusals(route: Route) -> dict[str, Any]:
    codes = {400, 503}
    if route.role is not None:
        codes |= {401, 403}
    if route.asked is not None:
        codes |= {413, 415, 422}
    if "{n}" in route.path or route.path.startswith("/bench") or route.path.endswith("undo"):
        codes.add(404)
    if route.query:
        codes.add(422)
    if route.conflicts:
        codes |= {409, 422}
    if route.command in ("login", "password"):
        codes |= {401, 429}
    if route.command in ("set", "learn", "commission", "confirm", "whitelist_edit"):
        codes |= {404, 422}
    return {
        str(code): {"description": _REFUSALS[code], "content": _json(Errors)}
        for code in sorted(codes)
    }


def _json(model: type[BaseModel]) -> dict[str, Any]:
    reference = _REF.format(model=model.__name__)
    return {"application/json": {"schema": {"$ref": reference}}}
