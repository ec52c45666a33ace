"""Chats that were recorded at once tell the stories that each alone tells."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from replay.scenario.model import PushStep, Scenario, Step

from .recorded import CHATS, stories
from .strategies import AGENTS, Said, recordings

TRANSPORTS = ["long-polling", "faye", "callback-polling", "websocket"]
QUEUE = "7d2a6c0d9b1e4c37a8d40be6127f93c1"
ME = "5f2a6c0d9b1e4c37a8d40be6127f93c1"
MOVES = ["accept", "send", "say", "read", "join", "typing", "transfer"]


class Chat(msgspec.Struct, frozen=True):
    """What happens in one chat: each move some time after the one before."""

    begins: int
    """Milliseconds."""
    moves: list[tuple[str, int]]


@st.composite
def chats(draw: st.DrawFn) -> list[Chat]:
    """Chats at once, one after the other, or long after each other."""
    found = []
    for _ in range(draw(st.integers(2, len(AGENTS)))):
        begins = draw(st.integers(100, 3_000) | st.integers(100, 60_000))
        moves = draw(st.lists(st.tuples(st.sampled_from(MOVES), st.integers(5, 900)), max_size=6))
        found.append(Chat(begins, moves))
    return found


def told(chat: Chat, number: int, agent: int) -> list[Said]:
    """The chat as it goes on between the agent and the server."""
    name, customer = f"0000Na9B26EF{number:03d}X", f"009052C5E6D6{number:04X}"
    path = f"/api/v2/me/chats/{name}"
    at = 1.0 + chat.begins / 1000 + number / 100_000
    story = [Said(agent, at, event=changed("Invited", name, participants=[{"participantId": customer}]))]
    for place, (move, later) in enumerate(chat.moves):
        at = round(at + later / 1000, 5)
        reference = 1000 * number + place
        if move == "say":
            said = changed("Said", name, messages=[{"participantId": customer, "text": f"Hello {place}"}])
            story.append(Said(agent, at, event=said))
        elif move == "typing":
            typing = (CHATS, {"notificationType": "Typing", "participantId": customer, "queueId": QUEUE})
            story.append(Said(agent, at, event=typing))
        elif move == "read":
            story.append(Said(agent, at, call=("GET", path, msgspec.UNSET, {"chat": {"id": name}})))
        else:
            body = {"operationName": move.title(), "text": f"{move} {number} {place}"}
            answer = {"statusCode": 0, "referenceId": reference}
            story.append(Said(agent, at, call=("POST", path, body, answer)))
            brought = changed("Changed", name, referenceId=reference, userId=ME)
            if move == "join":
                brought = (CHATS, {"notificationType": "Joined", "referenceId": reference})
            story.append(Said(agent, round(at + 0.003, 5), event=brought))
    return story


def changed(kind: str, chat: str, **more: Any) -> tuple[str, Any]:
    return CHATS, {"notificationType": kind, "chat": {"id": chat}, "queueId": QUEUE, **more}


def login(agent: int) -> list[Said]:
    ready = ("POST", "/api/v2/me", {"operationName": "Ready"}, {"statusCode": 0})
    return [
        Said(agent, 0.5, call=("GET", "/api/v2/me", msgspec.UNSET, {"user": {"id": ME}})),
        Said(agent, 0.6, call=ready),
    ]


def timeless(scenario: Scenario) -> Any:
    """What a scenario says, but for when."""
    return msgspec.to_builtins(
        [[_timeless(step) for step in scenario.session + scenario.steps], scenario.variables]
    )


def _timeless(step: Step) -> Step:
    if not isinstance(step, PushStep):
        return step
    return msgspec.structs.replace(step, after=step.after.partition(" + ")[0], window="0s")


def by_chat(scenarios: list[Scenario]) -> dict[Any, Any]:
    return {each.variables["chat"].recorded: timeless(each) for each in scenarios}


AT_ONCE = given(
    chats(),
    st.booleans(),
    st.lists(st.sampled_from(TRANSPORTS), min_size=len(AGENTS), max_size=len(AGENTS)),
)
SLOW = [HealthCheck.too_slow]


@settings(max_examples=12, deadline=None, suppress_health_check=SLOW)
@AT_ONCE
def test_chats_at_once_are_told_as_each_alone(chats: list[Chat], one: bool, transports: list[str]) -> None:
    told_as_each_alone(chats, transports, one_agent=one)


@pytest.mark.full
@settings(max_examples=500, deadline=None, suppress_health_check=SLOW)
@AT_ONCE
def test_many_more_chats_at_once(chats: list[Chat], one: bool, transports: list[str]) -> None:
    told_as_each_alone(chats, transports, one_agent=one)


def told_as_each_alone(chats: list[Chat], transports: list[str], *, one_agent: bool) -> None:
    """Whether one agent has all chats, or each has one."""
    agents = [0 if one_agent else number for number in range(len(chats))]
    each = [told(chat, number, agent) for number, (chat, agent) in enumerate(zip(chats, agents, strict=True))]
    alone = [
        recordings([*login(agent), *story], agent, transports[agent], set())
        for story, agent in zip(each, agents, strict=True)
    ]
    whole = sorted((said for story in each for said in story), key=lambda said: said.at)
    at_once = [
        recordings([*login(agent), *whole], agent, transports[agent], set()) for agent in sorted(set(agents))
    ]

    wanted = [scenario for one_recording in alone for scenario in stories(one_recording)]
    assert len(wanted) == len(chats)
    assert by_chat(stories(*at_once)) == by_chat(wanted)
