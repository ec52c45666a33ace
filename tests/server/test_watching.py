"""Files that change while they are played: edited, broken, replaced, deleted, and behind links."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from replay.cli.serve import serve as command
from replay.errors import UsageError
from replay.scenario.load import load
from replay.server.serving import serve
from replay.testing import scenario
from tests.drive.servers import serving
from tests.road.software import Process
from tests.server.conftest import Loop
from tests.server.running import run
from tests.server.watched import BROKEN, Watched, changed, replace, story, write


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "scenarios" / "story.yaml"
    path.parent.mkdir()
    path.write_text(story("old"))
    return path


def become_a_pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def become(file: Path, data: bytes) -> None:
    file.write_bytes(data)


@pytest.mark.parametrize("save", [write, replace])
def test_who_comes_hears_what_the_file_says_now_and_who_was_there_the_old(
    file: Path, save: Callable[[Path, str], None], loop: Loop
) -> None:
    async def main() -> None:
        async with Watched(file) as watched:
            assert await watched.hears("ann") == "old"
            save(file, story("new"))
            assert await watched.news() == changed(file)
            assert await watched.hears("bob") == "new"
            assert await watched.hears("ann") == "old"

    run(main(), loop)


def test_a_broken_file_is_refused_with_its_place_and_the_old_stays_until_it_is_good_again(file: Path) -> None:
    async def main() -> None:
        async with Watched(file) as watched:
            write(file, BROKEN)
            problem, advice, refused = await watched.news()
            assert problem.startswith(f"{file}:3:1: unknown key 'stesp'")
            assert "steps" in advice
            assert refused == f"{file} is refused: 'story' goes on as it was"
            assert await watched.hears("ann") == "old"
            refusals = watched.server.stage.simulator.renewing.refused
            assert list(refusals) == [str(file)]
            write(file, story("old"))
            assert await watched.news() == [f"{file} is good again, and holds what is played"]
            assert refusals == {}
            last = list(watched.server.stage.simulator.journal)[-1]
            assert (last.kind, last.detail["changed"]) == ("scenario", "good again, and as it is played")

    run(main(), asyncio.new_event_loop)


def test_writes_in_the_folder_are_not_told_by_a_log_that_is_written_there(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with Watched(file) as watched:
            # The first may have been written before anything was watched.
            for word in ("new", "newer"):
                write(file.with_name("log"), word)
                write(file, story(word))
                assert await watched.news() == changed(file)

    caplog.set_level("INFO")
    run(main(), asyncio.new_event_loop)
    assert [record for record in caplog.records if record.name.startswith("watchfiles")] == []


def test_what_changes_nothing_is_no_news(file: Path) -> None:
    """A comment, an empty file for an instant, the same mistake once more, another file beside it."""

    async def main() -> None:
        async with Watched(file) as watched:
            write(file, "# nothing\n" + story("old"))
            write(file, "")
            write(file, story("new"))
            assert await watched.news() == changed(file)
            write(file, BROKEN)
            assert (await watched.news())[-1].startswith(f"{file} is refused")
            replace(file, BROKEN)
            await watched.settles()
            write(file.with_name("other.yaml"), "nobody reads this")
            await watched.settles()
            write(file, story("newest"))
            assert await watched.news() == changed(file)

    run(main(), asyncio.new_event_loop)


def test_a_true_that_becomes_a_1_is_a_change(file: Path) -> None:
    async def main() -> None:
        write(file, story("true"))
        async with Watched(file) as watched:
            write(file, story("1"))
            assert await watched.news() == changed(file)
            assert await watched.hears("ann") == 1

    run(main(), asyncio.new_event_loop)


def test_a_file_that_is_deleted_stays_played_and_may_come_back(file: Path) -> None:
    async def main() -> None:
        async with Watched(file) as watched:
            shutil.rmtree(file.parent)
            assert (await watched.news())[0].startswith(f"{file}: the file cannot be read: no such file")
            assert await watched.hears("ann") == "old"
            file.parent.mkdir()
            write(file, story("new"))
            assert await watched.news() == changed(file)
            write(file, story("newest"))
            assert await watched.news() == changed(file)

    run(main(), asyncio.new_event_loop)


def test_what_cannot_be_read_for_another_reason_is_news(file: Path) -> None:
    async def main() -> None:
        async with Watched(file) as watched:
            become(file, "version: 1".encode("utf-16"))
            assert "1:1: the byte 0xff is not UTF-8" in (await watched.news())[0]
            become(file, b"version: 1\nname: \xfc\n")
            assert "2:7: the byte 0xfc is not UTF-8" in (await watched.news())[0]

    run(main(), asyncio.new_event_loop)


def test_what_is_no_file_any_more_is_refused_and_not_waited_for(file: Path) -> None:
    async def main() -> None:
        async with Watched(file) as watched:
            become_a_pipe(file)
            assert (await watched.news())[0] == f"{file}: this is no file any more."

    run(main(), asyncio.new_event_loop)


def test_links_are_followed_also_where_a_link_on_the_way_is_exchanged(tmp_path: Path) -> None:
    """As Kubernetes mounts a ConfigMap: ..data is a link to a folder of this moment, and is replaced."""

    def mount(word: str) -> None:
        folder = tmp_path / f"..{word}"
        folder.mkdir()
        (folder / "story.yaml").write_text(story(word))
        new = tmp_path / "..data_tmp"
        new.symlink_to(folder.name)
        new.replace(tmp_path / "..data")

    async def main() -> None:
        mount("old")
        file = tmp_path / "story.yaml"
        file.symlink_to("..data/story.yaml")
        async with Watched(file) as watched:
            for word in ("new", "newest"):
                mount(word)
                assert await watched.news() == changed(file)
                assert await watched.hears(word) == word
            (tmp_path / "..data" / "story.yaml").write_text(story("edited"))
            assert await watched.news() == changed(file)

    run(main(), asyncio.new_event_loop)


def test_a_name_that_another_gives_up_can_be_taken(tmp_path: Path) -> None:
    async def main() -> None:
        one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
        write(one, story("a", "one"))
        write(two, story("b", "two"))
        async with Watched(one, two) as watched:
            write(one, story("a", "two"))
            assert await watched.news() == [
                f"{one}: two scenarios are named 'two': give one another name",
                f"{one} is refused: 'one' goes on as it was",
            ]
            write(two, story("b", "three"))
            assert await watched.news() == changed(two, "three")
            assert await watched.news() == changed(one, "two")
            assert watched.server.files == {"two": one, "three": two}

    run(main(), asyncio.new_event_loop)


def test_files_are_looked_at_all_the_same_where_the_system_tells_nothing(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted(*_: object, **__: object) -> None:
        raise OSError(28, "OS file watch limit reached")

    async def main() -> None:
        async with Watched(file) as watched:
            assert "looked at once a second" in (await watched.news())[0]
            write(file, story("new"))
            assert await watched.news() == changed(file)

    monkeypatch.setattr("watchfiles.main.RustNotify", exhausted)
    run(main(), asyncio.new_event_loop)


def test_a_server_in_a_program_watches_the_files_it_was_given(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with serve(file, watch=True, speed="max") as simulator:
            write(file, story("new"))
            async with aiohttp.ClientSession() as http, asyncio.timeout(10):
                word, user = "", 0
                while word != "new":
                    user += 1
                    headers = {"Authorization": f"Bearer {user}"}
                    async with http.get(f"{simulator.url}/story", headers=headers) as response:
                        word = await response.json()
        (entry,) = (entry for entry in simulator.journal if entry.kind == "scenario")
        assert entry.detail == {"name": "story", "file": str(file), "changed": "new plays go by it"}

    run(main(), asyncio.new_event_loop)
    assert caplog.messages == changed(file)


@pytest.mark.live
def test_the_command_watches_and_forwards_and_says_so(file: Path) -> None:
    async def upstream(request: web.Request) -> web.Response:
        return web.json_response("upstream")

    def converse(url: str) -> tuple[int, Process]:
        options = ("--watch", "--unmatched", "forward", "--upstream", url)
        process = Process(
            sys.executable, "-m", "replay", "serve", str(file), "--port", "0", "--print-url", *options
        )
        own = process.word("http://")
        with urllib.request.urlopen(f"{own}/lacking") as answer:
            assert answer.read() == b'"upstream"'
        write(file, BROKEN)
        assert process.word(f"{file}:3:1")
        write(file, story("new"))
        process.word("changed:")
        return process.stop(), process

    async def main() -> None:
        async with serving(upstream) as url:
            code, process = await asyncio.to_thread(converse, url)
        said = process.output
        assert (code, "Traceback" in said) == (0, False), said
        assert f"{file} is refused: 'story' goes on as it was" in said
        assert f"{file.with_name('story.new.yaml')} has 1 new step of 1 forwarded request" in said
        told = load(file.with_name("story.new.yaml"))
        assert [step.id for step in told.steps] == ["say", "get-lacking"]

    run(main(), asyncio.new_event_loop)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--unmatched", "forward"), "needs --upstream"),
        (("--upstream", "http://gws:8090"), "write --unmatched forward beside it"),
        (("--unmatched", "forward", "--upstream", "gws"), "has to be an http or https URL"),
        (("--unmatched", "forward", "--upstream", "http://gws/api"), "names a server and nothing else"),
        (("--watch",), "no file to watch"),
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(options: tuple[str, ...], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        command.main(list(options), standalone_mode=False)


def test_a_program_has_nothing_to_watch_without_a_file() -> None:
    with pytest.raises(UsageError, match="no file to watch"):
        serve(scenario("steps: []"), watch=True)
