"""The pure part, spoken to by hand: what a server would say, at moments that the test chooses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from replay.bayeux.client import Batch, Pause
from replay.drive.actions import Action, Call, Over, Told
from replay.drive.chats import Chat, Driving
from replay.drive.part import Part
from replay.plan.timeline import plan
from replay.testing import scenario

CHAT = """
variables:
  chat: {recorded: chat-000001, make: interaction-id}
  me: {recorded: user-000001}
session: [{id: me, request: GET /me, respond: {body: {id: "${me}"}}}]
steps:
  - {id: invited, push: /chats, after: start + 1s, data: {state: Invited, id: "${chat}"}}
  - {id: accept, request: "POST /chats/${chat}", body: {by: "${me}"}}
  - {id: chatting, push: /chats, after: accept + 100ms, data: {state: Chatting, id: "${chat}"}}
  - {id: history, push: /chats, after: accept + 200ms, data: {state: History, id: "${chat}"}}
"""


class Desk:
    """A part, and what it has wanted so far."""

    def __init__(self, text: str = CHAT, transport: str = "long-polling", **options: Any) -> None:
        self.part = Part(Driving(plan(scenario(text)), "http://gws", **options), transport=transport)
        self.told: list[Told] = []
        self.calls: list[Call] = []
        self.batches: list[Batch] = []
        self.until: float | None = None
        self.over: Over | None = None

    def do(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case Told():
                    self.told.append(action)
                case Call():
                    self.calls.append(action)
                case Batch():
                    self.batches.append(action)
                case Pause():
                    self.until = action.at
                case Over():
                    self.over = action

    def come_in(self, now: float = 0.0) -> None:
        """Through its session and CometD, all at one moment."""
        self.do(self.part.start(now))
        while self.calls:
            self.do(self.part.answered(self.calls.pop(0).number, 200, {"id": "agent-99"}, now))
        while not self.part.ready:
            self.grant(now)

    def grant(self, now: float) -> None:
        """Everything asked of CometD is granted, but polls are held."""
        held = []
        for batch in self.batches:
            message = batch.messages[0]
            if message["channel"] == "/meta/connect" and "advice" not in message:
                held.append(batch)
                continue
            reply = {"channel": message["channel"], "id": message["id"], "successful": True, "clientId": "c"}
            self.batches = [each for each in self.batches if each is not batch]
            self.do(self.part.received(batch.number, [reply], now))
        assert len(held) < 2

    def event(self, data: Any, now: float) -> None:
        self.do(self.part.received(0, [{"channel": "/chats", "data": data}], now))

    def answer(self, now: float, status: int = 200) -> Call:
        call = self.calls.pop(0)
        self.do(self.part.answered(call.number, status, {}, now))
        return call

    def figures(self, kind: str) -> list[tuple[str, float | None]]:
        seconds = [(each.step, each.seconds) for each in self.told if each.kind == kind]
        return [(step, None if each is None else round(each, 6)) for step, each in seconds]

    def errors(self) -> list[tuple[str, str]]:
        return [(each.error, each.step) for each in self.told if each.kind == "error"]


def listening(**options: Any) -> Desk:
    """An agent that listens since 0 and has one chat."""
    desk = Desk(**options)
    desk.do(desk.part.begin(0.0))
    desk.come_in()
    return desk


def chatted(desk: Desk, chat: str, at: float) -> None:
    """One chat to its end, each event 10 ms late."""
    desk.event({"state": "Invited", "id": chat}, at + 1.01)
    desk.answer(at + 1.05)
    desk.event({"state": "Chatting", "id": chat}, at + 1.12)
    desk.event({"state": "History", "id": chat}, at + 1.22)


def test_a_chat_is_played_to_its_end_and_every_step_has_its_figure() -> None:
    desk = listening()

    chatted(desk, "chat-777777", 0.0)

    assert desk.figures("answer") == [("me", 0.0), ("accept", 0.04)]
    assert desk.figures("event") == [("invited", 0.01), ("chatting", 0.01), ("history", 0.01)]
    assert desk.figures("chat") == [("", 1.22)]
    assert desk.errors() == []
    assert desk.part.chats == 0


def test_what_the_session_has_told_is_said_in_every_chat() -> None:
    desk = listening()

    desk.event({"state": "Invited", "id": "chat-777777"}, 1.0)

    (call,) = desk.calls
    assert (call.path, call.body) == ("/chats/chat-777777", {"by": "agent-99"})


def test_a_request_is_made_when_the_person_has_thought_and_timed_from_when_it_was_meant() -> None:
    desk = listening(thinking=lambda _ask, _agent, _chat: 2.0)

    desk.event({"state": "Invited", "id": "chat-777777"}, 1.0)
    assert (desk.calls, desk.until) == ([], 3.0)
    desk.do(desk.part.wake(3.5))  # the caller itself was late
    desk.answer(3.6)

    assert desk.figures("answer")[1:] == [("accept", 0.6)]


def test_chats_at_once_are_told_apart_by_their_ids() -> None:
    desk = listening()
    desk.do(desk.part.begin(0.0))

    for chat in ("chat-111111", "chat-222222"):
        desk.event({"state": "Invited", "id": chat}, 1.0)
    assert [call.path for call in desk.calls] == ["/chats/chat-111111", "/chats/chat-222222"]
    desk.answer(1.0)
    desk.answer(1.0)
    for state in ("Chatting", "History"):
        for chat in ("chat-222222", "chat-111111"):
            desk.event({"state": state, "id": chat}, 1.2)

    assert [(each.chat, each.step) for each in desk.told if each.kind == "event"][2:] == [
        (2, "chatting"),
        (1, "chatting"),
        (2, "history"),
        (1, "history"),
    ]
    assert desk.errors() == []


def test_one_chat_after_another_is_counted_from_when_it_was_meant_to_begin() -> None:
    desk = listening()
    chatted(desk, "chat-111111", 0.0)
    desk.do(desk.part.begin(12.0, meant=10.0))

    chatted(desk, "chat-222222", 10.0)

    assert desk.figures("event")[3:] == [("invited", 0.01), ("chatting", 0.01), ("history", 0.01)]
    assert desk.figures("chat") == [("", 1.22), ("", 1.22)]


def test_the_events_of_a_chat_that_the_server_brings_by_itself_are_nobodys_and_no_strangers() -> None:
    desk = listening(text=f"again: history + 1s\n{CHAT}")
    desk.event({"state": "Invited", "id": "chat-000009"}, 1.0)
    desk.answer(1.1)
    desk.event({"state": "Chatting", "id": "chat-000009"}, 1.2)
    desk.event({"state": "Invited", "id": "chat-000010"}, 1.3)
    assert len(desk.figures("stranger")) == 1
    desk.event({"state": "History", "id": "chat-000009"}, 1.4)
    desk.event({"state": "Invited", "id": "chat-000011"}, 3.4)
    assert (len(desk.figures("stranger")), desk.errors(), desk.calls) == (1, [], [])
    desk.event({"state": "Gone", "id": "chat-000011"}, 3.5)
    assert len(desk.figures("stranger")) == 2


def test_an_event_that_comes_twice_is_told_even_after_the_end() -> None:
    desk = listening()

    desk.event({"state": "Invited", "id": "chat-777777"}, 1.0)
    desk.event({"state": "Invited", "id": "chat-777777"}, 1.0)
    desk.answer(1.0)
    desk.event({"state": "Chatting", "id": "chat-777777"}, 1.1)
    desk.event({"state": "History", "id": "chat-777777"}, 1.2)
    desk.do(desk.part.begin(1.3))
    desk.event({"state": "History", "id": "chat-777777"}, 1.4)

    assert desk.errors() == [("doubled", "invited"), ("doubled", "history")]
    assert desk.part.chats == 1


def test_an_event_that_comes_before_its_turn_is_told() -> None:
    desk = listening()

    desk.event({"state": "Invited", "id": "chat-777777"}, 1.0)
    desk.event({"state": "History", "id": "chat-777777"}, 1.2)
    desk.event({"state": "Chatting", "id": "chat-777777"}, 1.2)

    assert desk.errors() == [("misordered", "chatting")]


def test_an_event_that_never_comes_is_missing_and_the_chat_goes_on_without_it() -> None:
    text = CHAT + "  - {id: leave, request: 'POST /leave'}\n"
    desk = listening(text=text, patience=5.0)

    desk.event({"state": "Invited", "id": "chat-777777"}, 1.0)
    desk.answer(1.0)
    desk.event({"state": "History", "id": "chat-777777"}, 1.2)
    while not desk.calls:
        assert desk.until is not None
        desk.do(desk.part.wake(desk.until))

    assert desk.until is not None
    assert desk.errors() == [("missing", "chatting")]
    assert [call.step for call in desk.calls] == ["leave"]


def test_a_chat_that_never_begins_is_given_up_only_where_it_should_have_begun() -> None:
    ours, real = listening(patience=5.0), listening(patience=5.0, starts_known=False)

    for desk in (ours, real):
        for now in (5.0, 6.0, 7.0, 12.0, 3600.0):
            desk.do(desk.part.wake(now))

    assert ours.errors() == [("missing", "invited")]
    assert len(ours.figures("given up")) == 1
    assert (real.errors(), real.part.chats) == ([], 1)


def test_at_a_real_server_nobody_says_when_a_customer_was_to_come() -> None:
    desk = listening(starts_known=False)

    chatted(desk, "chat-777777", 100.0)

    assert desk.figures("event") == [("invited", None), ("chatting", 0.01), ("history", 0.01)]


@pytest.mark.parametrize(
    "fails",
    [
        lambda part, number, now: part.answered(number, 503, {}, now),
        lambda part, number, now: part.unanswered(number, "connection reset", now),
    ],
)
def test_a_request_that_comes_to_nothing_is_made_again_and_timed_from_the_first(
    fails: Callable[[Part, int, float], list[Action]],
) -> None:
    desk = listening()
    desk.event({"state": "Invited", "id": "chat-777777"}, 1.0)

    desk.do(fails(desk.part, desk.calls.pop().number, 1.0))
    assert desk.until == 2.0
    desk.do(desk.part.wake(2.0))
    desk.answer(2.1)

    assert len(desk.errors()) == 1
    assert desk.figures("answer")[1:] == [("accept", 1.1)]


def test_a_request_that_is_refused_ends_its_chat_and_no_other() -> None:
    desk = listening()
    desk.do(desk.part.begin(0.0))
    desk.event({"state": "Invited", "id": "chat-777777"}, 1.0)

    desk.answer(1.1, 404)
    desk.event({"state": "Chatting", "id": "chat-777777"}, 1.2)

    assert desk.errors() == [("status 404", "accept")]
    assert len(desk.figures("given up")) == 1
    assert desk.part.chats == 1


def test_an_answer_with_another_status_is_told_with_what_the_server_says_about_it() -> None:
    desk = listening()
    desk.event({"state": "Invited", "id": "chat-777777"}, 1.0)
    said = {"statusCode": 6, "statusMessage": "the chat is\n  somebody else's " + "x" * 500}

    desk.do(desk.part.answered(desk.calls.pop().number, 404, said, 1.1))

    (error,) = [each for each in desk.told if each.kind == "error"]
    assert error.example.startswith(
        "POST /chats/${chat} was answered 404, not 200: the chat is somebody else's x"
    )
    assert len(error.example) < 300


def test_a_client_that_is_forgotten_shakes_hands_anew_and_that_is_a_recovery() -> None:
    desk = listening()
    desk.grant(0.0)
    (poll,) = desk.batches
    desk.batches.clear()
    forgotten = {"channel": "/meta/connect", "id": poll.messages[0]["id"], "successful": False}
    forgotten |= {"error": "402::Unknown client", "advice": {"reconnect": "handshake"}}

    desk.do(desk.part.received(poll.number, [forgotten], 5.0))
    desk.do(desk.part.wake(5.0))
    desk.grant(5.0)
    desk.grant(5.0)
    desk.grant(5.0)
    chatted(desk, "chat-777777", 5.0)

    assert desk.figures("recovery") == [("", None)]
    assert desk.figures("event")[0] == ("invited", 5.01)


def test_a_lost_websocket_is_an_error_and_the_client_connects_again_a_little_later() -> None:
    desk = listening(transport="websocket")
    desk.batches.clear()

    desk.do(desk.part.lost("closed with 1006", 5.0))
    desk.do(desk.part.wake(6.0))

    assert desk.errors() == [("lost connection", "")]
    assert [batch.messages[0]["channel"] for batch in desk.batches] == ["/meta/connect"]


def test_roles_of_one_chat_go_on_when_the_other_has_seen_its_part() -> None:
    text = """
    steps:
      - {id: invited, agent: asking, push: /chats, data: {a: 1}}
      - {id: ask, agent: asking, request: POST /ask}
      - {id: asked, agent: helping, push: /chats, after: ask + 1s, data: {b: 2}}
      - {id: help, agent: helping, request: POST /help}
    """
    driving = Driving(plan(scenario(text)), "http://gws")
    chat = Chat()
    asking, helping = Desk(text), Desk(text)
    asking.part, helping.part = (Part(driving, role=role) for role in (0, 1))
    for desk in (asking, helping):
        desk.do(desk.part.begin(0.0, chat))
        desk.come_in()

    asking.event({"a": 1}, 0.0)
    asking.answer(0.0)
    helping.event({"b": 2}, 1.5)
    helping.answer(1.6)
    asking.do(asking.part.wake(1.6))

    assert helping.figures("event") == [("asked", 0.5)]
    assert [desk.part.chats for desk in (asking, helping)] == [0, 0]
    assert asking.errors() == helping.errors() == []


def test_who_leaves_says_goodbye_and_is_over_when_it_is_answered() -> None:
    desk = listening()

    desk.do(desk.part.leave(3.0))
    desk.grant(3.0)

    assert desk.over == Over("")
    assert desk.errors() == []


def test_a_body_that_the_step_does_not_have_is_not_sent() -> None:
    desk = Desk()
    desk.do(desk.part.start(0.0))
    assert desk.calls[0].body is msgspec.UNSET
