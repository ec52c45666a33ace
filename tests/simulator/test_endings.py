"""Steps that end others: a chat that was accepted is not revoked, one that is over takes no more words."""

from __future__ import annotations

from typing import Any

from replay.simulator import looking
from replay.simulator.undelivered import undelivered
from replay.testing import Desktop, Script, scenario
from replay.verify.judge import judge
from tests.verify.loop import Loop

CHAT = """
cometd: {max_interval: 10h}
steps:
  - {id: invited, push: /a, after: start, data: {state: Invited}}
  - {id: accept, request: POST /chat, body: {do: Accept}, until: [reject, revoked], respond: {body: {}}}
  - {id: hello, push: /a, after: accept + 4s, until: complete, data: {text: hello}}
  - {id: complete, request: POST /chat, body: {do: Complete}, needs: [accept], respond: {body: {code: 0}}}
  - id: too-late
    request: POST /chat
    body: {do: Accept}
    needs: [complete]
    repeat: cycle
    respond: {status: 403, body: {code: 3}}
  - {id: reject, request: POST /chat, body: {do: Reject}, until: [accept, revoked], respond: {body: {}}}
  - {id: rejected, push: /a, after: reject + 1s, data: {state: Completed}}
  - {id: revoked, push: /a, after: invited + 30s, until: [accept, reject], data: {state: Revoked}}
"""


def begin(text: str = CHAT) -> tuple[Script, Desktop]:
    script = Script(scenario(text))
    desktop = script.desktop("ann")
    desktop.open_socket()
    desktop.handshake()
    desktop.subscribe("/a")
    return script, desktop


def ask(script: Script, desktop: Desktop, what: str) -> tuple[int, Any]:
    reply = script.answer(desktop.post("/chat", {"do": what}))
    return reply.status, reply.body.get("replay", {}).get("why") or reply.body


def heard(desktop: Desktop) -> list[Any]:
    return [next(iter(event.data.values())) for event in desktop.events]


def test_an_event_does_not_come_once_what_ends_it_has_happened() -> None:
    script, desktop = begin()
    ask(script, desktop, "Accept")
    script.advance(60)

    script.expect(heard(desktop), ["Invited", "hello"])


def test_an_event_that_nothing_has_ended_comes_and_ends_requests() -> None:
    script, desktop = begin()
    script.advance(60)

    script.expect(heard(desktop), ["Invited", "Revoked"])
    said = "offer story once more: 'reject' ended with 'revoked' in story#1"
    script.expect(ask(script, desktop, "Reject"), (404, said))


def test_an_event_that_is_under_way_does_not_come_any_more() -> None:
    script, desktop = begin()
    ask(script, desktop, "Accept")
    script.advance(3.9)
    ask(script, desktop, "Complete")
    script.advance(60)

    script.expect(heard(desktop), ["Invited"])
    script.expect(ask(script, desktop, "Accept"), (403, {"code": 3}))


def test_a_request_that_has_ended_sets_nothing_off() -> None:
    script, desktop = begin()
    ask(script, desktop, "Reject")
    status, _ = ask(script, desktop, "Accept")
    script.advance(60)

    script.expect((status, heard(desktop)), (404, ["Invited", "Completed"]))


def test_nobody_is_said_to_wait_for_what_has_ended() -> None:
    script, desktop = begin()
    ask(script, desktop, "Accept")
    script.advance(60)
    ask(script, desktop, "Complete")
    ask(script, desktop, "Accept")
    script.advance(60)

    found = looking.state(script.simulator, script.simulator.agents.named("ann"), script.now)
    [story] = [each for each in found.stories if not each.session]
    script.expect((story.over, [each.step for each in story.next]), (True, []))
    script.expect([each.step for each in story.done], ["invited", "accept", "hello", "complete", "too-late"])


def test_who_verifies_passes_by_what_has_ended() -> None:
    loop = Loop(scenario(CHAT))
    verification = judge(loop.timeline, loop.run())

    assert (verification.verdict, verification.differences) == ("pass", ())
    steps = [each.step for each in verification.steps]
    assert steps == ["invited", "accept", "hello", "complete", "too-late"]


def test_nobody_misses_an_event_that_has_ended() -> None:
    script, desktop = begin()
    ask(script, desktop, "Accept")
    script.advance(60)
    found, total = script.direct(lambda simulator, _: undelivered(simulator), "look")

    script.expect((found, total), ([], 0))
