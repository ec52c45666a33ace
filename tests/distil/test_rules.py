"""Whatever happens, the scenario loads, and says what was recorded."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from replay.distil import Distilled
from replay.errors import RecordingError
from replay.plan.timeline import plan
from replay.plan.values import compile_value, render
from replay.scenario.dump import dumps
from replay.scenario.model import PushStep, RequestStep, Scenario

from .recorded import HOST, Recorded
from .strategies import Said, recordings, stories

TRANSPORTS = ["long-polling", "faye", "callback-polling", "websocket"]
ample = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def distilled(story: list[Said], agent: int, transports: list[str], batched: set[int]) -> Distilled:
    both = [recordings(story, each, transports[each], batched) for each in (0, 1)]
    return both[0].distilled(both[1], person=agent + 1)


def meant(scenario: Scenario, value: Any) -> Any:
    """What a text of the scenario stands for with the recorded values put back."""
    known = {name: each.recorded for name, each in scenario.variables.items()} | {"base_url": HOST}
    return render(compile_value(value), known.__getitem__)


def requests(scenario: Scenario) -> list[Any]:
    """Every answer with what was asked, put back."""
    timeline = plan(scenario)
    known = {name: each.recorded for name, each in scenario.variables.items()} | {"base_url": HOST}
    asks = {ask.id: ask for ask in (*timeline.session.asks, *timeline.story.asks)}
    told = []
    for step in (*scenario.session, *scenario.steps):
        if isinstance(step, RequestStep):
            ask = asks[step.id]
            query = [(key, render(value, known.__getitem__)) for key, value in ask.query]
            target = (ask.method, ask.path.render(known.__getitem__), query)
            body = step.body if step.body is msgspec.UNSET else meant(scenario, step.body)
            told.append((target, body, [meant(scenario, answer.body) for answer in step.respond]))
    return told


def asked(story: list[Said], agent: int) -> list[Any]:
    """The same, as it was recorded: operations one by one, what is read with all its answers in turn."""
    told: dict[Any, Any] = {}
    for place, said in enumerate(story):
        if said.agent == agent and said.call is not None:
            method, target, body, answer = said.call
            _, _, path = target.partition("/api/v2/")
            path, query = ("a b", [("x", "${y")]) if "?" in path else (path, [])
            key = target if method == "GET" else place
            kept = told.setdefault(key, ((method, f"/api/v2/{path}", query), body, []))
            kept[2].append(answer)
    for (method, _, _), _, answers in told.values():
        while method == "GET" and len(answers) > 1 and answers[-1] == answers[-2]:
            answers.pop()
    return list(told.values())


@ample
@given(
    stories(),
    st.integers(0, 1),
    st.lists(st.sampled_from(TRANSPORTS), min_size=2, max_size=2),
    st.sets(st.integers(0, 8)),
)
def test_a_scenario_says_what_was_recorded(
    story: list[Said], agent: int, transports: list[str], batched: set[int]
) -> None:
    told = distilled(story, agent, transports, batched)

    pushed = [
        (meant(told.scenario, step.push), meant(told.scenario, step.data))
        for step in told.scenario.steps
        if isinstance(step, PushStep)
    ]
    assert pushed == [said.event for said in story if said.agent == agent and said.event is not None]


@ample
@given(stories(agents=1), st.sampled_from(TRANSPORTS))
def test_every_request_is_there_with_its_answers(story: list[Said], transport: str) -> None:
    scenario = recordings(story, 0, transport, set()).scenario(together=True)

    told, wanted = requests(scenario), asked(story, 0)
    # What is read both before and after the story tells of it is two steps.
    assert {repr(target) for target, _, _ in told} == {repr(target) for target, _, _ in wanted}
    # The same asked again with the same answer may be one step that may be asked again.
    assert set(operations(told)) == set(operations(wanted))


def operations(told: list[Any]) -> list[str]:
    """Those that do something, in an order of their own: session and story are apart in a scenario."""
    return sorted(repr(_ordered(each)) for each in told if each[0][0] != "GET")


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return sorted((key, _ordered(item)) for key, item in value.items())
    return [_ordered(item) for item in value] if isinstance(value, list | tuple) else value


def plain(scenario: Scenario) -> str:
    """A scenario without its transports, delays and what they say."""
    steps = []
    for step in scenario.steps:
        if isinstance(step, PushStep):
            because = re.sub(r"; (it came before the answer|though it may have .*)", "", step.because)
            after = step.after.partition(" + ")[0]
            steps.append(msgspec.structs.replace(step, after=after, because=because, window="0s"))
        else:
            steps.append(step)
    source = msgspec.structs.replace(scenario.source, transports=[])
    return dumps(msgspec.structs.replace(scenario, steps=steps, source=source))


@ample
@given(stories(agents=1), st.sampled_from(TRANSPORTS[1:]))
def test_the_same_story_over_another_transport_is_the_same_scenario(
    story: list[Said], transport: str
) -> None:
    scenarios = [
        recordings(story, 0, each, set()).scenario(together=True) for each in ("long-polling", transport)
    ]

    assert plain(scenarios[0]) == plain(scenarios[1])


@ample
@given(stories(agents=1), st.sets(st.integers(0, 8)))
def test_events_that_travelled_together_are_told_as_if_alone(story: list[Said], batched: set[int]) -> None:
    # A batch delays an event; past a request it would belong to another cause.
    story = [said for said in story if said.event is not None]

    scenarios = [
        recordings(story, 0, "long-polling", each).scenario(together=True) for each in (set(), batched)
    ]

    assert plain(scenarios[0]) == plain(scenarios[1])


@ample
@given(st.binary(max_size=200), st.sampled_from(["/connect", "/handshake"]), st.binary(max_size=60))
def test_no_bytes_bring_it_down(reply: bytes, url: str, header: bytes) -> None:
    recorded = Recorded().shaken()
    odd = ((header.decode("latin-1"), header.decode("utf-8", "surrogateescape")),)
    recorded.poll(1, 2, url=url, answer=reply)
    recorded.exchange("POST", "/api/v2/me", reply, 3, 4, answer=reply, answered_with=odd, headers=odd)

    recorded.distilled()


@pytest.mark.parametrize("profile", ["genesys", "plain"])
def test_nothing_is_no_recording(profile: str) -> None:
    with pytest.raises(RecordingError):
        Recorded().scenario(profile=profile)
