"""`openapi.json`: what a program can know of control calls before it makes one."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import schemathesis

from replay.registry import FAULTS, PRESETS, RESOURCES, resolve
from replay.server.control.openapi import description

from .conftest import Loop, one_loop
from .running import run
from .steered import Steered

loop = one_loop

OPEN = description("/__replay", is_secured=False)
SECURED = description("/__replay", is_secured=True)
ROUTES = [route for name in RESOURCES for route in resolve(RESOURCES, name)]
SCHEMAS = OPEN["components"]["schemas"]


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_a_server_describes_its_calls(loop: Loop) -> None:
    async def main() -> None:
        async with Steered() as running:
            assert await running.call("GET", "openapi.json") == (200, json.loads(json.dumps(OPEN)))

    run(main(), loop)


def test_many_who_ask_at_once_get_the_same(loop: Loop) -> None:
    async def main() -> None:
        async with Steered(control_prefix="/many") as running:
            description.cache_clear()
            said = await asyncio.gather(*(running.call("GET", "openapi.json") for _ in range(20)))
            assert [status for status, _ in said] == [200] * 20
            assert all(document == said[0][1] for _, document in said)

    run(main(), loop)


def test_the_description_is_valid() -> None:
    for document in (OPEN, SECURED):
        schemathesis.openapi.from_dict(json.loads(json.dumps(document))).validate()


def test_every_route_is_described_once() -> None:
    found = [f"{method.upper()} {path[1:]}" for path, method, _ in operations(OPEN)]
    assert sorted(found) == sorted(f"{route.method} {route.path}" for route in ROUTES)
    names = [operation["operationId"] for _, _, operation in operations(OPEN)]
    assert len(set(names)) == len(names)


def test_every_field_that_is_said_has_an_explanation_or_a_plain_name() -> None:
    plain = {
        (name, field)
        for name, schema in SCHEMAS.items()
        for field, shape in schema.get("properties", {}).items()
        if "description" not in shape
    }
    assert SCHEMAS["Entry"]["properties"]["number"]["description"] == "From 1, without gaps."
    assert SCHEMAS["Standing"]["properties"]["from"]["description"].startswith("Not before so long, ")
    assert SCHEMAS["Where"]["properties"]["messageType"]["description"] == "`messageType` of an event."
    assert not [pair for pair in plain if pair[0] in {"Fault", "Where", "Advance", "Offer", "PushWanted"}]


def test_what_a_call_is_about_and_its_parameters_are_told() -> None:
    journal = OPEN["paths"]["/journal"]["get"]
    assert journal["summary"] == next(route.about for route in ROUTES if route.path == "journal")
    since = next(each for each in journal["parameters"] if each["name"] == "since")
    assert since["description"] == "Only those after the entry of this number."
    assert since["schema"]["type"] == "integer"
    (name,) = OPEN["paths"]["/faults/{name}"]["delete"]["parameters"]
    assert (name["name"], name["in"], name["required"]) == ("name", "path", True)


def test_every_refusal_has_the_one_shape_of_errors() -> None:
    for document in (OPEN, SECURED):
        for answer in document["components"]["responses"].values():
            shape = answer["content"]["application/json"]["schema"]
            assert shape == {"$ref": "#/components/schemas/Refused"}


def test_a_call_tells_which_refusals_it_may_meet() -> None:
    def refusals(document: dict[str, Any], path: str, method: str) -> str:
        return " ".join(status for status in document["paths"][path][method]["responses"] if status > "3")

    assert refusals(OPEN, "/health", "get") == "400 403 405"
    assert refusals(OPEN, "/ready", "get") == "400 403 405 503"
    assert refusals(OPEN, "/clock", "post") == "400 403 405 408 409 413 415 502"
    assert refusals(OPEN, "/faults/{name}", "patch") == "400 403 404 405 408 413 415 502"
    assert refusals(SECURED, "/faults/{name}", "get") == "400 401 403 404 405"
    assert refusals(SECURED, "/health", "get") == "400 403 405"


def test_only_a_server_with_a_token_says_that_calls_need_one() -> None:
    assert not [path for path, _, operation in operations(OPEN) if "security" in operation]
    assert SECURED["components"]["securitySchemes"] == {"token": {"type": "http", "scheme": "bearer"}}
    secured = {(path[1:], method.upper()) for path, method, each in operations(SECURED) if "security" in each}
    assert secured == {(route.path, route.method) for route in ROUTES if not route.open}


def test_a_fault_is_described_as_files_have_it() -> None:
    body = OPEN["paths"]["/faults"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    one, several, preset, _ = body["anyOf"]
    assert one == {"$ref": "#/components/schemas/Fault"}
    assert several["items"] == {"$ref": "#/components/schemas/NamedFault"}
    assert preset["properties"]["preset"]["enum"] == list(PRESETS)
    fault = SCHEMAS["Fault"]
    assert (fault["required"], fault["properties"]["fault"]["enum"]) == (["fault"], list(FAULTS))
    assert fault["properties"]["where"]["$ref"] == "#/components/schemas/Where"


def test_the_description_is_the_same_in_every_process() -> None:
    program = (
        "import json; from replay.server.control.openapi import description;"
        "print(json.dumps(description('/__replay', is_secured=True)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONHASHSEED": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == json.dumps(SECURED)
