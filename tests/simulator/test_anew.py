"""Values made each time that a step takes place: the time, a number, what has been told until then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.plan.pace import parse_speed
from replay.plan.timeline import plan
from replay.scenario.times import epoch_of
from replay.simulator import directing
from replay.simulator.options import Options
from replay.simulator.plays import RETRY, Play
from replay.testing import Desktop, Script, scenario

TALK = """
source: {recorded: "2014-01-02T14:23:20Z"}
shift_times: [timestamp]
variables:
  chat: {recorded: 0000Na9B26EF002X, make: interaction-id}
  text: {recorded: hello}
  index: {make: count}
  now: {recorded: "2014-01-02T14:23:20.171-0800", make: time}
steps:
  - id: send
    request: POST /chats/${chat}
    repeat: cycle
    body: {text: "${text}"}
    respond: {body: {at: "${now}"}}
  - {id: said, push: /a, after: send + 90ms, data: {n: "${index}", text: "${send.text}", timestamp: "${now}"}}
  - {id: offered, push: /a, after: start + 1s, data: {chat: "${chat}", timestamp: "2014-01-02T14:23:21Z"}}
"""
BEGAN = 1_700_000_000.0


def come(script: Script, user: str = "ann", *, channel: str = "/a") -> Desktop:
    desktop = script.desktop(user)
    desktop.open_socket()
    desktop.handshake()
    if channel:
        desktop.subscribe(channel)
    return desktop


def play_of(script: Script, user: str = "ann", at: int = -1) -> Play:
    return script.simulator.agents.named(user).plays[at]


def say(script: Script, desktop: Desktop, text: str, user: str = "ann") -> int:
    return desktop.post(f"/chats/{play_of(script, user).values['chat']}", {"text": text})


def got(desktop: Desktop, field: str) -> list[Any]:
    return [event.data[field] for event in desktop.events if field in event.data]


def offer(script: Script, user: str = "ann", place: int = 0) -> Play:
    agent = script.simulator.agents.named(user)
    timeline = script.simulator.timelines[place]
    return script.direct(lambda simulator, now: simulator.casting.offer(agent, timeline, now), "offered")


def seconds_of(texts: list[str], began: float = BEGAN) -> list[float]:
    """How long after a play began these times are."""
    return [round((epoch_of(text) or 0.0) - began, 3) for text in texts]


def test_each_event_that_mentions_it_has_the_next_number_and_the_time_when_it_was_due() -> None:
    script = Script(scenario(TALK), options=Options(date=BEGAN))
    ann = come(script)
    script.advance(1)
    answers = []
    for text in ("one", "two", "three"):
        answers.append(say(script, ann, text))
        script.advance(0.05)
    script.advance(1)

    script.expect(got(ann, "n"), [1, 2, 3])
    script.expect(got(ann, "text"), ["one", "two", "three"])
    script.expect(seconds_of(got(ann, "timestamp")), [1.0, 1.09, 1.14, 1.19])
    script.expect(seconds_of([script.answer(each).body["at"] for each in answers]), [1.0, 1.05, 1.1])
    script.expect(got(ann, "timestamp")[1], "2023-11-14T14:13:21.090-0800")


def test_numbers_begin_anew_with_each_play_and_with_what_was_recorded() -> None:
    script = Script(scenario(TALK.replace("index: {", "index: {recorded: 7, ")))
    ann, bob = come(script), come(script, "bob")
    say(script, ann, "one")
    say(script, bob, "one", "bob")
    say(script, ann, "two")
    script.advance(1)
    offer(script)
    say(script, ann, "three")
    script.advance(1)

    script.expect(got(ann, "n"), [7, 8, 7])
    script.expect(got(bob, "n"), [7])


@pytest.mark.parametrize(
    ("recorded", "written"),
    [
        ('"2014-01-02T14:23:18.000-0800"', "2023-11-14T14:13:21.090-0800"),
        ('"2014-01-09 11:58:12.035+0200"', "2023-11-15 00:13:21.090+0200"),
        ('"2014-01-02T14:23:18Z"', "2023-11-14T22:13:21Z"),
        ("1388701398", 1_700_000_001),
        ("1388701398000", 1_700_000_001_090),
    ],
)
def test_a_time_is_written_as_the_recorded_one_is(recorded: str, written: Any) -> None:
    text = TALK.replace('now: {recorded: "2014-01-02T14:23:20.171-0800"', f"now: {{recorded: {recorded}")
    script = Script(scenario(text), options=Options(epoch=BEGAN))
    ann = come(script)
    script.advance(1)
    say(script, ann, "one")
    script.advance(1)

    script.expect(got(ann, "timestamp")[1:], [written])


@pytest.mark.parametrize(("speed", "seconds"), [("2", [1.0, 3.0, 3.09]), ("max", [1.0, 1.0, 1.005])])
def test_the_clock_of_a_play_goes_as_fast_as_the_play(speed: str, seconds: list[float]) -> None:
    script = Script(scenario(TALK), options=Options(epoch=BEGAN, pace=parse_speed(speed)))
    ann = come(script)
    script.advance(0.5 if speed == "2" else 0)
    script.advance(1)
    answer = say(script, ann, "one")
    script.advance(1)

    first, second = got(ann, "timestamp")
    script.expect(seconds_of([first, script.answer(answer).body["at"], second]), seconds)


def test_all_clients_of_an_agent_are_told_the_same() -> None:
    script = Script(scenario(TALK), options=Options(date=BEGAN))
    ann = come(script)
    other = script.desktop("ann", base_url="https://desk.example.com")
    other.open_socket()
    other.handshake()
    other.subscribe("/a")
    say(script, ann, "one")
    script.advance(1)

    script.expect(got(ann, "n"), [1])
    script.expect(other.events, ann.events)


def test_who_subscribes_later_is_told_what_was_fixed_when_it_was_due() -> None:
    script = Script(scenario(TALK), options=Options(date=BEGAN))
    ann = come(script, channel="/a")
    script.advance(1)
    ann.send(ann.message("unsubscribe", subscription="/a"))
    say(script, ann, "one")
    say(script, ann, "two")
    script.advance(5)
    ann.subscribe("/a")
    say(script, ann, "three")
    script.advance(1)

    script.expect(got(ann, "n"), [1, 2, 3])
    script.expect(seconds_of(got(ann, "timestamp")), [1.0, 1.09, 1.09, 6.09])


def test_a_client_that_tries_again_gets_the_same_answer() -> None:
    text = """
    variables: {index: {make: count}, now: {recorded: 1388701398000, make: time}}
    steps: [{id: take, request: POST /take, body: {a: 1}, respond: {after: 1s, body: ["${index}", "${now}"]}}]
    """
    script = Script(scenario(text), options=Options(epoch=BEGAN))
    ann = come(script)
    first = ann.post("/take", {"a": 1})
    script.advance(RETRY / 2)
    again = ann.post("/take", {"a": 1})
    script.advance(2)

    script.expect(script.answer(first).body, [1, 1_700_000_000_000])
    script.expect(script.answer(again).body, [1, 1_700_000_000_000])


CONSULT = """
variables: {text: {recorded: hi}, index: {make: count}, now: {recorded: 1388701398000, make: time}}
steps:
  - {id: here, agent: first, push: /a, data: here}
  - {id: there, agent: second, push: /a, data: here}
  - {id: send, agent: first, request: POST /send, repeat: cycle, body: {text: "${text}"}}
  - id: said
    agent: first
    push: /a
    after: send + %s
    data: {n: "${index}", at: "${now}", text: "${send.text}"}
  - {id: heard, agent: second, push: /a, after: said + 20ms, data: {n: "${said.index}", at: "${said.now}"}}
  - id: latest
    agent: second
    request: GET /latest
    respond: {headers: {X-N: "${said.index}"}, text: "${said.index}"}
