"""What `verify` found, in its three forms: the same whatever found it."""

from __future__ import annotations

from typing import Any

import pytest
from rich.console import Console

from replay.cli.differences import sentence
from replay.cli.verify_report import Held, cases, clean, lines, row
from replay.drive.access import Hidden
from replay.scenario.load import loads
from replay.verify.diff_values import ABSENT
from replay.verify.merged import merged
from replay.verify.report import Difference, StepOutcome, Verification

FILE = "story.yaml"
STORY = loads(
    """
version: 1
name: story
steps:
  - {id: invited, push: /chats, data: 1}
  - {id: accept, request: POST /chat}
  - {id: chatting, push: /chats, after: accept, data: 2}
  - {id: history, push: /chats, after: accept + 1s, data: 3}
""",
    FILE,
)
STATUS = Difference(kind="answer", step="accept", field="answer.status", a=200, b=403)
MISSING = Difference(kind="only in a", step="history", a="push /chats")
EXTRA = Difference(kind="only in b", b={"channel": "/chats", "data": 9})
LATE = Difference(kind="delay", step="chatting", field="after", a="accept", b="1.5s", apart=1.5)


def held(*differences: Difference, verdict: str = "fail", why: str = "", reached: int = 4) -> Held:
    steps = tuple(
        StepOutcome(
            step=step.id,
            kind="push",
            outcome="not reached" if at >= reached else "same",
            took=0.5 if at < reached else None,
        )
        for at, step in enumerate(STORY.steps)
    )
    found = Verification(scenario="story", verdict=verdict, why=why, differences=differences, steps=steps)  # type: ignore[arg-type]
    return Held(found, STORY, FILE, "http://gws")


def printed(what: Held) -> list[str]:
    console = Console(width=160, color_system=None)
    with console.capture() as captured:
        for line in lines(what):
            console.print(line, soft_wrap=True)
    return [line.rstrip() for line in captured.get().splitlines()]


def test_only_what_differs_is_shown_with_its_neighbours_in_aligned_columns() -> None:
    assert printed(held(STATUS, LATE, EXTRA, MISSING, why="nothing came for 30 s")) == [
        "FAIL: 4 differences at accept, chatting, history: mend http://gws, or if it is right, "
        "change story.yaml",
        "  it ended before all was seen: nothing came for 30 s",
        "  invited: push /chats, start",
        "",
        "~ accept: POST /chat",
        "    answer.status  200  →  403",
        "",
        "~ chatting: push /chats, accept",
        "    delay after  accept  →  1.5s  1,500 ms later",
        "",
        '+ no step: {"channel": "/chats", "data": 9}   only in http://gws',
        "",
        "- history: push /chats, accept + 1s   only in story.yaml",
    ]


def test_a_pass_is_one_line() -> None:
    assert printed(held(verdict="pass")) == ["PASS: http://gws plays story as story.yaml says, 4 steps"]


def test_how_far_an_inconclusive_run_came_is_said() -> None:
    assert printed(held(verdict="inconclusive", why="it was interrupted", reached=2)) == [
        "INCONCLUSIVE: it was interrupted. Let it run to its end.",
        "  reached until then: 2 of 4 steps, the last accept",
    ]


def test_what_a_server_says_cannot_steer_the_terminal() -> None:
    wild = Difference(kind="event", step="invited", field="data.\x1b[2J", a=1, b="\x1b]0;x\x07\x9b")

    text = "\n".join(printed(held(wild, why="\x1b[31m")))

    assert "\x1b" not in text
    assert "\x07" not in text
    assert "data.\\x1b[2J" in text


@pytest.mark.parametrize(
    ("a", "b", "shown"),
    [
        (0, "0", '0 → "0"'),
        (None, "null", 'null → "null"'),
        ({"n": 0}, '{"n": 0}', r'{"n": 0} → "{\"n\": 0}"'),
        ("Bye", "", 'Bye → ""'),
        ("Bye", "Bye ", 'Bye → "Bye "'),
        ("see you", "see  you", 'see you → "see  you"'),
        ("caf\u00e9", "cafe\u0301", r'"caf\u00e9" → "cafe\u0301"'),
        ("0090A", "0090B", "0090A → 0090B"),
        ("x" * 200 + "a", "x" * 200 + "b", f"…{'x' * 20}a (201 characters) → …{'x' * 20}b (201 characters)"),
        ("z" * 125, "z" * 126, f"…{'z' * 20} (125 characters) → …{'z' * 21} (126 characters)"),
        ("y" * 130, ABSENT, f"{'y' * 120}… (130 characters) → (nothing)"),
    ],
)
def test_one_sees_in_what_two_values_differ(a: Any, b: Any, shown: str) -> None:
    assert sentence(Difference(kind="event", step="accept", field="data", a=a, b=b)) == f"data: {shown}"


