"""What `replay init` writes into a project works at once, and harms nothing that is there."""

from __future__ import annotations

import io
import os
import resource
import subprocess
import sys
import urllib.request
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from replay.cli import main
from replay.cli.init import STARTER
from tests.road.software import Process

WRITTEN = ["scenarios/first-chat.yaml", "tests/conftest.py", "tests/test_first_chat.py"]


def init(folder: Path, *arguments: str) -> tuple[int, list[str], str]:
    """Exit code, lines of standard output, and standard error, of a command that is given in a folder."""
    said, complained = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said), redirect_stderr(complained):
        patch.setattr(sys, "argv", ["replay", "init", *arguments])
        patch.chdir(folder)
        with pytest.raises(SystemExit) as ended:
            main()
    assert isinstance(ended.value.code, int)
    return ended.value.code, said.getvalue().splitlines(), complained.getvalue()


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that nothing but this command has written into."""
    folder = tmp_path_factory.mktemp("an agent's café")
    assert init(folder) == (
        0,
        [*(f"wrote {name}" for name in WRITTEN), "next: pytest tests/test_first_chat.py"],
        "",
    )
    assert files(folder) == WRITTEN
    return folder


@pytest.mark.live
def test_the_next_command_that_it_says_passes(tmp_path: Path) -> None:
    _, lines, _ = init(tmp_path, "my desk's")
    command = lines[-1].removeprefix("next: ")
    # Of the Python that runs these tests, without what only these need.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    options = "-p no:schemathesis -p no:asyncio"
    done = subprocess.run(
        command,
        shell=True,
        cwd=tmp_path,
        env=os.environ | {"PATH": path, "PYTEST_ADDOPTS": options},
        capture_output=True,
        text=True,
        check=False,
    )

    assert command == """cd 'my desk'"'"'s' && pytest tests/test_first_chat.py"""
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_its_scenario_is_good(project: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "replay", "check", WRITTEN[0]],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("scenarios/first-chat.yaml: good")


@pytest.mark.live
@pytest.mark.full
def test_its_scenario_can_be_served(project: Path) -> None:
    file = str(project / WRITTEN[0])
    serving = Process(sys.executable, "-m", "replay", "serve", file, "--port", "0", "--print-url")
    with urllib.request.urlopen(f"{serving.word('http://')}/__replay/ready", timeout=60) as answer:
        assert answer.status == 200


def test_what_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    test = tmp_path / WRITTEN[2]
    test.write_text("mine = 1\n", encoding="utf-8")
    code, lines, said = init(tmp_path)
    again = init(tmp_path)

    assert (code, lines) == (0, ["wrote scenarios/first-chat.yaml", "wrote tests/conftest.py", lines[-1]])
    assert said == "left tests/test_first_chat.py as it is\n"
    assert again == (0, [lines[-1]], "".join(f"left {name} as it is\n" for name in WRITTEN))
    assert test.read_text(encoding="utf-8") == "mine = 1\n"


def test_what_belongs_in_a_configuration_that_is_there_is_said(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    config = tmp_path / WRITTEN[1]
    config.write_text("collect_ignore = []\n", encoding="utf-8")
    code, lines, said = init(tmp_path)
    _, _, lacking = said.partition("left tests/conftest.py as it is; these lines belong in it:\n\n")

    assert (code, "wrote tests/conftest.py" in lines) == (0, False)
    assert config.read_text(encoding="utf-8") == "collect_ignore = []\n"
    config.write_text(lacking, encoding="utf-8")
    compile(lacking, "conftest.py", "exec")
    assert "def replay_config()" in lacking
    assert init(tmp_path)[2].splitlines()[1] == "left tests/conftest.py as it is"


def test_a_link_to_nothing_is_left_too(tmp_path: Path) -> None:
    (tmp_path / "scenarios").mkdir()
    (tmp_path / WRITTEN[0]).symlink_to("nowhere")

    assert init(tmp_path)[::2] == (0, "left scenarios/first-chat.yaml as it is\n")


def test_what_stands_in_the_way_is_said_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "tests").write_text("", encoding="utf-8")
    in_the_way = init(tmp_path)
    (tmp_path / "tests").unlink()
    (tmp_path / WRITTEN[2]).mkdir(parents=True)
    a_folder = init(tmp_path)

    assert in_the_way == (2, [], "replay: tests is a file. A folder of that name is needed.\n")
    said = "replay: tests/test_first_chat.py is a folder. A file of that name is to be written.\n"
    assert a_folder == (2, [], said)
    assert files(tmp_path) == []


@pytest.mark.parametrize("folder", ["/proc/nothing", "x" * 300])
def test_a_folder_that_cannot_be_written_into_is_said(tmp_path: Path, folder: str) -> None:
    code, lines, said = init(tmp_path, folder)

    assert (code, lines) == (2, [])
    assert said.startswith(f"replay: {folder}/scenarios/first-chat.yaml cannot be written: ")


def test_a_disk_that_is_full_half_way_leaves_nothing_half_written(tmp_path: Path) -> None:
    room = max(each.stat().st_size for each in STARTER.iterdir()) - 1

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    command = [sys.executable, "-m", "replay", "init", "new"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, preexec_fn=limit
    )

    said = "replay: new/tests/test_first_chat.py cannot be written: File too large\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)
    assert list(tmp_path.iterdir()) == []
