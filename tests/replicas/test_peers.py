"""A control call made to one replica reaches those it is for: what they all do, and who has an agent."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import pytest
import uvloop
from aiohttp import web

from replay.errors import UsageError
from replay.server.control import passing
from replay.server.runner import Server
from replay.testing import scenario
from tests.drive.servers import serving
from tests.server.running import run
from tests.server.steered import STORY, Steered

from .balancers import free_ports

HANG = {"fault": "hang", "where": {"step": "look"}}


@asynccontextmanager
async def replicas(many: int = 2, text: str = STORY, **settings: Any) -> AsyncIterator[list[Steered]]:
    """Replicas, each with a list of all, itself among them."""
    ports = free_ports(many)
    peers = [f"http://127.0.0.1:{port}" for port in ports]
    running = [
        Steered(text, port=port, peers=peers, route=name, **settings)
        for port, name in zip(ports, "abcdef", strict=False)
    ]
    async with AsyncExitStack() as opened:
        for each in running:
            await opened.enter_async_context(each)
        yield running


def among(
    main: Callable[[list[Steered]], Awaitable[None]], *, many: int = 2, text: str = STORY, **settings: Any
) -> None:
    """Runs a test among replicas."""

    async def inside() -> None:
        async with replicas(many, text, **settings) as running:
            await main(running)

    run(inside(), uvloop.new_event_loop)


def signed(user: str) -> dict[str, str]:
    """What a request of a user says."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:secret".encode()).decode()}


async def comes(replica: Steered, user: str) -> str:
    """Somebody comes to a replica over REST and CometD."""
    http, replica.http = replica.http, aiohttp.ClientSession(headers=signed(user))
    await replica.join()
    await replica.http.close()
    replica.http = http
    return user


async def rules(replica: Steered) -> dict[str, bool]:
    """The rules of one replica, and whether each is on."""
    _, said = await replica.call("GET", "faults")
    return {rule["name"]: rule["on"] for rule in said["faults"]}


def test_a_fault_is_put_up_changed_and_taken_down_everywhere() -> None:
    async def main(running: list[Steered]) -> None:
        a, b, c = running
        status, said = await b.call("POST", "faults", HANG)
        assert (status, [rule["name"] for rule in said["faults"]]) == (201, ["hang"])
        assert [await rules(each) for each in running] == [{"hang": True}] * 3
        await c.call("PATCH", "faults/hang", {"on": False})
        assert [await rules(each) for each in running] == [{"hang": False}] * 3
        assert await a.call("DELETE", "faults/hang") == (200, {"deleted": ["hang"]})
        assert [await rules(each) for each in running] == [{}] * 3

    among(main, many=3)


def test_a_fault_without_a_name_has_the_same_one_everywhere() -> None:
    async def main(running: list[Steered]) -> None:
        a, b = running
        await b.call("POST", "faults", HANG, headers={"X-Replay-Passed": "1"})
        await b.call("POST", "faults", {"fault": "hang", "where": {"step": "other"}})
        assert await rules(b) == {"hang-2": True, "hang": True}
        assert await rules(a) == {"hang-2": True}

    among(main)


def test_what_is_refused_here_is_not_asked_of_others() -> None:
    async def main(running: list[Steered]) -> None:
        status, what, _ = await running[0].refused("POST", "faults", {"fault": "hangg"})
        assert (status, what) == (400, "unknown fault 'hangg'")
        assert await rules(running[1]) == {}

    among(main)


def test_what_one_alone_has_can_be_taken_down_at_another() -> None:
    async def main(running: list[Steered]) -> None:
        a, b = running
        await a.call("POST", "faults", HANG, headers={"X-Replay-Passed": "1"})
        assert [await rules(each) for each in running] == [{"hang": True}, {}]
        assert await b.call("DELETE", "faults/hang") == (200, {"deleted": ["hang"]})
        assert await rules(a) == {}
        assert (await b.refused("DELETE", "faults/hang"))[0] == 404

    among(main)


def test_all_clocks_are_moved_and_all_are_reset() -> None:
    async def main(running: list[Steered]) -> None:
        a, b = running
        await comes(b, "bob")
        assert await a.call("POST", "clock", {"advance": "3s"}) == (200, {"clock": "manual", "now": 3.0})
        assert (await b.call("GET", "clock"))[1]["now"] == 3.0
        assert (await a.call("POST", "reset", {"what": ["agents"]}))[1] == {"reset": ["agents"]}
        assert (await b.call("GET", "agents"))[1]["total"] == 0

    among(main)


def test_who_is_elsewhere_is_offered_a_play_told_an_event_and_looked_at_there() -> None:
    async def main(running: list[Steered]) -> None:
        a, b = running
        await comes(a, "ann")
        await comes(b, "bob/o")
        status, said = await a.call("POST", "plays", {"agent": "bob/o"})
        assert (status, said["agent"]) == (201, "bob/o")
        status, said = await a.call("POST", "events", {"agent": "bob/o", "channel": "/a", "data": 1})
        assert (status, [each["clients"] for each in said["told"]]) == (201, [1])
        status, said = await a.call("GET", "agents/bob%2Fo")
        assert (status, said["agent"], said["plays"]) == (200, "bob/o", 2)
        assert (await a.call("GET", "agents"))[1]["total"] == 1
        assert (await b.refused("POST", "plays", {"agent": "ann", "scenario": "no"}))[:2] == (
            404,
            "no scenario is called 'no'",
        )
        status, what, _ = await a.refused("POST", "plays", {"agent": "nobody"})
        assert (status, what) == (404, "no agent is called 'nobody'")

    among(main)


