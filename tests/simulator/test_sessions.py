"""Scenarios served together, each with the session of the same agent."""

from __future__ import annotations

from typing import Any

import pytest

from replay.testing import Script, scenario

SESSION = """
session:
  - {id: ready, request: POST /me, respond: {body: {}}}
  - {id: active, push: /devices, after: ready + 1s, data: {state: Active}}
  - {id: active-2, push: /devices, after: ready + 2s, data: {state: Active}}
"""
BUSY = "  - {id: busy, push: /devices, after: ready + 3s, data: {state: Busy}}\n"


def heard(*files: str) -> list[Any]:
    """What an agent hears in five seconds of all these together."""
    script = Script(*(scenario(text, name=f"story-{number}") for number, text in enumerate(files)))
    desktop = script.desktop("ann")
    desktop.open_socket()
    desktop.handshake()
    desktop.subscribe("/devices")
    desktop.post("/me", {})
    script.advance(5)
    return [event.data["state"] for event in desktop.events]


def test_what_all_sessions_tell_is_told_once() -> None:
    assert heard(SESSION, SESSION, SESSION) == heard(SESSION) == ["Active", "Active"]


def test_what_one_session_alone_tells_is_told_too() -> None:
    assert heard(SESSION, SESSION + BUSY) == ["Active", "Active", "Busy"]


COUNTED = """
variables:
  now: {recorded: "2014-01-02T14:23:20.171-0800", make: time}
  login: {recorded: 4, make: count}
session:
  - {id: ready, request: POST /me, respond: {body: {login: "${login}", at: "${now}"}}}
"""
SPOKEN_OF = '  - {id: told, push: /devices, after: ready, data: {state: "${ready.login} ${ready.now}"}}\n'
SILENT = "  - {id: told, push: /devices, after: ready + 1s, data: {state: Silent}}\n"


@pytest.mark.parametrize("apart", ["", "pace: idle-max(1h)\n"])
def test_what_an_answer_of_a_session_had_is_known_to_each_story_in_whichever_order_they_are_served(
    apart: str,
) -> None:
    stories = COUNTED + "steps:\n" + SILENT, apart + COUNTED + "steps:\n" + SPOKEN_OF

    for served in (stories, stories[::-1]):
        assert sorted(heard(*served)) == ["4 1969-12-31T16:00:00.000-0800", "Silent"]
