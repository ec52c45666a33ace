from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from msgspec.structs import replace

from replay.scenario.dump import dumps
from replay.scenario.load import load, loads
from replay.scenario.model import PushStep, RequestStep, Scenario, Step, fields_of
from replay.verify.diff import Report, diff
from replay.verify.diff_names import Words
from replay.verify.diff_settings import settings_of
from replay.verify.diff_values import ABSENT
from replay.verify.report import Difference
from replay.verify.timing import parse_tolerance
from tests.scenario.strategies import scenarios

ROOT = Path(__file__).parents[2]

# A machine that does something else meanwhile draws slowly.
BUSY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
BASE = """
version: 1
name: base
variables:
  chat: {recorded: 0000Na9B26EF002X, make: interaction-id}
  agent: {recorded: 009052C5E743004C, make: participant-id}
  nickname: {recorded: Marat}
steps:
  - id: invited
    push: /v2/me/chats
    after: start + 1.2s
    data: {messageType: M, chat: {id: "${chat}", state: Invited}}
  - id: accept
    request: POST /api/v2/me/chats/${chat}?x=1
    body: {operationName: Accept, nickname: "${nickname}"}
    respond: {after: 38ms, body: {statusCode: 0}}
  - id: chatting
    push: /v2/me/chats
    after: accept + 41ms
    data: {messageType: M, chat: {id: "${chat}", state: Chatting, participants: ["${agent}", b, c]}}
  - {id: text, push: /v2/me/chats, after: accept + 1s, data: {messageType: L, text: one, from: "${nickname}"}}
  - {id: text-2, push: /v2/me/chats, after: accept + 2s, data: {messageType: L, text: second}}
  - {id: text-3, push: /v2/me/chats, after: accept + 3s, data: {messageType: L, text: the third}}
"""


def scenario(*changes: tuple[str, str]) -> Scenario:
    """The base with parts of its text replaced, each of which must be there."""
    text = BASE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return loads(text)


def against_base(*changes: tuple[str, str], **options: Any) -> Report:
    return diff(scenario(), scenario(*changes), **options)


def only(report: Report) -> Difference:
    assert len(report.differences) == 1, report.differences
    return report.differences[0]


@given(scenarios())
@settings(BUSY, max_examples=20)
def test_a_scenario_is_the_same_as_itself_written_and_read(told: Scenario) -> None:
    assert diff(told, loads(dumps(told))).same


def test_a_request_that_only_one_has_tells_no_pushes_apart_whichever_is_first() -> None:
    head = "version: 1\nname: story\n"
    one = loads(f"{head}steps: [{{id: a, push: /x, data: 1}}, {{id: b, push: /y, data: 2}}]")
    other = loads(
        f"{head}steps:\n"
        "  - {id: a, push: /y, data: 1}\n"
        "  - {id: b, request: GET /}\n"
        "  - {id: c, push: /y, after: b.response, data: 2}\n"
    )

    assert [diff(one, other).matched, diff(other, one).matched] == [2, 2]


