"""What `replay.serve` plays otherwise than the scenario has it: values, faults, speed and clock."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import pytest

import replay
from replay.errors import UsageError
from replay.server.served import Served
from replay.testing import scenario

from .conftest import Loop
from .running import run, until

STORY = """
cometd: {path: /cometd}
variables:
  chat: {recorded: 0000Na9B26EF002X, make: interaction-id}
  customer: {recorded: Ann}
steps:
  - {id: take, request: "POST /chats/${chat}", respond: {after: 90s, body: {of: "${customer}"}}}
"""


async def takes(simulator: Served, chat: str = "0000AAAA") -> tuple[int, Any]:
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{simulator.url}/chats/{chat}") as response,
    ):
        return response.status, json.loads(await response.text() or "null")


def test_a_test_finds_its_own_values_in_what_is_served(one_loop: Loop) -> None:
    async def main() -> None:
        given = {"chat": "0000AAAA", "customer": "O'Brien"}
        async with replay.serve(scenario(STORY), speed="max", variables=given) as simulator:
            given["customer"] = "changed meanwhile"
            assert await takes(simulator) == (200, {"of": "O'Brien"})

    run(main(), one_loop)


def test_faults_strike_what_is_played_with_values_of_its_own(one_loop: Loop) -> None:
    async def main() -> None:
        busy = {"name": "busy", "fault": "status", "where": {"step": "take"}, "nth": 1}
        async with replay.serve(
            scenario(STORY), speed="max", variables={"chat": "0000AAAA"}, faults=[busy]
        ) as simulator:
            assert (await takes(simulator))[0] == 503
            assert [each.struck for each in simulator.faults] == [1]

    run(main(), one_loop)


def test_faults_that_are_given_without_names_are_called_after_what_they_are(one_loop: Loop) -> None:
    async def main() -> None:
        once, twice = ({"fault": "status", "where": {"step": "take"}, "nth": nth} for nth in (1, 2))
        async with replay.serve(scenario(STORY), faults=[once, twice]) as simulator:
            assert [each.name for each in simulator.faults] == ["status", "status-2"]

    run(main(), one_loop)


@pytest.mark.parametrize("speed", [1, 9])
def test_a_clock_moved_by_hand_goes_at_the_speed_that_is_said(one_loop: Loop, speed: int) -> None:
    async def main() -> None:
        async with replay.serve(
            scenario(STORY), clock="manual", speed=speed, variables={"chat": "0000AAAA"}
        ) as simulator:
            taken = asyncio.ensure_future(takes(simulator))
            await until(lambda: any(entry.kind == "request" for entry in simulator.journal))
            await simulator.clock.advance(90 / speed - 1)
            assert [entry for entry in simulator.journal if entry.kind == "answer"] == []
            await simulator.clock.advance("1s")
            assert await taken == (200, {"of": "Ann"})

    run(main(), one_loop)


def test_where_no_scenario_has_variables_none_can_be_given() -> None:
    with pytest.raises(UsageError, match="there is no variable 'chat': no scenario that is served has any"):
        replay.serve(scenario("", name="one"), scenario("", name="two"), variables={"chat": 1})
