"""Station answers to HTTP: status codes, error bodies, shapes of what is declared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from firmware.web.accounts import IDLE_MS
from firmware.web.routes import Route

CODES = {
    "signin": 401,
    "csrf": 403,
    "change": 403,
    "forbidden": 403,
    "unknown": 404,
    "conflict": 409,
    "refused": 422,
    "wait": 429,
}
Body = dict[str, Any]


def problem(message: str, key: str | None = None) -> Body:
    """Return an error's body."""
    return {"errors": [{"message": message, "key": key}]}


def refusal(answer: Mapping[str, Any]) -> tuple[int, Body]:
    """Return status and body of an answer that is a refusal."""
    details = answer.get("details") or [{"message": "refused", "key": None}]
    return CODES.get(str(answer.get("code")), 422), {"errors": details}


def shaped(model: type[BaseModel], words: Mapping[str, Any]) -> Body:
    """Return what of an answer is declared; an answer that does not fit is a bug."""
    return model.model_validate(words).model_dump(by_alias=True)


def read_body(model: type[BaseModel], body: object) -> tuple[Body, list[Body]]:
    """Return the words of a request, or a sentence for each that cannot be taken."""
    try:
        return model.model_validate(body).model_dump(exclude_none=True), []
    except ValidationError as wrong:
        return {}, [
            {
                "message": f"{'.'.join(map(str, one['loc'])) or 'the body'}: {one['msg']}"[:300],
                "key": None,
            }
            for one in wrong.errors(include_url=False, include_input=False)[:50]
        ]


def told(route: Route, answer: Mapping[str, Any]) -> Body:
    """Return the body of an answer that is none of a refusal."""
    words = dict(answer)
    match route.command:
        case "session" | "login":
            words |= {"signed_in": True, "idle_s": IDLE_MS // 1_000}
        case "check":
            words = dry(answer)
    assert route.told is not None, route
    return shaped(route.told, words)


def dry(answer: Mapping[str, Any]) -> Body:
    """Return a dry run in the words of the API, where `ok` is whether it could be done."""
    return {**answer, "ok": answer["fine"], "errors": answer["problems"]}