@given(scenarios(), scenarios())
@settings(BUSY, max_examples=20)
def test_either_way_round_says_whether_two_are_the_same(one: Scenario, other: Scenario) -> None:
    forth, back = diff(one, other), diff(other, one)

    assert forth.same == back.same
    assert forth.matched == back.matched


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("POST /api", "PUT /api", ("request", "accept", "method", "POST", "PUT")),
        ("x=1", "x=2", ("request", "accept", "query.x", "1", "2")),
        ("x=1", "x=1&y=3", ("request", "accept", "query.y", ABSENT, "3")),
        ("operationName: Accept", "operationName: Take",
         ("request", "accept", "body.operationName", "Accept", "Take")),
        ("38ms, body", "38ms, status: 403, body", ("answer", "accept", "answer.status", 200, 403)),
        ("statusCode: 0", "statusCode: false", ("answer", "accept", "answer.body.statusCode", 0, False)),
        ("b, c]", "c]", ("event", "chatting", "data.chat.participants[1]", "b", ABSENT)),
        ("text: one", "text: won", ("event", "text", "data.text", "one", "won")),
        ("text: one, ", "", ("event", "text", "data.text", "one", ABSENT)),
        ("recorded: Marat", "recorded: Ramat", ("variable", "", "nickname.recorded", "Marat", "Ramat")),
        ("after: accept + 2s", "after: chatting + 2s",
         ("trigger", "text-2", "after", "accept + 2s", "chatting + 2s")),
        ("after: accept + 2s", "after: accept.response + 2s",
         ("trigger", "text-2", "after", "accept + 2s", "accept.response + 2s")),
        ("push: /v2/me/chats, after: accept + 1s", "push: /v2/me/calls, after: accept + 1s",
         ("channel", "text", "push", "/v2/me/chats", "/v2/me/calls")),
        ("name: base", "name: base\ncometd: {timeout: 10s}",
         ("setting", "", "cometd.timeout", "30s", "10s")),
        ("name: base", "name: base\noffered: on-request",
         ("setting", "", "offered", "at-start", "on-request")),
        ("name: base", "name: base\nagain: [accept + 20s]",
         ("setting", "", "again[0]", ABSENT, "accept + 20s")),
        ("name: base", "name: base\nprofile_settings: {version: 8.5.1}",
         ("setting", "", "profile_settings.version", ABSENT, "8.5.1")),
        ("name: base", "name: base\ndemands: [{header: X-CSRF-TOKEN}]",
         ("setting", "", "demands.x-csrf-token", ABSENT,
          {"header": "x-csrf-token", "refused": {"status": 403}})),
    ],
)  # fmt: skip
def test_what_differs_is_said_by_step_and_field(old: str, new: str, said: tuple[Any, ...]) -> None:
    found = only(against_base((old, new)))

    assert (found.kind, found.step, found.field, found.a, found.b) == said


def test_every_part_of_a_file_is_compared_but_what_a_server_does_not_go_by() -> None:
    compared = settings_of(scenario(), {}).keys() | {"variables", "session", "steps"}
    told_of_it = {"version", "name", "about", "source"}
    for_who_compares = {"ignore", "expect"}

    assert compared | told_of_it | for_who_compares == {field.name for field in fields_of(Scenario)}


def test_what_a_renamed_step_brings_and_what_goes_wrong_with_it_are_the_same() -> None:
    head = """name: base
again: [accept + 20s]
faults: [{name: slow, fault: latency, where: {step: accept}, settings: {delay: 2s}}]"""
    told = scenario(("name: base", head))
    renamed = scenario(
        ("name: base", head.replace("accept", "take")), ("id: accept", "id: take"), ("r: accept", "r: take")
    )

    assert {each.kind for each in diff(told, renamed).differences} == {"renamed"}


def test_a_demand_is_the_same_whatever_its_token_is_called_and_however_its_header_is_written() -> None:
    def told(header: str, token: str) -> Scenario:
        demand = f'[{{header: {header}, value: "${{{token}}}"}}]'
        return scenario(
            ("name: base", f"name: base\ndemands: {demand}"),
            ("variables:", f"variables:\n  {token}: {{make: uuid}}"),
        )

    report = diff(told("X-CSRF-TOKEN", "csrf"), told("x-csrf-token", "token"))

    assert report.same
    assert report.variables == {"csrf": "token"}


def test_headers_are_the_same_in_letters_of_either_case() -> None:
    """HTTP/2 has small ones only."""

    def told(headers: str) -> Scenario:
        return scenario(("38ms, body", f"38ms, headers: {headers}, body"))

    assert diff(told("{X-Node: a}"), told("{x-node: a}")).same
    found = only(diff(told("{X-Node: a}"), told("{x-node: b}")))
    assert (found.field, found.a, found.b) == ("answer.headers.X-Node", "a", "b")


def test_a_step_that_only_one_side_has_is_said_once() -> None:
    line = next(line for line in BASE.splitlines() if "id: text-3" in line)
    more = line.replace("text-3", "goodbye").replace("messageType: L", "messageType: G")

    assert (only(against_base((line, ""))).kind, only(against_base((line, ""))).step) == (
        "only in a",
        "text-3",
    )
    added = only(against_base((line, f"{line}\n{more}")))
    assert (added.kind, added.step, added.b) == ("only in b", "goodbye", "push /v2/me/chats G")


