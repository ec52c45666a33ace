"""`openapi.json`: every call described, from its route, and from what types say of their fields."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections.abc import Iterable, Iterator
from functools import cache
from http import HTTPStatus
from typing import Any, get_args

import msgspec

from replay import __version__
from replay.registry import RESOURCES, resolve
from replay.scenario.schema import docstrings
from replay.server.control.call import Call
from replay.server.control.route import JSON, JSON_LINES, Route, Routes
from replay.server.control.values import Refused

_SCHEMAS = "#/components/schemas/"
_NAME = {"name": "name", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
_HEADERS = {401: "WWW-Authenticate", 405: "Allow"}
"""What refusals have."""
_ONE_AT_A_TIME = threading.Lock()
_WHY = {
    400: "What is asked for is wrong.",
    401: "It does not say the token.",
    403: "Who calls may not steer.",
    404: "There is nothing of that name.",
    405: "The path takes other methods, which `Allow` names.",
    409: "It cannot be done as things are.",
    408: "The body has not come.",
    413: "The body is too large.",
    415: "The body does not say that it is JSON.",
    502: "Not every replica has done it, or not every one could be asked.",
    503: "It cannot be done now.",
}


async def _described(call: Call) -> Any:
    # At first it takes a fifth of a second, in which others want their turn.
    return await asyncio.to_thread(_made, call.terms.prefix, is_secured=call.terms.token is not None)


def _made(prefix: str, *, is_secured: bool) -> dict[str, Any]:
    # Python 3.11 cannot parse in two threads at once: SystemError, "recursion depth mismatch".
    with _ONE_AT_A_TIME:
        return description(prefix, is_secured=is_secured)


@cache
def description(prefix: str, *, is_secured: bool) -> dict[str, Any]:
    """The OpenAPI 3.1 document.

    Args:
        is_secured: There is a token, which calls have to say.
    """
    routes = [route for name in RESOURCES for route in resolve(RESOURCES, name)]
    components = _components(routes)
    paths: dict[str, dict[str, Any]] = {}
    met: set[int] = set()
    for route in routes:
        operation = _operation(route, components, is_secured=is_secured)
        paths.setdefault(f"/{route.path}", {})[route.method.lower()] = operation
        met |= _refusals(route, is_secured=is_secured)
    secured = {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}} if is_secured else {}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Control of gws-replay",
            "version": __version__,
            "description": "How a running simulator is looked at and steered.",
        },
        "servers": [{"url": prefix}],
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": {f"Refused{status}": _refusal(status) for status in sorted(met)},
            **secured,
        },
    }


def _operation(route: Route, components: dict[str, Any], *, is_secured: bool) -> dict[str, Any]:
    refusals = sorted(_refusals(route, is_secured=is_secured))
    described: dict[str, Any] = {
        "operationId": "_".join([route.method.lower(), *_words(route.path)]),
        "summary": route.about,
        "parameters": [*([_NAME] if "{name}" in route.path else []), *_parameters(route.query)],
        "responses": {
            str(route.status): {"description": "As it is asked for.", "content": _content(route)},
            **{str(status): {"$ref": f"#/components/responses/Refused{status}"} for status in refusals},
        },
    }
    if route.body is not None:
        schema = _schema(route.body) if route.schema is None else _hoisted(route.schema(), components)
        described["requestBody"] = {"required": not route.bodiless, "content": {JSON: {"schema": schema}}}
    if _needs_token(route, is_secured=is_secured):
        described["security"] = [{"token": []}]
    return described


def _words(path: str) -> list[str]:
    return ["".join(filter(str.isalnum, part)) for part in path.split("/")] if path else ["page"]


def _parameters(query: type[msgspec.Struct]) -> Iterator[dict[str, Any]]:
    described = msgspec.json.schema(query)["$defs"][query.__name__]["properties"]
    said = _said_of(query)
    for name, shape in described.items():
        about = said.get(name, "")
        yield {"name": name, "in": "query", "description": about, "schema": shape, "allowEmptyValue": True}


def _needs_token(route: Route, *, is_secured: bool) -> bool:
    return is_secured and not route.open


def _refusals(route: Route, *, is_secured: bool) -> set[int]:
    """Statuses that a call may be refused with."""
    met = {400, 403, 405, *route.refuses}
    met |= {401} if _needs_token(route, is_secured=is_secured) else set()
    met |= {404} if "{name}" in route.path else set()
    return met | ({408, 413, 415} if route.body is not None else set())


def _content(route: Route) -> dict[str, Any]:
    """What it says, by media type: the first is the one that its type is about."""
    first, *others = route.content
    media = {"schema": _schema(route.answer)}
    if first == JSON_LINES:
        # OpenAPI 3.1 has no word for what each line is.
        media = {"schema": {"type": "string"}, "x-itemSchema": media["schema"]}
    return {first: media, **{other: {} for other in others}}


def _refusal(status: int) -> dict[str, Any]:
    said: dict[str, Any] = {
        "description": _WHY.get(status, HTTPStatus(status).phrase),
        "content": {JSON: {"schema": _schema(Refused)}},
    }
    if status in _HEADERS:
        said["headers"] = {_HEADERS[status]: {"required": True, "schema": {"type": "string"}}}
    return said


# Schemas


def _schema(kind: Any) -> dict[str, Any]:
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=_SCHEMAS + "{name}")
    return schema


def _components(routes: Iterable[Route]) -> dict[str, Any]:
    """Every struct that is said or taken, each of its fields described by its docstring."""
    kinds: list[Any] = [Refused]
    for route in routes:
        kinds += [route.answer] if route.body is None else [route.answer, route.body]
    _, components = msgspec.json.schema_components(kinds, ref_template=_SCHEMAS + "{name}")
    for struct in _structs(kinds):
        said = _said_of(struct)
        # Of two that are called the same, msgspec makes longer names; they go without.
        for name, shape in components.get(struct.__name__, {}).get("properties", {}).items():
            if name in said:
                shape["description"] = said[name]
    return components


def _structs(kinds: Iterable[Any]) -> set[type[msgspec.Struct]]:
    """Those of types, and of their fields."""
    found: set[type[msgspec.Struct]] = set()
    waiting = list(kinds)
    while waiting:
        kind = waiting.pop()
        if not isinstance(kind, type) or not issubclass(kind, msgspec.Struct):
            waiting += get_args(kind)
        elif kind not in found:
            found.add(kind)
            waiting += [field.type for field in msgspec.structs.fields(kind)]
    return found


def _said_of(struct: type[msgspec.Struct]) -> dict[str, str]:
    """What docstrings say of each field, also of those that it inherits, by the name it has in JSON."""
    said: dict[str, str] = {}
    for part in reversed(struct.__mro__):
        if issubclass(part, msgspec.Struct) and part is not msgspec.Struct:
            said |= docstrings(sys.modules[part.__module__]).get(part.__name__, {})
    fields = msgspec.structs.fields(struct)
    return {field.encode_name: said[field.name] for field in fields if field.name in said}


def _hoisted(schema: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    """A schema whose definitions have become components."""
    moved: dict[str, Any] = json.loads(json.dumps(schema).replace('"#/$defs/', f'"{_SCHEMAS}'))
    components |= moved.pop("$defs", {})
    return moved


ROUTES: Routes = (
    Route(
        method="GET",
        path="openapi.json",
        handler=_described,
        about="Describes all of this, as OpenAPI 3.1.",
        answer=dict[str, Any],
    ),
)
