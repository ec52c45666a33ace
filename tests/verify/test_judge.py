"""What one agent saw, judged: by hand, and as a story that is played with one thing wrong in it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from replay.plan.timeline import plan
from replay.scenario.model import PushStep, RequestStep, Scenario
from replay.testing import scenario
from replay.verify.judge import judge
from replay.verify.merged import merged
from replay.verify.order import Order
from replay.verify.report import Verification
from replay.verify.role import Role, Seen
from replay.verify.timing import parse_tolerance
from tests.distil.strategies import Said, recordings, stories

from .loop import Loop

CHAT = """
variables: {chat: {recorded: 0000Na9B26EF002X, make: interaction-id}}
ignore: [stamp]
steps:
  - {id: invited, push: /a, after: start + 1s, data: {is: Invited, chat: "${chat}"}}
  - {id: accept, request: "POST /${chat}", body: {do: it}, respond: {after: 40ms, body: {ok: true, n: 1}}}
  - {id: chatting, push: /a, after: accept + 100ms, data: {is: Chatting, chat: "${chat}", with: [ann, bob]}}
  - {id: people, push: /a, after: accept + 200ms, data: {is: People, chat: "${chat}", stamp: 1, more: {a: 1}}}
  - {id: apart, push: /b, after: start + 5s, data: {is: Apart}}
  - {id: last, push: /a, after: people + 100ms, data: {is: Last, chat: "${chat}", of: chatting}}