def test_a_message_more_in_the_middle_does_not_make_all_that_follow_differ() -> None:
    """Ids are numbered: text-2 and text-3 are text-3 and text-4."""
    line = next(line for line in BASE.splitlines() if "id: text-2" in line)
    before = line.replace("+ 2s", "+ 1.5s").replace("second", "between them")
    report = against_base(
        ("id: text-3", "id: text-4"), (line, f"{before}\n{line.replace('text-2', 'text-3')}")
    )

    assert [(each.kind, each.step, each.other) for each in report.differences] == [
        ("only in b", "text-2", ""),
        ("renamed", "text-2", "text-3"),
        ("renamed", "text-3", "text-4"),
    ]


def test_pushes_that_all_look_alike_are_told_apart_by_what_they_follow() -> None:
    def told(*numbers: int) -> Scenario:
        steps: list[Step] = []
        for number in numbers:
            body = {"operationName": "SendMessage", "text": f"line {number}"}
            steps.append(RequestStep(id=f"send-{number}", request="POST /a", body=body))
            steps.append(
                PushStep(id=f"typing-{number}", push="/a", after=f"send-{number} + 1s", data="typing")
            )
        return Scenario(version=1, name="a", steps=steps)

    report = diff(told(*range(300)), told(*range(2, 300)))

    said = [(each.kind, each.step) for each in report.differences]
    gone = ["send-0", "typing-0", "send-1", "typing-1"]
    assert said == [("only in a", name) for name in gone]


@pytest.mark.parametrize("renumbered", [False, True])
def test_a_message_less_among_hundreds_that_say_the_same_is_one_difference(*, renumbered: bool) -> None:
    texts = ["hi", "yes", "no"] * 200

    def told(gone: int | None) -> Scenario:
        places = [at for at in range(len(texts)) if at != gone]
        numbers = range(len(places)) if renumbered else places
        steps: list[Step] = [
            PushStep(id=f"text-{number}", push="/a", data={"text": texts[at]})
            for number, at in zip(numbers, places, strict=True)
        ]
        return Scenario(version=1, name="a", steps=steps)

    report = diff(told(None), told(300))

    assert [(each.kind, each.step) for each in report.differences if each.kind != "renamed"] == [
        ("only in a", "text-300")
    ]
    assert len(report.differences) == (300 if renumbered else 1)


def test_one_less_of_many_that_are_all_alike_is_the_one_whose_id_is_gone() -> None:
    def told(*numbers: int) -> Scenario:
        steps: list[Step] = [PushStep(id=f"text-{number}", push="/a", data="hi") for number in numbers]
        return Scenario(version=1, name="a", steps=steps)

    found = only(diff(told(1, 2, 3, 4), told(1, 3, 4)))

    assert (found.kind, found.step) == ("only in a", "text-2")


def test_a_step_with_another_name_is_the_same_step_wherever_it_is_referred_to() -> None:
    found = only(against_base(("id: accept", "id: take"), ("after: accept", "after: take")))

    assert (found.kind, found.step, found.other) == ("renamed", "accept", "take")


def test_variables_with_other_names_used_alike_are_no_difference() -> None:
    report = against_base(("${chat}", "${interaction}"), ("  chat: {", "  interaction: {"))

    assert report.same
    assert report.variables == {"chat": "interaction"}


def test_one_use_of_another_variable_is_one_difference() -> None:
    report = against_base(
        ('["${agent}", b', '["${chat}", b'),
        ("  agent: {recorded: 009052C5E743004C, make: participant-id}\n", ""),
    )

    assert [(each.kind, each.field, each.a, each.b) for each in report.differences] == [
        ("variable", "agent", "make: participant-id", ABSENT),
        ("event", "data.chat.participants[0]", "${agent}", "${chat}"),
    ]


def test_the_recorded_value_of_what_is_made_anew_is_not_compared_but_how_it_is_made_is() -> None:
    assert against_base(("0000Na9B26EF002X", "0000Zz9B26EF002X")).same
    found = only(against_base(("make: participant-id", "make: interaction-id")))
    assert (found.kind, found.field, found.a, found.b) == (
        "variable",
        "agent.make",
        "participant-id",
        "interaction-id",
    )
    taken = only(against_base(("009052C5E743004C, make: participant-id", "009052C5E743004C")))
    assert (taken.field, taken.a, taken.b) == ("agent.make", "participant-id", ABSENT)


