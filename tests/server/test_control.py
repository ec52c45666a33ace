"""Control calls on real sockets: faults, the clock, the journal, and who may make them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from replay.clock import SystemClock
from replay.server.control.call import RefusedError
from replay.server.control.safety import Caller, check
from replay.server.control.terms import Terms
from replay.server.runner import Server
from replay.testing import scenario

from .conftest import Loop, one_loop
from .running import run
from .steered import STORY, Steered

loop = one_loop

UNDER = "Under /__replay/ there are health, ready, openapi.json, scenarios, "
BUSY = {"name": "busy", "fault": "status", "where": {"step": "look"}, "settings": {"status": 503}}


def test_a_fault_is_put_up_looked_at_changed_and_taken_down(loop: Loop) -> None:
    async def main() -> None:
        async with Steered() as running:
            status, put_up = await running.call("POST", "faults", BUSY)
            (busy,) = put_up["faults"]
            assert (status, busy["source"], busy["on"], busy["struck"]) == (201, "run time", True, 0)
            assert (await running.looks())[0] == 503

            _, found = await running.call("GET", "faults")
            assert [(each["name"], each["struck"], each["agents"]) for each in found["faults"]] == [
                ("busy", 1, {"#1": 1})
            ]
            await running.call("PATCH", "faults/busy", {"settings": {"status": 500}})
            assert (await running.looks())[0] == 500
            await running.call("PATCH", "faults/busy", {"on": False})
            assert (await running.looks())[0] == 200
            assert await running.call("DELETE", "faults/busy") == (200, {"deleted": ["busy"]})
            assert await running.call("GET", "faults") == (200, {"faults": []})

    run(main(), loop)


def test_a_fault_goes_by_itself_when_its_time_has_run_out(loop: Loop) -> None:
    async def main() -> None:
        async with Steered() as running:
            await running.call("POST", "faults", BUSY | {"ttl": "30s"})
            await running.call("POST", "clock", {"advance": "20s"})
            _, found = await running.call("GET", "faults/busy")
            assert found["faults"][0]["ttl_left"] == 10.0
            await running.call("POST", "clock", {"advance": "10s"})

            assert await running.call("GET", "faults") == (200, {"faults": []})
            assert await running.looks() == (200, '"seen"')

    run(main(), loop)


def test_a_preset_is_put_up_and_all_is_cleared(loop: Loop) -> None:
    async def main() -> None:
        async with Steered() as running:
            status, said = await running.call("POST", "faults", {"preset": "flaky", "ttl": "1m"})
            names = [each["name"] for each in said["faults"]]
            assert (status, names) == (201, ["flaky-status", "flaky-reset", "flaky-polls"])
            assert await running.call("DELETE", "faults") == (200, {"deleted": names})

    run(main(), loop)


def test_two_who_put_up_the_same_at_once_are_told_apart(loop: Loop) -> None:
    async def main() -> None:
        async with Steered() as running:
            calls = (running.call("POST", "faults", BUSY) for _ in range(2))
            statuses = sorted([status for status, _ in await asyncio.gather(*calls)])
            assert statuses == [201, 400]
            nameless = [{"fault": "latency", "where": {"step": step}} for step in ("look", "other")]
            calls = (running.call("POST", "faults", value) for value in nameless)
            named = [said["faults"][0]["name"] for _, said in await asyncio.gather(*calls)]
            assert sorted(named) == ["latency", "latency-2"]

    run(main(), loop)


@pytest.mark.parametrize(
    ("method", "path", "value", "status", "what", "advice"),
    [
        ("POST", "faults", {"fault": "latncy"}, 400, "unknown fault 'latncy'", "Did you mean 'latency'?"),
        (
            "POST",
            "faults",
            BUSY | {"where": {"step": "lok"}},
            400,
            "no step is called 'lok'",
            "Did you mean 'look'?",
        ),
        ("POST", "faults", {"preset": "flakey"}, 400, "unknown preset 'flakey'", "Did you mean 'flaky'?"),
        ("POST", "faults", {"fault": "refuse"}, 400, "has to say when it ends", "--control-port"),
        ("POST", "faults", None, 400, "there is no body", "Send JSON."),
        ("POST", "faults", {"fault": ["drop"]}, 400, "'fault' must be a string, not a list", ""),
        ("POST", "clock", {"advance": 1e308}, 400, "a clock is moved by a year at most", ""),
        ("PATCH", "faults/busi", {"on": False}, 404, "no fault is called 'busi'", "There are none."),
        ("DELETE", "faults/busi", None, 404, "no fault is called 'busi'", "There are none."),
        ("GET", "faults/busi", None, 404, "no fault is called 'busi'", "There are none."),
        (
            "GET",
            "faults/a/b",
            None,
            404,
            "nothing is at /__replay/faults/a/b",
            UNDER,
        ),
        (
            "GET",
            "fault",
            None,
            404,
            "nothing is at /__replay/fault",
            "Did you mean 'faults'?",
        ),
        ("PUT", "faults", BUSY, 405, "/__replay/faults takes no PUT", "It takes GET, POST, DELETE, HEAD."),
        ("GET", "journal?knd=fault", None, 400, "unknown parameter 'knd'", "Did you mean 'kind'?"),
        ("GET", "journal?kind=falt", None, 400, "nothing of kind 'falt'", "Did you mean 'fault'?"),
        ("GET", "journal?since=now", None, 400, "'since' must be a whole number, not a string", ""),
        ("GET", "journal?agent=a&agent=b", None, 400, "the parameter 'agent' stands there twice", ""),
        ("GET", "health?x=1", None, 400, "unknown parameter 'x'", "It takes none."),
        ("POST", "clock", {"advance": "soon"}, 400, "'soon' is no duration", ""),
        (
            "POST",
            "clock",
            {"advance": True},
            400,
            "'advance' must be a number or a string, not true or false",
            "",
        ),
        ("POST", "clock", {"advanc": "1s"}, 400, "unknown key 'advanc'", "Did you mean 'advance'?"),
        ("POST", "clock", [], 400, "the body must be a mapping, not a list", ""),
    ],
)
def test_what_cannot_be_done_is_said_with_what_can(
    loop: Loop, method: str, path: str, value: Any, status: int, what: str, advice: str
) -> None:
    async def main() -> None:
        async with Steered() as running:
            got, said, help_ = await running.refused(method, path, value)
            assert got == status
            assert what in said
            assert advice in help_

    run(main(), loop)


def test_each_of_several_problems_is_said_with_its_place(loop: Loop) -> None:
    async def main() -> None:
        async with Steered() as running:
            wrong = BUSY | {"settings": {"status": 99, "txt": "x"}}
            _, said = await running.call("POST", "faults", wrong)
            assert said["error"]["what"].startswith("2 problems; the first: ")
            assert sorted(each["at"] for each in said["error"]["problems"]) == [
                "fault.settings.status",
                "fault.settings.txt",
            ]

    run(main(), loop)


def test_faults_of_the_whole_server_need_no_end_where_control_has_a_port_of_its_own(loop: Loop) -> None:
    async def main() -> None:
        async with Steered(control_port=0) as running:
            status, _ = await running.call("POST", "faults", {"fault": "refuse"})
            assert status == 201
            with pytest.raises(aiohttp.ClientConnectionError):
                await running.looks()
            await running.call("DELETE", "faults/refuse")
            assert (await running.looks())[0] == 200

    run(main(), loop)


def test_the_journal_is_read_from_where_it_was_left(loop: Loop) -> None:
    async def main() -> None:
        async with Steered() as running:
            await running.call("POST", "faults", BUSY)
            await running.looks()
            _, entries = await running.call("GET", "journal")
            numbers = [entry["number"] for entry in entries]
            assert numbers == list(range(1, len(numbers) + 1))
            await running.looks()
            _, news = await running.call("GET", f"journal?since={numbers[-1]}&kind=fault")
            assert [entry["detail"]["rule"] for entry in news] == ["busy"]
            assert news[0]["number"] > numbers[-1]
            _, nobodys = await running.call("GET", "journal?agent=somebody")
            assert nobodys == []

    run(main(), loop)


def test_the_clock_is_read_and_moved(loop: Loop) -> None:
    async def main() -> None:
        async with Steered() as running:
            assert await running.call("GET", "clock") == (200, {"clock": "manual", "now": 0.0})
            assert await running.call("POST", "clock", {"advance": "1h"}) == (
                200,
                {"clock": "manual", "now": 3600.0},
            )

    run(main(), loop)


def test_a_clock_that_goes_by_itself_is_not_moved(loop: Loop) -> None:
    async def main() -> None:
        async with Steered() as running, Server([scenario(STORY)], clock=SystemClock()) as real:
            async with running.http.post(real.control_url + "/clock", json={"advance": "1s"}) as response:
                said = await response.json()
            assert (response.status, said["error"]["what"]) == (409, "this clock goes by itself")

    run(main(), loop)


def test_its_health_says_what_it_plays(loop: Loop) -> None:
    async def main() -> None:
        async with Steered() as running:
            status, said = await running.call("GET", "health")
            assert (status, said["status"], said["playing"]) == (200, "ok", ["story"])

    run(main(), loop)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Host": "evil.example:8090"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Host": "[::1"}, 403),
        ({"Host": "evil.example@localhost"}, 403),
        ({"Host": "localhost"}, 201),
        ({"Host": "LOCALHOST:1"}, 201),
        ({"Host": "chat.localhost:8090"}, 201),
        ({"Host": "[::1]:8090"}, 201),
        ({"Host": "127.8.8.8"}, 201),
        ({"Host": "localhost:8090", "Origin": "http://localhost:8090", "Sec-Fetch-Site": "same-origin"}, 201),
    ],
)
def test_only_programs_here_and_its_own_pages_may_steer(
    loop: Loop, headers: dict[str, str], status: int
) -> None:
    async def main() -> None:
        async with Steered() as running:
            got, _ = await running.call("POST", "faults", BUSY, headers=headers)
            assert got == status
            _, found = await running.call("GET", "faults")
            assert len(found["faults"]) == (status == 201)

    run(main(), loop)


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"])
def test_programs_on_this_machine_may_steer(peer: str) -> None:
    check(Caller(peer=peer, host="localhost"), Terms(listening="0.0.0.0"))


@pytest.mark.parametrize("peer", ["10.0.0.7", "::ffff:10.0.0.7", "fe80::1%eth0", "0.0.0.0", ""])
def test_whoever_is_not_on_this_machine_may_not(peer: str) -> None:
    with pytest.raises(RefusedError) as refused:
        check(Caller(peer=peer, host="localhost"), Terms(listening="0.0.0.0"))
    assert (refused.value.status, refused.value.what) == (403, f"'{peer}' is not this machine")


def test_a_name_that_the_server_was_told_to_listen_on_may_be_dialled() -> None:
    check(Caller(peer="127.0.0.1", host="DevBox.example:8090"), Terms(listening="devbox.example"))
    with pytest.raises(RefusedError):
        check(Caller(peer="127.0.0.1", host="devbox.example:8090"), Terms())


def test_a_call_that_says_no_host_is_refused(loop: Loop) -> None:
    async def main() -> None:
        async with Steered() as running:
            answer = await running.raw(b"GET /__replay/health HTTP/1.0\r\n\r\n")
            assert answer.startswith(b"HTTP/1.0 403 ")

    run(main(), loop)


def test_a_body_that_is_too_large_is_refused_before_it_has_come(loop: Loop) -> None:
    async def main() -> None:
        async with Steered() as running:
            head = b"POST /__replay/faults HTTP/1.1\r\nHost: localhost\r\nContent-Length: 70000\r\n\r\n"
            answer = await running.raw(head)
            assert answer.startswith(b"HTTP/1.1 413 ")
            assert b'"what":"the body is larger than 65536 bytes"' in answer
            status, what, _ = await running.refused("POST", "faults", {"fault": "x" * 70_000})
            assert (status, what) == (413, "the body is larger than 65536 bytes")

    run(main(), loop)


@pytest.mark.parametrize(
    ("kind", "body", "status", "what"),
    [
        ("application/json", b"{", 400, "the body is not JSON: "),
        ("application/json", b"[" * 60_000, 400, "the body is not JSON: "),
        ("application/json", b"\xff", 400, "the body is not JSON: "),
        ("text/plain", json.dumps(BUSY).encode(), 415, "the body says that it is text/plain"),
        (
            "application/x-www-form-urlencoded",
            json.dumps(BUSY).encode(),
            415,
            "the body says that it is application/x-www-form-urlencoded",
        ),
    ],
)
def test_a_body_that_is_no_json_or_does_not_say_so_is_refused(
    loop: Loop, kind: str, body: bytes, status: int, what: str
) -> None:
    async def main() -> None:
        async with Steered() as running:
            url = f"{running.server.control_url}/faults"
            async with running.http.post(url, data=body, headers={"Content-Type": kind}) as response:
                said = await response.json()
            assert response.status == status
            assert said["error"]["what"].startswith(what)

    run(main(), loop)


def test_nothing_but_its_own_path_is_taken_from_a_recorded_api(loop: Loop) -> None:
    async def main() -> None:
        story = "steps: [{id: near, request: GET /__replayed, respond: {body: mine}}]"
        async with Steered(story) as running:
            response = await running.http.get(running.server.url + "/__replayed")
            assert (response.status, await response.json()) == (200, "mine")

    run(main(), loop)


def test_a_request_brings_a_fault_of_its_own(loop: Loop) -> None:
    async def main() -> None:
        async with Steered() as running:
            headers = {"X-Replay-Fault": "{fault: status, settings: {status: 418}}"}
            async with running.http.get(running.server.url + "/look", headers=headers) as response:
                assert response.status == 418
            assert (await running.looks())[0] == 200

    run(main(), loop)


def test_the_upgrade_to_a_websocket_cannot_bring_one(loop: Loop) -> None:
    async def main() -> None:
        async with Steered() as running:
            answer = await running.raw(
                b"GET /cometd HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                b"X-Replay-Fault: hang\r\n\r\n"
            )
            assert answer.startswith(b"HTTP/1.1 400 ")
            assert b"X-Replay-Fault cannot be said of it" in answer

    run(main(), loop)


def test_a_method_that_is_not_taken_is_answered_with_those_that_are(loop: Loop) -> None:
    async def main() -> None:
        async with Steered() as running, running.http.put(running.server.control_url + "/faults") as answer:
            assert (answer.status, answer.headers["Allow"]) == (405, "GET, POST, DELETE, HEAD")

    run(main(), loop)
