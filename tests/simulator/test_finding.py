"""A request is held against the steps that it can be, and the choice is as if it were held against all."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.plan.values import as_text
from replay.scenario.load import loads
from replay.simulator.agents import words_of
from replay.simulator.asking import Candidate, Question
from replay.simulator.matching import candidates, is_answerable
from replay.simulator.options import Options
from replay.simulator.simulator import Simulator
from replay.testing import BASE_URL, Desktop, Script, scenario

VARIABLES = {
    "chat": {"recorded": "0000Na9B26EF002X", "make": "interaction-id"},
    "who": {"recorded": "009052C5E6D6004A", "make": "participant-id"},
    "turn": {"recorded": 17, "make": "counter"},
    "number": {"recorded": 1234, "make": "lookalike"},
    "free": {"recorded": "f"},
    "given": {"recorded": "g"},
}
NAMES = [f"${{{name}}}" for name in VARIABLES]
SEGMENTS = ["a", "b", *NAMES, "a-${free}", "${chat}-${free}", "${free}${given}"]
LITERALS = ["A", "B", 17, 1, True, 1.0, None, ["A"], {"in": "A"}, "f", "g"]

paths = st.lists(st.sampled_from(SEGMENTS), min_size=1, max_size=3).map(lambda all_: "/" + "/".join(all_))
bodies = st.dictionaries(
    st.sampled_from(["operationName", "v", "${free}"]), st.sampled_from(LITERALS + NAMES)
)
queries = st.sampled_from(["", "", "?q=A", "?q=B&v=A", "?q=${free}", "?v=${chat}"])


def _requests(role: str | None) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda method, path, query, body, rest: {
            "request": f"{method} {path}{query}",
            **({"agent": role} if role else {}),
            **({"body": body} | rest if body is not None else {}),
        },
        st.sampled_from(["GET", "POST"]),
        paths,
        queries,
        st.none() | bodies,
        st.fixed_dictionaries(
            {},
            optional={
                "repeat": st.sampled_from(["last", "once", "cycle"]),
                "match": st.sampled_from(["subset", "exact"]),
            },
        ),
    )


@st.composite
def stories(draw: st.DrawFn) -> dict[str, Any]:
    roles = draw(st.sampled_from([[None], [None], ["ann", "bob"]]))
    asked = draw(st.lists(st.sampled_from(roles).flatmap(_requests), min_size=1, max_size=5))
    once = draw(st.lists(st.sampled_from(roles).flatmap(_requests), max_size=2))
    steps = [step | {"id": f"s{number}"} for number, step in enumerate(asked)]
    if len(steps) > 1 and draw(st.booleans()):
        steps[-1]["needs"] = ["s0"]
    ignore = draw(
        st.lists(st.sampled_from(["path", "method", "operationName", "v", "q", "body"]), max_size=1)
    )
    return {
        "version": 1,
        "variables": VARIABLES,
        "ignore": ignore,
        "session": [step | {"id": f"o{number}"} for number, step in enumerate(once)],
        "steps": steps,
    }


def _filled(simulator: Simulator, target: str, draw: st.DataObject) -> str:
    """A path in which every name is what it is in some play, or what a client makes up."""
    values: dict[str, list[str]] = {name: ["f", "g", "a"] for name in VARIABLES}
    for agent in simulator.agents.all:
        for play in (*agent.sessions, *agent.plays):
            for name, value in play.values.items():
                values[name].append(as_text(value))
    for name in VARIABLES:
        while f"${{{name}}}" in target:
            value = draw.draw(st.sampled_from(values[name]))
            target = target.replace(f"${{{name}}}", quote(value), 1)
    return target


def _question(method: str, target: str, body: Any) -> Question:
    path, _, query = target.partition("?")
    pairs = tuple(tuple(each.split("=")) for each in query.split("&")) if query else ()
    said = msgspec.UNSET if body is msgspec.UNSET else body
    raw = b"" if body is msgspec.UNSET else msgspec.json.encode(body)
    return Question(method=method, path=path, query=pairs, body=raw, json=said, base_url=BASE_URL)  # type: ignore[arg-type]


def _told(found: list[Candidate]) -> list[tuple[str, str, int, dict[str, Any], tuple[str, ...], bool]]:
    return [
        (each.play.label, each.ask.id, each.rank, each.captures, each.unmet, is_answerable(each))
        for each in found
        if each.fits
    ]


def _compare(script: Script, question: Question) -> None:
    """For whoever asks: what fits is found, and stands in the same order."""
    finding, words = script.simulator.finding, words_of(question.path, question.query, question.json)
    for agent in script.simulator.agents.all:
        fitting, everything = (
            finding.fitting(question, agent, words),
            candidates(question, agent, *finding._plays(agent, words)),
        )
        script.expect(_told(fitting), _told(everything))


def _come(script: Script, name: str) -> Desktop:
    desktop = script.desktop(name)
    desktop.handshake()
    return desktop


@given(
    told=st.lists(stories(), min_size=1, max_size=3),
    more=st.data(),
    given_=st.sampled_from([{}, {"given": "g"}, {"given": "a/b"}, {"given": 5}, {"free": ""}]),
)
@settings(max_examples=150)
def test_what_a_request_fits_is_found_without_holding_it_against_everything(
    told: list[dict[str, Any]], more: st.DataObject, given_: dict[str, Any]
) -> None:
    scenarios = [
        loads(msgspec.json.encode(each | {"name": f"story{number}"}).decode())
        for number, each in enumerate(told)
    ]
    script = Script(*scenarios, options=Options(values=given_))
    desktops = [_come(script, name) for name in ("ann", "bob", "cy")]
    everything = [step for each in told for step in (*each["session"], *each["steps"])]
    for _ in range(more.draw(st.integers(1, 6))):
        step = more.draw(st.sampled_from(everything))
        method, _, target = step["request"].partition(" ")
        target = _filled(script.simulator, target, more)
        if more.draw(st.integers(0, 4)) == 0:
            method = more.draw(st.sampled_from(["GET", "POST"]))
        body = step.get("body", msgspec.UNSET)
        if isinstance(body, dict):
            keys = [_filled(script.simulator, key, more) for key in body]
            values = [
                _filled(script.simulator, value, more) if isinstance(value, str) else value
                for value in body.values()
            ]
            body = dict(zip(keys, values, strict=True)) | more.draw(
                st.dictionaries(
                    st.sampled_from(["v", "operationName", "w"]),
                    st.sampled_from([*LITERALS, 17.0]),
                    max_size=1,
                )
            )
        question = _question(method, target, body)
        _compare(script, question)
        desktop = more.draw(st.sampled_from(desktops))
        desktop.request(method, target, question.body)
        _compare(script, question)
        if more.draw(st.booleans()):
            _offer(script, more)
            _compare(script, question)


def _offer(script: Script, more: st.DataObject) -> None:
    agent = more.draw(st.sampled_from(script.simulator.agents.all))
    timeline = more.draw(st.sampled_from(script.simulator.timelines))
    script.direct(lambda simulator, now: simulator.casting.offer(agent, timeline, now), "offered")


ACCEPT = (
    "steps: [{{id: accept, request: POST /chats/{chat}, body: {{operationName: Accept}}, repeat: cycle}}]"
)
MINTED = """
variables: {chat: {recorded: 0000Na9B26EF002X, make: interaction-id}}
steps: [{id: accept, request: "POST /chats/${chat}", body: {operationName: Accept}, repeat: cycle}]
"""


def _held(script: Script, path: str, body: Any) -> int:
    """Against how many steps a request of the first agent's is held."""
    question, (agent, *_) = _question("POST", path, body), script.simulator.agents.all
    words = words_of(question.path, question.query, question.json)
    return len(script.simulator.finding.fitting(question, agent, words))


