"""Two runs held against each other, with what faults touched in either left out."""

from __future__ import annotations

from typing import Any

import pytest

from replay.entries import Kept
from replay.simulator.options import Options
from replay.testing import Script, scenario
from replay.verify.journals import JournalReport, compare
from replay.verify.timing import Tolerance
from replay.verify.touched import touched, untouched

STORY = """
steps:
  - {id: invited, push: /chats, after: start + 1s, data: {state: Invited}}
  - {id: send, request: POST /send, repeat: cycle, respond: {after: 50ms, body: {statusCode: 0}}}
  - {id: echo, push: /chats, after: send + 100ms, data: {state: Echo}}
"""


def run(faults: str = "[]", *, sends: int = 4, apart: float = 1.0, users: tuple[str, ...] = ("ann",)) -> Kept:
    """A run in which everybody sends some times, and again where that is refused."""
    script = Script(scenario(f"faults: {faults}\n{STORY}"), options=Options())
    for user in users:
        desktop = script.desktop(user)
        desktop.handshake()
        desktop.subscribe("/chats")
        for number in range(sends):
            exchange = desktop.post("/send", {"number": number})
            if not script.waits(exchange):
                desktop.post("/send", {"number": number})
            script.advance(apart)
            desktop.connect(advice={"timeout": 0})
    return Kept(head=None, entries=tuple(script.simulator.journal), is_cut=False)


def found(report: JournalReport) -> list[tuple[str, str, str]]:
    return [
        (change.kind, entry.kind, entry.step)
        for change in report.changes
        if (entry := change.a or change.b) is not None
    ]


def fault(kind: str, where: str = "{step: send}", times: str = "nth: [2]", settings: str = "{}") -> str:
    return f"[{{name: bad, fault: {kind}, where: {where}, {times}, settings: {settings}}}]"


def test_a_run_is_the_same_as_itself() -> None:
    report = compare(run(), run())

    assert report.same
    assert (report.entries, report.left_out) == ((17, 17), (0, 0))


@pytest.mark.parametrize(
    "faults",
    [
        fault("drop", "{step: echo}"),
        fault("duplicate", "{step: echo}"),
        fault("delay", "{step: echo}", "every: 2", "{by: 1.5s}"),
        fault("reorder", "{step: echo}"),
        fault("latency"),
        fault("latency", settings="{delay: 700ms}"),
        fault("status", settings="{processed: true}"),
        fault("latency", "{meta: subscribe}", "nth: [1]"),
    ],
)
def test_what_a_fault_touched_is_left_out_in_both_runs(faults: str) -> None:
    report = compare(run(), run(faults))

    assert found(report) == []
    assert min(report.left_out) > 0


def test_what_a_fault_touched_is_compared_when_it_is_asked_for() -> None:
    report = compare(run(), run(fault("drop", "{step: echo}")), with_touched=True)

    assert found(report) == [("only in a", "event", "echo"), ("only in b", "fault", "echo")]


def test_only_the_time_that_was_struck_is_left_out() -> None:
    (entries,) = run(fault("status", times="nth: [2]")).by_agent().values()

    assert touched(entries) == {("story", "send", 2)}
    left = untouched(entries, touched(entries))
    # It was refused, and asked again at once: all four are there.
    assert [entry.kind for entry in left].count("request") == 4
    assert all("faults" not in entry.detail for entry in left)


def test_what_waits_for_a_subscription_is_counted_when_it_is_due() -> None:
    def heard_late(faults: str) -> Kept:
        script = Script(scenario(f"faults: {faults}\n{STORY}"))
        desktop = script.desktop("ann")
        desktop.handshake()
        for number in range(3):
            desktop.post("/send", {"number": number})
            script.advance(1)
        desktop.subscribe("/chats")
        return Kept(head=None, entries=tuple(script.simulator.journal), is_cut=False)

    assert compare(heard_late("[]"), heard_late(fault("drop", "{step: echo}"))).same


def test_what_happened_in_one_run_alone_is_found() -> None:
    report = compare(run(sends=4), run(sends=3))

    kinds = [
        ("only in a", kind, step)
        for kind, step in (("request", "send"), ("answer", "send"), ("event", "echo"))
    ]
    assert found(report) == kinds


def test_an_agent_who_was_not_there_is_found() -> None:
    report = compare(run(), run(users=("ann", "bob"), sends=1))

    assert {change.agent for change in report.changes if change.kind == "only in b"} == {"bob"}


def test_what_is_told_otherwise_is_one_difference() -> None:
    other = scenario(STORY.replace("body: {statusCode: 0}", "status: 201"))
    script = Script(other)
    desktop = script.desktop("ann")
    desktop.handshake()
    desktop.subscribe("/chats")
    desktop.post("/send", {})
    script.advance(1)
    changed = Kept(head=None, entries=tuple(script.simulator.journal), is_cut=False)

    (change,) = compare(run(sends=1), changed).changes
    assert (change.kind, _status(change.a), _status(change.b)) == ("details", 200, 201)


def test_times_are_compared_only_when_it_is_said_what_they_may_be_apart() -> None:
    one, other = run(apart=2.0), run(apart=2.01)

    assert compare(one, other).same
    assert compare(one, other, tolerance=Tolerance(0.04)).same
    changes = compare(one, other, tolerance=Tolerance(0.025)).changes
    assert [(change.kind, change.apart, change.a.step) for change in changes if change.a] == [
        ("time", 0.03, "send"),
        ("time", 0.03, "send"),
        ("time", 0.03, "echo"),
    ]


def _status(entry: Any) -> Any:
    return entry.detail["status"]


def two_lives(times: str, *, away: float) -> Kept:
    """Somebody sends, goes, is forgotten while others come, comes back under its name, and sends again."""
    options = Options(agents_kept=0, agents_kept_for=60.0)
    script = Script(scenario(f"faults: {fault('error', times=times)}\n{STORY}"), options=options)
    for _ in range(2):
        ann = script.desktop("ann")
        ann.handshake()
        ann.subscribe("/chats")
        for number in range(2):
            ann.post("/send", {"number": number})
            script.advance(5)
            ann.connect(advice={"timeout": 0})
        ann.disconnect()
        script.advance(away)
        script.desktop("bob").handshake()
    return Kept(head=None, entries=tuple(script.simulator.journal), is_cut=False)


def test_how_long_somebody_had_been_away_who_was_forgotten_is_not_compared() -> None:
    one, other = two_lives("nth: [9]", away=61), two_lives("nth: [9]", away=62)

    assert [entry.agent for entry in one.entries if "forgotten" in entry.detail].count("ann") == 1
    assert found(compare(one, other)) == []
    without = Kept(
        head=None, entries=tuple(each for each in one.entries if "forgotten" not in each.detail), is_cut=False
    )
    assert {kind for kind, _, _ in found(compare(without, other))} == {"only in b"}


def test_what_a_fault_touched_of_somebody_who_was_forgotten_and_came_back_is_known_apart() -> None:
    entries = two_lives("nth: [2]", away=61).by_agent()["ann"]

    assert touched(entries) == {("story", "send", 2), ("story", "send", 4)}
    kinds = [
        (entry.kind, entry.step) for entry in untouched(entries, touched(entries)) if entry.step == "send"
    ]
    assert kinds == [("request", "send"), ("answer", "send")] * 2