"""


def test_the_other_role_is_told_the_number_and_the_time_of_what_was_said() -> None:
    script = Script(scenario(CONSULT % "50ms"))
    ann, bob = come(script), come(script, "bob")
    for text in ("one", "two", "three"):
        ann.post("/send", {"text": text})
        script.advance(0.01)
    script.advance(1)
    latest = bob.get("/latest")

    script.expect(got(ann, "n"), [1, 2, 3])
    script.expect([got(bob, "n"), got(bob, "at")], [got(ann, "n"), got(ann, "at")])
    script.expect((script.answer(latest).body, dict(script.headers(latest))["X-N"]), (3, "3"))


def test_a_role_that_is_taken_later_is_told_what_was_fixed_when_it_was_due() -> None:
    script = Script(scenario(CONSULT % "0s"))
    ann = come(script)
    ann.post("/send", {"text": "one"})
    ann.post("/send", {"text": "two"})
    script.advance(5)
    bob = come(script, "bob")
    script.advance(1)

    script.expect([got(bob, "n"), got(bob, "at")], [[1, 2], got(ann, "at")])


def test_what_a_push_said_of_any_variable_is_known_as_it_was_then() -> None:
    text = """
    variables: {text: {recorded: hi}}
    steps:
      - {id: send, request: POST /send, repeat: cycle, body: {text: "${text}"}}
      - {id: said, push: /a, after: send, data: {text: "${text}"}}
      - {id: echo, push: /a, after: said + 1s, data: {echo: "${said.text}"}}
    """
    script = Script(scenario(text))
    ann = come(script)
    ann.post("/send", {"text": "one"})
    script.advance(0.5)
    ann.post("/send", {"text": "two"})
    script.advance(2)

    script.expect(got(ann, "echo"), ["one", "two"])


def test_a_step_that_somebody_wants_once_more_goes_on_counting() -> None:
    script = Script(scenario(TALK))
    ann = come(script)
    say(script, ann, "one")
    script.advance(1)
    script.direct(lambda simulator, now: directing.push(simulator, "", "", "said", now), "said once more")
    say(script, ann, "two")
    script.advance(1)

    script.expect(got(ann, "n"), [1, 2, 3])


def test_a_value_that_is_given_is_what_all_plays_say() -> None:
    script = Script(scenario(TALK), options=Options(values={"index": 99, "now": "noon"}))
    ann = come(script)
    say(script, ann, "one")
    say(script, ann, "two")
    script.advance(0.5)

    script.expect((got(ann, "n"), got(ann, "timestamp")), ([99, 99], ["noon", "noon"]))


def test_a_session_that_goes_on_in_a_changed_scenario_goes_on_counting() -> None:
    text = """
    variables: {index: {make: count}}
    session: [{id: take, request: GET /take, respond: {body: "${index}"}}]
    steps: [{id: hi, push: /a, data: %s}]
    """
    script = Script(scenario(text % "hi"))
    ann = come(script)
    taken = [ann.get("/take")]
    after = plan(scenario(text % "ho"))
    script.direct(lambda simulator, now: simulator.renewing.renew(0, after, now), "changed")
    offer(script)
    taken += [ann.get("/take"), ann.get("/take")]

    script.expect([script.answer(each).body for each in taken], [1, 2, 3])


sends = st.lists(
    st.tuples(
        st.sampled_from(["send", "send", "leave", "return", "more"]), st.sampled_from([0.0, 0.01, 0.05, 0.3])
    ),
    max_size=30,
)


def _talk(script: Script, ann: Desktop, turns: list[tuple[str, float]]) -> None:
    for number, (turn, pause) in enumerate(turns):
        if turn == "send":
            ann.post("/send", {"text": str(number)})
        elif turn == "more":
            ann.post("/more", {})
        else:
            verb: Callable[..., int] = ann.subscribe if turn == "return" else _unsubscribe(ann)
            verb("/a")
        script.advance(pause)
    ann.subscribe("/a")
    script.advance(2)


def _unsubscribe(desktop: Desktop) -> Callable[[str], int]:
    return lambda channel: desktop.send(desktop.message("unsubscribe", subscription=channel))


MESSAGES = """
variables: {text: {recorded: hi}, index: {make: count}, messages: {told: {field: messages, all: true}}}
steps:
  - {id: hi, push: /a, data: hi}
  - {id: send, request: POST /send, repeat: cycle, body: {text: "${text}"}, respond: {after: 30ms}}
  - {id: more, request: POST /more, repeat: cycle, respond: {after: 200ms}}
  - {id: said, push: /a, after: send + 20ms, data: {messages: [{n: "${index}", text: "${send.text}"}]}}
  - {id: typed, push: /a, after: "send.response + uniform(0s, 400ms)", data: {messages: [{n: "${index}"}]}}
  - id: slow
    push: /a
    after: more.response + 100ms
    data: {messages: [{n: "${index}"}, {of: "${said.index}"}]}
  - {id: log, request: GET /messages, respond: {body: {messages: "${messages}"}}}
