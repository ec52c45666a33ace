"""A server that gets something wrong is caught by the load that floods it, and one that is right is not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from bench.agent import PollingAgent
from bench.connection import BrokenError
from bench.load import Figures, Wanted, measure
from tests.bench.wrong_server import Events, wrong_server

WANTED = Wanted(size=3, paced=0.0, flood=0.05, settle=0.05, patience=0.3)


def flooded(tell: Callable[[Events], Events], answer: object = None) -> Figures:
    async def run() -> Figures:
        async with wrong_server(tell, answer) as server:
            return await measure(server, PollingAgent, WANTED)

    return asyncio.run(run())


@pytest.mark.live
def test_nothing_is_said_of_what_is_right() -> None:
    figures = flooded(lambda events: events)

    assert figures.wrong == ()
    assert figures.events > 0
    assert figures.polls == 1


@pytest.mark.live
@pytest.mark.parametrize(
    ("tell", "sentence"),
    [
        (lambda events: events[::-1], "NewMessages on /v2/me/chats, "),
        (lambda events: events + events[-1:], "nothing was due"),
    ],
    ids=["misordered", "doubled"],
)
def test_what_came_wrong_is_told(tell: Callable[[Events], Events], sentence: str) -> None:
    assert any(sentence in each for each in flooded(tell).wrong)


@pytest.mark.live
def test_what_never_came_is_told() -> None:
    with pytest.raises(
        BrokenError, match=r"3 events of 3 agents did not come within 0\.3 s; agent \d waits for"
    ):
        flooded(lambda events: events[:-1])


@pytest.mark.live
def test_an_accept_that_is_answered_otherwise_is_told() -> None:
    with pytest.raises(BrokenError, match="an Accept was answered with 200"):
        flooded(lambda events: events, {"statusCode": 6})
