"""What a server exports tells the scenario that it played."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.scenario.load import load
from replay.scenario.model import PushStep, RequestStep, Respond, Scenario, Variable
from replay.verify.diff import diff
from tests.road.software import ROOT

from .exported import differences, exported, played, shown, told, told_by_playing

ACCEPT = load(ROOT / "scenarios" / "accept-chat.yaml")
CONSULT = load(ROOT / "tests" / "data" / "consult.yaml")
LIFTED = "5f2a6c0d9b1e4c37a8d40be6127f93c1"
UNKNOWABLE = [
    # One recording cannot tell that an id never changes, nor that no event waits for the agent to be ready.
    ("variable", "", "user", "(nothing)", "make: hex-id"),
    ("answer", "me", "answer.body.user.id", LIFTED, "${user}"),
    (
        "answer",
        "me",
        "answer.body.user.uri",
        f"${{base_url}}/api/v2/users/{LIFTED}",
        "${base_url}/api/v2/users/${user}",
    ),
    ("answer", "me", "answer.body.user.path", f"/users/{LIFTED}", "/users/${user}"),
    ("trigger", "invited", "after", "start + 1.2s", "start and ready + 1.2s"),
]

carriers = pytest.mark.parametrize("socket", [False, True], ids=["polls", "socket"])


@carriers
def test_an_accepted_chat_is_the_scenario_it_came_from(socket: bool, tmp_path: Path) -> None:
    first = told_by_playing(ACCEPT, tmp_path, socket=socket)

    assert shown(differences(ACCEPT, first)) == UNKNOWABLE
    assert shown(differences(first, told_by_playing(first, tmp_path, socket=socket))) == []


@carriers
def test_two_roles_in_one_story_are_two_roles_again(socket: bool, tmp_path: Path) -> None:
    first = told_by_playing(CONSULT, tmp_path, socket=socket)

    report = diff(CONSULT, first)
    assert report.steps == (9, 9)
    assert report.matched == 9
    assert list(report.roles.values()) == ["agent", "agent2"]
    assert shown(differences(first, told_by_playing(first, tmp_path, socket=socket))) == []


def test_one_agents_export_tells_that_agents_story_alone(tmp_path: Path) -> None:
    script = played(ACCEPT, agents=2)
    both = told(exported(script, tmp_path / "both.har"))
    (one,) = told(exported(script, tmp_path / "one.har", agent="agent2"))

    assert len(both) == 2
    assert shown(differences(both[1], one)) == []
    assert one.variables["chat"].recorded == both[1].variables["chat"].recorded


WORDS = st.text('aé €"\\<${}\n', max_size=8)
VALUES = st.recursive(
    WORDS | st.integers(-9, 9) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("pqr"), inner, max_size=2),
    max_leaves=4,
)
DELAYS = st.integers(1, 29).map(lambda tens: f"{10 * tens}ms")


@st.composite
def stories(draw: st.DrawFn) -> Scenario:
    """A chat that is offered, and what is asked and told of it, one after the other."""
    steps: list[PushStep | RequestStep] = [_push(draw, 0, "start")]
    for number in range(1, draw(st.integers(2, 6))):
        if draw(st.booleans()):
            steps.append(_push(draw, number, steps[-1].id))
        else:
            steps.append(_request(draw, number))
    return Scenario(
        version=1,
        name="story",
        variables={"chat": Variable(recorded="0000Na9B26EF002X", make="interaction-id")},
        steps=list(steps),
    )


def _push(draw: st.DrawFn, number: int, after: str) -> PushStep:
    chat = {"id": "${chat}", "state": f"State{number}", "said": _written(draw(VALUES))}
    data = {"notificationType": "StatusChange", "chat": chat}
    return PushStep(id=f"told{number}", push="/v2/me/chats", after=f"{after} + {draw(DELAYS)}", data=data)


def _request(draw: st.DrawFn, number: int) -> RequestStep:
    body = {"operationName": f"Do{number}", "value": _written(draw(VALUES), f"mine {number} ")}
    respond = Respond(
        after=draw(DELAYS),
        status=draw(st.sampled_from([200, 201, 404])),
        body={"statusCode": 0, "said": _written(draw(VALUES))},
    )
    return RequestStep(
        id=f"ask{number}", request="POST /api/v2/me/chats/${chat}", body=body, respond=[respond]
    )


def _written(value: Any, begins: str = "") -> Any:
    """As a scenario has it, where `$` begins a variable.

    Args:
        begins: Keeps a client's texts from being what the server says: those would be taken for its echo.
    """
    match value:
        case str():
            return begins + value.replace("$", "$$")
        case list():
            return [_written(each, begins) for each in value]
        case dict():
            return {key: _written(each, begins) for key, each in value.items()}
    return value


@settings(max_examples=15)
@given(stories(), st.booleans())
def test_whatever_is_played_is_told_step_by_step_and_told_again_the_same(
    story: Scenario, socket: bool
) -> None:
    check(story, socket=socket)


@pytest.mark.full
@settings(max_examples=300, deadline=None)
@given(stories(), st.booleans())
def test_hundreds_of_stories_are_told_again_the_same(story: Scenario, socket: bool) -> None:
    check(story, socket=socket)


def check(story: Scenario, *, socket: bool) -> None:
    """Plays a story, tells it, plays that and tells it again."""
    with TemporaryDirectory() as folder:
        first = told_by_playing(story, Path(folder), socket=socket)
        second = told_by_playing(first, Path(folder), socket=socket)

    report = diff(story, first)
    assert report.matched == len(story.steps) == len(first.steps)
    # Whom an event follows is guessed where several things came before it.
    assert [each for each in differences(story, first) if each.kind != "trigger"] == []
    assert shown(differences(first, second)) == []
