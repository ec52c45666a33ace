"""Files that a scenario is made of, changed while it is played."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.server.running import run
from tests.server.watched import Watched, story, write

VARIANT = "version: 1\nname: story\nextends: base\ninclude: [parts/block]\nsteps: []\n"
BLOCK = "version: 1\nname: block\nsteps: [{id: other, request: GET /other}]\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "story.yaml"
    path.write_text(VARIANT)
    write(tmp_path / "base.yaml", story("old"))
    (tmp_path / "parts").mkdir()
    write(tmp_path / "parts" / "block.yaml", BLOCK)
    return path


def test_what_changes_in_a_file_that_it_is_made_of_is_played_from_then_on(file: Path) -> None:
    async def main() -> None:
        base, block = file.with_name("base.yaml"), file.with_name("parts") / "block.yaml"
        async with Watched(file) as watched:
            assert await watched.hears("ann") == "old"
            await watched.settles()
            write(base, story("new"))
            assert await watched.news() == [f"{base} has changed: new plays of 'story' go by it"]
            assert [await watched.hears(user) for user in ("bob", "ann")] == ["new", "old"]
            await watched.settles()
            write(block, BLOCK.replace("/other", "/other, respond: {body: more}"))
            assert await watched.news() == [f"{block} has changed: new plays of 'story' go by it"]
            assert await watched.hears("cid", "other") == "more"

    run(main(), asyncio.new_event_loop)


def test_a_file_that_is_gone_broken_or_comes_nearer_is_told_and_taken_up(file: Path) -> None:
    async def main() -> None:
        block, nearer = file.with_name("parts") / "block.yaml", file.with_name("accept-chat.yaml")
        async with Watched(file) as watched:
            await watched.settles()
            block.unlink()
            problem, _, refused = await watched.news()
            assert problem.startswith(f"{file}:4:11: there is no scenario 'parts/block' beside this file")
            assert refused == f"{file} is refused: 'story' goes on as it was"
            write(block, "version: 1\nname: block\nsteps: [\n")
            problem, *_ = await watched.news()
            assert problem.startswith(f"{block}:")
            write(block, BLOCK)
            assert await watched.news() == [f"{file} is good again, and holds what is played"]
            write(file, VARIANT.replace("extends: base", "extends: accept-chat"))
            assert await watched.news() == [f"{file} has changed: new plays of 'story' go by it"]
            await watched.settles()
            write(nearer, BLOCK.replace("other", "nearer"))
            assert await watched.news() == [f"{nearer} has changed: new plays of 'story' go by it"]

    run(main(), asyncio.new_event_loop)
