"""Random stories, and the recordings that the same story leaves on different transports."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import strategies as st

from tests.scenario.strategies import NASTY

from .recorded import CHATS, HOST, Recorded, delivered

AGENTS = [("a", "0000Na9B26EF00A"), ("b", "0000Na9B26EF00B"), ("c", "0000Na9B26EF00C")]


class Said(msgspec.Struct, frozen=True):
    """One thing that happened: an event to an agent, or a call of theirs."""

    agent: int
    at: float
    event: Any = None
    """Channel and data."""
    call: Any = None
    """Method, target, body, answer."""


def chat(agent: int, which: int) -> str:
    return f"{AGENTS[agent][1]}{which}"


texts = st.sampled_from([*NASTY, "price $0000Na9B26EF00A1", "http://gws:8080/x ${y}", "\ud7ff", "Grüße"])
texts = texts | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@st.composite
def values(draw: st.DrawFn, agent: int) -> Any:
    """Anything a message may hold, with ids and addresses of the story here and there."""
    own = st.sampled_from(
        [chat(agent, 1), chat(agent, 2), f"{HOST}/api/v2/chats/{chat(agent, 1)}?x=1", "Marat"]
    )
    leaves = (
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**63)
        | st.floats(allow_nan=False, allow_infinity=False)
    )
    keys = (
        st.sampled_from(["id", "uri", "text", "nickname", "type", "referenceId", "timestamp", "${k}"])
        | st.sampled_from(["messages", "from", "chat", "state", "statusCode", "messageType"])
        | texts
    )
    return draw(
        st.recursive(
            leaves | texts | own,
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
            max_leaves=6,
        )
    )


@st.composite
def events(draw: st.DrawFn, agent: int) -> Any:
    data = draw(values(agent))
    if draw(st.booleans()):
        data = {
            "notificationType": "StatusChange",
            "chat": {"id": chat(agent, draw(st.integers(1, 2)))},
            "more": data,
        }
    if isinstance(data, dict) and draw(st.booleans()):
        data["referenceId"] = draw(st.integers(1, 3))
    return draw(st.sampled_from([CHATS, "/v2/me/channels"])), data


@st.composite
def calls(draw: st.DrawFn, agent: int) -> Any:
    method = draw(st.sampled_from(["GET", "POST", "PUT"]))
    path = draw(
        st.sampled_from(["me", f"me/chats/{chat(agent, 1)}", f"me/chats/{chat(agent, 2)}", "a%20b?x=%24%7By"])
    )
    body = msgspec.UNSET
    if method != "GET":
        body = {
            "operationName": draw(st.sampled_from(["Accept", "Ready", "SendMessage"])),
            "text": draw(texts),
        }
    return method, f"/api/v2/{path}", body, draw(values(agent))


@st.composite
def stories(draw: st.DrawFn, agents: int = 2) -> list[Said]:
    """What happened, in order, each thing at a time of its own."""
    story = []
    at = 1.0
    for _ in range(draw(st.integers(0, 8))):
        at = round(at + draw(st.integers(1, 400)) / 1000, 3)
        agent = draw(st.integers(0, agents - 1))
        if draw(st.booleans()):
            story.append(Said(agent, at, event=draw(events(agent))))
        else:
            story.append(Said(agent, at, call=draw(calls(agent))))
    return story


def recordings(story: list[Said], agent: int, transport: str, batched: set[int]) -> Recorded:
    """What an agent's part of a story leaves; events whose place is in `batched` wait for the next one."""
    user = (("Authorization", f"Bearer {AGENTS[agent][0]}"),)
    recorded = Recorded(f"client-{agent}", headers=user)
    own = [(place, said) for place, said in enumerate(story) if said.agent == agent]
    for _, said in own:
        if said.call is not None:
            method, target, body, answer = said.call
            recorded.call(method, target, body, said.at, 0.0004, said=answer)
    deliveries: list[tuple[float, list[Any]]] = []
    waiting: list[Any] = []
    for place, said in own:
        if said.event is not None:
            waiting.append(said.event)
        if waiting and (place not in batched or said == own[-1][1]):
            deliveries.append((said.at, waiting))
            waiting = []
    return (_over_socket if transport == "websocket" else _over_polls)(recorded, deliveries, transport)


def _over_polls(recorded: Recorded, deliveries: list[tuple[float, list[Any]]], transport: str) -> Recorded:
    recorded.shaken(listens=[CHATS, "/v2/me/channels"])
    before = 0.1
    for at, batch in deliveries:
        if transport == "callback-polling":
            recorded.jsonp(before, at, *batch)
        else:
            recorded.poll(before, at, events=batch, order="faye" if transport == "faye" else "cometd")
        before = at
    return recorded


def _over_socket(recorded: Recorded, deliveries: list[tuple[float, list[Any]]], _: str) -> Recorded:
    shake = recorded.message("handshake")
    listen = recorded.message("subscribe", subscription=[CHATS, "/v2/me/channels"])
    pushed = [(at, "<", delivered([event])) for at, batch in deliveries for event in batch]
    return recorded.socket(
        0,
        (0.0, ">", [shake]),
        (0.005, "<", [{**shake, "successful": True, "clientId": recorded.client}]),
        (0.01, ">", [listen]),
        (0.02, "<", [{**listen, "successful": True}]),
        *pushed,
    )
