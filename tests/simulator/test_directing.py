"""What somebody who looks on has happen: another chat, an event typed by hand, a push once more."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from replay.entries import Entry
from replay.errors import NoSuchError, NotNowError, UsageError
from replay.simulator import directing, looking
from replay.simulator.directing import MOST_PLAYS, Delivery
from replay.simulator.events import MOST_HELD
from replay.testing import Desktop, Script, scenario

STORY = """
variables: {chat: {recorded: 0000Na9B26EF002X, make: interaction-id}}
session: [{id: news, push: /a, after: start + 1h, data: news}]
steps:
  - {id: hello, push: /a, after: start + 1s, data: {messageType: Hello, id: "${chat}"}}
  - {id: more, push: /a, after: hello + 1s, data: more}
  - {id: look, request: "GET /look/${chat}"}
"""
CONSULT = """
steps:
  - {id: ring, agent: first, push: /a, after: start, data: 1}
  - {id: told, agent: second, push: /a, after: start + 1h, data: 2}
"""


def listen(desktop: Desktop, channel: str = "/a") -> Desktop:
    desktop.open_socket()
    desktop.handshake()
    if channel:
        desktop.subscribe(channel)
    return desktop


def offer(script: Script, name: str = "", agent: str = "") -> str:
    play, _ = script.direct(lambda simulator, now: directing.offer(simulator, name, agent, now), "offer")
    return play.label


def push(script: Script, **said: Any) -> list[Delivery]:
    wanted = {"agent": "", "play": "", "step": "", "channel": "", "data": msgspec.UNSET} | said
    return script.direct(lambda simulator, now: directing.wanted(simulator, now, **wanted), f"push {said}")


def got(desktop: Desktop) -> list[Any]:
    return [event.data for event in desktop.events]


def noted(script: Script, kind: str) -> list[Entry]:
    return [entry for entry in script.simulator.journal if entry.kind == kind]


@pytest.fixture
def script() -> Script:
    return Script(scenario(STORY))


# Another chat


def test_another_chat_begins_when_it_is_offered_to_one_who_listens(script: Script) -> None:
    desktop = listen(script.desktop())
    script.advance(5)

    assert offer(script) == "story#2"
    script.advance(1)

    ids = [data["id"] for data in got(desktop) if isinstance(data, dict)]
    assert len(set(ids)) == 2
    assert desktop.events[-1].at == 6.0
    assert [entry.play for entry in noted(script, "play")] == ["story#1", "story#2"]


def test_another_chat_waits_until_its_agent_listens(script: Script) -> None:
    desktop = listen(script.desktop(), "")
    offer(script, "story", "#1")
    script.advance(5)
    desktop.subscribe("/a")
    script.advance(1)

    assert [event.at for event in desktop.events] == [6.0, 6.0]


def test_the_same_seed_offers_the_same_chats(script: Script) -> None:
    again = Script(scenario(STORY))
    for each in (script, again):
        listen(each.desktop())
        offer(each)

    plays = [[entry.detail["values"] for entry in noted(each, "play")] for each in (script, again)]
    assert plays[0] == plays[1]


def test_a_role_that_is_free_is_taken_before_another_play_begins() -> None:
    script = Script(scenario(CONSULT))
    for user in ("ann", "bob", "cid"):
        listen(script.desktop(user))

    assert offer(script, agent="ann") == "story#2"
    assert offer(script, agent="bob") == "story#3"


@pytest.mark.parametrize(
    ("name", "agent", "kind", "what", "advice"),
    [
        ("stori", "ann", NoSuchError, "no scenario is called 'stori'", "Did you mean 'story'?"),
        ("story", "anm", NoSuchError, "no agent is called 'anm'", "Did you mean 'ann'?"),
        ("story", "", UsageError, "there are 2 agents: say which is meant", "Name it as the journal does"),
        ("", "ann", UsageError, "several scenarios are played: say which", "There is story, other."),
    ],
)
def test_who_and_what_is_meant_has_to_be_said(
    name: str, agent: str, kind: type[UsageError], what: str, advice: str
) -> None:
    script = Script(scenario(STORY), scenario(CONSULT, name="other"))
    for user in ("ann", "bob"):
        listen(script.desktop(user))

    with pytest.raises(kind) as refused:
        offer(script, name, agent)
    assert refused.value.what == what
    assert advice in refused.value.help


def test_nobody_is_offered_a_chat_before_somebody_has_come(script: Script) -> None:
    with pytest.raises(NotNowError, match="there is no agent"):
        offer(script)
    with pytest.raises(NotNowError, match="there is no agent"):
        push(script, channel="/a", data=1)


def test_there_is_an_end_to_plays_that_are_not_over(script: Script) -> None:
    listen(script.desktop(), "")
    for _ in range(MOST_PLAYS - 1):
        offer(script)

    with pytest.raises(NotNowError, match=f"has {MOST_PLAYS} plays that are not over"):
        offer(script)


# An event by hand


def test_an_event_typed_by_hand_reaches_all_who_listen_as_it_stands(script: Script) -> None:
    ann, bob = listen(script.desktop("ann")), listen(script.desktop("bob"), "/b")
    data = {"text": "${chat} $${x}", "timestamp": 1}

    told = push(script, channel="/a", data=data)

    assert [(each.agent, each.clients, each.held) for each in told] == [("ann", 1, False), ("bob", 0, True)]
    assert (got(ann), got(bob)) == ([data], [])
    (event,) = noted(script, "event")
    assert (event.agent, event.play, event.step) == ("ann", "", "")
    assert event.detail == {"channel": "/a", "by": "control"}
    bob.subscribe("/a")
    assert got(bob) == [data]
    assert [entry.detail["by"] for entry in noted(script, "held")] == ["control"]


def test_an_event_typed_by_hand_releases_a_held_poll(script: Script) -> None:
    desktop = script.desktop()
    desktop.handshake()
    desktop.subscribe("/a")
    desktop.connect(advice={"timeout": 0})
    held = desktop.connect()

    push(script, agent="1", channel="/a", data=None)

    assert not script.waits(held)
    assert got(desktop) == [None]


def test_faults_strike_events_that_are_typed_by_hand(script: Script) -> None:
    desktop = listen(script.desktop())
    lost = {"fault": "drop", "where": {"channel": "/a", "messageType": "Hello"}, "nth": 1}
    script.steer(lambda rules, now: rules.put_up(lost, now), "put up")

    told = push(script, channel="/a", data={"messageType": "Hello"})
    push(script, channel="/a", data={"messageType": "Other"})
    push(script, channel="/a", data={"messageType": "Hello"})

    assert got(desktop) == [{"messageType": "Other"}, {"messageType": "Hello"}]
    assert not told[0].held
    (struck,) = noted(script, "fault")
    assert struck.detail["by"] == "control"


def test_rules_of_a_step_and_of_a_scenario_leave_events_by_hand_alone_or_not_as_they_say() -> None:
    faults = """
