"""Agents, plays, events and resets on real sockets: what is seen and done from outside."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from replay.entries import Head
from replay.server.journal_file import JournalFile

from .conftest import Loop, one_loop
from .running import run
from .steered import Steered

loop = one_loop

STORY = """
cometd: {path: /cometd}
steps:
  - {id: hello, push: /a, after: start + 1s, data: hello}
  - {id: look, request: POST /look, respond: {after: 1h, body: seen}}
"""


async def join(running: Steered) -> Any:
    """Somebody who polls; the answer to the poll when it comes."""
    await running.join()
    held = asyncio.create_task(running.bayeux("connect", "/connect", connectionType="long-polling"))
    async with asyncio.timeout(5):
        while (await running.call("GET", "agents"))[1]["agents"][-1]["held_polls"] == 0:
            pass
    return held


def test_who_waits_for_what_is_asked_for_and_changes_as_time_goes_on(loop: Loop) -> None:
    async def main() -> None:
        async with Steered(STORY) as running:
            assert await running.call("GET", "agents") == (200, {"agents": [], "total": 0})
            held = await join(running)
            _, said = await running.call("GET", "agents?find=1&limit=5")
            assert said["total"] == 1
            assert said["agents"][0]["waits_for"] == "hello: it comes in 1s, after start"

            await running.call("POST", "clock", {"advance": "0.25s"})
            status, one = await running.call("GET", "agents/%231")
            assert (status, one["stories"][1]["next"][0]["due_in"]) == (200, 0.75)
            assert one["connections"][0]["held_for"] == 29.75
            await running.call("POST", "clock", {"advance": "1s"})
            assert (await held)[0]["data"] == "hello"
            _, one = await running.call("GET", "agents/1")
            assert one["stories"][1]["done"] == [{"step": "hello", "times": 1, "at": 1.0, "struck": ""}]
            assert one["waits_for"] == "look: nobody has asked POST /look"

    run(main(), loop)


def test_many_agents_are_listed_in_one_answer() -> None:
    async def main() -> None:
        async with Steered(STORY) as running:
            simulator = running.server.stage.simulator
            for number in range(1201):
                simulator.casting.new_agent({"authorization": f"Bearer {number}"}, 1000.0)
            _, said = await running.call("GET", "agents")
            assert (len(said["agents"]), said["total"]) == (1000, 1201)
            _, rest = await running.call("GET", "agents?after=1000&limit=100000")
            assert [row["ordinal"] for row in rest["agents"]] == list(range(1001, 1202))
            _, none = await running.call("GET", "agents?limit=0")
            assert none == {"agents": [], "total": 1201}

    run(main(), asyncio.new_event_loop)


def test_another_chat_and_events_are_told_to_who_polls(loop: Loop) -> None:
    async def main() -> None:
        async with Steered(STORY) as running:
            held = await join(running)
            status, said = await running.call("POST", "events", {"channel": "/a", "data": {"typed": "<b>"}})
            told = {"agent": "#1", "play": "", "step": "", "channel": "/a", "clients": 1, "held": False}
            assert (status, said) == (201, {"told": [told]})
            assert (await held)[0] == {"channel": "/a", "data": {"typed": "<b>"}}
            status, said = await running.call("POST", "events", {"step": "hello", "agent": "#1"})
            assert (status, said["told"][0]["play"]) == (201, "story#1")
            status, said = await running.call("POST", "plays", {})
            assert (status, said) == (201, {"play": "story#2", "agent": "#1"})
            _, said = await running.call("POST", "events", {"channel": "/b", "data": 1, "agent": "1"})
            assert said["told"][0]["held"]
            _, rows = await running.call("GET", "agents")
            assert (rows["agents"][0]["plays"], rows["agents"][0]["undelivered"]) == (2, 1)

    run(main(), loop)


@pytest.mark.parametrize(
    ("method", "path", "value", "status", "what", "advice"),
    [
        ("GET", "agents/2", None, 404, "no agent is called '2'", "There is #1."),
        ("GET", "agents/%23x", None, 404, "no agent is called '#x'", ""),
        ("GET", "agents?limit=-1", None, 400, "", ""),
        ("GET", "agents?limit=x", None, 400, "'limit' must be a whole number, not a string", ""),
        ("POST", "plays", {"scenario": "stori"}, 404, "no scenario is called 'stori'", "'story'?"),
        ("POST", "plays", {"scenario": 1}, 400, "'scenario' must be a string, not a whole number", ""),
        ("POST", "plays", None, 400, "there is no body", ""),
        ("POST", "events", {"step": "look"}, 400, "'look' is a request", "A client asks it: POST /look."),
        ("POST", "events", {"step": "helo"}, 404, "no push is called 'helo'", "Did you mean 'hello'?"),
        ("POST", "events", {"channel": "/meta/connect", "data": 1}, 400, "the protocol's own", ""),
        ("POST", "events", {"channel": "/a"}, 400, "there is no 'data'", ""),
        ("POST", "reset", {"what": ["journl"]}, 400, "'journl'", ""),
        ("POST", "reset", {"wat": []}, 400, "unknown key 'wat'", "Did you mean 'what'?"),
        ("POST", "reset", [], 400, "the body must be a mapping, not a list", ""),
    ],
)
def test_what_cannot_be_done_is_said_with_what_can(
    method: str, path: str, value: Any, status: int, what: str, advice: str
) -> None:
    async def main() -> None:
        async with Steered(STORY) as running:
            await running.join()
            got, said, help_ = await running.refused(method, path, value)
            assert got == status
            assert what in said
            assert advice in help_

    run(main(), asyncio.new_event_loop)


def test_before_somebody_has_come_there_is_nobody_to_be_offered_anything() -> None:
    async def main() -> None:
        async with Steered(STORY) as running:
            for path, value in (("plays", {}), ("events", {"channel": "/a", "data": 1})):
                assert await running.refused("POST", path, value) == (
                    409,
                    "there is no agent",
                    "Nobody has come yet.",
                )

    run(main(), asyncio.new_event_loop)


def test_a_reset_needs_no_body_and_its_poll_is_told_that_its_client_is_unknown(loop: Loop) -> None:
    async def main() -> None:
        async with Steered(STORY) as running:
            held = await join(running)
            assert await running.call("POST", "reset") == (200, {"reset": ["agents", "faults", "journal"]})
            (connect,) = await held
            assert connect["error"].startswith("402:")
            assert await running.call("GET", "agents") == (200, {"agents": [], "total": 0})
            assert await running.call("POST", "reset", {"what": ["journal"]}) == (200, {"reset": ["journal"]})
            _, entries = await running.call("GET", "journal")
            assert [entry["kind"] for entry in entries] == ["reset"]
            await running.join()
            _, rows = await running.call("GET", "agents")
            assert [row["agent"] for row in rows["agents"]] == ["#1"]

    run(main(), loop)


def test_a_request_that_waits_for_its_answer_is_cut_off_by_a_reset(loop: Loop) -> None:
    async def main() -> None:
        async with Steered(STORY) as running:
            asked = asyncio.create_task(running.http.post(running.server.url + "/look"))
            async with asyncio.timeout(5):
                while (await running.call("GET", "agents"))[1]["total"] == 0:
                    pass
            await running.call("POST", "reset", {"what": ["agents"]})
            with pytest.raises(aiohttp.ClientConnectionError):
                await asked
            assert running.server.stage._exchanges == {}

    run(main(), loop)


def test_a_hundred_who_are_connected_come_back_after_each_of_two_resets() -> None:
    async def main() -> None:
        async with Steered(STORY) as running:
            crowd = [asyncio.create_task(_one_of_many(running, comes_back=2)) for _ in range(100)]
            for _ in range(2):
                async with asyncio.timeout(15):
                    while (await running.call("GET", "agents?limit=1"))[1]["total"] < 100 or not _all_wait(
                        running
                    ):
                        pass
                await running.call("POST", "reset")
            await asyncio.gather(*crowd)
            simulator = running.server.stage.simulator
            assert (simulator.bayeux.clients, simulator.agents.all) == ({}, [])
            assert running.server.stage._exchanges == {}
            assert list(simulator.agenda) == []

    run(main(), asyncio.new_event_loop)


def _all_wait(running: Steered) -> bool:
    clients = running.server.stage.simulator.bayeux.clients.values()
    return len(clients) == 100 and all(client.hold is not None for client in clients)


async def _one_of_many(running: Steered, *, comes_back: int) -> None:
    """A desktop that begins anew whenever it is told that it is unknown."""
    async with aiohttp.ClientSession() as http:

        async def say(**message: Any) -> Any:
            async with http.post(running.server.cometd_url, json=[{"id": "1"} | message]) as response:
                return (await response.json())[-1]

        for _ in range(comes_back):
            named = {"clientId": (await say(channel="/meta/handshake", **HELLO))["clientId"]}
            await say(channel="/meta/subscribe", subscription="/a", **named)
            await say(channel="/meta/connect", connectionType="long-polling", **named)
            reply = await say(channel="/meta/connect", connectionType="long-polling", **named)
            assert reply["error"].startswith("402:")


HELLO = {"version": "1.0", "supportedConnectionTypes": ["long-polling"]}


def test_the_journals_file_goes_on_after_a_reset(tmp_path: Any) -> None:
    async def main() -> None:
        path = tmp_path / "run.jsonl"
        head = Head(replay="1", scenarios=["story"], seed=0, speed=1.0)
        async with Steered(STORY) as running:
            with JournalFile(path, head) as file:
                running.server.stage.simulator.journal.tell(file.take)
                await running.join()
                await running.call("POST", "reset")
                await running.join()
        kinds = [line.partition(b'"kind":"')[2].partition(b'"')[0] for line in path.read_bytes().splitlines()]
        assert kinds.count(b"reset") == 1
        assert kinds.count(b"handshake") == 2

    run(main(), asyncio.new_event_loop)
