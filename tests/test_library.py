"""Which file a scenario's name means."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay.library import find, folder


def test_what_lies_beside_comes_before_the_library(tmp_path: Path) -> None:
    (tmp_path / "chat").mkdir()
    (tmp_path / "chat" / "mine.yaml").touch()
    (tmp_path / "accept-chat.yaml").touch()
    assert find("accept-chat", tmp_path) == tmp_path / "accept-chat.yaml"
    mine = tmp_path / "chat" / "mine.yaml"
    assert [find(name, tmp_path) for name in ("chat/mine", "chat/mine.yaml")] == [mine, mine]
    ours = folder() / "accept-chat.yaml"
    assert [find("accept-chat", beside) for beside in (tmp_path / "chat", None)] == [ours, ours]
    assert find("mine", None) is None


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../secret",
        "a/../../secret",
        "/etc/passwd",
        "a//b",
        "a\\b",
        "C:a",
        "a\n",
        "a b",
        "x" * 5000,
    ],
)
def test_a_name_never_leaves_the_folder(name: str, tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").touch()
    (tmp_path / "sub").mkdir()
    assert find(name, tmp_path / "sub") is None


def test_a_link_out_of_the_folder_is_not_followed_one_within_is(tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").touch()
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "real.yaml").touch()
    (inner / "out.yaml").symlink_to(tmp_path / "secret.yaml")
    (inner / "up").symlink_to(tmp_path)
    (inner / "same.yaml").symlink_to("real.yaml")
    (inner / "round.yaml").symlink_to("round.yaml")
    assert [find(name, inner) for name in ("out", "up/secret", "round")] == [None, None, None]
    assert find("same", inner) == inner / "same.yaml"
