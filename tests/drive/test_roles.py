"""Stories of several agents, played by the built-in client to our server: together, or one role alone."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from replay.drive.outcome import Outcome
from replay.drive.playing import play, play_together
from replay.errors import SurroundingsError, UsageError
from replay.plan.pace import Pace
from replay.plan.timeline import plan
from replay.scenario.load import load
from replay.server.runner import Server
from replay.simulator.options import Options
from replay.testing import scenario

from .servers import nobody

CONSULT = load(Path(__file__).parents[1] / "data" / "consult.yaml")
STORY = plan(CONSULT)
ASKING = [
    ("event", "invited"),
    ("request", "accept"),
    ("answer", "accept"),
    ("event", "chatting"),
    ("event", "helped"),
]
HELPING = [("event", "consulted"), ("request", "help"), ("answer", "help"), ("event", "joined")]

pytestmark = pytest.mark.live


def told(outcome: Outcome) -> list[tuple[str, str]]:
    return [(each.kind, each.step) for each in outcome.seen]


def check(asking: Outcome, helping: Outcome) -> None:
    assert (told(asking), told(helping)) == (ASKING, HELPING)
    assert [each.differences for outcome in (asking, helping) for each in outcome.seen] == [()] * 9
    assert [(each.missing, each.why) for each in (asking, helping)] == [((), "")] * 2


@pytest.mark.parametrize("speed", [None, 1.0])
@pytest.mark.parametrize("transport", ["long-polling", "websocket"])
def test_all_roles_are_played_together_each_over_a_transport_of_its_own(
    transport: str, speed: float | None
) -> None:
    async def both() -> dict[str, Outcome]:
        async with Server([CONSULT], options=Options(pace=Pace(speed))) as server:
            return await play_together(STORY, server.url, transports={"helping": transport})

    outcomes = asyncio.run(both())

    check(outcomes["asking"], outcomes["helping"])


def test_each_role_alone_is_an_agent_that_meets_the_other_on_the_server() -> None:
    async def both() -> tuple[Outcome, Outcome]:
        async with Server([CONSULT]) as server:
            helping = asyncio.create_task(play(STORY, server.url, role="helping", user="helping"))
            asking = await play(STORY, server.url, user="marat")
            return asking, await helping

    check(*asyncio.run(both()))


def test_a_role_whose_fellow_never_comes_says_what_it_missed() -> None:
    async def alone() -> Outcome:
        async with Server([CONSULT]) as server:
            return await play(STORY, server.url, patience=0.4)

    outcome = asyncio.run(alone())

    assert (told(outcome), outcome.missing) == (ASKING[:4], ("helped",))
    assert outcome.why == "nothing new came for 0.4 s"


def spoiled(fault: str) -> dict[str, Outcome]:
    """Both roles before a server with a fault of its own, going on past what does not come."""
    rules = f"faults: [{{name: wrong, {fault}}}]\n"
    path = Path(__file__).parents[1] / "data" / "consult.yaml"
    text = path.read_text(encoding="utf-8").partition("name: consult\n")[2]

    async def both() -> dict[str, Outcome]:
        async with Server([scenario(f"{text}\n{rules}")]) as server, asyncio.timeout(20):
            return await play_together(STORY, server.url, patience=0.6, goes_on=True)

    return asyncio.run(both())


def test_who_loses_patience_when_a_fellow_does_goes_on_with_it() -> None:
    outcomes = spoiled("fault: drop, where: {step: chatting}")

    assert [each.why for each in outcomes.values()] == ["", ""]
    assert told(outcomes["helping"]) == HELPING


def test_who_waits_for_a_fellows_answer_does_not_wait_on_when_that_is_given_up() -> None:
    outcomes = spoiled("fault: hang, where: {step: accept}")

    assert "was not answered within 0.6 s" in outcomes["asking"].why
    assert outcomes["helping"].why == "nothing new came for 0.6 s"


def test_a_server_that_forgets_its_clients_again_and_again_is_not_waited_for_without_end() -> None:
    outcomes = spoiled(
        "fault: unknown-client, where: {meta: connect}}, {name: lost, fault: drop, where: {step: invited}"
    )

    assert outcomes["asking"].why == "invited did not come within 0.6 s"


def test_a_role_that_there_is_not_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match=r"no role of consult is called 'helpin'; .* Did you mean 'helping'"):
        asyncio.run(play(STORY, "http://127.0.0.1:1", role="helpin"))


def test_a_server_that_is_not_there_is_told_once_for_all() -> None:
    with pytest.raises(SurroundingsError, match="cannot be reached"):
        asyncio.run(play_together(STORY, nobody()))
