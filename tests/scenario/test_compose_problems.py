"""Scenarios that are made of others and do not hold together: what is told, and where."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay.errors import ScenarioError
from replay.scenario.load import Files, load

from .composed import BASE, told, variant, write

SHAPE = "Write it as 'accept-chat' or 'chat/accept': beside this file, in a folder below, or in the library."
OTHER_KIND = "Give it another id, or leave the other out with 'without'."


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            ["without: [told, histroy, invitd]"],
            [
                "4:17: there is no step 'histroy' in what this is made of",
                "4:26: there is no step 'invitd' in what this is made of.\n  Did you mean 'invited'?",
            ],
        ),
        (
            ["without: told"],
            [
                "4:10: 'without' must be a list of which each is a string, not a string.\n"
                "  Write it as a list: [told]."
            ],
        ),
        (
            ["steps: [{id: new, push: /c, data: 1, before: acept}]"],
            ["4:46: there is no step 'acept' that it could come before.\n  Did you mean 'accept'?"],
        ),
        (
            ["without: [told]", "steps: [{id: new, push: /c, data: 1, before: told}]"],
            ["5:46: there is no step 'told' that it could come before"],
        ),
        (
            ["steps: [{id: new, push: /c, data: 1, before: ready}]"],
            ["4:46: step 'ready' stands under 'session:' (base.yaml:18:10).\n  Write 'new' there too."],
        ),
        (
            ["steps: [{id: told, before: accept}]"],
            [
                "4:20: step 'told' stays where it stands: base.yaml:22:10.\n"
                "  Leave 'before' out, or leave the other out with 'without'."
            ],
        ),
        (
            ["steps: [{id: told, request: GET /told}]"],
            [f"4:20: step 'told' is a push (base.yaml:22:22) and cannot become a request.\n  {OTHER_KIND}"],
        ),
        (
            ["steps: [{id: accept, push: /c, data: 1}]"],
            [f"4:22: step 'accept' is a request (base.yaml:21:27) and cannot become a push.\n  {OTHER_KIND}"],
        ),
        (
            ["steps: [{id: told, respond: {}}]"],
            ["4:20: 'respond' belongs to a request, and step 'told' is a push"],
        ),
        (
            ["steps: [{id: ready, think: 1s}]"],
            [
                "4:14: step 'ready' stands under 'session:' (base.yaml:18:10), where it stays.\n"
                "  Write it under 'session:'."
            ],
        ),
        (
            ["steps: [{id: acept, think: 1s}]"],
            [
                "4:14: step 'acept' has neither a request nor a push, and no step of that id is there.\n"
                "  Did you mean 'accept'?"
            ],
        ),
        (
            ["steps: [{id: a, push: /c, data: 1}, {id: a, push: /c, data: 1}]"],
            ["4:42: two steps are called 'a', the first at 4:14"],
        ),
        (["steps: [{id: a, push: /c}]"], ["4:9: step 'a' has no 'data'"]),
        (["steps: [{think: 1s}]"], ["4:9: step 1 has no 'id'"]),
        (
            ["steps: [{id: told, after: 7}]"],
            ["4:27: 'after' must be a string, not a number.\n  Quote it: \"7\"."],
        ),
        (["profile: genesys"], ["4:10: 'base' is of the profile 'plain', and this is another"]),
        (["name: 7"], None),
    ],
)
def test_what_does_not_go_together_is_told_where_it_is_said(
    lines: list[str], said: list[str] | None, tmp_path: Path
) -> None:
    found = told(write(tmp_path, variant=variant(*lines), base=BASE))
    if said is not None:
        assert found == [f"variant.yaml:{each}{'' if chr(10) in each else '.'}" for each in said]


def test_what_the_other_file_says_is_wrong_with_what_is_laid_over_it_is_told_at_that(tmp_path: Path) -> None:
    lines = [
        "without: [invited]",
        "variables: {me: {recorded: m2}}",
        "cometd: {transports: [websocket]}",
        "steps: [{id: accept, request: POST /chats}, {id: more, push: /chats, after: invited + 1s, data: 1}]",
    ]
    base = BASE + "  - {id: late, push: /chats, after: invited + 1s, data: 1}\n"
    base = base.replace("where: {step: accept}", "where: {transport: callback-polling}")
    assert told(write(tmp_path, variant=variant(*lines), base=base)) == [
        "variant.yaml:4:11: with this, base.yaml:23:37 is wrong: no step is called 'invited'.",
        "variant.yaml:6:9: with this, base.yaml:14:53 is wrong:"
        " the transport 'callback-polling' is not offered.\n"
        "  Offered: websocket; see 'transports' of 'cometd'.",
        "variant.yaml:7:9: with this, base.yaml:22:63 is wrong:"
        " step 'accept' has no variable 'chat'.\n"
        "  Variables it mentions: none.",
        "variant.yaml:7:77: no step is called 'invited'.",
    ]


def test_what_is_wrong_with_another_file_is_told_at_its_own_place_once(tmp_path: Path) -> None:
    bad = BASE.replace("after: accept", "after: acept").replace("fixed(50ms)", "soon")
    mine = variant("include: [other]", "steps: [{id: own, push: /c, after: ready + 1x, data: 1}]")
    path = write(tmp_path, variant=mine, base=bad, other=variant("include: [base]"))
    said = ["variant.yaml:5:36: ", "base.yaml:7:7: ", "base.yaml:22:37: "]
    assert [each[: len(place)] for each, place in zip(told(path), said, strict=True)] == said


def test_what_is_wrong_in_several_files_is_told_of_each(tmp_path: Path) -> None:
    path = write(
        tmp_path, variant=variant("include: [other]", "pace: 7"), base=BASE, other=variant("ignor: []")
    )
    assert [each.partition(": ")[0] for each in told(path)] == ["variant.yaml:5:7", "other.yaml:4:1"]


def test_files_that_name_each_other_in_a_ring_are_told_with_the_ring(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        variant=variant(of="extends: a"),
        a=variant("include: [b]", of="extends: b"),
        b=variant(of="extends: variant.yaml"),
    )
    ring = " → ".join(f"{name}.yaml" for name in ("variant", "a", "b", "variant"))
    assert told(path) == [f"b.yaml:3:10: 'variant.yaml' would be made of itself: {ring}."]
    own = write(tmp_path, accept__chat=variant(of="extends: chat"), chat=BASE)
    assert own.name == "chat.yaml"
    assert told(own)[0].startswith("chat.yaml:3:10: 'chat' would be made of itself")


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("bse", "there is no scenario 'bse' beside this file or in the library.\n  Did you mean 'base'?"),
        (
            "nothing-alike",
            f"there is no scenario 'nothing-alike' beside this file or in the library.\n  {SHAPE}",
        ),
        ("../outside", f"'../outside' is no name of a scenario.\n  {SHAPE}"),
        ("/etc/passwd", f"'/etc/passwd' is no name of a scenario.\n  {SHAPE}"),
        ('""', f"'' is no name of a scenario.\n  {SHAPE}"),
        ('"a\\0b"', f"'a\\u0000b' is no name of a scenario.\n  {SHAPE}"),
        ("x" * 999, f"'{'x' * 60}…' is no name of a scenario.\n  {SHAPE}"),
        ("folder", "'folder' is no file that could be read."),
        ("ring", "'ring' is no file that could be read."),
        (
            "link",
            "'link' is a link to something outside of the folder that this file is in.\n"
            "  Put the file itself there.",
        ),
    ],
)
def test_a_name_of_no_file_within_reach_is_told(name: str, what: str, tmp_path: Path) -> None:
    write(tmp_path, outside=BASE)
    path = write(tmp_path / "here", variant=variant(of=f"extends: {name}"), base=BASE)
    (tmp_path / "here" / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    (tmp_path / "here" / "ring.yaml").symlink_to("ring.yaml")
    (tmp_path / "here" / "folder.yaml").mkdir()
    assert told(path) == [f"variant.yaml:3:10: {what}"]


def test_a_hundred_files_that_name_each_other_are_too_many(tmp_path: Path) -> None:
    texts = {f"v{at}": variant(of=f"extends: v{at + 1}") for at in range(100)}
    assert told(write(tmp_path, **texts, v100=BASE)) == [
        "v19.yaml:3:10: 'v20' is one of more than 20 files that are made of each other.\n"
        "  Name fewer, and these directly."
    ]


def test_a_file_that_has_the_name_of_the_librarys_which_it_extends_is_told_to_have_another(
    tmp_path: Path,
) -> None:
    path = write(tmp_path, **{"accept-chat": variant(of="extends: accept-chat")})
    (problem,) = told(path)
    assert problem.startswith("accept-chat.yaml:3:10: 'accept-chat' would be made of itself: ")
    assert problem.endswith("\n  Give this file another name, if the library's 'accept-chat' is meant.")


def test_too_many_are_too_many_in_whichever_order_they_are_read(tmp_path: Path) -> None:
    texts = {f"v{at}": variant(of=f"extends: v{at + 1}") for at in range(1, 20)}
    names = ", ".join(f"v{at}" for at in range(20, 0, -1))
    path = write(tmp_path, all=variant("profile: plain", of=f"include: [{names}]"), **texts, v20=BASE)
    (problem,) = told(path)
    assert problem.startswith("v1.yaml:3:10: 'v2' is one of more than 20 files")


def test_of_files_that_are_read_together_each_has_its_levels_counted(tmp_path: Path) -> None:
    texts = {f"v{at}": variant(of=f"extends: v{at + 1}") for at in range(100)}
    write(tmp_path, **texts, v100=BASE)
    files = Files()
    for at in range(99, 80, -1):
        load(tmp_path / f"v{at}.yaml", files=files)
    with pytest.raises(ScenarioError, match=r"v81.yaml:3:10: 'v82' is one of more than 20 files"):
        load(tmp_path / "v80.yaml", files=files)


def test_files_that_are_no_text_no_yaml_or_no_scenario_are_told_each(tmp_path: Path) -> None:
    path = write(
        tmp_path, variant=variant(of="include: [binary, broken, list, folder]"), broken="a: [", list="[]"
    )
    (tmp_path / "binary.yaml").write_bytes(b"version: 1\nname: \xff\n")
    (tmp_path / "folder.yaml").mkdir()
    said = told(path)
    assert [each.partition(": ")[0] for each in said] == [
        "variant.yaml:3:33",
        "binary.yaml:2:7",
        "broken.yaml:2:1",
        "list.yaml:1:1",
    ]
    assert "is not UTF-8" in said[1]


def test_one_id_from_two_included_files_is_told_at_the_second(tmp_path: Path) -> None:
    other = "version: 1\nname: {}\nsteps:\n- {{id: a, push: /c, data: 1}}\n- {{id: b, push: /c, data: 1}}\n"
    texts = {name: other.format(name) for name in ("one", "two")}
    path = write(tmp_path, variant=variant("without: [b]", of="include: [one, two]"), **texts)
    assert told(path) == [
        "variant.yaml:3:16: two steps are called 'a': one.yaml:4:3 and two.yaml:4:3.\n"
        "  Give one of them another id, or leave both out with 'without'."
    ]


def test_what_is_included_becomes_no_other_kind_of_step_nor_is_it_of_another_profile(tmp_path: Path) -> None:
    other = "version: 1\nname: other\nsteps: [{id: accept, push: /c, data: 1}]\n"
    path = write(tmp_path, variant=variant("include: [other]"), base=BASE, other=other)
    assert told(path) == [
        "variant.yaml:4:11: 'other' is of the profile 'genesys', and this of 'plain'.",
        "variant.yaml:4:11: step 'accept' would be laid over another: a push under 'steps:' (other.yaml:3:9)"
        " over a request under 'steps:' (base.yaml:21:5).\n"
        "  Give one of them another id, or leave both out.",
    ]


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("without: [a]", "3:1: 'without' has a meaning only where there is 'extends' or 'include'"),
        ("extend: base", "3:1: unknown key 'extend' at the top of the file"),
    ],
)
def test_keys_that_mean_nothing_in_a_file_of_its_own_are_told(head: str, said: str, tmp_path: Path) -> None:
    path = write(tmp_path, own=f"version: 1\nname: own\n{head}\nsteps: []\n")
    (found,) = told(path)
    assert found.startswith(f"own.yaml:{said}.\n  ")
    assert "Did you mean 'extends'?" in found or "Leave it out." in found


def test_a_step_of_a_file_of_its_own_comes_before_none(tmp_path: Path) -> None:
    path = write(tmp_path, own="version: 1\nname: own\nsteps: [{id: a, push: /c, data: 1, before: b}]\n")
    assert told(path) == [
        "own.yaml:3:36: 'before' has a meaning only where there is 'extends' or 'include'.\n  Leave it out."
    ]
