"""The acknowledgement extension of npm's cometd against `replay serve`: answers are lost, events are not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client_real.relay import Relay, relay
from tests.road.software import Process, Seen, events, finish, replayer, start_agent

pytestmark = pytest.mark.live

SCENARIO = Path(__file__).parents[2] / "scenarios" / "accept-chat.yaml"
STORY = ["StatusChange", "StatusChange", "ParticipantsUpdated", "NewMessages"]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with replayer(SCENARIO) as url:
        yield url


class Losing:
    """Loses the first answer that carries the invite, and the first that carries the history."""

    def __init__(self) -> None:
        self.unlost = [b'"Invited"', b'"MessageLogUpdated"']

    def __call__(self, answer: bytes) -> bool:
        found = [mark for mark in self.unlost if mark in answer]
        for mark in found:
            self.unlost.remove(mark)
        return bool(found)


async def through_a_relay(url: str, cometd: str, *flags: str) -> tuple[Process, Relay]:
    """An agent that has ended, whose answers went through a relay that loses two."""
    async with relay(url, Losing()) as between:
        process = start_agent(between.url, cometd=cometd, flags=flags)
        await asyncio.to_thread(process.wait)
        return process, between


def failures(seen: list[Seen]) -> int:
    return sum(each["kind"] == "failure" and each.get("channel") == "/meta/connect" for each in seen)


@pytest.mark.parametrize("cometd", ["3.1", pytest.param("9", marks=pytest.mark.full)])
def test_every_event_arrives_exactly_once_although_the_answers_that_carried_it_were_lost(
    url: str, cometd: str
) -> None:
    process, between = asyncio.run(through_a_relay(url, cometd, "--ack"))

    seen = finish(process)
    assert len(between.lost) == failures(seen) == 2
    assert [each["data"]["notificationType"] for each in events(seen)] == STORY
    assert seen[-1]["kind"] == "disconnected"


@pytest.mark.full
def test_without_the_extension_what_was_lost_stays_lost(url: str) -> None:
    process, between = asyncio.run(through_a_relay(url, "3.1", "--timeout", "3000"))

    assert len(between.lost) == 1
    assert '"kind":"event"' not in process.output
