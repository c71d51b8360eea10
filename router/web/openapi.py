"""The OpenAPI 3.1 document of the operator's API, made of its models."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, NamedTuple

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from router.web import past, proof, raiding, shapes
from router.web.snapshot import Snapshot


class _Operation(NamedTuple):
    method: str
    path: str
    says: str
    answers: type[BaseModel] | None
    status: str = "200"
    takes: type[BaseModel] | None = None
    query: str = ""
    kind: str = "application/json"


_OPERATIONS = (
    _Operation(
        "get",
        "/api/v1/events",
        "Server-sent events: a snapshot at once, and another when something has changed.",
        Snapshot,
        kind="text/event-stream",
    ),
    _Operation("get", "/api/v1/health", "Whether texts are answered.", shapes.Health),
    _Operation("get", "/api/v1/past", "The last hour of answers, and of signs of a raid.", past.Past),
    _Operation("get", "/api/v1/accounts", "Every account, its state and why.", shapes.Accounts),
    *(
        _Operation(
            "post", f"/api/v1/accounts/{{name}}/{order}", f"{order.title()} an account.", shapes.Account
        )
        for order in ("cut", "restore", "pin")
    ),
    _Operation("get", "/api/v1/budget", "Every purse in its present window.", shapes.Budget),
    _Operation("get", "/api/v1/raid", "Whether a raid is on, why, and who is held.", raiding.Raid),
    _Operation("post", "/api/v1/raid/declare", "Say that a raid is on.", raiding.Raid),
    _Operation("post", "/api/v1/raid/end", "Say that it is over.", raiding.Raid),
    _Operation(
        "post",
        "/api/v1/raid/calm",
        "Say that it is none, and that none is to be seen for a while.",
        raiding.Raid,
        takes=raiding.CalmOrder,
    ),
    _Operation("post", "/api/v1/raid/held/release", "Let go.", raiding.Moved, takes=raiding.HeldOrder),
    _Operation("post", "/api/v1/raid/held/drop", "Drop for good.", raiding.Moved, takes=raiding.HeldOrder),
    _Operation("get", "/api/v1/review", "Random texts of the last day, blurred.", shapes.Review),
    _Operation("post", "/api/v1/review/{id}/open", "Open a text; it is written down.", shapes.Opened),
    _Operation("post", "/api/v1/review/{id}", "Say what a drawn text is.", None, takes=shapes.NewLabel),
    _Operation(
        "post",
        "/api/v1/budget/{purse}/set",
        "Set what a purse may spend in each window.",
        shapes.Budget,
        takes=shapes.NewLimit,
    ),
    _Operation(
        "post", "/api/v1/budget/{purse}/unset", "Give a purse the settings' limit back.", shapes.Budget
    ),
    _Operation(
        "post",
        "/api/v1/budget/{purse}/top-up",
        "Add to the present window of a purse.",
        shapes.Budget,
        takes=shapes.TopUp,
    ),
    _Operation(
        "post",
        "/api/v1/evidence/export",
        "Make a period a file that a stranger can verify, ZIP; without numbers and words.",
        None,
        takes=proof.NewExport,
    ),
    _Operation("get", "/api/v1/numbers", "The published numbers (demo only).", shapes.Numbers),
    _Operation(
        "get", "/api/v1/conversations", "One texter's texts (demo only).", shapes.Conversation, query="number"
    ),
    _Operation(
        "post", "/api/v1/texts", "Text a number (demo only).", shapes.Texted, "202", takes=shapes.NewText
    ),
    _Operation(
        "get", "/api/v1/faults", "What can fail at the simulated carriers (demo only).", shapes.Faults
    ),
    _Operation(
        "post",
        "/api/v1/faults/{account}/{fault}",
        "Have something fail, or not (demo only).",
        shapes.Faults,
        takes=shapes.Switch,
    ),
    _Operation("get", "/api/v1/drills", "Drills whose pages are kept on this machine.", shapes.Drills),
    _Operation("get", "/api/v1/drills/{name}/page", "The page of one, HTML; the list has links to it.", None),
)


@cache
def document() -> dict[str, Any]:
    """The document, as JSON would have it."""
    named = [one for each in _OPERATIONS for one in (each.answers, each.takes) if one is not None]
    models: dict[type[BaseModel], None] = dict.fromkeys([*named, shapes.Trouble])
    _, schemas = models_json_schema(
        [(model, "serialization") for model in models], ref_template="#/components/schemas/{model}"
    )
    paths: dict[str, Any] = {}
    for each in _OPERATIONS:
        paths.setdefault(each.path, {})[each.method] = _operation(each)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Paravent",
            "version": "1",
            "description": "For the operator. Where operator.token is set, it is sent as a bearer token; "
            "an order is JSON, from the same origin.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"operator": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"operator": []}, {}],
    }


def _operation(each: _Operation) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", each.path)
    ] + [
        {"name": each.query, "in": "query", "required": True, "schema": {"type": "string"}}
        for _ in range(bool(each.query))
    ]
    done = {"description": each.says} | (
        {"content": _content(each.answers, each.kind)} if each.answers else {}
    )
    said: dict[str, Any] = {
        "operationId": _name(each),
        "summary": each.says,
        "responses": {
            each.status: done,
            "default": {"description": "It was not done.", "content": _content(shapes.Trouble)},
        },
    }
    if parameters:
        said["parameters"] = parameters
    if each.method == "post":
        body: dict[str, Any] = _content(each.takes) if each.takes else {"application/json": {"schema": {}}}
        said["requestBody"] = {"required": each.takes is not None, "content": body}
    return said


def _content(model: type[BaseModel], kind: str = "application/json") -> dict[str, Any]:
    return {kind: {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}}


def _name(each: _Operation) -> str:
    words = [word for word in each.path.split("/")[3:] if not word.startswith("{")]
    return "_".join((each.method, *words))
