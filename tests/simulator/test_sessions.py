"""Scenarios served together, each with the session of the same agent."""

from __future__ import annotations

from typing import Any

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
