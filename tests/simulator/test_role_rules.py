"""Whatever a story of two says, each of them sees its own part of it, in whatever order they come and how."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from replay.scenario.model import Scenario
from replay.testing import Desktop, Script, scenario

ROLES = ("one", "two")
LATER = 20.0
"""Seconds after which all has happened."""

# A step: whose it is, whether it is a request, the step above that it follows (-1: start) and how much later.
told = st.tuples(st.integers(0, 1), st.booleans(), st.integers(0, 20), st.integers(0, 9))
# Somebody: when they come, over what, and how long after that they ask.
people = st.tuples(st.sampled_from([0.0, 0.35, 2.05]), st.booleans(), st.sampled_from([0.0, 0.15, 1.0]))


class Story:
    """A story of two, and when everything in it has to happen."""

    def __init__(self, steps: list[tuple[int, bool, int, int]]) -> None:
        first = steps[0][0]
        # Roles are in order of appearance, and there have to be two.
        both = [*steps, (1 - first, False, 0, 5)]
        self.steps = [
            (role ^ first, asked, cause % (at + 1) - 1, tenths / 10)
            for at, (role, asked, cause, tenths) in enumerate(both)
        ]

    def scenario(self) -> Scenario:
        lines = [self._step(at, *step) for at, step in enumerate(self.steps)]
        text = "variables: {chat: {recorded: 0000Na9B26EF002X, make: interaction-id}}\n"
        return scenario(f"{text}cometd: {{max_interval: 10m}}\nsteps: [{', '.join(lines)}]")

    def _step(self, at: int, role: int, asked: bool, cause: int, delay: float) -> str:
        fields: dict[str, Any] = {"id": f"s{at}", "agent": ROLES[role]}
        if asked:
            fields |= {"request": f"GET /s{at}", "respond": {"after": f"{delay}s", "body": "${chat}"}}
        else:
            moment = "start" if cause < 0 else f"s{cause}"
            if cause >= 0 and self.steps[cause][1] and delay > 0.4:
                moment += ".response"
            fields |= {"push": "/x", "after": f"{moment} + {delay}s", "data": [at, "${chat}"]}
        return json.dumps(fields)

    def expected(self, came: list[float], asks_at: list[float]) -> list[list[tuple[float, int]]]:
        """For each role when it has to see which of its events, given when each came and asked."""
        moments: list[float] = []
        seen: list[list[tuple[float, int]]] = [[], []]
        for at, (role, asked, cause, delay) in enumerate(self.steps):
            if asked:
                moments.append(asks_at[role])
                continue
            base = came[role] if cause < 0 else moments[cause]
            if cause >= 0 and self.steps[cause][1] and delay > 0.4:
                base += self.steps[cause][3]
            moments.append(base + delay)
            seen[role].append((round(moments[at], 6), at))
        return [sorted(each) for each in seen]

    def requests(self, role: int) -> list[str]:
        return [f"/s{at}" for at, (whose, asked, *_) in enumerate(self.steps) if asked and whose == role]


class Person:
    """Somebody with a desktop."""

    def __init__(self, script: Script, user: str, *, over_socket: bool) -> None:
        self.desktop: Desktop = script.desktop(user)
        self._over_socket = over_socket
        self._script = script
        self._poll = 0

    def come(self) -> None:
        if self._over_socket:
            self.desktop.open_socket()
        self.desktop.handshake()
        self.desktop.subscribe("/x")
        self.poll()

    def poll(self) -> None:
        if not self._over_socket and (not self._poll or not self._script.waits(self._poll)):
            self._poll = self.desktop.connect()


def play(
    story: Story, turns: list[tuple[float, bool, float]], names: list[str]
) -> list[list[tuple[float, int]]]:
    """Plays the story to people, each in turn taking a role; returns what each of them saw."""
    script = Script(story.scenario())
    persons = [Person(script, name, over_socket=turn[1]) for name, turn in zip(names, turns, strict=True)]
    order = sorted(range(len(turns)), key=lambda at: turns[at][0])
    roles = {at: ROLES.index(names[at]) if names[at] in ROLES else nth % 2 for nth, at in enumerate(order)}
    happenings: list[tuple[float, int, int, str]] = []
    for nth, at in enumerate(order):
        came, _, pause = turns[at]
        happenings.append((came, nth, at, ""))
        happenings += [(came + pause, 10 + nth, at, path) for path in story.requests(roles[at])]
        happenings += [(came + pause, 10 + nth, at, f"!{path}") for path in story.requests(1 - roles[at])]
    answers: list[tuple[int, int]] = []
    for when, _, at, what in sorted(happenings):
        advance(script, persons, when)
        if not what:
            persons[at].come()
        else:
            answers.append((persons[at].desktop.get(what.lstrip("!")), 404 if what[0] == "!" else 200))
    advance(script, persons, LATER)
    script.expect(
        [script.answer(exchange).status for exchange, _ in answers], [wanted for _, wanted in answers]
    )
    chats = [{event.data[1] for event in person.desktop.events} for person in persons]
    assert all(len(each) <= 1 for each in chats), f"{chats}\n{script}"
    return [[(event.at, event.data[0]) for event in person.desktop.events] for person in persons]


def advance(script: Script, persons: list[Person], until: float) -> None:
    """Time passes, while whoever polls does so again and again."""
    while script.now < until:
        script.advance(min(0.25, until - script.now))
        for person in persons:
            if person.desktop.client_id:
                person.poll()


def check(story: Story, turns: list[tuple[float, bool, float]], names: list[str]) -> None:
    seen = play(story, turns, names)
    order = sorted(range(len(turns)), key=lambda at: turns[at][0])
    for first, second in zip(order[::2], order[1::2], strict=True):
        pair = (
            (first, second)
            if names[first] not in ROLES
            else tuple(sorted((first, second), key=lambda at: names[at]))
        )
        came = [turns[at][0] for at in pair]
        asked = [turns[at][0] + turns[at][2] for at in pair]
        for at, expected in zip(pair, story.expected(came, asked), strict=True):
            due = {step: when for when, step in expected}
            got = [step for _, step in seen[at]]
            assert sorted(got) == sorted(due), "each event once, and no others"
            assert [due[step] for step in got] == sorted(due.values()), "in the order in which they are due"
            if turns[at][1]:
                late = [max(due[step], turns[at][0]) for step in got]
                assert [when for when, _ in seen[at]] == pytest.approx(late, abs=1e-5)


stories = st.lists(told, min_size=1, max_size=8).map(Story)


@given(stories, st.lists(people, min_size=2, max_size=2), st.permutations(ROLES))
@settings(max_examples=100)
def test_two_who_bear_the_names_of_the_roles_see_their_parts_in_whatever_order_they_come(
    story: Story, turns: list[tuple[float, bool, float]], names: list[str]
) -> None:
    check(story, turns, names)


@given(stories, st.lists(people, min_size=4, max_size=4))
# Somebody takes a role at the moment at which one of its events is due, and another has waited.
@example(
    Story([(0, False, 0, 8), (1, False, 1, 0), (1, False, 1, 9)]),
    [(0.0, False, 0.0), (0.0, False, 0.0), (0.35, False, 0.0), (2.05, False, 0.0)],
)
@settings(max_examples=60)
def test_of_four_strangers_each_two_that_come_one_after_the_other_share_a_play(
    story: Story, turns: list[tuple[float, bool, float]]
) -> None:
    check(story, turns, ["ann", "bob", "cid", "dan"])
