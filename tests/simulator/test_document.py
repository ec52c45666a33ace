"""What a client receives after Accept is what the document prints, key for key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from replay.plan.pace import Pace
from replay.scenario.durations import parse_duration
from replay.scenario.model import PushStep, RequestStep, Scenario
from replay.scenario.triggers import parse_trigger
from replay.simulator.options import Options
from replay.testing import Desktop, Script

DOCUMENT = Path(__file__).parents[1] / "data" / "accept"
RECORDED = 1388701400.171
"""The play of the document began at 2014-01-02T14:23:20.171-08:00."""


def printed(name: str) -> str:
    """One of the document's bodies, in one line, its keys in the order in which it prints them."""
    return json.dumps(json.loads((DOCUMENT / f"{name}.json").read_text()))


def as_printed(script: Script, data: Any, *, moved: str = "") -> str:
    """What a client received, with this play's ids and host put back."""
    text = json.dumps(data).replace("http://desk.example:8443", "http://localhost:8080")
    play = script.simulator.agents.all[0].plays[0]
    for name, variable in play.timeline.scenario.variables.items():
        if variable.make is not None and isinstance(variable.recorded, str):
            text = text.replace(play.values[name], variable.recorded)
    return text.replace(moved, "2014-01-02T14:23:") if moved else text


def accept(script: Script) -> tuple[Desktop, int]:
    desktop = script.desktop("agent1", base_url="http://desk.example:8443")
    desktop.handshake()
    desktop.subscribe("/v2/me/chats")
    desktop.connect(advice={"timeout": 0})
    script.advance(2)
    desktop.connect()
    chat = desktop.events[0].data["chat"]["id"]
    request = json.loads(printed("request"))
    return desktop, desktop.post(f"/api/v2/me/chats/{chat}", request)


@pytest.mark.parametrize("speed", [1, 2, None], ids=str)
def test_the_answer_and_the_three_events_are_those_of_the_document(
    accept_chat: Scenario, speed: float | None
) -> None:
    script = Script(accept_chat, options=Options(date=RECORDED, pace=Pace(speed)))
    desktop, exchange = accept(script)
    script.advance(1)
    desktop.connect()

    script.expect(json.dumps(script.answer(exchange).body), printed("response"))
    received = [as_printed(script, event.data) for event in desktop.events[1:]]
    script.expect(received, [printed(name) for name in ("chatting", "participants", "history")])
    assert {event.channel for event in desktop.events} == {"/v2/me/chats"}


def test_the_times_in_the_history_move_to_the_time_of_the_play_and_nothing_else_does(
    accept_chat: Scenario,
) -> None:
    # Three hours later to the second; the zone and the milliseconds stay as the document has them.
    script = Script(accept_chat, options=Options(epoch=RECORDED + 3 * 3600 - 2, seed=4))
    script.advance(2)
    desktop, _ = accept(script)
    script.advance(1)
    desktop.connect()

    received = as_printed(script, desktop.events[-1].data, moved="2014-01-02T17:23:")
    script.expect(received, printed("history"))


def test_the_answer_and_the_events_come_at_their_times(accept_chat: Scenario) -> None:
    pushes = [step for step in accept_chat.steps if isinstance(step, PushStep)]
    after = {step.id: parse_trigger(step.after).delay for step in pushes}
    (accepting,) = (step for step in accept_chat.steps if isinstance(step, RequestStep))
    answered = parse_duration(accepting.respond[0].after)
    script = Script(accept_chat)
    desktop = script.desktop("agent1")
    desktop.handshake()
    socket = desktop.open_socket()
    desktop.subscribe("/v2/me/chats")
    script.advance(after["invited"])
    chat = desktop.events[0].data["chat"]["id"]

    exchange = desktop.post(f"/api/v2/me/chats/{chat}", {"operationName": "Accept", "nickname": "Marat"})
    script.advance(1)

    began = after.pop("invited")
    script.expect(script.answer(exchange).at, round(began + answered, 6))
    script.expect(
        [frame.at for frame in script.frames[socket][2:]],
        [round(began + after[name], 6) for name in ("chatting", "participants", "history")],
    )


def test_the_nickname_is_the_one_that_the_client_sent(accept_chat: Scenario) -> None:
    script = Script(accept_chat)
    desktop = script.desktop()
    desktop.handshake()
    desktop.subscribe("/v2/me/chats")
    script.advance(2)
    desktop.connect()
    chat = desktop.events[0].data["chat"]["id"]

    desktop.post(f"/api/v2/me/chats/{chat}", {"operationName": "Accept", "nickname": 'Ü "☃" \\ </x>'})
    script.advance(1)
    desktop.connect()

    (agent, _) = desktop.events[2].data["chat"]["participants"]
    assert agent["nickname"] == 'Ü "☃" \\ </x>'