"""


@given(turns=sends, speed=st.sampled_from(["1", "3", "max"]))
@settings(max_examples=60, deadline=None)
def test_whatever_comes_when_numbers_have_no_gap_and_what_is_collected_is_what_was_delivered(
    turns: list[tuple[str, float]], speed: str
) -> None:
    script = Script(scenario(MESSAGES), options=Options(pace=parse_speed(speed)))
    ann = come(script)
    _talk(script, ann, turns)
    collected = script.answer(ann.get("/messages")).body["messages"]

    delivered = [message for messages in got(ann, "messages") for message in messages]
    numbers = [message["n"] for message in delivered if "n" in message]
    script.expect(numbers, list(range(1, len(numbers) + 1)))
    script.expect(collected, delivered)


@given(pauses=st.lists(st.sampled_from([0.0, 0.01, 0.03, 0.2]), max_size=20), come_at=st.integers(0, 20))
@settings(max_examples=40, deadline=None)
def test_whenever_the_other_role_is_taken_it_is_told_the_numbers_and_times_that_the_first_was(
    pauses: list[float], come_at: int
) -> None:
    script = Script(scenario(CONSULT % "50ms"))
    ann = come(script)
    bob = None
    for number, pause in enumerate(pauses):
        if number == come_at:
            bob = come(script, "bob")
        ann.post("/send", {"text": str(number)})
        script.advance(pause)
    bob = bob or come(script, "bob")
    script.advance(1)

    script.expect(got(ann, "n"), list(range(1, len(pauses) + 1)))
    script.expect([got(bob, "n"), got(bob, "at")], [got(ann, "n"), got(ann, "at")])


def test_lines_are_said_in_turn_and_each_play_begins_with_another() -> None:
    story = """
    again: "start + 60s"
    cometd: {max_interval: 10h}
    variables: {line: {recorded: [a, b, c], make: turn}}
    steps:
      - {id: said, push: /a, after: start + 1s, data: "${line}"}
      - {id: more, push: /a, after: said + 1s, data: ["${line}", "${said.line}"]}
      - {id: ask, request: GET /line, repeat: last, respond: {body: "${line}"}}
    """
    script = Script(scenario(story))
    desktop = script.desktop("ann")
    desktop.open_socket()
    desktop.handshake()
    desktop.subscribe("/a")
    script.advance(59)
    asked = [script.answer(desktop.get("/line")).body for _ in range(3)]
    script.advance(60)

    script.expect(asked, ["c", "a", "b"])
    script.expect([event.data for event in desktop.events], ["a", ["b", "a"], "b", ["c", "b"]])


def test_a_line_that_has_not_been_said_yet_is_the_first_and_not_all_of_them() -> None:
    story = """
    variables: {line: {recorded: [a, b, c], make: turn}}
    steps:
      - {id: said, push: /a, after: start + 1s, data: "${line}"}
      - {id: ask, request: GET /line, repeat: last, respond: {body: "${said.line}"}}
    """
    script = Script(scenario(story))
    ann = come(script)
    script.expect(script.answer(ann.get("/line")).body, "a")