def test_who_has_come_to_another_replica_is_found_where_its_clients_are() -> None:
    async def main(running: list[Steered]) -> None:
        a, b = running
        await a.http.get(a.server.url + "/look", headers=signed("ann"))
        await comes(b, "ann")
        await a.call("POST", "plays", {"agent": "ann"})
        alone = {"X-Replay-Passed": "1"}
        plays = [(await each.call("GET", "agents/ann", headers=alone))[1]["plays"] for each in running]
        assert plays == [1, 2]

    among(main)


def test_an_event_for_everybody_reaches_those_on_every_replica() -> None:
    async def main(running: list[Steered]) -> None:
        a, b = running
        event = {"channel": "/a", "data": 1}
        assert (await a.refused("POST", "events", event))[:2] == (409, "there is no agent")
        await comes(b, "bob")
        status, said = await a.call("POST", "events", event)
        assert (status, [each["agent"] for each in said["told"]]) == (201, ["bob"])
        await comes(a, "ann")
        _, said = await b.call("POST", "events", event)
        assert [each["agent"] for each in said["told"]] == ["bob", "ann"]

    among(main)


def test_the_only_agent_of_all_need_not_be_named() -> None:
    async def main(running: list[Steered]) -> None:
        a, b = running
        assert (await a.refused("POST", "plays", {}))[:2] == (409, "there is no agent")
        await comes(b, "bob")
        assert (await a.call("POST", "plays", {}))[1]["agent"] == "bob"
        await comes(a, "ann")
        status, what, _ = await a.refused("POST", "plays", {})
        assert (status, what) == (400, "there are 2 agents on 2 replicas: say which is meant")

    among(main)


def test_a_number_names_an_agent_of_the_replica_that_is_called() -> None:
    async def main(running: list[Steered]) -> None:
        a, b = running
        await comes(b, "bob")
        for name in ("1", "%231"):
            assert (await a.refused("GET", f"agents/{name}"))[0] == 404
            assert (await b.call("GET", f"agents/{name}"))[1]["agent"] == "bob"

    among(main)


def test_a_replica_that_is_gone_is_named_with_those_that_have_done_it() -> None:
    async def main(running: list[Steered]) -> None:
        a, b, c = running
        await b.server.__aexit__(None, None, None)
        status, said = await a.call("POST", "faults", HANG)
        error = said["error"]
        assert status == 502
        gone, there = b.server.control_url, c.server.control_url
        assert error["what"] == (
            f"not done by {gone}: nobody answers there: connection refused; done by this replica and {there}"
        )
        assert "X-Replay-Passed: 1" in error["help"]
        assert error["problems"] == [
            {"at": gone, "what": "nobody answers there: connection refused", "help": ""}
        ]
        assert [await rules(each) for each in (a, c)] == [{"hang": True}] * 2

        status, what, _ = await a.refused("POST", "plays", {"agent": "bob"})
        assert (status, what) == (502, "no agent is called 'bob' here, and not every replica can be asked")
        assert (await a.refused("POST", "plays", {}))[0] == 502
        await comes(a, "ann")
        assert (await a.call("POST", "plays", {"agent": "ann"}))[0] == 201

    among(main, many=3)


def test_one_that_refuses_says_why() -> None:
    async def main(running: list[Steered]) -> None:
        a, b = running
        await b.call("POST", "faults", HANG, headers={"X-Replay-Passed": "1"})
        status, what, _ = await a.refused("POST", "faults", {"name": "hang", **HANG})
        assert status == 502
        assert "it refuses: 2 problems; the first: two faults are called 'hang'; done by this replica" in what

    among(main)


def test_the_token_goes_with_the_call() -> None:
    async def main(running: list[Steered]) -> None:
        a, b = running
        said = {"Authorization": "Bearer open-sesame"}
        assert (await a.call("POST", "faults", HANG, headers=said))[0] == 201
        assert (await a.refused("DELETE", "faults", headers={"Authorization": "Bearer no"}))[0] == 401
        _, left = await b.call("GET", "faults", headers=said)
        assert [rule["name"] for rule in left["faults"]] == ["hang"]

    among(main, admin_token="open-sesame")


def test_who_is_no_replica_is_told_as_that() -> None:
    async def main() -> None:
        async with (
            Steered() as other,
            Steered(peers=[f"{other.server.url}/elsewhere"]) as one,
        ):
            _, what, _ = await one.refused("DELETE", "faults")
            # There a request is no step of anybody's.
            assert "it answers 404, but not as a replica of ours" in what

    run(main(), uvloop.new_event_loop)


def test_who_answers_without_end_is_not_read_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passing, "MOST", 1 << 20)

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(bytes(1 << 16))

    async def main() -> None:
        async with serving(answer) as other, Steered(peers=[other]) as one:
            status, what, _ = await one.refused("DELETE", "faults")
            assert status == 502
            assert "it answers 200 with more than 1 MB; done by this replica" in what

    run(main(), uvloop.new_event_loop)


@pytest.mark.parametrize(
    "url", ["localhost:8092", "ftp://a", "http://", "http://a:0", "http://u@a", "http://a?b"]
)
def test_what_is_no_url_of_a_replica_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match=r"is no URL of a replica\. It is like http://127"):
        Server([scenario("")], peers=[url])
