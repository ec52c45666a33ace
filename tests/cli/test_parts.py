"""`replay --with FILE`: parts of one's own, and what is said of a file that is none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from replay.cli import group
from replay.errors import UsageError
from replay.registry import FAULTS

FAULT = '''
from replay.faults.fault import Fault
from replay.registry import FAULTS


class Echo(Fault):
    """An event comes twice."""

    times: int = 2

    seams = frozenset({"event", "meta"})

    def event(self, telling, strike):
        return [telling] * self.times


FAULTS["echo"] = f"{__name__}:Echo"
'''
ECHO = """version: 1
name: echo
steps: [{id: said, push: /v2/me/chats, after: start, data: {messageType: X}}]
faults: [{name: twice, fault: echo, where: {messageType: X}, settings: {times: 3}}]
"""


def replay(folder: Path, *arguments: str, code: int = 0, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "replay", *arguments],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "my_fault.py").write_text(FAULT)
    (tmp_path / "echo.yaml").write_text(ECHO)
    return tmp_path


def test_a_fault_of_ones_own_is_known_wherever_faults_are(folder: Path) -> None:
    given = ("--with", "my_fault.py")

    assert replay(folder, *given, "check", "echo.yaml").startswith("echo.yaml: good")
    assert "unknown fault 'echo'" in replay(folder, "check", "echo.yaml", code=2)
    assert "An event comes twice." in replay(folder, *given, "faults")
    assert "times    2" in replay(folder, *given, "faults", "echo")


def test_an_editors_schema_knows_it_and_its_settings(folder: Path) -> None:
    schema = json.loads(replay(folder, "--with", "my_fault.py", "schema"))["$defs"]["Fault"]
    path = replay(folder, "--with", "my_fault.py", "schema", "--path", code=2)

    assert "echo" in schema["properties"]["fault"]["enum"]
    [said] = [each for each in schema["allOf"] if each["if"]["properties"]["fault"] == {"const": "echo"}]
    assert said["then"]["properties"]["settings"]["properties"] == {
        "times": {"type": "integer", "default": 2}
    }
    assert "the schema that comes with the package does not know 'echo'" in path


def test_the_environment_names_several(folder: Path) -> None:
    (folder / "other.py").write_text(FAULT.replace("echo", "choir"))

    told = replay(folder, "faults", REPLAY_WITH=f"my_fault.py{os.pathsep}other.py")

    assert "echo " in told
    assert "choir " in told


def test_a_file_that_is_named_twice_is_loaded_once(folder: Path) -> None:
    twice = ("--with", "my_fault.py", "--with", "./my_fault.py")

    assert replay(folder, *twice, "faults").count("An event comes twice.") == 1


def test_a_command_that_is_run_again_in_one_process_finds_what_was_loaded(folder: Path) -> None:
    given = ["--with", str(folder / "my_fault.py"), "check", str(folder / "echo.yaml")]
    try:
        ended = [CliRunner().invoke(group, given) for _ in range(2)]
    finally:
        FAULTS.pop("echo", None)
        sys.modules.pop("my_fault", None)

    assert [each.exit_code for each in ended] == [0, 0], ended


@pytest.mark.live
def test_a_server_with_parts_of_ones_own_ends_well_however_early_it_is_told_to(folder: Path) -> None:
    (folder / "my_fault.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGTERM)\n")

    replay(folder, "--with", "my_fault.py", "serve", "echo.yaml", "--port", "0", code=0)
    replay(folder, "--with", "my_fault.py", "check", "echo.yaml", code=130)


def test_a_setting_of_ones_own_is_checked_as_any_other(folder: Path) -> None:
    (folder / "echo.yaml").write_text(ECHO.replace("times: 3", "times: often"))

    told = replay(folder, "--with", "my_fault.py", "check", "echo.yaml", code=2)

    assert told == "echo.yaml:4:80: 'times' must be a whole number, not a string.\n"


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("none.py", None, "none.py does not exist, or is no file"),
        (
            "my-fault.py",
            "",
            "my-fault.py is no Python file that could be imported. Call it like my_fault.py.",
        ),
        ("json.py", "", "a module called 'json' is there already. Give json.py another name."),
        ("wrong.py", "one = 1\ntwo = three\n", "wrong.py:2: NameError: name 'three' is not defined"),
        ("cut.py", "one = 1\ntwo = (\n", "cut.py:2: '(' was never closed"),
        ("ends.py", "import sys\nsys.exit(5)\n", "ends.py:2: SystemExit: 5"),
        ("empty.py", "raise ValueError\n", "empty.py:1: ValueError"),
        (
            "adrift.py",
            'from replay.registry import FAULTS\nFAULTS["lost"] = "adrift:Lost"\n',
            "adrift.py: AttributeError: module 'adrift' has no attribute 'Lost'",
        ),
    ],
)
def test_a_file_that_is_none_is_told_in_a_sentence(
    folder: Path, name: str, text: str | None, told: str
) -> None:
    if text is not None:
        (folder / name).write_text(text)

    try:
        with pytest.raises(UsageError) as refused:
            group.main(["--with", str(folder / name), "faults"], standalone_mode=False)
    finally:
        FAULTS.pop("lost", None)

    assert str(refused.value).replace(f"{folder}/", "") == told
    assert Path(name).stem not in sys.modules or name == "json.py"


def test_a_source_of_ones_own_is_asked_before_ours(folder: Path) -> None:
    (folder / "mine.py").write_text(
        "from replay.capture.recording import Source\n"
        "from replay.errors import RecordingError\n"
        "from replay.registry import SOURCES\n"
        "def read(path, progress=None):\n"
        '    raise RecordingError(f"{path} is mine.")\n'
        'SOURCE = Source(takes=lambda first: first.startswith(b"{\\"mine\\""), read=read)\n'
        'SOURCES["mine"] = "mine:SOURCE"\n'
    )
    (folder / "a.log").write_text('  {"mine": 1}')

    assert "a.log is mine." in replay(folder, "--with", "mine.py", "distil", "a.log", code=2)
    assert "neither a mitmproxy flow file nor a HAR" in replay(folder, "distil", "a.log", code=2)