def test_two_that_wait_the_other_way_round_have_changed_their_order() -> None:
    one = ("after: accept + 3s", "after: text-2 + 1s")
    other = ("after: accept + 2s", "after: text-3 + 1s")
    report = diff(scenario(one), scenario(other))

    assert {(each.kind, each.step) for each in report.differences} == {
        ("trigger", "text-2"),
        ("order", "text-3"),
    }


def test_independent_steps_may_stand_in_any_order() -> None:
    told = scenario()

    assert diff(told, replace(told, steps=told.steps[::-1])).same


def test_a_step_that_moved_to_the_session_is_said_so() -> None:
    told = scenario()
    line = [step for step in told.steps if step.id == "accept"]
    moved = replace(told, session=line, steps=[step for step in told.steps if step.id != "accept"])
    found = only(diff(told, moved))

    assert (found.kind, found.step, found.a, found.b) == ("moved", "accept", "steps", "session")


@pytest.mark.parametrize(
    ("after", "timing", "same"),
    [
        ("accept + 50ms", "10ms", True),
        ("accept + 52ms", "10ms", False),
        ("accept + 31ms", "10ms", True),
        ("accept + 80ms", "50%", True),
        ("accept + 90ms", "50%", False),
        ("accept + uniform(40ms, 2s)", "0s", True),
        ("accept + uniform(60ms, 2s)", "10ms", False),
        ("accept + recorded(20ms, 45ms)", "0s", True),
        ("accept + 141ms\n    window: 100ms", "0s", True),
        ("accept + 141ms\n    window: 80ms", "10ms", False),
    ],
)
def test_a_delay_may_be_apart_so_far(after: str, timing: str, *, same: bool) -> None:
    report = against_base(("after: accept + 41ms", f"after: {after}"), tolerance=parse_tolerance(timing))

    assert report.same == same
    if not same:
        assert only(report).kind == "delay"


def test_a_delay_says_how_much_longer_it_is() -> None:
    assert only(against_base(("after: accept + 41ms", "after: accept + 141ms"))).apart == 0.1
    assert only(against_base(("after: 38ms", "after: 8ms"))).apart == -0.03


@pytest.mark.parametrize("text", ["10", "ten", "%", "-1ms", "5 %"])
def test_what_is_no_tolerance_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="write 10ms, or 50%"):
        parse_tolerance(text)


def test_fields_that_either_side_ignores_are_not_compared() -> None:
    assert not against_base(("text: second", "text: another")).same
    assert against_base(("text: second", "text: another"), ("name: base", "name: base\nignore: [text]")).same


def test_where_it_comes_from_what_it_is_about_and_the_evidence_are_not_compared() -> None:
    report = against_base(
        (
            "name: base",
            'name: other\nabout: a story\nsource: {recording: r.mitm, recorded: "2014-01-02T14:23:20-08:00"}',
        ),
        (
            "after: accept + 41ms",
            "because: same chat\n    about: it begins\n    evidence: observed\n    after: accept + 41ms",
        ),
    )

    assert report.same


def test_another_pace_is_a_difference() -> None:
    found = only(against_base(("name: base", "name: base\npace: fixed(50ms)")))

    assert (found.kind, found.field, found.a, found.b) == ("setting", "pace", "", "fixed(50ms)")


def test_times_that_are_moved_may_differ_by_one_constant() -> None:
    head = ("name: base", 'name: base\nshift_times: [text]\nsource: {recorded: "2014-01-02T14:23:20-08:00"}')

    def told(*times: str) -> Scenario:
        texts = zip(["one", "second", "the third"], times, strict=True)
        return scenario(head, *((f"text: {old}", f'text: "{new}"') for old, new in texts))

    one = told("2014-01-02T14:23:20.000-0800", "2014-01-02T14:23:21.000-0800", "2014-01-02T14:23:22.000-0800")
    day = told("2014-01-03T14:23:20.500-0800", "2014-01-03T14:23:21.500-0800", "2014-01-03T14:23:22.500-0800")
    odd = told("2014-01-03T14:23:20.500-0800", "2014-01-03T14:23:21.500-0800", "2014-01-05T14:23:22.500-0800")

    assert diff(one, day).same
    assert only(diff(one, odd)).step == "text-3"


