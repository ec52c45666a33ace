"""Scenarios that are made of others."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from replay.scenario.dump import dumps
from replay.scenario.load import files_of, load, loads
from replay.scenario.model import PushStep, RequestStep, Scenario, Step

from .composed import BASE, variant, write


def ids(steps: list[Step]) -> list[str]:
    return [step.id for step in steps]


def composed(folder: Path, *lines: str, of: str = "extends: base", **others: str) -> Scenario:
    return load(write(folder, variant=variant(*lines, of=of), base=BASE, **others))


def test_a_variant_that_says_nothing_is_the_other_by_another_name(tmp_path: Path) -> None:
    base = loads(BASE)
    assert composed(tmp_path) == msgspec.structs.replace(base, name="variant", about="")


def test_a_step_is_laid_over_the_one_of_its_id_key_by_key_and_stays_at_its_place(tmp_path: Path) -> None:
    scenario = composed(
        tmp_path,
        "session: [{id: ready, respond: {status: 503}}]",
        "steps:",
        "- {id: told, after: accept + 2s}",
        "- {id: accept, request: 'PUT /chats/${chat}', respond: {status: 500}}",
    )
    assert (ids(scenario.session), ids(scenario.steps)) == (["ready"], ["invited", "accept", "told"])
    ready, (_, accept, told) = scenario.session[0], scenario.steps
    assert isinstance(ready, RequestStep)
    assert isinstance(accept, RequestStep)
    assert isinstance(told, PushStep)
    assert (ready.request, ready.respond[0].status) == ("POST /ready", 503)
    assert (accept.request, accept.body) == ("PUT /chats/${chat}", {"do": "accept"})
    assert (accept.respond[0].status, accept.respond[0].after) == (500, "0s")
    assert (told.after, told.data) == ("accept + 2s", {"by": "${accept.chat}"})


def test_new_steps_come_at_the_end_or_before_one_that_is_there_and_some_are_left_out(tmp_path: Path) -> None:
    scenario = composed(
        tmp_path,
        "without: [told, ready]",
        "session: [{id: log-in, request: POST /login}]",
        "steps:",
        "- {id: last, request: GET /last}",
        "- {id: read, request: GET /read, before: accept}",
        "- {id: wait, push: /chats, data: 1, before: accept}",
        "- {id: told, push: /other, data: anew}",
    )
    assert ids(scenario.session) == ["log-in"]
    assert ids(scenario.steps) == ["invited", "read", "wait", "accept", "last", "told"]
    assert scenario.steps[-1] == PushStep(id="told", push="/other", data="anew")


def test_what_is_not_a_step_is_merged_by_key_by_name_united_or_appended(tmp_path: Path) -> None:
    scenario = composed(
        tmp_path,
        "about: mine",
        "source: {document: there}",
        "cometd: {timeout: 5s}",
        "pace: ''",
        "variables: {chat: {make: uuid}, more: {recorded: 1}}",
        "shift_times: [since, timestamp]",
        "ignore: [serial, stamp]",
        "faults:",
        "- {name: slow, fault: hang, where: {step: accept}}",
        "- {name: lost, fault: drop, where: {step: told}}",
        "expect: [{misses: 0}]",
    )
    base = loads(BASE)
    assert (scenario.name, scenario.about, scenario.profile, scenario.pace) == (
        "variant",
        "mine",
        "plain",
        "",
    )
    assert (scenario.source.recorded, scenario.source.document) == (base.source.recorded, "there")
    assert (scenario.cometd.path, scenario.cometd.timeout) == ("/cometd", "5s")
    assert list(scenario.variables) == ["chat", "me", "more"]
    assert not isinstance(scenario.variables["chat"].recorded, str)
    assert (scenario.shift_times, scenario.ignore) == (["timestamp", "since"], ["serial", "stamp"])
    assert [(fault.name, fault.fault) for fault in scenario.faults] == [("slow", "hang"), ("lost", "drop")]
    assert [(each.step, each.misses) for each in scenario.expect] == [("accept", None), ("", 0)]


LOGIN = """\
version: 1
name: login
about: not taken
profile: plain
cometd: {timeout: 1s}
variables: {user: {recorded: kim}}
ignore: [token]
faults: [{name: lost, fault: drop}]
expect: [{step: log-in}]
session:
  - {id: log-in, request: POST /login, body: {user: "${user}"}}
  - {id: me, request: GET /me}
steps: []
"""
NOTES = """\
version: 1
name: notes
include: [login]
profile: plain
steps:
  - {id: note, request: POST /notes}