faults:
  - {name: one, fault: drop, where: {step: hello}}
  - {name: two, fault: duplicate, where: {channel: /a}}
"""
    script = Script(scenario(faults + STORY))
    desktop = listen(script.desktop(), "/**")

    push(script, channel="/a", data=1)
    push(script, channel="/b", data=2)

    assert got(desktop) == [1, 1, 2]


@pytest.mark.parametrize(
    ("channel", "what"),
    [
        ("a", "'a' is no channel"),
        ("/a/", "'/a/' is no channel"),
        ("/a//b", "'/a//b' is no channel"),
        ("/" + "a" * 1000, "this is no channel"),
        ("/meta/connect", "'/meta/connect' is the protocol's own"),
        ("/meta", "'/meta' is the protocol's own"),
        ("/a/*", "'/a/*' is a pattern of channels"),
        ("/a/**", "'/a/**' is a pattern of channels"),
    ],
)
def test_events_go_out_on_channels_for_events_alone(script: Script, channel: str, what: str) -> None:
    listen(script.desktop(), "/**")

    with pytest.raises(UsageError) as refused:
        push(script, channel=channel, data=1)
    assert refused.value.what == what
    assert noted(script, "event") == []


def nested(levels: int) -> Any:
    data: Any = []
    for _ in range(levels):
        data = [data]
    return data


@pytest.mark.parametrize("data", [object(), "\ud800", nested(300)])
def test_data_is_json_of_bounded_depth(script: Script, data: Any) -> None:
    listen(script.desktop())

    with pytest.raises(UsageError, match="the data is no JSON value"):
        push(script, channel="/a", data=data)
    assert noted(script, "event") == []


def test_data_that_is_nested_deeply_arrives_as_it_is(script: Script) -> None:
    desktop = listen(script.desktop())
    push(script, channel="/a", data=nested(99))

    assert got(desktop) == [nested(99)]


def test_there_is_an_end_to_events_that_nobody_listens_to(script: Script) -> None:
    listen(script.desktop("ann"), "")
    for _ in range(MOST_HELD):
        push(script, channel="/a", data=1)

    with pytest.raises(NotNowError, match="1000 events wait until 'ann' subscribes"):
        push(script, channel="/a", data=1)


# A push once more


def test_a_push_comes_now_and_again_at_its_time_and_what_follows_follows(script: Script) -> None:
    desktop = listen(script.desktop())
    script.advance(0.5)

    (told,) = push(script, step="hello")
    script.advance(5)

    assert (told.play, told.step, told.channel, told.clients) == ("story#1", "hello", "/a", 1)
    moments = [(event.at, event.data if event.data == "more" else "hello") for event in desktop.events]
    assert moments == [(0.5, "hello"), (1.0, "hello"), (1.5, "more"), (2.0, "more")]
    by_hand = [entry.detail.get("by", "") for entry in noted(script, "event")]
    assert by_hand == ["control", "", "", ""]


def test_a_push_once_more_is_counted_as_done(script: Script) -> None:
    listen(script.desktop())
    script.advance(1)
    push(script, step="hello")

    simulator = script.simulator
    stories = looking.state(simulator, simulator.agents.named("1"), script.now).stories
    done = {each.step: each.times for story in stories for each in story.done}
    assert done == {"hello": 2}


def test_a_push_is_of_the_newest_play_or_of_the_one_that_is_named(script: Script) -> None:
    desktop = listen(script.desktop())
    offer(script)

    assert [each.play for each in push(script, step="hello")] == ["story#2"]
    assert [each.play for each in push(script, step="hello", play="story#1")] == ["story#1"]
    ids = [data["id"] for data in got(desktop)]
    assert len(set(ids)) == 2


def test_a_push_of_the_session_comes_too(script: Script) -> None:
    desktop = listen(script.desktop())
    push(script, step="news", agent="#1")

    assert got(desktop) == ["news"]


def test_everybody_gets_a_push_when_nobody_is_named_and_a_shared_play_tells_it_once() -> None:
    script = Script(scenario(CONSULT))
    ann, bob = listen(script.desktop("ann")), listen(script.desktop("bob"))
    ring = push(script, step="ring")

    assert [(each.agent, each.play) for each in ring] == [("ann", "story#1")]
    assert (got(ann), got(bob)) == ([1, 1], [])


def test_a_push_for_a_role_that_is_free_waits_for_somebody() -> None:
    script = Script(scenario(CONSULT))
    listen(script.desktop("ann"))

    (told,) = push(script, step="told", agent="ann")
    assert (told.agent, told.held, told.clients) == ("", True, 0)
    bob = listen(script.desktop("bob"))
    assert got(bob) == [2]


@pytest.mark.parametrize(
    ("said", "what", "advice"),
    [
        ({"step": "helo"}, "no push is called 'helo'", "Did you mean 'hello'?"),
        ({"step": "look"}, "'look' is a request", "A client asks it: GET /look/${chat}."),
        ({"step": "hello", "play": "stori#1"}, "no play is called 'stori#1'", "Did you mean 'story#1'?"),
        ({"step": "hello", "agent": "2"}, "no agent is called '2'", "There is ann."),
        ({"step": "hello", "channel": "/a"}, "a step has its own 'channel'", "or a step"),
        ({"step": "hello", "data": None}, "a step has its own 'data'", "or a step"),
        ({"play": "story#1"}, "it is not said which step of 'story#1'", "or a step"),
        ({"channel": "/a"}, "there is no 'data'", "or a step"),
        ({"data": 1}, "there is no 'channel'", "or a step"),
        ({}, "there is no 'step', and no 'channel'", "or a step"),
    ],
)
def test_what_cannot_be_pushed_is_refused_with_what_can(
    script: Script, said: dict[str, Any], what: str, advice: str
) -> None:
    listen(script.desktop("ann"))

    with pytest.raises(UsageError) as refused:
        push(script, **said)
    assert refused.value.what == what
    assert advice in refused.value.help