def test_a_request_is_held_against_one_step_however_many_scenarios_tell_of_others() -> None:
    script = Script(*(scenario(ACCEPT.format(chat=f"c{n}"), name=f"s{n}") for n in range(200)))
    desktop = _come(script, "ann")

    assert script.answer(desktop.post("/chats/c17", {"operationName": "Accept"})).status == 200
    script.expect(_held(script, "/chats/c17", {"operationName": "Accept"}), 1)
    script.expect(_held(script, "/chats/c17", {"operationName": "Reject"}), 0)


def test_a_request_is_held_against_the_play_whose_id_it_has_and_no_other() -> None:
    script = Script(*(scenario(MINTED, name=f"s{n}") for n in range(200)))
    _come(script, "ann")
    (agent,) = script.simulator.agents.all

    for play in agent.plays[::50]:
        script.expect(_held(script, f"/chats/{play.values['chat']}", {"operationName": "Accept"}), 1)
    script.expect(_held(script, "/chats/nobody", {"operationName": "Accept"}), 0)


def test_a_request_is_held_against_one_step_of_very_many_that_differ_in_what_they_say() -> None:
    steps = ", ".join(
        f"{{id: s{n}, request: 'POST /chats/${{chat}}', body: {{operationName: Send, text: t{n}}}}}"
        for n in range(500)
    )
    script = Script(scenario(f"variables: {{chat: {{recorded: c}}}}\nsteps: [{steps}]"))
    _come(script, "ann")

    script.expect(_held(script, "/chats/any", {"operationName": "Send", "text": "t321"}), 1)


def test_an_id_that_stands_in_the_body_alone_leads_to_its_play() -> None:
    text = """
    variables: {chat: {recorded: 0000Na9B26EF002X, make: interaction-id}}
    steps: [{id: accept, request: POST /chats, body: {operationName: Accept, id: "${chat}"}}]
    """
    script = Script(*(scenario(text, name=f"s{n}") for n in range(50)))
    _come(script, "ann")
    chat = script.simulator.agents.all[0].plays[7].values["chat"]

    script.expect(_held(script, "/chats", {"operationName": "Accept", "id": chat}), 1)


@pytest.mark.parametrize("value", ["a/b", "", 17.5, True])
def test_a_value_that_is_given_and_is_no_word_of_a_request_leads_nowhere_and_is_compared(value: Any) -> None:
    text = """
    variables: {chat: {recorded: 1, make: counter}}
    steps: [{id: accept, request: "POST /chats/${chat}/x", body: {id: "${chat}"}}]
    """
    script = Script(scenario(text), options=Options(values={"chat": value}))
    desktop = _come(script, "ann")

    exchange = desktop.post(f"/chats/{as_text(value)}/x", {"id": value})
    script.expect(script.answer(exchange).status, 200)


def test_a_number_that_is_made_is_the_same_number_with_a_point() -> None:
    text = """
    variables: {chat: {recorded: 17, make: counter}}
    steps: [{id: accept, request: POST /chats, body: {id: "${chat}"}}]
    """
    script = Script(scenario(text))
    desktop = _come(script, "ann")

    script.expect(script.answer(desktop.post("/chats", {"id": 17.0})).status, 200)
