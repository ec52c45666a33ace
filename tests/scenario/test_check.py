from __future__ import annotations

import pytest

from replay.errors import ScenarioError
from replay.scenario.load import loads

from .told import story, told


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("profile: genesis", ["3:10: unknown profile 'genesis'"]),
        ("cometd: {path: cometd}", ["3:16: the path 'cometd' does not begin with '/'"]),
        (
            "cometd: {timeout: 1y, interval: 0s, max_interval: x}",
            [
                "3:19: '1y' is no duration; a duration is a number and a unit: 250ms, 1.2s, 2m",
                "3:51: 'x' is no duration; a duration is a number and a unit: 250ms, 1.2s, 2m",
            ],
        ),
        (
            "shift_times: [timestamp]",
            [
                "3:1: 'shift_times' needs 'source: {recorded: …}', "
                "the time that the story's times are moved from"
            ],
        ),
        (
            "source: {recorded: 2014-01-02T14:23:20}",
            ["3:20: '2014-01-02T14:23:20' is no time with an offset from UTC"],
        ),
        ("source: {recorded: yesterday}", ["3:20: 'yesterday' is no time with an offset from UTC"]),
        ("variables: {a: {}}", ["3:13: variable 'a' has neither 'recorded' nor 'make'"]),
        ("variables: {a: {make: uuuid}}", ["3:23: nothing makes a 'uuuid'"]),
        ("variables: {a.b: {recorded: 1}}", ["3:13: 'a.b' is no name for a variable"]),
        (
            "variables: {a: {make: uuid, recorded: 1}}",
            ["3:39: 'recorded' of variable 'a' must be a string, as 'make: uuid' makes one"],
        ),
        (
            "variables: {a: {make: counter, recorded: 1.5}}",
            ["3:42: 'recorded' of variable 'a' must be a whole number, as 'make: counter' makes one"],
        ),
        (
            "variables: {base_url: {recorded: x}}",
            ["3:13: no variable may be called 'base_url', which is the address the client dialled"],
        ),
    ],
)
def test_what_is_wrong_above_the_steps_is_told(head: str, said: list[str]) -> None:
    assert told(story(head=head) + " []") == said


@pytest.mark.parametrize(
    "head",
    [
        "profile: plain",
        "variables: {a: {make: uuid}, b: {make: counter, recorded: 17}, c: {recorded: null}}",
        "variables: {a: {make: lookalike, recorded: 4711}, b: {make: lookalike, recorded: a1}}",
        'source: {recorded: "2014-01-02T14:23:20.171-08:00"}',
        'source: {recorded: "2014-01-02T14:23:20Z"}',
    ],
)
def test_what_is_right_above_the_steps_is_read(head: str) -> None:
    assert loads(story(head=head) + " []").steps == []


@pytest.mark.parametrize(
    ("request_line", "what"),
    [
        ("GET", "'GET' is no request"),
        ("GET  /", "'GET  /' is no request"),
        ("GET /a b", "'GET /a b' is no request"),
        ("get /", "unknown method 'get'"),
        ("FETCH /", "unknown method 'FETCH'"),
        ("GET http://h/", "the path 'http://h/' does not begin with '/'"),
        ("GET /a#b", "the path '/a#b' has a fragment, which no client sends"),
    ],
)
def test_a_malformed_request_is_told(request_line: str, what: str) -> None:
    assert told(story(f'{{id: a, request: "{request_line}"}}')) == [f"4:20: {what}"]


@pytest.mark.parametrize(
    "channel", ["chats", "/", "/a/", "//a", "/a b", "/meta/connect", "/meta", "/v2/*", "/**"]
)
def test_a_channel_that_cannot_be_pushed_to_is_told(channel: str) -> None:
    assert told(story(f'{{id: a, push: "{channel}", data: 1}}')) == [
        f"4:17: '{channel}' is no channel that events can be pushed to"
    ]


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        ("{after: soon}", "'soon' is no duration; a duration is a number and a unit: 250ms, 1.2s, 2m"),
        ("{body: 1, text: x}", "an answer has one body, and here are 'body' and 'text'"),
        ('{text: x, base64: ""}', "an answer has one body, and here are 'text' and 'base64'"),
        ("{base64: x=x}", "this is not base64"),
        ("{base64: é}", "this is not base64"),
        ('{headers: {"a b": x}}', "'a b' is no name for a header"),
        ('{headers: {a: "x\\ry"}}', "the value of the header 'a' holds a control character"),
    ],
)
def test_a_malformed_answer_is_told(answer: str, what: str) -> None:
    (said,) = told(story(f"{{id: a, request: GET /, respond: {answer}}}"))

    assert said.endswith(f": {what}")


def test_a_body_that_is_ignored_is_told() -> None:
    assert told(story("{id: a, request: GET /, match: ignore, body: {}}")) == [
        "4:34: 'match: ignore' ignores the body that step 'a' lists"
    ]


def test_two_answers_may_be_given_once_each() -> None:
    text = story("{id: a, request: POST /, repeat: once, respond: [{status: 200}, {status: 409}]}")

    assert len(loads(text).steps[0].respond) == 2  # type: ignore[union-attr]


def test_step_names_are_unique_and_not_reserved() -> None:
    text = "version: 1\nname: one\nsession:\n- {id: a, request: GET /}\nsteps:\n"
    text += "- {id: a, request: GET /}\n- {id: start, request: GET /}\n- {id: base_url, request: GET /}"

    assert told(text) == [
        "6:8: two steps are called 'a', the first at 4:8",
        "7:8: no step may be called 'start', which is the moment a play begins",
        "8:8: no step may be called 'base_url', which is the address the client dialled",
    ]


def test_a_file_with_thousands_of_wrong_steps_is_refused_at_once_with_the_first_of_them() -> None:
    """Without a stopwatch: a guess at each name among all the others would take minutes."""
    head = "version: 1\nname: a\nsteps:\n"
    steps = (f"  - {{id: s{n}, push: /a, after: x{n}, data: 1}}\n" for n in range(2_000))

    with pytest.raises(ScenarioError) as raised:
        loads(head + "".join(steps), "f")

    assert raised.value.problems[0].what == "no step is called 'x0'"
    assert raised.value.problems[-1].what == "and 1980 more problems"


def test_of_a_ring_of_thousands_of_steps_a_few_are_named() -> None:
    head = "version: 1\nname: a\nsteps:\n"
    steps = (f"  - {{id: s{n}, push: /a, after: s{(n + 1) % 2_000}, data: 1}}\n" for n in range(2_000))

    with pytest.raises(ScenarioError) as raised:
        loads(head + "".join(steps), "f")

    assert "s0 → s1 → s2 → … 1996 more … → s1999 → s0" in str(raised.value)
