"""Variables that are made each time that a step takes place: what may be said of them, and what not."""

from __future__ import annotations

import pytest

from replay.errors import ScenarioError
from replay.scenario.dump import dumps
from replay.scenario.load import loads
from replay.scenario.model import Collected

from .told import story, told

SAID = '{id: said, push: /c, data: {chat: {n: "${index}"}, at: "${now}"}}'
VARIABLES = (
    "variables: {index: {make: count}, now: {recorded: 1388701398, make: time}, list: {told: {field: chat}}, "
    "plays: {told: {field: news, of: plays}}}"
)


def variable(said: str) -> list[str]:
    return told(story("{id: a, push: /c, data: {chat: 1, messages: []}}", head=f"variables: {{v: {said}}}"))


@pytest.mark.parametrize(
    ("said", "what"),
    [
        (
            "{make: time}",
            "3:13: variable 'v' has no 'recorded', in the form of which 'make: time' writes a time",
        ),
        (
            "{make: time, recorded: noon}",
            "3:39: 'recorded' of variable 'v' is no time, and 'make: time' writes one in its form",
        ),
        (
            "{make: time, recorded: 12.5}",
            "3:39: 'recorded' of variable 'v' is no time, and 'make: time' writes one in its form",
        ),
        (
            "{make: count, recorded: true}",
            "3:40: 'recorded' of variable 'v' must be a whole number, from which 'make: count' counts",
        ),
        ("{make: cuont}", "3:23: nothing makes a 'cuont'"),
        (
            "{make: count, told: {field: chat}}",
            "3:17: variable 'v' is made, or it is what was told: it has both 'make' and 'told'",
        ),
        ("{told: {field: chta}}", "3:31: no push of this scenario tells a 'chta'"),
        ("{told: {field: chat.id}}", "3:31: 'chat.id' is no name of a field"),
        ("{told: {of: plays}}", "3:23: 'told' of variable 'v' has no 'field'"),
        ("{told: {field: chat, of: all}}", "3:41: 'of' must be one of 'play', 'plays', not 'all'"),
        (
            "{told: {field: chat, of: plays, all: true}}",
            "3:48: 'all' is of one play, and 'of: plays' is the latest of each",
        ),
        (
            "{recorded: 1, told: {field: messages, all: true}}",
            "3:27: 'recorded' of variable 'v' must be a list, as what is collected is one",
        ),
    ],
)
def test_what_cannot_be_made_or_collected_is_told(said: str, what: str) -> None:
    assert variable(said) == [what]


def test_the_nearest_field_that_is_told_is_named() -> None:
    with pytest.raises(
        ScenarioError, match=r"Did you mean 'chat'\? Fields at the top of events: chat, messages"
    ):
        loads(
            story(
                "{id: a, push: /c, data: {chat: 1, messages: []}}",
                head="variables: {v: {told: {field: cha}}}",
            )
        )


@pytest.mark.parametrize(
    "step",
    [
        '{id: b, push: /c, data: "${said.index} of ${said.now}"}',
        '{id: b, request: GET /, respond: {headers: {X: "${index}"}, body: ["${now}", "${list}"]}}',
        '{id: b, request: GET /, respond: {text: "${plays} at ${now}"}}',
        '{id: b, push: /c, data: {"${index}": "${plays}"}}',
    ],
)
def test_answers_and_events_may_say_them(step: str) -> None:
    assert loads(story(SAID, step, head=VARIABLES))


@pytest.mark.parametrize(
    ("step", "what"),
    [
        (
            '{id: b, request: "GET /${index}"}',
            "6:20: no request is known by '${index}': 'make: count' makes another value each time",
        ),
        (
            '{id: b, request: GET /, body: {a: ["${now}"]}}',
            "6:38: no request is known by '${now}': 'make: time' makes another value each time",
        ),
        (
            '{id: b, request: GET /, body: {a: "x${list}"}}',
            "6:37: no request is known by '${list}': what has been told is other at each time",
        ),
        (
            '{id: b, request: "GET /?after=${said.index}"}',
            "6:20: no request is known by '${said.index}': 'make: count' makes another value each time",
        ),
        (
            '{id: b, push: "/c/${index}", data: 1}',
            "6:17: no channel is called after '${index}': 'make: count' makes another value each time",
        ),
        ('{id: b, push: /c, data: "${said.list}"}', "6:27: step 'said' has no variable 'list'"),
        ('{id: b, push: /c, data: "${siad.index}"}', "6:27: '${siad.index}' names no step 'siad'"),
        ('{id: b, push: /c, data: "${said.indx}"}', "6:27: '${said.indx}' names no variable 'indx'"),
    ],
)
def test_what_is_not_known_before_a_step_takes_place_can_say_nothing_of_it(step: str, what: str) -> None:
    assert told(story(SAID, step, head=VARIABLES)) == [what]


def test_a_session_that_asks_what_a_play_has_told_is_told_how_to_ask_for_all_plays() -> None:
    session = 'session: [{id: s, request: GET /, respond: {body: {chat: "${list}", news: "${plays}"}}}]'
    text = story(SAID, head=f"{VARIABLES}\n{session}")

    with pytest.raises(ScenarioError) as raised:
        loads(text)
    (problem,) = raised.value.problems
    assert (problem.line, problem.column) == (4, 58)
    assert problem.what == "no push of the session tells a 'chat', so '${list}' is never any"
    assert problem.help == "'of: plays' in 'told' of 'list' collects what the agent's plays have told."


def test_they_are_written_as_they_were_read() -> None:
    head = (
        "variables: {v: {told: {field: chat, of: plays, unless: {state: [Completed, 1], by: agent}}}, "
        "w: {recorded: [], told: {field: chat, all: true}}}"
    )
    scenario = loads(story(SAID.replace("${index}", "x").replace("${now}", "y"), head=head))

    unless = {"state": ["Completed", 1], "by": "agent"}
    assert scenario.variables["v"].told == Collected(field="chat", of="plays", unless=unless)
    assert loads(dumps(scenario)) == scenario
    assert "told: {field: chat, of: plays, unless: {state: [Completed, 1], by: agent}}" in dumps(scenario)


def test_what_is_taken_in_turn_is_a_list() -> None:
    for recorded, place in (("recorded: hi, ", "4:20"), ("recorded: [], ", "4:20"), ("", "4:3")):
        text = f"version: 1\nname: one\nvariables:\n  line: {{{recorded}make: turn}}\nsteps: []\n"
        said = "'recorded' of variable 'line' must be a list, of which 'make: turn' takes one by one"
        assert told(text) == [f"{place}: {said}"]
