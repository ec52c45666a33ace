"""Misses as control tells them, and the commands of misses on real sockets."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from replay.server.control.reading import value_of
from replay.server.control.values import Misses

from .conftest import Loop, one_loop
from .running import run
from .steered import Steered

loop = one_loop


async def missed(running: Steered, method: str, path: str, **said: Any) -> dict[str, Any]:
    """What a miss says under `replay`."""
    async with running.http.request(method, running.server.url + path, **said) as response:
        assert response.status == 404
        found: dict[str, Any] = (await response.json())["replay"]
        return found


def test_misses_are_told_from_a_number_on_the_latest_as_many_as_are_wanted(loop: Loop) -> None:
    async def main() -> None:
        async with Steered() as running:
            for path in ("/Look", "/lok", "/others"):
                await missed(running, "GET", path)
            status, said = await running.call("GET", "misses")
            told = value_of(said, Misses)
            first = told.misses[0]

            assert (status, told.total) == (200, 3)
            assert [(each.request, each.closest and each.closest.step) for each in told.misses] == [
                ("GET /Look", "look"),
                ("GET /lok", "look"),
                ("GET /others", "other"),
            ]
            assert [each.step for each in told.undelivered] == ["hello"]
            _, since = await running.call("GET", f"misses?since={first.number}&limit=1")
            assert [each["request"] for each in since["misses"]] == ["GET /others"]
            _, nobodys = await running.call("GET", "misses?agent=eve")
            assert (nobodys["misses"], nobodys["undelivered"], nobodys["total"]) == ([], [], 3)

    run(main(), loop)


@pytest.mark.parametrize("apart", [False, True])
def test_the_command_of_a_miss_is_accepted_and_one_for_the_clock_moves_it(loop: Loop, *, apart: bool) -> None:
    story = """
    cometd: {path: /cometd}
    variables: {name: {recorded: Ann}}
    session: [{id: hello, request: "POST /hello", body: {name: "${name}", kind: new}}]
    steps:
      - {id: told, push: /a, after: hello + 5s, data: 1}
      - {id: thanks, request: POST /thanks, needs: [told]}
    """

    async def main() -> None:
        async with Steered(story, control_port=0 if apart else None) as running:
            said = await missed(running, "POST", "/hello", json={"name": "O'Hara $(id)"})
            assert (await ran(running, said["command"]))[0] == 200
            waits = await missed(running, "POST", "/thanks")
            assert waits["why"].startswith("move the clock by 5s: ")
            assert await ran(running, waits["command"]) == (200, {"clock": "manual", "now": 5.0})
            async with running.http.post(running.server.url + "/thanks") as thanked:
                assert thanked.status == 200

    run(main(), loop)


async def ran(running: Steered, command: str) -> tuple[int, Any]:
    """What the words of a command bring about that a shell would give to curl."""
    words = shlex.split(command)
    assert words[:2] == ["curl", "-X"]
    headers = {"Content-Type": "application/json"}
    body = words[words.index("--data-raw") + 1]
    async with running.http.request(words[2], words[3], data=body, headers=headers) as response:
        text = await response.text()
        return response.status, json.loads(text) if text else None
