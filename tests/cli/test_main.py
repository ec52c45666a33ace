"""The command line as a whole: exit codes and what stands on which stream."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from replay import __version__
from tests.road.software import Process

ROOT = Path(__file__).parents[2]
SHOWCASE = str(ROOT / "scenarios" / "accept-chat.yaml")


def replay(*arguments: str, **environment: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command."""
    done = subprocess.run(
        [sys.executable, "-m", "replay", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
        env=os.environ | environment,
    )
    return done.returncode, done.stdout, done.stderr


def test_a_token_from_the_environment_is_looked_at_and_not_repeated() -> None:
    code, _, said = replay("serve", SHOWCASE, REPLAY_ADMIN_TOKEN="two words")
    assert (code, "two words" in said) == (2, False)
    assert said.startswith("replay: the admin token has characters that no header can say.")


def test_a_scenario_that_needs_a_path_of_control_is_refused_at_its_place() -> None:
    code, _, said = replay("serve", SHOWCASE, "--control-prefix", "/api")
    assert code == 2
    assert (
        f"{SHOWCASE}:79:14: 'accept' asks for '/api/v2/me/chats/${{chat}}', which is a path of control"
        in said
    )


def test_the_version_is_printed() -> None:
    assert replay("--version") == (0, f"replay, version {__version__}\n", "")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_what_an_encoding_lacks_is_written_out(encoding: str, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    text = Path(SHOWCASE).read_text(encoding="utf-8")
    other.write_text(text.replace("state: Invited", "state: 日本é"), encoding="utf-8")

    code, out, err = replay("diff", SHOWCASE, str(other), PYTHONIOENCODING=encoding)
    _, as_json, _ = replay("diff", SHOWCASE, str(other), "--json", PYTHONIOENCODING=encoding)

    assert (code, err) == (1, "")
    assert "Invited  \\u2192  \\u65e5\\u672c" in out
    assert json.loads(as_json)["differences"][0]["b"] == "日本é"


def test_an_unknown_command_names_the_nearest() -> None:
    code, out, err = replay("serv")

    assert (code, out) == (2, "")
    assert "no command 'serv'. Did you mean 'serve'?" in err


def test_an_unknown_option_is_wrong_usage() -> None:
    code, _, err = replay("serve", "--sped", "2")

    assert code == 2
    assert "--speed" in err


@pytest.mark.parametrize("speed", ["0", "-1", "fast", "nan"])
def test_a_speed_that_is_none_is_wrong_usage(speed: str) -> None:
    code, _, err = replay("serve", SHOWCASE, "--speed", speed)

    assert code == 2
    assert f"speed is a number above 0 (2 is twice as fast) or 'max', not '{speed}'" in err


@pytest.mark.parametrize("command", [["serve"], ["check"], ["show"], ["distil"]])
def test_a_missing_file_is_one_sentence(command: list[str], tmp_path: Path) -> None:
    code, out, err = replay(*command, str(tmp_path / "none.yaml"))

    assert (code, out) == (2, "")
    assert "none.yaml" in err
    assert "Traceback" not in err


def test_a_port_in_use_is_the_surroundings() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, out, err = replay("serve", SHOWCASE, "--port", str(port))

    assert (code, out) == (3, "")
    assert err == (
        f"replay: port {port} on 127.0.0.1 is in use: end what listens there, or choose another with --port\n"
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_ended_by_a_signal_is_good(number: int) -> None:
    process = Process(sys.executable, "-m", "replay", "serve", SHOWCASE, "--port", "0")
    process.word("http://")

    assert process.stop(number) == 0
    assert process.output.splitlines()[-1] == "0 requests answered, 0 events sent, 0 misses"


@pytest.mark.parametrize("closed", [">&-", "<&- >&-"])
def test_serve_ends_well_though_standard_streams_are_closed(closed: str, tmp_path: Path) -> None:
    journal = tmp_path / "run.jsonl"
    flags = f"--port 0 --journal {journal}"
    process = Process("sh", "-c", f"exec {sys.executable} -m replay serve {SHOWCASE} {flags} {closed}")
    process.word("http://")

    assert process.stop(signal.SIGTERM) == 0, process.output


def test_an_environment_variable_stands_below_the_flag() -> None:
    assert replay("serve", SHOWCASE, REPLAY_SERVE_SPEED="fast")[0] == 2


def test_the_bundled_scenario_is_shown_in_a_line_a_step() -> None:
    code, out, _ = replay("show", SHOWCASE)

    assert code == 0
    assert re.findall(r"^  accept \+ \w+ +(\w+)", out, re.MULTILINE) == [
        "chatting",
        "participants",
        "history",
    ]


def test_a_reader_that_goes_away_is_no_error() -> None:
    command = f"{sys.executable} -m replay schema | head -c 10"

    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
