"""What a test expects of a server and waits for, on real sockets: by `replay.serve`, by control."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

import replay
from replay.clock import ManualClock
from replay.drive.control import Control
from replay.errors import ControlError, ExpectationError, UsageError
from replay.server.runner import Server
from replay.server.served import Served
from replay.server.turns import turn
from replay.simulator.options import Options
from replay.testing import scenario

from .conftest import Loop, one_loop
from .running import run, until
from .steered import Steered
from .test_serving import Used

loop = one_loop

WANTED = """
cometd: {path: /cometd}
expect: [{step: look, times: 1}, {misses: 0}]
steps:
  - {id: look, request: GET /look, repeat: last}
  - {id: slow, request: GET /slow, respond: {after: 1h}}
"""


def test_whoever_waits_for_a_step_is_woken_when_it_has_taken_place(loop: Loop) -> None:
    async def main() -> None:
        async with Used() as used:
            waiting = asyncio.create_task(used.simulator.wait_for("look", times=2, agent="#1", timeout=20))
            await used.looks()
            await used.looks()
            entry = await waiting

            assert (entry.kind, entry.step) == ("answer", "look")
            assert entry == used.simulator.journal[-1]

    run(main(), loop)


def test_what_has_taken_place_already_is_not_waited_for(loop: Loop) -> None:
    async def main() -> None:
        async with Used() as used:
            await used.looks()
            first = await used.simulator.wait_for("look", timeout="0s")
            await used.looks()

            assert await used.simulator.wait_for("look", timeout=0) == first
            assert (await used.simulator.wait_for("look", times=2, timeout=0)).number > first.number

    run(main(), loop)


def test_what_the_journal_has_lost_counts_too_and_if_its_entry_is_wanted_that_is_said(loop: Loop) -> None:
    async def main() -> None:
        story = scenario(
            "steps: [{id: look, request: GET /look, repeat: last}, {id: other, request: GET /other}]"
        )
        served = Served(Server([story], port=0, options=Options(journal_entries=2), clock=ManualClock()))
        async with served, aiohttp.ClientSession() as http:
            for path in ("look", "look", "other"):
                (await http.get(f"{served.url}/{path}")).release()
            with pytest.raises(
                UsageError, match="'look' has taken place, and the journal has lost its entry"
            ):
                await served.wait_for("look", times=2, timeout=0)
            waiting = asyncio.create_task(served.wait_for("look", times=3))
            await turn()
            (await http.get(f"{served.url}/look")).release()
            assert (await waiting).step == "look"

    run(main(), loop)


def test_whoever_waits_in_vain_is_told_why_and_what_happened(loop: Loop) -> None:
    async def main() -> None:
        async with Used() as used:
            await used.looks()
            with pytest.raises(ExpectationError) as raised:
                await used.simulator.wait_for("other", timeout="1ms")

            first, _, diagnosis = str(raised.value).partition("\n\n")
            assert first == "other has not taken place within 1ms: nobody has asked GET /other"
            assert diagnosis == used.simulator.diagnosis()

    run(main(), loop)


def test_where_the_clock_stands_still_whoever_waits_is_told_how_far_to_move_it(loop: Loop) -> None:
    async def main() -> None:
        slow = scenario("steps: [{id: slow, request: GET /slow, respond: {after: 5s}}]")
        async with replay.serve(slow, clock="manual") as served, aiohttp.ClientSession() as http:
            asking = asyncio.create_task(http.get(f"{served.url}/slow"))
            await until(lambda: [entry.kind for entry in served.journal][-1:] == ["request"])
            with pytest.raises(
                ExpectationError, match="the clock stands still, and 'slow' comes when it is moved by 5s"
            ):
                await served.wait_for("slow", timeout=0)
            waiting = asyncio.create_task(served.wait_for("slow"))
            await served.clock.advance("5s")
            assert (await waiting).at >= 5
            (await asking).release()

    run(main(), loop)


def test_whoever_waits_while_the_server_closes_is_let_go(loop: Loop) -> None:
    async def main() -> None:
        async with Used() as used:
            waiting = asyncio.create_task(used.simulator.wait_for("look"))
            await turn()
        with pytest.raises(UsageError, match="closed"):
            await waiting
        with pytest.raises(UsageError, match="closed"):
            await used.simulator.wait_for("look")

    run(main(), loop)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"step": "lok"}, r"there is no step 'lok'\. Did you mean 'look'\?"),
        ({"step": "look", "times": 0}, "'times' must be a whole number from 1, not 0"),
        ({"step": "look", "timeout": "soon"}, "'timeout': 'soon' is no duration"),
        ({"step": "look", "timeout": -1}, "'timeout' must be seconds"),
    ],
)
def test_what_cannot_be_waited_for_is_refused_in_words(loop: Loop, asked: dict[str, Any], why: str) -> None:
    async def main() -> None:
        async with Used() as used:
            with pytest.raises(UsageError, match=why):
                await used.simulator.wait_for(**asked)

    run(main(), loop)


def test_what_is_declared_is_held_until_the_agents_are_reset(loop: Loop) -> None:
    async def main() -> None:
        async with Used() as used:
            await used.looks()
            used.simulator.expect("look", times=1)
            assert used.simulator.unmet() == []
            await used.looks()
            (why,) = used.simulator.unmet()
            assert why.startswith("look was expected once and took place twice")
            with pytest.raises(ExpectationError, match="look was expected once"):
                used.simulator.assert_done()
            used.simulator.reset("agents")
            assert used.simulator.unmet() == []

    run(main(), loop)


def test_control_tells_what_is_expected_and_judges_a_step_that_is_named(loop: Loop) -> None:
    async def main() -> None:
        async with Steered(WANTED) as running:
            met = {"expected": "no misses", "met": True, "why": ""}
            nobody = "look was expected once, and nobody has come to play story"
            unmet = {"expected": "look once", "met": False, "why": nobody.replace(" once", "")}
            assert await running.call("GET", "expectations") == (
                200,
                {"met": False, "expectations": [unmet, met]},
            )
            await running.looks()
            _, said = await running.call("GET", "expectations")
            assert (said["met"], [each["met"] for each in said["expectations"]]) == (True, [True, True])
            _, said = await running.call("GET", "expectations?step=look&at_least=2&agent=")
            assert said["expectations"][0]["expected"] == "look at least twice"
            assert not said["met"]
            assert await running.refused("GET", "expectations?step=lok") == (
                400,
                "there is no step 'lok'",
                "Did you mean 'look'?",
            )
            assert (await running.refused("GET", "expectations?times=1"))[
                1
            ] == "it is not said which step is meant"
            assert (await running.refused("GET", "expectations?step=look&times=x"))[0] == 400

    run(main(), loop)


def test_the_client_of_control_asks_for_expectations(loop: Loop) -> None:
    def asks(url: str) -> None:
        with Control(url) as control:
            assert [each.met for each in control.expectations().expectations] == [False, True]
            assert control.expectations("look", times=0).met
            with pytest.raises(ControlError, match="there is no step 'lok'"):
                control.expectations("lok")

    async def main() -> None:
        async with Steered(WANTED) as running:
            await asyncio.to_thread(asks, running.server.control_url)

    run(main(), loop)
