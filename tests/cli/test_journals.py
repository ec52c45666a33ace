"""What commands do with journals: show, pin, diff."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from replay.cli.diff import command as diff
from replay.cli.pin import pin
from replay.cli.show import show
from replay.entries import Head
from replay.errors import UsageError
from replay.scenario.load import load, loads
from replay.simulator.options import Options
from replay.testing import Script

STORY = """\
# A chat, told by hand.
version: 1
name: story

# Half of what is said is lost.
faults:
- {name: lossy, fault: drop, where: {channel: /chats}, chance: 50%}

# What happens.
steps:
  - {id: send, request: POST /send, repeat: cycle}   # again and again
  - {id: echo, push: /chats, after: send + 100ms, data: {state: Echo}}
"""


@pytest.fixture
def story(tmp_path: Path) -> Path:
    """A story that goes wrong by chance."""
    path = tmp_path / "story.yaml"
    path.write_text(STORY, encoding="utf-8")
    return path


@pytest.fixture
def journal(tmp_path: Path, story: Path) -> Path:
    """What happened in a run of it."""
    return written(tmp_path / "run.jsonl", story, seed=3)


def written(path: Path, played: Path, *, seed: int = 0) -> Path:
    """The journal of a run in which somebody sends eight times."""
    script = Script(load(played), options=Options(seed=seed))
    desktop = script.desktop("ann")
    desktop.handshake()
    desktop.subscribe("/chats")
    for number in range(8):
        desktop.post("/send", {"number": number})
        script.advance(1)
        desktop.connect(advice={"timeout": 0})
    head = Head(replay="0.1.0", scenarios=["story"], seed=seed, speed=1.0)
    path.write_bytes(head.line() + script.simulator.journal.lines())
    return path


def run(what: object, *arguments: str | Path) -> Result:
    return CliRunner().invoke(what, [str(each) for each in arguments])  # type: ignore[arg-type]


def refused(what: object, *arguments: str | Path) -> str:
    result = run(what, *arguments)
    assert isinstance(result.exception, UsageError)
    assert result.exception.exit_code == 2
    return str(result.exception)


def test_a_pinned_story_keeps_what_a_person_wrote_and_says_where_its_faults_come_from(
    story: Path, journal: Path
) -> None:
    result = run(pin, journal, story)

    assert result.exit_code == 0
    head, faults = result.stdout.split("faults:")
    assert head == (
        "# Pinned from run.jsonl (--seed 3, --speed 1) by `replay pin`:\n"
        "# each fault as it struck, none by chance.\n"
        "# A chat, told by hand.\nversion: 1\nname: story\n\n# Half of what is said is lost.\n"
    )
    assert faults.startswith(" [{name: lossy, fault: drop, where: {step: echo}, nth: [")
    assert "\n\n# What happens.\nsteps:\n" in faults
    assert "# again and again" in faults
    assert "strikes pinned as 1 fault" in result.stderr


def test_a_pinned_story_goes_as_the_run_did_without_chance(
    story: Path, journal: Path, tmp_path: Path
) -> None:
    pinned = tmp_path / "pinned.yaml"
    result = run(pin, journal, story, "--to", pinned)
    again = written(tmp_path / "again.jsonl", pinned, seed=99)

    assert (result.exit_code, result.stdout) == (0, "")
    assert "chance:" not in pinned.read_text("utf-8")
    assert run(diff, journal, again, "--touched", "--timing", "0s").exit_code == 0


def test_a_story_in_one_line_is_written_anew(journal: Path, tmp_path: Path) -> None:
    path = tmp_path / "flow.yaml"
    steps = "[{id: send, request: POST /send}, {id: echo, push: /chats, data: 1, after: send}]"
    path.write_text(f"{{version: 1, name: story, steps: {steps}}}")
    result = run(pin, journal, path)

    assert result.exit_code == 0
    assert [fault.name for fault in loads(result.stdout).faults] == ["lossy"]


def test_a_variant_is_pinned_as_one_and_elsewhere_as_the_whole(story: Path, tmp_path: Path) -> None:
    variant, whole = tmp_path / "variant.yaml", tmp_path / "elsewhere" / "whole.yaml"
    variant.write_text("version: 1\nname: story\nextends: story\nsteps: []\n")
    whole.parent.mkdir()
    kept = written(tmp_path / "variant.jsonl", variant)
    for to in (variant, whole):
        assert run(pin, kept, variant, "--to", to).exit_code == 0

    assert "\nextends: story\n" in variant.read_text("utf-8")
    assert "extends" not in whole.read_text("utf-8")
    assert load(variant) == load(whole)
    assert [fault.chance for fault in load(whole).faults] == [""]


def test_pinning_twice_says_only_once_where_from(story: Path, journal: Path, tmp_path: Path) -> None:
    pinned = tmp_path / "pinned.yaml"
    run(pin, journal, story, "--to", pinned)
    once = pinned.read_text("utf-8")
    result = run(pin, journal, pinned, "--to", pinned)

    assert result.exit_code == 0
    assert pinned.read_text("utf-8") == once


def test_what_a_file_held_before_is_kept(story: Path, journal: Path) -> None:
    result = run(pin, journal, story, "--to", story)

    assert result.exit_code == 0
    assert story.with_name("story.yaml~").read_text("utf-8") == STORY
    assert f"note: what {story} held before is kept as {story}~" in result.stderr


def test_a_run_in_which_nothing_struck_leaves_nothing_to_pin(story: Path, tmp_path: Path) -> None:
    story.write_text(STORY.replace("50%", "0.0001%"), encoding="utf-8")
    calm = written(tmp_path / "calm.jsonl", story)
    result = run(pin, calm, story, "--to", tmp_path / "pinned.yaml")

    assert (result.exit_code, result.stdout) == (1, "")
    assert f"no fault struck in {calm}: there is nothing to pin" in result.stderr
    assert not (tmp_path / "pinned.yaml").exists()


def test_what_cannot_be_pinned_is_said(story: Path, journal: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(STORY.replace("name: story", "name: other"), encoding="utf-8")

    assert refused(pin, journal, other) == "the journal is of 'story', and this scenario is 'other'"
    assert "this is no journal, as `replay serve --journal` writes it" in refused(pin, other, story)
    assert "there is no such file" in refused(pin, tmp_path / "none.jsonl", story)
    assert "is the journal itself" in refused(pin, journal, story, "--to", journal)
    assert "cannot be written: No such file" in refused(
        pin, journal, story, "--to", tmp_path / "no" / "x.yaml"
    )


def test_a_journal_is_shown_and_its_last_line_may_be_cut(journal: Path) -> None:
    journal.write_bytes(journal.read_bytes()[:-5])
    result = run(show, journal, "--agent", "ann")

    assert result.exit_code == 0
    assert result.stdout.startswith("journal of story, seed 3: ")
    assert "⚡ lossy      drop at echo, time " in result.stdout
    assert f"note: {journal}: its last line is not whole" in result.stderr


def test_what_cannot_be_shown_is_said(story: Path, journal: Path, tmp_path: Path) -> None:
    neither = tmp_path / "notes.txt"
    neither.write_text("Hello, world")

    assert "is neither a scenario nor a journal" in refused(show, neither)
    assert refused(show, story, "--agent", "ann") == f"--agent is for journals, and {story} is none"
    assert "is called 'anne'; agents: ann. Did you mean 'ann'?" in refused(show, journal, "--agent", "anne")


def test_a_scenario_is_shown_with_its_faults(story: Path) -> None:
    assert "lossy: drop at channel /chats; chance 50%" in run(show, story).stdout


def test_runs_that_differ_only_in_what_faults_touched_are_the_same(
    story: Path, journal: Path, tmp_path: Path
) -> None:
    other = written(tmp_path / "other.jsonl", story, seed=4)
    result = run(diff, journal, other)

    assert result.exit_code == 0
    assert "the same run" in result.stdout
    assert "left out, as faults touched them" in result.stdout


def test_what_differs_between_runs_is_said_step_by_step(story: Path, journal: Path, tmp_path: Path) -> None:
    other = written(tmp_path / "other.jsonl", story, seed=4)
    result = run(diff, journal, other, "--touched")

    assert result.exit_code == 1
    assert f" fault echo of story#1   only in {other}" in result.stdout
    assert f" event echo of story#1   only in {journal}" in result.stdout


def test_a_journal_is_not_held_against_a_scenario(story: Path, journal: Path) -> None:
    assert refused(diff, story, journal) == f"{journal} is a journal and {story} is none: name two of a kind"
    assert refused(diff, journal, "gone.jsonl") == "gone.jsonl does not exist"


def test_of_very_many_agents_the_first_are_shown_and_the_others_counted(
    story: Path, journal: Path, tmp_path: Path
) -> None:
    head, *lines = journal.read_text().splitlines()
    crowd = [head]
    for number in range(1000):
        crowd += [line.replace('"agent":"ann"', f'"agent":"ann{number}"') for line in lines]
    other = tmp_path / "crowd.jsonl"
    other.write_text("\n".join(crowd) + "\n", encoding="utf-8")

    lines = run(diff, journal, other, "--touched").stdout.splitlines()

    assert lines[0].endswith(" differences of ann, ann0, ann1 and 998 more")
    assert lines[-1] == "… and 981 more agents; --json has them all"
    assert len(lines) < 1000
