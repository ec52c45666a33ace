"""The control API as a stranger reads it: schemathesis calls whatever `openapi.json` describes.

The route `stream` is left out: it never ends.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

import replay

ROOT = Path(__file__).parents[2]
HELD = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "allow_header_conformance",
)
"""Of schemathesis's checks; that what fits is accepted is no promise, since there may be no such step."""
THERE = {"/faults/{name}": "busy", "/agents/{name}": "1"}
"""Names of what there is, which nobody guesses."""
LAST = "/reset"
BUSY = {"name": "busy", "fault": "status", "where": {"step": "me"}}
ROUND = settings(
    # Of more than these Hypothesis makes variations, which takes it longer than new ones.
    max_examples=10,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def call_all(url: str, cases: int) -> Counter[str]:
    """Calls whatever is described, and holds each answer against that; how often each was called."""
    load_all_checks()
    checks = CHECKS.get_by_names(HELD)
    described = schemathesis.openapi.from_url(f"{url}/openapi.json").exclude(path="/stream")
    # A reset forgets who is there: it comes last.
    operations = [each.ok() for each in described.get_all_operations()]
    operations.sort(key=lambda operation: operation.path == LAST)
    ways = [way for operation in operations for way in ways_to_call(operation)]
    called: Counter[str] = Counter()
    with requests.Session() as session:

        def call(case: Any) -> None:
            called[case.operation.label] += 1
            case.call_and_validate(session=session, checks=checks, timeout=10)

        rounds = ((number, way) for number in count() for way in ways)
        for number, way in rounds:
            if number and called.total() >= cases:
                break
            seed(number)(ROUND(given(way)(call)))()
    assert set(called) == {operation.label for operation in operations}
    return called


def ways_to_call(operation: Any) -> Iterator[Any]:
    """Rightly, wrongly, and what there is."""
    yield operation.as_strategy()
    if list(operation.query) or list(operation.body):
        yield operation.as_strategy(GenerationMode.NEGATIVE)
    if operation.path in THERE:
        yield operation.as_strategy(path_parameters={"name": THERE[operation.path]})


def called_on_a_server(cases: int) -> Counter[str]:
    """What a server has answered as it says that it does."""
    called: Counter[str] = Counter()

    async def main() -> None:
        async with replay.serve(
            ROOT / "scenarios" / "accept-chat.yaml", clock="manual", faults=[BUSY], control_port=0
        ) as simulator:
            await asyncio.to_thread(requests.get, f"{simulator.url}/api/v2/me", timeout=10)
            called.update(await asyncio.to_thread(call_all, simulator.control_url, cases))

    asyncio.run(main())
    return called


@pytest.mark.live
def test_every_call_is_answered_as_it_is_described() -> None:
    assert called_on_a_server(500).total() >= 500


@pytest.mark.full
def test_ten_thousand_calls_are_answered_as_they_are_described() -> None:
    assert called_on_a_server(10_000).total() >= 10_000
