"""A replica's name in a cookie: who is told it, and that it is a sign of nobody."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import aiohttp
import msgspec
import pytest
import uvloop
from multidict import CIMultiDictProxy

from replay.cli.serve import serve
from replay.errors import UsageError
from replay.server.runner import Server
from replay.simulator.simulator import Options
from replay.testing import scenario
from tests.server.running import Running, run

from .test_peers import signed

ROUTE = "REPLAY_ROUTE=a; Path=/; HttpOnly"

TOLD_IN_PIECES = """
cometd: {path: /cometd}
steps:
  - {id: slow, request: GET /slow, respond: {body: at last}}
faults:
  - {name: short, fault: truncate, where: {step: slow}}
"""


def routes(headers: CIMultiDictProxy[str]) -> list[str]:
    """What an answer sets of it."""
    return [value for value in headers.getall("Set-Cookie", []) if value.startswith("REPLAY_ROUTE")]


def test_an_answer_says_it_to_whoever_does_not_carry_it() -> None:
    async def main() -> None:
        async with Running(route="a") as running:

            async def told(path: str, cookie: str = "") -> list[str]:
                headers = {"Cookie": cookie} if cookie else {}
                async with running.http.get(running.server.url + path, headers=headers) as response:
                    return routes(response.headers)

            for path in ("/where", "/no-step"):
                assert await told(path) == [ROUTE]
                assert await told(path, "REPLAY_ROUTE=b") == [ROUTE]
                assert await told(path, "REPLAY_ROUTE=ab; other=REPLAY_ROUTE=a") == [ROUTE]
                assert await told(path, "other=1; REPLAY_ROUTE=a") == []
            assert await told("/__replay/health") == []

    run(main(), uvloop.new_event_loop)


def test_a_poll_an_upgrade_and_an_answer_in_pieces_say_it_too() -> None:
    async def main() -> None:
        async with Running(TOLD_IN_PIECES, route="a") as running:
            shake = [
                {"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"]}
            ]
            jarless = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
            async with jarless as http:
                async with http.post(running.server.cometd_url, json=shake) as response:
                    assert routes(response.headers) == [ROUTE]
                async with http.ws_connect(running.server.cometd_url) as socket:
                    assert routes(socket._response.headers) == [ROUTE]
                async with http.ws_connect(
                    running.server.cometd_url, headers={"Cookie": "REPLAY_ROUTE=a"}
                ) as socket:
                    assert routes(socket._response.headers) == []
                response = await http.get(running.server.url + "/slow")
                assert routes(response.headers) == [ROUTE]
                with pytest.raises(aiohttp.ClientPayloadError):
                    await response.read()

    run(main(), uvloop.new_event_loop)


def test_without_a_name_no_answer_says_any() -> None:
    async def main() -> None:
        async with Running() as running, running.http.get(running.server.url + "/where") as response:
            assert routes(response.headers) == []
            assert "Set-Cookie" in response.headers

    run(main(), uvloop.new_event_loop)


def test_two_who_carry_the_same_are_two_and_nothing_of_it_is_told() -> None:
    async def main() -> None:
        async with Running(route="a") as running:
            carried = {"Cookie": "REPLAY_ROUTE=a"}
            for _ in range(2):
                # Each shakes hands with nothing but this cookie.
                shake = [{"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": []}]
                async with running.http.post(running.server.cometd_url, json=shake, headers=carried):
                    pass
            simulator = running.server.stage.simulator
            assert [agent.label for agent in simulator.agents.all] == ["#1", "#2"]
            journal = b"".join(map(msgspec.json.encode, simulator.journal))
            assert b"ROUTE" not in journal

    run(main(), uvloop.new_event_loop)


async def first_of(server: Server, **headers: str) -> dict[str, Any]:
    """The ids that a replica gives the first who comes: of its chat, its client and its session."""
    shake = [{"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"]}]
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), headers=headers) as http,
        http.post(server.cometd_url, json=shake) as shaken,
        http.get(server.url + "/where", headers={"Cookie": shaken.headers["Set-Cookie"]}),
    ):
        (welcome,) = json.loads(await shaken.text())
        (agent,) = server.stage.simulator.agents.all
        return {
            "client": welcome["clientId"],
            "browser": shaken.headers["Set-Cookie"].split(";")[0],
            "chat": agent.plays[0].values["chat"],
        }


MINTS = """
cometd: {path: /cometd}
variables: {chat: {recorded: 0000Na9B26EF002X, make: interaction-id}}
steps:
  - {id: hello, push: /a, after: start + 1s, data: "${chat}"}
  - {id: where, request: GET /where, respond: {body: 1}}
"""


@pytest.mark.parametrize("user", ["", "ann"])
def test_replicas_of_one_seed_begun_in_one_moment_know_nothing_of_each_others_clients(user: str) -> None:
    async def main() -> None:
        at_once = Options(seed=7, epoch=1_700_000_000.0)
        found = []
        for name in ("a", "b"):
            async with Server([scenario(MINTS)], options=at_once, route=name) as server:
                found.append(await first_of(server, **(signed(user) if user else {})))
        a, b = found
        assert a["client"] != b["client"]
        assert a["browser"] != b["browser"]
        # A user has one chat wherever it is played; who has no name is somebody else on each.
        assert (a["chat"] == b["chat"]) is bool(user)

    run(main(), uvloop.new_event_loop)


MISHAP = """
cometd: {path: /cometd}
steps:
  - {id: look, request: GET /look, repeat: last, respond: {body: seen}}
faults:
  - {name: unwell, fault: status, where: {step: look}, settings: {status: 503}, chance: 50%}
"""


async def statuses(server: Server, users: Iterable[str]) -> dict[str, list[int]]:
    """What each gets who asks ten times."""
    got: dict[str, list[int]] = {}
    async with aiohttp.ClientSession() as http:
        for user in users:
            answers = [await http.get(server.url + "/look", headers=signed(user)) for _ in range(10)]
            got[user] = [answer.status for answer in answers]
    return got


def test_one_seed_does_the_same_harm_to_a_user_whichever_replica_serves() -> None:
    async def main() -> None:
        users = [f"user{number}" for number in range(20)]
        seed = Options(seed=11)
        async with Server([scenario(MISHAP)], options=seed) as alone:
            whole = await statuses(alone, users)
        async with (
            Server([scenario(MISHAP)], options=seed, route="a") as a,
            Server([scenario(MISHAP)], options=seed, route="b") as b,
        ):
            split = await statuses(b, reversed(users[::2])) | await statuses(a, users[1::2])
        assert split == whole
        assert len({tuple(each) for each in whole.values()}) > 10

    run(main(), uvloop.new_event_loop)


@pytest.mark.parametrize("prefix", ["REPLAY_SERVE_", "REPLAY_"])
def test_the_environment_says_it_too(prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{prefix}ROUTE", "replay-0")
    monkeypatch.setenv(f"{prefix}PEERS", "http://replay-0:8090, http://replay-1:8090,")

    with serve.make_context("serve", []) as context:
        assert context.params["route"] == "replay-0"
        assert context.params["peers"] == ("http://replay-0:8090", "http://replay-1:8090")


@pytest.mark.parametrize("name", ["", "a b", "a;b", "é", ".", "a" * 65, "a\n"])
def test_what_no_cookie_can_say_is_no_name(name: str) -> None:
    if not name:
        assert Server([scenario("")], route=name).url
        return
    with pytest.raises(UsageError, match="is no name of a replica"):
        Server([scenario("")], route=name)
