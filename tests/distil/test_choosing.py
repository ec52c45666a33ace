"""A recording of several stories: listed, chosen from, and written."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from replay.cli import group
from replay.scenario.load import load, loads

from .recorded import CHATS, Recorded, event, ids
from .saved import save

A, B, C = "0000Na9B26EF00AX", "0000Na9B26EF00BX", "0000Nb9B26EF00CX"


@pytest.fixture
def day(tmp_path: Path) -> Path:
    """Ann has chats A and B, which Bob joins; Bob has C."""
    ann = Recorded("c1", headers=(("Authorization", "Basic YW5uOg=="),)).shaken()
    ann.poll(0.1, 2.0, events=[event("Invited", chat=A)]).poll(2.0, 3.0, events=[event("Invited", chat=B)])
    ann.accept(4.0, chat=A).accept(4.5, chat=B)
    bob = Recorded("c2", headers=(("Authorization", "Basic Ym9iOg=="),)).shaken(0.5)
    bob.poll(1.0, 5.0, events=[event("Invited", chat=B)]).accept(5.5, chat=B)
    bob.poll(5.0, 7.0, events=[event("Invited", chat=C), (CHATS, "hello")])
    exchanges = sorted([*ann.exchanges, *bob.exchanges], key=lambda each: each.began)
    return save(tmp_path / "day.mitm", exchanges)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(group, ["distil", "--no-redact", *map(str, arguments)])


def refused(*arguments: object) -> str:
    result = run(*arguments)
    assert result.stdout == ""
    return str(result.exception)


TABLE = f"""\
story  chat              agents            began (UTC)          requests  events
    1  {A}  1 (ann)           2023-11-14 22:13:22         1       1
    2  {B}  1 (ann), 2 (bob)  2023-11-14 22:13:23         2       2
    3  {C}  2 (bob)           2023-11-14 22:13:27         0       1
"""


def test_the_stories_of_a_recording_are_listed(day: Path) -> None:
    result = run("--list", day)

    assert (result.exit_code, result.stdout) == (0, TABLE)


def test_several_stories_do_not_go_to_standard_output(day: Path) -> None:
    assert refused(day) == (
        "day.mitm holds 3 stories: choose one with --chat, or write all with --to FOLDER/\n" + TABLE.rstrip()
    )


def test_into_a_folder_goes_a_file_for_each_story(day: Path, tmp_path: Path) -> None:
    result = run(day, "--to", f"{tmp_path}/new/")

    assert result.stderr == (
        "day.mitm holds 3 stories\n"
        f"{tmp_path}/new/day-1.yaml: chat {A}, agent 1: 2 steps\n"
        f"{tmp_path}/new/day-2.yaml: chat {B}, agents 1 and 2: 4 steps\n"
        f"{tmp_path}/new/day-3.yaml: chat {C}, agent 2: 1 session step, 1 step\n"
    )
    written = [load(path) for path in sorted((tmp_path / "new").iterdir())]
    assert [each.name for each in written] == ["day-1", "day-2", "day-3"]
    assert [ids(each) for each in written] == [
        ["invited", "accept"],
        ["invited", "accept", "invited-2", "accept-2"],
        ["invited"],
    ]


def test_a_file_gets_a_number_for_each_story(day: Path, tmp_path: Path) -> None:
    run(day, "--to", tmp_path / "out" / "chats.yaml")

    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "chats-1.yaml",
        "chats-2.yaml",
        "chats-3.yaml",
    ]


@pytest.mark.parametrize("chat", ["3", C, "0000Nb"])
def test_a_story_is_chosen_by_its_number_its_chat_or_how_that_begins(chat: str, day: Path) -> None:
    result = run(day, "--chat", chat)

    assert (result.exit_code, loads(result.stdout).variables["chat"].recorded) == (0, C)


@pytest.mark.parametrize("agent", ["bob", "2"])
def test_an_agents_stories_are_told_from_its_side(agent: str, day: Path, tmp_path: Path) -> None:
    result = run(day, "--agent", agent, "--to", tmp_path / "bob.yaml")

    written = [load(tmp_path / f"bob-{number}.yaml") for number in (2, 3)]
    assert [ids(each) for each in written] == [["invited", "accept"], ["invited"]]
    assert "note: bob-2.yaml: 2 agents take part; this is the side of agent 2\n" in result.stderr


def test_chat_and_agent_together_are_one_side_of_one_story(day: Path) -> None:
    result = run(day, "--chat", "2", "--agent", "ann")

    assert ids(loads(result.stdout)) == ["invited", "accept"]


def test_all_stories_may_be_told_as_one(day: Path) -> None:
    result = run(day, "--together")

    assert len(loads(result.stdout).steps) == 8


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["--chat", "0000Na"],
            "'0000Na' begins the chats of 2 stories of day.mitm, such as 1 and 2:"
            " give more of the id, or the number",
        ),
        (["--chat", A[:-1] + "Y"], f"day.mitm holds no chat '{A[:-1]}Y'. Did you mean '{A}'?"),
        (["--chat", "4"], "day.mitm holds no chat '4'. It holds 3 stories; --list shows them."),
        (["--agent", "3"], "day.mitm holds 2 agents; there is no number 3"),
        (
            ["--agent", "anne"],
            "day.mitm holds 2 agents, none of whom is 'anne': 1 (ann), 2 (bob). Did you mean 'ann'?",
        ),
        (["--agent", "bob", "--chat", "1"], "agent 'bob' takes no part in the story of chat '1' of day.mitm"),
    ],
)
def test_what_is_not_there_is_said_with_the_nearest(arguments: list[str], sentence: str, day: Path) -> None:
    assert refused(day, *arguments) == sentence


def test_what_two_recordings_have_in_common_needs_one_story_of_each(day: Path) -> None:
    assert refused(day, day).startswith(
        "day.mitm holds 3 stories: to tell what recordings have in common, choose one with --chat NUMBER\n"
    )
    assert ids(loads(run(day, day, "--chat", "1").stdout)) == ["invited", "accept"]