"""
ORDERS: list[Order] = ["strict", "causal", "any"]
WHOLE = ["invited", "accept", "accept.response", "chatting", "people", "last", "apart"]
AT = dict(zip(WHOLE, (1.0, 1.0, 1.04, 1.1, 1.2, 1.3, 5.0), strict=True))


def seen(*steps: str, late: dict[str, float] | None = None) -> list[Seen]:
    """Moments in this order, each when it should come but for how late it is."""
    kinds = {"accept": "request", "accept.response": "answer"}
    return [
        Seen(
            at=AT.get(step, 9.0) + (late or {}).get(step, 0.0),
            kind=kinds.get(step, "event"),
            step=step.partition(".")[0] if step in AT else "",
            what="/a",
        )
        for step in steps
    ]


def judged(*steps: str, order: Order = "causal", **options: Any) -> Verification:
    return judge(plan(scenario(CHAT)), seen(*steps), order=order, **options)


def found(verification: Verification) -> list[tuple[str, str, Any, Any]]:
    return [(each.kind, each.step, each.a, each.b) for each in verification.differences]


def outcomes(verification: Verification) -> dict[str, str]:
    return {each.step: each.outcome for each in verification.steps if each.outcome != "same"}


@pytest.mark.parametrize("order", ORDERS)
def test_what_comes_as_written_passes(order: Order) -> None:
    verification = judged(*WHOLE, order=order, tolerance=parse_tolerance("1ms"))

    assert (verification.verdict, verification.differences, outcomes(verification)) == ("pass", (), {})


def test_events_of_one_cause_keep_their_order() -> None:
    swapped = judged("invited", "accept", "accept.response", "people", "chatting", "last", "apart")

    assert found(swapped) == [("order", "chatting", "before people", "after people")]


def test_an_event_comes_after_what_it_follows_and_so_after_what_that_follows() -> None:
    early = judged("invited", "last", "accept", "accept.response", "chatting", "people", "apart")
    without = judged("invited", "last", "accept", "accept.response", "chatting", "apart")

    assert ("order", "last", "after people", "before people") in found(early)
    assert ("order", "last", "after accept", "before accept") in found(without)


def test_an_event_may_come_before_the_answer_that_it_does_not_wait_for() -> None:
    assert judged("invited", "accept", "chatting", "accept.response", *WHOLE[4:]).verdict == "pass"


def test_events_of_independent_causes_may_swap_unless_order_is_strict() -> None:
    swapped = ["invited", "apart", *WHOLE[1:-1]]

    assert [judged(*swapped, order=order).verdict for order in ORDERS] == ["fail", "pass", "pass"]
    assert [each.step for each in judged(*swapped, order="strict").differences] == ["apart"]


def test_order_is_that_of_times_and_not_of_the_file() -> None:
    story = plan(
        scenario("steps: [{id: b, push: /a, after: start + 2s, data: 2}, {id: a, push: /a, data: 1}]")
    )
    events = [Seen(at=0.0, kind="event", step=step, what="/a") for step in ("a", "b")]

    assert [judge(story, events, order=order).verdict for order in ORDERS] == ["pass"] * 3
    assert judge(story, events[::-1], order="strict").verdict == "fail"


def test_delays_that_may_be_the_same_may_swap() -> None:
    story = """
    steps:
      - {id: a, push: /a, after: "start + uniform(10ms, 50ms)", data: 1}
      - {id: b, push: /a, after: start + 60ms, window: 20ms, data: 2}
      - {id: c, push: /a, after: start + 60ms, data: 3}
    """
    events = [Seen(at=0.05, kind="event", step=step, what="/a") for step in ("c", "b", "a")]

    [difference] = judge(plan(scenario(story)), events).differences
    assert (difference.step, difference.a, difference.b) == ("a", "before c", "after c")


@pytest.mark.parametrize(
    ("tolerance", "late", "told"),
    [
        ("50ms", 0.049, []),
        ("50ms", 0.051, [("chatting", 0.051)]),
        ("200%", 0.19, []),
        ("200%", 0.21, [("chatting", 0.21)]),
        ("200%", 60.0, [("chatting", 60.0)]),
    ],
)
def test_what_is_late_is_told_by_how_much_if_times_are_asked_for(
    tolerance: str, late: float, told: list[Any]
) -> None:
    events = seen(*WHOLE, late={"chatting": late})
    story = plan(scenario(CHAT))

    differences = judge(story, events, order="any", tolerance=parse_tolerance(tolerance)).differences
    assert [(each.step, each.apart) for each in differences if each.kind == "delay"] == told
    assert judge(story, events).verdict == "pass"


@pytest.mark.parametrize(
    ("told", "then", "off"),
    [
        (0.04, 0.01, []),
        (0.07, 0.013, []),
        (0.1, 0.02, []),
        (0.03, 0.02, [("told", -0.01)]),
        (0.1, 0.03, [("then", 0.01)]),
    ],
)
def test_an_event_may_come_at_any_time_in_its_window_and_at_any_that_its_distribution_gives(
    told: float, then: float, off: list[Any]
) -> None:
    story = """
    steps:
      - {id: ask, request: GET /ask, respond: {after: 40ms}}
      - {id: told, push: /a, after: ask + 100ms, window: 60ms, data: 2}
      - {id: then, push: /a, after: "ask.response and told + uniform(10ms, 20ms)", data: 3}
    """
    moments = ("request", "ask", 0.0), ("answer", "ask", 0.04)
    events = ("event", "told", told), ("event", "then", max(told, 0.04) + then)
    saw = [Seen(at=at, kind=kind, step=step, what="/a") for kind, step, at in (*moments, *events)]

    differences = judge(plan(scenario(story)), saw, tolerance=parse_tolerance("1ms")).differences

    assert [(each.step, each.apart) for each in differences] == off


@pytest.mark.parametrize("order", ORDERS)
def test_what_comes_long_before_its_cause_is_so_much_too_early(order: Order) -> None:
    events = seen("invited", "chatting", *WHOLE[1:3], *WHOLE[4:], late={"chatting": -0.15})

    told = judge(plan(scenario(CHAT)), events, order=order, tolerance=parse_tolerance("50ms")).differences

    assert [(each.b, each.apart) for each in told if each.kind == "delay"] == [("50ms before it", -0.15)]


def test_what_waits_for_several_comes_after_the_last_of_them_whichever_that_is() -> None:
    story = plan(
        scenario(
            """
            steps:
              - {id: one, push: /a, after: start + 1s, data: 1}
              - {id: two, push: /a, after: start + 1s, data: 2}
              - {id: both, push: /a, after: one and two + 1s, data: 3}
              - {id: then, push: /a, after: both and one, data: 4}
            """
        )
    )

    def said(*steps: str, order: Order = "causal") -> list[tuple[str, str]]:
        events = [Seen(at=float(at), kind="event", step=step, what="/a") for at, step in enumerate(steps)]
        return [(each.step, each.b) for each in judge(story, events, order=order).differences]

    for order in ("strict", "causal"):
        assert said("one", "two", "both", "then", order=order) == []
        assert said("two", "one", "both", "then", order=order) == []
        assert said("one", "both", "two", "then", order=order) == [("both", "before two")]
        assert said("two", "both", "one", "then", order=order) == [("both", "before one")]
        assert said("one", "two", "then", "both", order=order) == [("then", "before both")]


def test_no_share_of_no_delay_is_ten_milliseconds() -> None:
    story = plan(scenario("steps: [{id: a, push: /a, data: 1}]"))
    late = [[Seen(at=at, kind="event", step="a", what="/a")] for at in (0.009, 0.011)]

    assert [judge(story, each, tolerance=parse_tolerance("200%")).verdict for each in late] == [
        "pass",
        "fail",
    ]


def test_an_event_that_nobody_brought_about_is_not_the_fault_of_the_server() -> None:
    nothing = judge(plan(scenario(CHAT)), [], why="invited did not come within 15 s")

    assert (nothing.verdict, set(outcomes(nothing).values())) == ("inconclusive", {"not reached"})


def test_what_follows_an_event_that_did_not_come_is_not_missed_too() -> None:
    verification = judged("invited", "accept", "accept.response", "chatting", "apart")

    assert [each[:2] for each in found(verification)] == [("only in a", "people")]
    assert outcomes(verification) == {"people": "missing", "last": "not reached"}


def test_a_story_without_a_step_proves_nothing_and_takes_nothing_from_others() -> None:
    story = scenario("steps: []")
    nothing = judge(plan(story), [])
    whole = judged(*WHOLE)

    assert (nothing.verdict, nothing.why) == ("inconclusive", "there is no step to hold a server to")
    assert merged([nothing, nothing], story).verdict == "inconclusive"
    assert merged([whole, nothing], scenario(CHAT)).verdict == "pass"


TWO = """
steps:
  - {id: asked, agent: ann, request: POST /a}
  - {id: heard, agent: ann, push: /a, after: asked, data: 1}
  - {id: helped, agent: bob, push: /a, after: heard, data: 2}
  - {id: help, agent: bob, request: POST /b}
  - {id: thanked, agent: ann, push: /a, after: help.response, data: 3}
