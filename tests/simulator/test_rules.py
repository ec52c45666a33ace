"""What holds whatever agents do: each has its own, in order, and the same again for the same seed."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from replay.plan.pace import Pace
from replay.simulator.options import Options
from replay.testing import Desktop, Script, scenario

STORY = """
variables:
  chat: {recorded: 0000Na9B26EF002X, make: interaction-id}
  text: {recorded: Hello}
session:
  - {id: ready, request: POST /ready, repeat: last, respond: {after: 30ms, body: {}}}
steps:
  - {id: offer, push: /chats, after: start and ready + 1s, data: {of: "${chat}", step: offer}}
  - {id: accept, request: "POST /chats/${chat}", body: {op: Accept}, respond: {after: 38ms, body: {}}}
  - {id: early, push: /chats, after: accept + 10ms, data: {of: "${chat}", step: early}}
  - {id: late, push: /chats, after: early + 200ms, data: {of: "${chat}", step: late}}
  - id: send
    request: POST /chats/${chat}/messages
    repeat: last
    needs: [accept]
    body: {text: "${text}"}
    respond: {after: 20ms, body: {}}
  - {id: sent, push: /chats, after: send.response + 50ms, data: {of: "${chat}", step: "sent ${send.text}"}}
"""

KINDS = ["poll", "leave", "ready", "accept", "send", "meddle", "socket", "again"]
turns = st.tuples(st.integers(0, 2), st.sampled_from(KINDS), st.sampled_from([0.0, 0.01, 0.3, 1.0, 4.0]))


class Person:
    """One agent's desktop, which does what the example says."""

    def __init__(self, script: Script, desktop: Desktop) -> None:
        self.script = script
        self.desktop = desktop
        self.held = 0
        self.sent: list[str] = []
        self.desktops = [desktop]

    @property
    def chat(self) -> str:
        return next((event.data["of"] for event in self.desktop.events), "none")

    def join(self) -> None:
        # All clients of an agent hear its events: somebody who comes back says goodbye first.
        if self.desktop.client_id:
            self.desktop.disconnect()
        self.desktop.handshake()
        self.desktop.subscribe("/chats")

    def do(self, kind: str, other: Person) -> None:
        desktop = self.desktop
        match kind:
            case "poll":
                self.held = desktop.connect()
            case "leave":
                if desktop.socket is None and self.held and self.script.waits(self.held):
                    desktop.leave(self.held)
            case "ready":
                desktop.post("/ready", {})
            case "accept":
                desktop.post(f"/chats/{self.chat}", {"op": "Accept"})
            case "send":
                exchange = desktop.post(f"/chats/{self.chat}/messages", {"text": str(len(self.sent))})
                self.script.advance(0.02)
                if self.script.answer(exchange).status == 200:
                    self.sent.append(str(len(self.sent)))
            case "meddle":
                desktop.get(f"/chats/{other.chat}?clientId={other.desktop.client_id}")
            case "socket":
                desktop.open_socket()
            case "again":
                self.join()


def play(
    turns: list[Any], seed: int, speed: float | None, users: tuple[str, ...]
) -> tuple[Script, list[Person]]:
    script = Script(scenario(STORY), options=Options(seed=seed, pace=Pace(speed)))
    people = [Person(script, script.desktop(user)) for user in users]
    for person in people:
        person.join()
    for who, kind, wait in turns:
        people[who].do(kind, people[who - 1])
        script.advance(wait)
    for person in people:
        person.join()
        script.advance(0)
        for _ in range(2):
            person.desktop.connect(advice={"timeout": 0})
            script.advance(3)
    return script, people


@settings(max_examples=60, deadline=None)
@given(
    turns=st.lists(turns, max_size=25),
    speed=st.sampled_from([1.0, 2.0, None]),
    users=st.sampled_from([("ann", "bob", "eve"), ("", "", ""), ("ann", "", "")]),
)
def test_every_agent_hears_of_its_own_chat_alone_each_event_once_and_in_its_order(
    turns: list[Any], speed: float | None, users: tuple[str, ...]
) -> None:
    script, people = play(turns, 1, speed, users)

    for person in people:
        steps = [event.data["step"] for event in person.desktop.events]
        assert {event.data["of"] for event in person.desktop.events} <= {person.chat}, str(script)
        assert len(set(steps)) == len(steps), str(script)
        story = [step for step in steps if not step.startswith("sent")]
        # What a client had not fetched yet when it went is lost with it, as on a real server.
        assert story == [step for step in ("offer", "early", "late") if step in story], str(script)
        sent = [step.removeprefix("sent ") for step in steps if step.startswith("sent")]
        assert [each for each in person.sent if each in sent] == sent, str(script)
    assert len({person.chat for person in people} - {"none"}) == len(
        [person for person in people if person.chat != "none"]
    )


@settings(max_examples=20, deadline=None)
@given(turns=st.lists(turns, max_size=15), seed=st.integers(0, 3))
def test_the_same_seed_and_inputs_make_the_same_journal_byte_for_byte(turns: list[Any], seed: int) -> None:
    one, _ = play(turns, seed, 1.0, ("ann", "", "bob"))
    other, _ = play(turns, seed, 1.0, ("ann", "", "bob"))

    assert one.simulator.journal.lines() == other.simulator.journal.lines()
    assert str(one) == str(other)


@settings(max_examples=20, deadline=None)
@given(turns=st.lists(turns, max_size=15))
def test_how_often_a_client_polls_changes_nothing_in_what_it_is_answered(turns: list[Any]) -> None:
    quiet = [turn for turn in turns if turn[1] not in {"poll", "leave", "socket", "again"}]
    # Everybody polls before everything it does, so that it knows its chat: twice, since who was
    # away for long has to shake hands again, or over and over.
    often = [[each for turn in quiet for each in (*[(turn[0], "poll", 0.0)] * n, turn)] for n in (2, 8)]

    scripts = [play(each, 1, 1.0, ("ann", "bob", "eve"))[0] for each in often]

    kept = [
        [(entry.at, entry.step) for entry in script.simulator.journal if entry.kind in {"request", "answer"}]
        for script in scripts
    ]
    assert kept[0] == kept[1]
