"""A miss beside very many steps: it is held against few, and names the one that a person means."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from replay.simulator.agents import words_of
from replay.simulator.asking import Question
from replay.simulator.matching import candidates
from replay.simulator.shortlist import MOST
from replay.testing import BASE_URL, Desktop, Script, scenario

CLOSE = """
steps:
  - {{id: accept, request: POST /chats, body: {{operationName: Accept, chat: c{n}, nickname: Kim}}}}
  - {{id: close, request: DELETE /chats/c{n}, body: {{reason: done}}}}
"""
TALK = "steps: [{}]"


def begin(*texts: str) -> tuple[Script, Desktop]:
    script = Script(*(scenario(text, name=f"s{number}") for number, text in enumerate(texts)))
    desktop = script.desktop("ann")
    desktop.handshake()
    return script, desktop


def closest(script: Script, exchange: int) -> Any:
    reply = script.answer(exchange)
    script.expect(reply.status, 404)
    return reply.body["replay"]["closest"]


def talk(steps: int) -> str:
    said = (
        f"{{id: say{n}, request: POST /chats/c1, body: {{operationName: Send, text: text {n}, to: all}}}}"
        for n in range(steps)
    )
    return TALK.format(", ".join(said))


def test_the_closest_of_very_many_scenarios_is_the_one_that_says_what_the_request_says() -> None:
    script, desktop = begin(*(CLOSE.format(n=n) for n in range(300)))

    near = closest(script, desktop.post("/chats", {"operationName": "Accept", "chat": "c117"}))
    script.expect((near["scenario"], near["step"]), ("s117", "accept"))
    near = closest(script, desktop.request("DELETE", "/chats/c220", b'{"reason":"other"}'))
    script.expect((near["scenario"], near["step"]), ("s220", "close"))


def test_the_closest_of_very_many_steps_is_the_one_that_says_what_the_request_says() -> None:
    script, desktop = begin(talk(1000))

    near = closest(
        script, desktop.post("/chats/c1", {"operationName": "Send", "text": "text 678", "to": "me"})
    )
    script.expect(near["step"], "say678")


def test_of_very_many_steps_alike_the_closest_is_the_first_that_nobody_has_asked() -> None:
    script, desktop = begin(talk(200))
    for n in range(100):
        desktop.post("/chats/c1", {"operationName": "Send", "text": f"text {n}", "to": "all"})

    near = closest(script, desktop.post("/chats/c1", {"operationName": "Send", "text": "else", "to": "all"}))
    script.expect(near["step"], "say100")


def test_a_step_that_was_answered_is_found_among_very_many() -> None:
    script, desktop = begin(talk(1000))
    said = {"operationName": "Send", "text": "text 500", "to": "all"}
    desktop.post("/chats/c1", said)
    script.advance(3)

    near = closest(script, desktop.post("/chats/c1", said))
    script.expect((near["step"], near["state"]), ("say500", "used-up"))


def test_a_step_whose_operation_is_no_text_is_found_among_very_many_too() -> None:
    odd = "{id: odd, request: POST /chats/c1, body: {operationName: [Send], text: odd}}"
    script, desktop = begin(talk(100).replace("[{", f"[{odd}, {{", 1))

    near = closest(script, desktop.post("/chats/c1", {"operationName": ["Sned"], "text": "odd"}))
    script.expect(near["step"], "odd")


@pytest.mark.parametrize("texts", [[talk(1000)], [CLOSE.format(n=n) for n in range(500)]])
def test_a_miss_is_held_against_few_steps_however_many_there_are(texts: list[str]) -> None:
    script, _ = begin(*texts)
    body = {"operationName": "Acept", "text": "none"}
    question = Question(
        method="POST",
        path="/chats/c1/x",
        query=(),
        body=msgspec.json.encode(body),
        json=body,
        base_url=BASE_URL,
    )
    words = words_of(question.path, (), body)
    (agent,) = script.simulator.agents.all

    found = script.simulator.finding.near(question, agent, words, "Acept")
    assert 0 < len(found) <= 2 * MOST
    script.expect(len(candidates(question, agent, *script.simulator.finding._plays(agent, words))), 1000)
