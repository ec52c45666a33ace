"""The conversation of docs/states.md, with the scenario that stands there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from replay.scenario.load import loads
from replay.testing import Desktop, Script
from replay.verify.judge import judge
from tests.verify.loop import Loop

PAGE = (Path(__file__).parents[2] / "docs" / "states.md").read_text(encoding="utf-8")


def block(kind: str) -> str:
    (found,) = re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


def ask(script: Script, desktop: Desktop, line: str) -> str:
    _, path, body = line.split(" ", 2)
    answer = script.answer(desktop.post(path, json.loads(body)))
    return f"< {answer.status} {json.dumps(answer.body)}"


def test_the_conversation_of_the_page_is_what_a_client_sees() -> None:
    script = Script(loads(block("yaml")))
    desktop = script.desktop("ann")
    desktop.open_socket()
    desktop.handshake()
    desktop.subscribe("/chats")
    told: list[str] = []
    heard = 0
    for line in block("text").splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "~":
            script.advance(float(rest.removesuffix("s")))
            told += [line, *(f"* {json.dumps(event.data)}" for event in desktop.events[heard:])]
            heard = len(desktop.events)
        elif kind == ">":
            told += [line, ask(script, desktop, rest)]

    assert told == block("text").splitlines()


@pytest.mark.parametrize("transport", ["long-polling", "websocket"])
def test_who_verifies_it_plays_the_way_that_is_told_first(transport: str) -> None:
    loop = Loop(loads(block("yaml")), transport=transport)
    verification = judge(loop.timeline, loop.run())

    assert (verification.verdict, verification.differences) == ("pass", ())
    assert "revoked" not in {each.step for each in verification.steps}
