"""Triggers, and the times at which what they set off comes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from replay.errors import UsageError
from replay.plan.pace import Pace
from replay.plan.timeline import plan, plan_all
from replay.simulator.options import Options
from replay.testing import Desktop, Script, scenario

STORY = """
session:
  - {id: ready, request: POST /ready, respond: {after: 85ms, body: ready}}
steps:
  - {id: offered, push: /a, after: start and ready + 1s, data: offered}
  - {id: accept, request: POST /accept, repeat: last, respond: {after: 38ms, body: accepted}}
  - {id: early, push: /a, after: accept + 10ms, data: early}
  - {id: chatting, push: /a, after: accept + 41ms, data: chatting}
  - {id: history, push: /a, after: accept + 260ms, data: history}
  - {id: typing, push: /a, after: chatting + 100ms, data: typing}
  - {id: last, push: /a, after: accept.response + 300ms, data: last}
"""


class Watch:
    """A desktop on a socket, and everything that reaches it in the order in which it does."""

    def __init__(self, text: str, speed: float | None = 1.0) -> None:
        self.script = Script(scenario(text), options=Options(pace=Pace(speed)))
        self.desktop: Desktop = self.script.desktop("ann")
        self.desktop.open_socket()
        self.desktop.handshake()

    @property
    def seen(self) -> list[tuple[float, Any]]:
        """Events and answers, with their times."""
        lines = [line.split(" <- ", 1) for line in str(self.script).splitlines() if " <- " in line]
        said = [(float(at), text) for at, text in lines]
        known = ["offered", "early", "chatting", "history", "typing", "last", "accepted", "ready", "echo"]
        named = [(at, next((word for word in known if f'"{word}"' in text), None)) for at, text in said]
        return [(at, word) for at, word in named if word is not None]


def test_at_the_recorded_pace_everything_comes_after_its_own_delay() -> None:
    watch = Watch(STORY)
    watch.desktop.subscribe("/a")
    watch.desktop.post("/ready", {})
    watch.script.advance(2)
    watch.desktop.post("/accept", {})
    watch.script.advance(1)

    assert watch.seen == [
        (0.085, "ready"),
        (1.0, "offered"),
        (2.01, "early"),
        (2.038, "accepted"),
        (2.041, "chatting"),
        (2.141, "typing"),
        (2.26, "history"),
        (2.338, "last"),
    ]


def test_at_twice_the_speed_everything_comes_after_half_its_delay() -> None:
    watch = Watch(STORY, 2.0)
    watch.desktop.subscribe("/a")
    watch.desktop.post("/ready", {})
    watch.script.advance(2)
    watch.desktop.post("/accept", {})
    watch.script.advance(1)

    times = [0.0425, 0.5, 2.005, 2.019, 2.0205, 2.0705, 2.13, 2.169]
    assert [round(at, 3) for at, _ in watch.seen] == [round(at, 3) for at in times]


def test_without_waits_order_stays_and_five_milliseconds_between_an_answer_and_what_follows_it() -> None:
    watch = Watch(STORY, None)
    watch.desktop.subscribe("/a")
    watch.desktop.post("/ready", {})
    watch.script.advance(2)
    watch.desktop.post("/accept", {})
    watch.script.advance(1)

    assert watch.seen == [
        (0.0, "ready"),
        (0.005, "offered"),
        (2.0, "early"),
        (2.0, "accepted"),
        (2.005, "chatting"),
        (2.005, "typing"),
        (2.005, "history"),
        (2.005, "last"),
    ]


@pytest.mark.parametrize("ready_first", [True, False])
def test_a_trigger_of_two_moments_waits_for_the_last_of_them(ready_first: bool) -> None:
    watch = Watch(STORY)
    turns: list[Callable[[], int]] = [
        lambda: watch.desktop.post("/ready", {}),
        lambda: watch.desktop.subscribe("/a"),
    ]
    first, second = turns if ready_first else reversed(turns)
    first()
    watch.script.advance(3)
    second()
    watch.script.advance(2)

    assert watch.desktop.events[0].at == 4.0


def test_a_push_comes_once_for_every_occurrence_of_its_trigger() -> None:
    watch = Watch(
        """
        steps:
          - {id: send, request: POST /send, repeat: last, body: {}}
          - {id: echo, push: /a, after: send + 100ms, data: echo}
        """
    )
    watch.desktop.subscribe("/a")
    for number in range(3):
        watch.desktop.post("/send", {"n": number})
        watch.script.advance(0.04)
    watch.script.advance(1)

    assert [event.at for event in watch.desktop.events] == [0.1, 0.14, 0.18]


def test_a_trigger_of_two_moments_is_complete_for_the_nth_time_when_each_happened_n_times() -> None:
    watch = Watch(
        """
        steps:
          - {id: one, request: POST /one, repeat: last}
          - {id: two, request: POST /two, repeat: last}
          - {id: both, push: /a, after: one and two + 100ms, data: echo}
        """
    )
    watch.desktop.subscribe("/a")
    for path in ("/one", "/one", "/two", "/one", "/two", "/two", "/two"):
        watch.desktop.post(path, {})
        watch.script.advance(1)

    assert [event.at for event in watch.desktop.events] == [2.1, 4.1, 5.1]


def test_start_is_the_first_subscription_and_comes_once() -> None:
    watch = Watch("steps: [{id: echo, push: /a, after: start + 1s, data: echo}]")
    watch.script.advance(3)
    watch.desktop.subscribe(["/b", "/a"])
    watch.desktop.subscribe("/**")
    watch.script.advance(5)

    assert [event.at for event in watch.desktop.events] == [4.0]


def test_pushes_that_fall_together_keep_the_order_of_the_file() -> None:
    steps = ", ".join(f"{{id: p{n}, push: /a, after: start + 1s, data: {n}}}" for n in range(20))
    watch = Watch(f"steps: [{steps}]")
    watch.desktop.subscribe("/a")
    watch.script.advance(1)

    assert [event.data for event in watch.desktop.events] == list(range(20))


def test_a_late_caller_gets_what_was_due_meanwhile_in_the_order_of_its_times() -> None:
    watch = Watch(STORY)
    watch.desktop.subscribe("/a")
    watch.desktop.post("/ready", {})
    watch.desktop.post("/accept", {})
    watch.script.now = 50.0
    watch.script.push(watch.desktop, "/nobody", 1)
    watch.script.advance(0)

    order = ["early", "chatting", "typing", "history", "last", "offered"]
    assert [event.data for event in watch.desktop.events] == order


def test_an_encoded_path_and_query_are_compared_decoded() -> None:
    timeline = plan(scenario("steps: [{id: x, request: GET /a%20b/%C3%BC?q=%2F&e=&p=a+b}]"))

    (ask,) = timeline.story.asks
    assert ask.path.render(str) == "/a b/ü"
    assert ask.query == (("q", "/"), ("e", ""), ("p", "a b"))


def test_two_scenarios_of_one_name_cannot_be_served_together() -> None:
    with pytest.raises(UsageError, match="two scenarios are named 'story'"):
        plan_all([scenario(""), scenario("")])