def test_a_failure_has_a_case_for_each_step_and_for_what_is_none() -> None:
    assert [(case.name, case.outcome, list(case.told)) for case in cases(held(STATUS, EXTRA, MISSING))] == [
        ("the target can be exercised", "passed", []),
        ("invited", "passed", []),
        ("accept", "failure", ["answer.status: 200 → 403"]),
        ("chatting", "passed", []),
        ("history", "failure", ["only in a: push /chats"]),
        ("nothing else comes", "failure", ['only in b: {"channel": "/chats", "data": 9}']),
    ]


def test_an_inconclusive_run_is_an_error_of_the_run_and_its_steps_are_skipped() -> None:
    found = cases(held(verdict="inconclusive", why="it is down", reached=1))

    assert [(case.name, case.outcome) for case in found] == [
        ("the target can be exercised", "error"),
        ("invited", "passed"),
        ("accept", "skipped"),
        ("chatting", "skipped"),
        ("history", "skipped"),
        ("nothing else comes", "passed"),
    ]
    assert (found[0].told[0], found[2].told) == ("inconclusive: it is down", ("not reached: it is down",))


def test_of_thousands_of_differences_the_text_has_some_and_json_has_all() -> None:
    many = [Difference(kind="only in b", b={"number": number}) for number in range(5_000)]
    same = [
        Difference(kind="event", step="invited", field=f"data.f{number}", a=1, b=2) for number in range(5_000)
    ]
    what = held(*same, *many)

    told = printed(what)
    assert len(told) < 200
    assert "    … and 4,988 more differences; --json has them all" in told
    assert told[-1] == "… and 4,941 more steps; --json has them all"
    everything = row(what, "causal")["differences"]
    assert isinstance(everything, tuple)
    assert len(everything) == 10_000


def test_what_the_target_calls_a_secret_is_masked_at_any_depth() -> None:
    hidden = Hidden()
    hidden.learn("geheim")
    found = held(
        Difference(kind="answer", step="accept", field="answer.body.accessToken", a=1, b="x1"),
        Difference(
            kind="answer", step="accept", field="answer.body.more", b=[{"password": "x2", "n": ["x"]}]
        ),
        Difference(kind="event", step="invited", field="data.geheim", a="geheim", b="say geheim"),
        why="no geheim, token=x3",
    ).found

    cleaned = clean(found, hidden)

    assert [(each.field, each.a, each.b) for each in cleaned.differences] == [
        ("answer.body.accessToken", 1, "***"),
        ("answer.body.more", "(nothing)", [{"password": "***", "n": ["x"]}]),
        ("data.***", "***", "say ***"),
    ]
    assert cleaned.why.startswith("no ***, token=***")
    assert "x3" not in cleaned.why


def test_roles_are_told_as_one_in_the_order_of_the_file() -> None:
    one = Verification(
        scenario="story",
        verdict="pass",
        steps=(StepOutcome(step="invited", kind="push", outcome="same"),),
        ignored=1,
    )
    other = Verification(
        scenario="story",
        verdict="inconclusive",
        why="it is down",
        steps=(StepOutcome(step="accept", kind="request", outcome="not reached"),),
        ignored=2,
    )
    failed = Verification(scenario="story", verdict="fail", differences=(MISSING, STATUS))

    both = merged([other, one], STORY)
    assert (both.verdict, both.why, both.ignored) == ("inconclusive", "it is down", 3)
    assert [each.step for each in both.steps] == ["invited", "accept"]
    assert merged([other, one, failed], STORY).verdict == "fail"
    assert merged([failed, one], STORY).differences == (STATUS, MISSING)
    assert merged([one], STORY) is one
