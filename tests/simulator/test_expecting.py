"""What is expected of steps, held against plays: counts, order, and what is said of what is not so."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.errors import ExpectationError, UsageError
from replay.plan.pace import Pace
from replay.plan.timeline import plan
from replay.simulator.directing import offer, push
from replay.simulator.expecting import Occurrences, expected
from replay.simulator.judging import Expectation, Judging
from replay.simulator.options import Options
from replay.simulator.resetting import reset
from replay.testing import Desktop, Script, scenario

from .test_looking_rules import ALONE, SHARED, Person, turns

CHAT = """
steps:
  - {id: invited, push: /chats, after: start, data: 1}
  - {id: accept, request: POST /accept, respond: {after: 100ms}}
  - {id: history, push: /chats, after: accept + 300ms, data: 2}
"""
OFTEN = """
steps:
  - {id: send, request: POST /send, repeat: last}
  - {id: sent, push: /chats, after: send, data: 1}
"""


def begin(text: str, expect: str = "", *, users: tuple[str, ...] = ("kim",), **options: object) -> Script:
    """Those who listen to the chats of a story of which this is expected; each has a desktop of its own."""
    script = Script(
        scenario(f"{f'expect: [{expect}]' if expect else ''}\n{text}"), options=Options(**options)
    )  # type: ignore[arg-type]
    for user in users:
        listen(script.desktop(user))
    return script


def listen(desktop: Desktop) -> Desktop:
    desktop.open_socket()
    desktop.handshake()
    desktop.subscribe("/chats")
    return desktop


def unmet(script: Script) -> list[str]:
    return script.simulator.expecting.unmet(script.now)


def test_a_step_that_took_place_as_often_as_expected_is_met() -> None:
    script = begin(CHAT, "{step: accept, times: 1}, {step: history}, {misses: 0}")
    script.desktop("kim").post("/accept", {})
    script.advance(1)

    script.expect(unmet(script), [])


def test_a_request_has_taken_place_only_when_it_was_answered() -> None:
    script = begin(CHAT, "{step: accept, times: 1}")
    script.desktop("kim").post("/accept", {})

    why = "accept was expected, and has not been answered: its answer comes in 100ms"
    script.expect(unmet(script), [why])
    script.advance(0.1)
    script.expect(unmet(script), [])


def test_an_event_that_is_held_has_not_taken_place() -> None:
    script = begin(
        "steps: [{id: a, push: /chats, data: 1}, {id: news, push: /news, after: a, data: 1}]", "{step: news}"
    )

    why = "news was expected, and has not come: it is held until the agent subscribes to /news"
    script.expect(unmet(script), [why])
    script.desktop("kim").socket = None
    desktop = script.desktop("kim")
    desktop.handshake()
    desktop.subscribe("/news")
    script.expect(unmet(script), [])


def test_what_has_not_come_says_what_it_waits_for() -> None:
    script = begin(CHAT, "{step: history}")

    script.expect(
        unmet(script), ["history was expected, and has not come: it waits for accept, which nobody has asked"]
    )


def test_what_keeps_several_from_being_met_is_said_once() -> None:
    script = begin(CHAT, "{step: history, times: 1}, {step: history, after: accept}")

    script.expect(len(unmet(script)), 1)
    script.expect([each.met for each in script.simulator.expecting.judged(script.now)], [False, False])


def test_what_took_place_too_often_says_when() -> None:
    script = begin(OFTEN, "{step: send, times: 1}, {step: sent, at_most: 2}")
    desktop = script.desktop("kim")
    for _ in range(3):
        script.advance(0.5)
        desktop.post("/send", {})
    script.advance(1)

    script.expect(
        unmet(script),
        [
            "send was expected once and took place 3 times (kim at 0.5 s, 1 s and 1.5 s)",
            "sent was expected at most twice and took place 3 times (kim at 0.5 s, 1 s and 1.5 s)",
        ],
    )


def test_what_took_place_too_seldom_says_how_often_it_did() -> None:
    script = begin(OFTEN, "{step: send, at_least: 2, at_most: 3}")
    script.desktop("kim").post("/send", {})
    script.advance(1)

    (why,) = unmet(script)
    assert why.startswith("send was expected from 2 to 3 times, and took place once only")


def test_every_play_is_held_to_it_and_the_first_that_is_not_so_is_named() -> None:
    script = begin(CHAT, "{step: accept, times: 1}", users=("ann", "bob", "eve"))
    script.desktop("ann").post("/accept", {})
    script.advance(1)

    (why,) = unmet(script)
    script.expect(
        why,
        "accept was expected, and has not been answered in story#1 of bob: "
        "nobody has asked POST /accept; so it is in 1 more play",
    )


def test_one_more_play_of_an_agent_is_held_to_it_too() -> None:
    script = begin(CHAT, "{step: accept, times: 1}")
    script.desktop("kim").post("/accept", {})
    script.advance(1)
    script.direct(lambda simulator, now: offer(simulator, "", "", now), "one more")

    (why,) = unmet(script)
    assert why.startswith("accept was expected, and has not been answered in story#2 of kim")


def test_only_the_plays_of_an_agent_are_held_to_what_is_expected_of_it() -> None:
    script = begin(
        CHAT, "{step: accept, agent: ann}, {step: accept, times: 0, agent: '#2'}", users=("ann", "bob")
    )
    script.desktop("ann").post("/accept", {})
    script.advance(1)

    script.expect(unmet(script), [])


def test_a_role_may_be_named_as_whose_step_it_is() -> None:
    roles = """
    expect: [{step: one, agent: first}, {step: two, agent: second}]
    steps:
      - {id: one, agent: first, push: /chats, data: 1}
      - {id: two, agent: second, push: /chats, after: one, data: 2}
    """
    script = begin(roles)

    (why,) = unmet(script)
    script.expect(why, "two was expected, and has not come: it is held until somebody is 'second'")
    listen(script.desktop("bob"))
    script.expect(unmet(script), [])


def test_a_step_of_the_session_is_counted_for_each_agent() -> None:
    script = begin(
        f"session: [{{id: me, request: GET /me}}]{CHAT}", "{step: me, times: 1}", users=("ann", "bob")
    )
    script.desktop("ann").get("/me")
    script.desktop("bob").get("/me")
    script.advance(1)

    script.expect(unmet(script), [])


def test_nothing_is_as_expected_where_nobody_has_come() -> None:
    script = begin(CHAT, "{step: accept}, {step: history, times: 0}, {misses: 0}", users=())

    script.expect(unmet(script), ["accept was expected, and nobody has come to play story"])


def test_an_event_that_a_rule_kept_has_not_taken_place() -> None:
    rule = "faults: [{name: lost, fault: drop, where: {step: sent}, nth: 2}]"
    script = begin(f"{rule}{OFTEN}", "{step: sent, times: 2}")
    for _ in range(2):
        script.desktop("kim").post("/send", {})
        script.advance(10)

    (why,) = unmet(script)
    script.expect(why, "sent was expected twice, and took place once only: 'lost' struck it: not told")


def test_an_event_that_a_rule_doubled_has_taken_place_twice() -> None:
    rule = "faults: [{name: again, fault: duplicate, where: {step: sent}}]"
    script = begin(f"{rule}{OFTEN}", "{step: sent, times: 2}")
    script.desktop("kim").post("/send", {})
    script.advance(10)

    script.expect(unmet(script), [])


def test_a_push_by_hand_counts_as_one_of_the_story() -> None:
    script = begin(CHAT, "{step: invited, times: 2}")
    script.direct(lambda simulator, now: push(simulator, "", "", "invited", now), "once more")

    script.expect(unmet(script), [])


def test_misses_are_counted_and_the_first_is_named() -> None:
    script = begin(CHAT, "{misses: 0}, {misses: 2}, {misses: 0, agent: bob}")
    script.desktop("kim").post("/acept", {})
    script.desktop("kim").get("/nothing")

    script.expect(unmet(script), ["no miss was expected, and there were 2; the first: POST /acept"])


def test_counts_do_not_depend_on_what_the_journal_has_forgotten() -> None:
    script = begin(OFTEN, "{step: send, times: 20}, {step: sent, times: 20}, {misses: 0}", journal_entries=3)
    for _ in range(20):
        script.desktop("kim").post("/send", {})
        script.advance(0.1)
    script.direct(lambda simulator, now: reset(simulator, ["journal"], now), "reset")

    script.expect(unmet(script), [])


def test_a_step_that_comes_before_the_one_it_was_to_follow_is_told() -> None:
    script = begin(OFTEN, "{step: send, after: sent}")
    script.desktop("kim").post("/send", {})
    script.advance(1)

    script.expect(unmet(script), ["send was expected after sent, and it came before that, at 0 s"])


@pytest.mark.parametrize(
    ("within", "why"),
    [
        ("300ms", []),
        ("200ms", ["history was expected within 200ms after accept, and it came 300ms after that, at 0.3 s"]),
    ],
)
def test_a_step_that_follows_too_late_is_told(within: str, why: list[str]) -> None:
    script = begin(CHAT, f"{{step: history, after: accept, within: {within}}}")
    script.desktop("kim").post("/accept", {})
    script.advance(1)

    script.expect(unmet(script), why)


def test_how_soon_is_told_in_the_time_of_the_play() -> None:
    script = begin(CHAT, "{step: history, after: accept, within: 250ms}", pace=Pace(speed=2.0))
    script.desktop("kim").post("/accept", {})
    script.advance(1)

    (why,) = unmet(script)
    assert "it came 300ms after that, at 0.15 s" in why


def test_each_play_has_an_order_of_its_own() -> None:
    script = begin(OFTEN, "{step: sent, after: send, within: 1s}", users=("ann", "bob"))
    script.desktop("ann").post("/send", {})
    script.advance(5)
    script.desktop("bob").post("/send", {})
    script.advance(5)

    script.expect(unmet(script), [])


def test_a_scenario_that_changes_is_held_to_what_it_expects_now() -> None:
    script = begin(OFTEN)
    changed = plan(
        scenario(f"expect: [{{step: sent, after: send, within: 0s}}, {{step: send, times: 2}}]{OFTEN}")
    )
    script.steer(lambda _, now: script.simulator.renewing.renew(0, changed, now), "changed")
    script.desktop("kim").post("/send", {})
    script.advance(1)
    script.expect([each.met for each in script.simulator.expecting.judged(script.now)], [True, False])
    script.desktop("kim").post("/send", {})
    script.advance(1)

    script.expect(unmet(script), [])


def test_what_a_test_declares_is_forgotten_with_the_agents() -> None:
    script = begin(CHAT, "{step: history}")
    script.simulator.expecting.declare(expected("accept", times=1))
    script.expect(len(unmet(script)), 2)

    script.direct(lambda simulator, now: reset(simulator, ["agents"], now), "reset")

    script.expect(unmet(script), ["history was expected, and nobody has come to play story"])


@pytest.mark.parametrize(
    ("counts", "what"),
    [
        ({"times": 1, "at_most": 2}, "'times' says already how often"),
        ({"at_least": 3, "at_most": 2}, "'at_least' is 3 and 'at_most' only 2"),
        ({"times": -1}, "a whole number from 0, not -1"),
        ({"times": True}, "a whole number from 0, not True"),
    ],
)
def test_counts_that_cannot_be_are_refused(counts: dict[str, int], what: str) -> None:
    with pytest.raises(UsageError, match=what):
        expected("accept", **counts)


def test_a_step_that_no_scenario_has_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"there is no step 'acept'\. Did you mean 'accept'\?"):
        begin(CHAT).simulator.expecting.declare(expected("acept"))


def test_all_is_done_when_every_play_is_over_and_all_is_as_expected() -> None:
    script = begin(CHAT)
    with pytest.raises(
        ExpectationError, match=r"not over is story#1 of kim: accept \(nobody has asked POST /accept"
    ):
        script.simulator.expecting.check_done(script.now)
    script.desktop("kim").post("/accept", {})
    script.advance(1)

    script.simulator.expecting.check_done(script.now)


def test_all_is_not_done_while_nobody_has_come() -> None:
    script = begin(CHAT, users=())

    with pytest.raises(ExpectationError, match="nobody has come to play"):
        script.simulator.expecting.check_done(script.now)


def test_where_the_clock_stands_still_what_waits_for_it_says_so() -> None:
    script = begin(CHAT, is_moved_by_hand=True)
    script.desktop("kim").post("/accept", {})

    script.expect(
        script.simulator.expecting.why_not("history", "", script.now),
        "the clock stands still, and 'history' comes when it is moved by 0.3s",
    )


RULES = """
faults:
  - {name: lost, fault: drop, where: {step: early}, chance: 50%}
  - {name: again, fault: duplicate, where: {channel: /b}, chance: 50%}
  - {name: busy, fault: status, where: {step: send}, chance: 30%}
  - {name: later, fault: delay, where: {channel: /a}, settings: {by: 700ms}, chance: 50%}
  - {name: turned, fault: reorder, where: {channel: /b}, chance: 40%}
"""


@settings(max_examples=30)
@given(st.booleans(), st.sampled_from([ALONE, SHARED]), st.lists(turns, max_size=25))
def test_whatever_happens_counts_are_those_of_the_journal(
    ruled: bool, text: str, done: list[tuple[int, str, float]]
) -> None:
    story = RULES + re.sub(r"faults:\n(  - .*\n)+", "", text) if ruled else text
    script = Script(scenario(story))
    people = [Person(script, user) for user in ("ann", "bob", "cid")]
    (told,) = script.simulator.scenarios
    # A request that is alike in several sessions of one agent counts for all, and is noted once.
    steps = [step.id for step in (*(told.session if text is ALONE else ()), *told.steps)]
    for who, kind, seconds in [(0, "handshake", 0.0), (0, "a", 0.0), (0, "ready", 0.0), *done]:
        people[who].do(kind)
        script.advance(seconds)
        for step in steps:
            occurrences = Occurrences(script.simulator, step)
            entries = sum(occurrences.take(entry) for entry in script.simulator.journal)
            wanted = Expectation(wanted=expected(step))
            counted = sum(count for _, _, count in Judging(script.simulator, script.now).counted(wanted))
            script.expect((step, counted), (step, entries))