def test_agents_with_other_names_are_no_difference_but_another_agent_is() -> None:
    def told(*agents: str) -> Scenario:
        base = scenario()
        return replace(base, steps=[replace(s, agent=a) for s, a in zip(base.steps, agents, strict=True)])

    report = diff(told("a", "a", "a", "b", "b", "b"), told("x", "x", "x", "y", "y", "y"))
    other = diff(told("a", "a", "a", "b", "b", "b"), told("a", "a", "a", "b", "b", "a"))

    assert report.same
    assert report.roles == {"a": "x", "b": "y"}
    assert [(each.kind, each.step, each.a, each.b) for each in other.differences] == [
        ("agent", "text-3", "b", "a")
    ]


def test_pseudonyms_are_the_same_words_where_personal_data_stands() -> None:
    changes = (
        ("recorded: Marat", "recorded: Bodup"),
        ("text: one", "text: ugi"),
        ("text: second", "text: rumebo"),
        ("text: the third", "text: pil omeda"),
    )

    def personal(path: Any) -> bool:
        return path[-1:] in {("text",), ("nickname",)}

    assert {each.field for each in against_base(*changes).differences} == {"data.text", "nickname.recorded"}
    report = against_base(*changes, personal=personal)
    assert report.same
    assert report.pseudonyms["marat"] == "bodup"
    # One word cannot stand for two, nor one of another shape.
    assert not against_base(*changes[:3], ("text: the third", "text: rumebo"), personal=personal).same
    assert not against_base(("text: second", "text: rumebos"), personal=personal).same


def test_one_word_that_differs_among_those_that_are_the_same_is_no_pseudonym() -> None:
    """Short words may stand for several: nothing but the words beside them tells of an edited text."""
    everywhere = ("text: one", "text: one line"), ("text: second", "text: one line")
    edited = scenario(everywhere[0], ("text: second", "text: one lime"))

    found = only(diff(scenario(*everywhere), edited, personal=lambda _: True))

    assert (found.step, found.a, found.b) == ("text-2", "one line", "one lime")


def test_a_name_that_differs_in_files_of_the_same_words_is_no_pseudonym() -> None:
    found = only(against_base(("recorded: Marat", "recorded: Peter"), personal=lambda _: True))

    assert (found.field, found.a, found.b) == ("nickname.recorded", "Marat", "Peter")


def test_addresses_are_pseudonyms_although_their_domains_stay() -> None:
    one, other = "joe@example.com", "bid@example.com"
    words = Words()
    words.see(one, other, "email")
    words.settle()

    assert words.alike(one, other, "email")
    assert not words.alike(one, "kid@example.com", "note")


def test_thousands_of_steps_are_compared_in_little_time_and_all_are_said() -> None:
    """Without a stopwatch: whatever is quadratic at 6,000 steps takes longer than anybody waits."""

    def told(word: str) -> Scenario:
        steps = [
            PushStep(
                id=f"text-{n}",
                push="/a",
                after=f"text-{n - 1} + 1s" if n else "start",
                data={"text": f"{word} {n}"},
            )
            for n in range(6_000)
        ]
        return Scenario(version=1, name="a", steps=list(steps))

    assert len(diff(told("hello"), told("howdy")).differences) == 6_000


def test_the_documents_story_and_a_recorded_one_are_matched_step_by_step() -> None:
    report = diff(load(ROOT / "scenarios/accept-chat.yaml"), load(ROOT / "recordings/accept-chat.yaml"))

    renamed = {each.step: each.other for each in report.differences if each.kind == "renamed"}
    assert renamed["history"] == "new-messages"
    assert {each.step for each in report.differences if each.kind == "only in a"} == {"start-session"}


def test_what_is_merged_is_compared_by_what_its_names_mean() -> None:
    text = """
version: 1
name: merged
variables:
  %(more)s: {recorded: {a: 1}}
  data: {merged: {first: {n: %(n)s}, add: ["${put.%(more)s}"]}}
steps:
  - {id: put, request: POST /put, body: "${%(more)s}"}
  - {id: told, push: /a, after: put, data: {data: "${data}"}}
"""
    one = loads(text % {"more": "more", "n": 1})
    renamed = loads(text % {"more": "sent", "n": 1})
    other = loads(text % {"more": "more", "n": 2})

    assert diff(one, renamed).differences == ()
    assert only(diff(one, other)).field == "data.merged.first.n"