"""


def ann(*steps: str) -> list[Seen]:
    kinds = {"asked": ["request", "answer"], "help": ["request", "answer"]}
    told = [(kind, step) for step in steps for kind in kinds.get(step, ["event"])]
    return [Seen(at=0.0, kind=kind, step=step, what="/a") for kind, step in told]


def test_what_another_role_brings_about_is_missed_once_that_has_done_so() -> None:
    story = plan(scenario(TWO))
    own, others = ann("asked", "heard"), ann("helped", "help")

    assert judge(story, own).verdict == "inconclusive"
    assert [each.step for each in judge(story, own, others=others).differences] == ["thanked"]
    assert judge(story, own, others=others).verdict == "fail"
    assert judge(story, own, others=[]).differences == ()
    assert judge(story, [], role=1, others=ann("asked")).differences == ()


# A story played with one thing wrong


class Wrong(Loop):
    """One thing is wrong with what comes of one step."""

    def __init__(self, scenario: Scenario, step: str, wrong: str) -> None:
        super().__init__(scenario, goes_on=True)
        self._step, self._wrong = step, wrong
        # A recogniser of its own says which event it is before anything is done to it.
        self._true = Role(self.timeline, "http://replay:8090")
        self._held: list[tuple[str, Any]] = []

    def told(self, channel: str, data: Any) -> list[tuple[str, Any]]:
        step = self._true.event(channel, data).step
        if self._held:
            held, self._held = self._held, []
            return [(channel, data), *held]
        if step != self._step:
            return [(channel, data)]
        match self._wrong:
            case "drop":
                return []
            case "double":
                return [(channel, data)] * 2
            case "swap":
                self._held = [(channel, data)]
                return []
            case _:
                return [(channel, spoiled(data, self._wrong))]

    def answered(self, step: str, status: int, body: Any) -> tuple[int, Any]:
        if step != self._step:
            return status, body
        return (500, body) if self._wrong == "status" else (status, spoiled(body, self._wrong))


def spoiled(data: Any, wrong: str) -> Any:
    """An object with one field of another name, of another type, too many or too few."""
    first, *others = data.items()
    match wrong:
        case "rename":
            return {"renamed": first[1], **dict(others)}
        case "retype":
            return {first[0]: [first[1]], **dict(others)}
        case "more":
            return {**data, "more than was said": 1}
        case _:
            return dict(others)


def tried(step: str, wrong: str, order: Order = "causal") -> list[tuple[str, str]]:
    loop = Wrong(scenario(CHAT), step, wrong)
    return [(each.kind, each.step) for each in judge(loop.timeline, loop.run(), order=order).differences]


@pytest.mark.parametrize(
    ("step", "wrong", "told"),
    [
        ("chatting", "drop", [("only in a", "chatting")]),
        ("chatting", "double", [("doubled", "chatting")]),
        ("chatting", "swap", [("order", "chatting")]),
        ("chatting", "rename", [("event", "chatting")] * 2),
        ("chatting", "retype", [("event", "chatting")]),
        ("last", "more", [("event", "last")]),
        ("people", "less", [("event", "people")]),
        ("accept", "status", [("answer", "accept")]),
        ("accept", "rename", [("answer", "accept")] * 2),
        ("accept", "retype", [("answer", "accept")]),
    ],
)
def test_one_thing_that_is_wrong_is_told_at_its_step_and_nothing_besides(
    step: str, wrong: str, told: list[tuple[str, str]]
) -> None:
    assert tried(step, wrong) == told


def test_an_id_that_changes_midway_is_told_once() -> None:
    class Other(Loop):
        def told(self, channel: str, data: Any) -> list[tuple[str, Any]]:
            later = data["is"] in {"People", "Last"}
            return [(channel, {**data, "chat": "0000Zz9ZZ9ZZ999Z"} if later else data)]

    loop = Other(scenario(CHAT))

    differences = judge(loop.timeline, loop.run()).differences
    assert [(each.step, each.field) for each in differences] == [("people", "data.chat")]


def played(story: list[Said]) -> Scenario:
    """The scenario of a random story that the client can play alone."""
    told = recordings(story, 0, "long-polling", set()).scenario(together=True)
    assume(all(isinstance(step, RequestStep) and step.request.startswith("GET") for step in told.session))
    assume(all(len(getattr(step, "respond", [])) <= 1 for step in (*told.session, *told.steps)))
    assume(all(each.make for each in told.variables.values() if str(each.recorded).startswith("0000")))
    return told


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(stories(agents=1))
def test_every_story_agrees_with_its_own_play_in_every_order(story: list[Said]) -> None:
    loop = Loop(played(story))
    events = loop.run()

    for order in ORDERS:
        verification = judge(loop.timeline, events, order=order)
        assert verification.differences == ()
        # A story in which there is nothing to do proves nothing.
        assert verification.verdict == ("pass" if verification.steps else "inconclusive")


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(stories(agents=1), st.data())
def test_whatever_is_wrong_with_a_story_is_told_at_its_step(story: list[Said], data: st.DataObject) -> None:
    told = played(story)
    events = [each for each in told.steps if isinstance(each, PushStep)]
    called = plan(told).profile.push_name
    # Of two that are alike nobody can say which of them it is that went wrong.
    names = Counter(called(each.push, each.data) for each in events)
    alone = [each for each in events if names[called(each.push, each.data)] == 1]
    pushes = [each.id for each in alone if is_rich(each.data)]
    asks = [each.id for each in told.steps if isinstance(each, RequestStep)]
    assume(pushes or asks)
    step = data.draw(st.sampled_from([*pushes, *asks]))
    wrongs = ["drop", "double", "rename", "retype", "more", "less"] if step in pushes else ["status"]
    wrong = data.draw(st.sampled_from(wrongs))
    loop = Wrong(told, step, wrong)

    differences = judge(loop.timeline, loop.run()).differences
    assert step in {each.step for each in differences}


def is_rich(data: Any) -> bool:
    """Whether there is enough in an event that it is still itself with one thing wrong."""
    return isinstance(data, dict) and len(data) >= 3 and "timestamp" not in data