"""


def test_what_is_included_comes_before_a_files_own_and_brings_steps_and_what_they_need_alone(
    tmp_path: Path,
) -> None:
    scenario = composed(
        tmp_path,
        "profile: plain",
        "session: [{id: ready, request: POST /ready}, {id: me, think: 2s}]",
        of="include: [parts/login]",
        parts__login=LOGIN,
    )
    assert (ids(scenario.session), scenario.steps) == (["log-in", "me", "ready"], [])
    assert (scenario.about, scenario.cometd.timeout, scenario.faults, scenario.expect) == ("", "30s", [], [])
    assert (list(scenario.variables), scenario.ignore) == (["user"], ["token"])


def test_what_is_included_is_laid_over_what_is_extended_and_comes_after_it(tmp_path: Path) -> None:
    login = LOGIN.replace("{id: me, request: GET /me}", "{id: ready, think: 2s, request: PUT /ready}")
    scenario = composed(tmp_path, "include: [login]", login=login)
    assert ids(scenario.session) == ["ready", "log-in"]
    ready = scenario.session[0]
    assert isinstance(ready, RequestStep)
    assert (ready.request, ready.think) == ("PUT /ready", "2s")


def test_one_file_that_is_named_ten_thousand_times_is_one(tmp_path: Path) -> None:
    steps = "\n".join(f"- {{id: s{number}, request: GET /{number}}}" for number in range(2_000))
    block = f"version: 1\nname: block\nprofile: plain\nsteps:\n{steps}\n"
    names = ["block"] * 10_000
    path = write(
        tmp_path, variant=variant("profile: plain", of=f"include: [{', '.join(names)}]"), block=block
    )
    assert load(path).steps == loads(block).steps


def test_one_file_that_comes_by_two_ways_is_one(tmp_path: Path) -> None:
    scenario = composed(tmp_path, "include: [notes, login, login]", notes=NOTES, login=LOGIN)
    assert ids(scenario.session) == ["ready", "log-in", "me"]
    assert ids(scenario.steps) == ["invited", "accept", "told", "note"]


@pytest.mark.parametrize("order", ["notes, login", "login, notes"])
def test_of_one_step_that_comes_by_two_ways_what_is_laid_over_it_in_one_of_them_counts(
    order: str, tmp_path: Path
) -> None:
    notes = f"{NOTES}session: [{{id: me, think: 3s}}]\n"
    scenario = composed(tmp_path, "profile: plain", of=f"include: [{order}]", notes=notes, login=LOGIN)
    assert [step.think for step in scenario.session if isinstance(step, RequestStep)] == ["0s", "3s"]
    path = write(tmp_path, again=variant("include: [login]", of="extends: notes"))
    assert load(path).session == scenario.session


def test_new_steps_come_before_others_that_are_new(tmp_path: Path) -> None:
    scenario = composed(
        tmp_path,
        "steps:",
        "- {id: a, request: GET /a, before: told}",
        "- {id: b, request: GET /b, before: a}",
        "- {id: c, request: GET /c, before: told}",
        "- {id: d, request: GET /d, before: a}",
    )
    assert ids(scenario.steps) == ["invited", "accept", "b", "d", "a", "c", "told"]


def test_a_variant_of_a_variant_names_what_lies_beside_the_file_that_says_so(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        variant=variant("steps: [{id: note, think: 1s}]", of="extends: deep/middle.yaml"),
        deep__middle=NOTES.replace("[login]", "[parts/login]"),
        deep__parts__login=LOGIN,
        parts__login="not looked at",
    )
    assert ids(load(path).session) == ["log-in", "me"]
    deep = tmp_path / "deep"
    assert files_of(path) == [path, deep / "middle.yaml", deep / "parts" / "login.yaml"]


def test_what_does_not_lie_beside_it_is_of_the_library(tmp_path: Path) -> None:
    scenario = load(write(tmp_path, variant=variant("without: [history]", of="extends: accept-chat")))
    assert "accept" in ids(scenario.steps)
    assert "history" not in ids(scenario.steps)


def test_the_whole_is_dumped_as_one_file(tmp_path: Path) -> None:
    scenario = composed(
        tmp_path, "include: [login]", "steps: [{id: told, after: accept}]", login=LOGIN, login2=LOGIN
    )
    text = dumps(scenario)
    assert loads(text) == scenario
    assert "extends" not in text
    assert "include" not in text


def test_the_files_of_one_that_is_broken_are_those_that_can_be_read(tmp_path: Path) -> None:
    path = write(tmp_path, variant=variant("include: [none, bad]"), base=BASE, bad="nonsense: [")
    assert files_of(path) == [path, tmp_path / "base.yaml", tmp_path / "bad.yaml"]
    assert files_of(tmp_path / "none.yaml") == []


@pytest.mark.parametrize("levels", [1, 19])
def test_so_many_files_may_name_each_other(levels: int, tmp_path: Path) -> None:
    texts = {f"v{at}": variant(of=f"extends: v{at + 1}") for at in range(levels)}
    assert load(write(tmp_path, **texts, **{f"v{levels}": BASE})).profile == "plain"
