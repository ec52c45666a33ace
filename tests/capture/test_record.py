from __future__ import annotations

import signal
import socket
import sys
from pathlib import Path

import httpx
import pytest
from aiohttp import web
from click.testing import CliRunner

from replay.capture.recording import open_recording
from replay.cli.addon import addon
from replay.cli.record import record
from replay.errors import SurroundingsError, UsageError

from .proxies import PATIENCE, ROOT, Command, Upstream, certificate, holds


async def hello(_: web.Request) -> web.Response:
    return web.json_response([{"channel": "/x", "data": {}}])


def address(line: str) -> str:
    return line.split()[1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_recording_well(tmp_path: Path, number: signal.Signals) -> None:
    with Upstream(hello) as upstream:
        arguments = ["--upstream", upstream.url, "--listen", "127.0.0.1:0", "--to", "x.mitm"]
        with Command(*arguments, cwd=tmp_path) as command:
            line = command.until("recording http")
            httpx.get(address(line))
            command.process.send_signal(number)
            command.process.send_signal(number)
            code, said = command.ended()

    assert line == f"recording {address(line)} → {upstream.url} into x.mitm; Ctrl-C ends\n"
    assert code == 0
    assert said.startswith("recorded 1 exchange, 1 event, 0 agents, ")
    assert said.endswith(" kB into x.mitm\n")
    assert len(open_recording(tmp_path / "x.mitm").exchanges) == 1


def test_a_recorder_that_is_killed_leaves_no_key_and_no_folder_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    with Upstream(hello) as upstream:
        arguments = ["--upstream", upstream.url, "--listen", "127.0.0.1:0"]
        with Command(*arguments, cwd=tmp_path) as command:
            command.until("recording http")
            command.process.kill()

    assert list(temporary.iterdir()) == []


def test_a_recorder_that_is_killed_leaves_what_was_over_in_a_file_of_its_own(tmp_path: Path) -> None:
    with Upstream(hello) as upstream:
        arguments = ["--upstream", upstream.url, "--listen", "127.0.0.1:0"]
        with Command(*arguments, cwd=tmp_path) as command:
            url = address(command.until("recording http"))
            for _ in range(3):
                httpx.get(url)
            (path,) = (tmp_path / "recordings").iterdir()
            holds(path, 3)
            command.process.kill()

    assert len(open_recording(path).exchanges) == 3
    assert path.name.startswith("127.0.0.1-20")
    assert path.suffix == ".mitm"


def test_a_signal_before_the_beginning_ends_it_well(tmp_path: Path) -> None:
    # It takes the connection, and says nothing of TLS: the preflight waits.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        with Command("--upstream", url, "--listen", "127.0.0.1:0", cwd=tmp_path) as command:
            silent.settimeout(PATIENCE)
            connection, _ = silent.accept()
            with connection:
                command.process.terminate()
                assert command.ended() == (0, "ended before the recording began\n")


def test_what_keeps_it_from_beginning_is_said_in_a_sentence(tmp_path: Path) -> None:
    context, _ = certificate(tmp_path)
    with Upstream(hello, context) as upstream, socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            Command("--upstream", upstream.url, "--listen", f"127.0.0.1:{port}", cwd=tmp_path) as in_use,
            Command("--upstream", upstream.url, "--listen", "127.0.0.1:0", cwd=tmp_path) as distrusted,
            Command("--upstream", f"{upstream.url}/x", cwd=tmp_path) as wrong,
            Command("--upstream", upstream.url, "--path", "x", cwd=tmp_path) as useless,
        ):
            assert in_use.ended() == (
                3,
                f"replay: port {port} on 127.0.0.1 is in use; --listen chooses another.\n",
            )
            assert distrusted.ended() == (
                3,
                f"replay: the certificate of 127.0.0.1:{upstream.port} is not accepted:"
                " self-signed certificate; --insecure accepts it, --upstream-ca names its authority.\n",
            )
            assert wrong.ended() == (
                2,
                f"replay: --upstream names a server and nothing else: write {upstream.url}.\n",
            )
            assert useless.ended() == (
                2,
                "replay: --path 'x' matches nothing: a path begins with a slash, such as /x.\n",
            )


DISTILLER = """
import sys, types
from replay.errors import RecordingError
def distil_to(recordings, to, _):
    raise RecordingError(f"{recordings[0]} has no chat for {to}.")
stand_in = types.ModuleType("replay.cli.distil")
stand_in.distil_to, stand_in.How = distil_to, dict
sys.modules["replay.cli.distil"] = stand_in
sys.argv = ["replay", "record", *sys.argv[1:]]
from replay.cli import main
main()
"""


def test_a_distiller_that_fails_leaves_the_recording(tmp_path: Path) -> None:
    with Upstream(hello) as upstream:
        arguments = ["--upstream", upstream.url, "--listen", "127.0.0.1:0", "--to", "x.mitm"]
        arguments += ["--distil", "x.yaml"]
        with Command(*arguments, cwd=tmp_path, program=("-c", DISTILLER)) as command:
            httpx.get(address(command.until("recording http")))
            command.process.terminate()
            code, said = command.ended()

    assert code == 2
    assert said.splitlines()[1] == "replay: x.mitm has no chat for x.yaml."
    assert len(open_recording(tmp_path / "x.mitm").exchanges) == 1


def test_nothing_is_distilled_from_nothing(tmp_path: Path) -> None:
    with Upstream(hello) as upstream:
        arguments = ["--upstream", upstream.url, "--listen", "127.0.0.1:0", "--distil", "x.yaml"]
        with Command(*arguments, cwd=tmp_path, program=("-c", DISTILLER)) as command:
            command.until("recording http")
            command.process.terminate()
            assert command.ended() == (0, "nothing was recorded\n")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "--upstream is missing: the URL of the server to record, such as http://gws:8090."),
        (["--mode", "regular", "--upstream", "http://x"], "--upstream is for --mode reverse;"),
        (
            ["--upstream", "http://x", "--redact", "x.yaml"],
            "x.yaml cannot be read: No such file or directory.",
        ),
        (["--upstream", "http://x", "--redact", "x", "--no-redact"], "--redact and --no-redact exclude"),
        (["--upstream", "http://x", "--listen", "x"], "--listen x has to be an address and a port,"),
    ],
)
def test_wrong_usage_is_said_in_a_sentence(arguments: list[str], sentence: str) -> None:
    result = CliRunner().invoke(record, arguments)

    assert isinstance(result.exception, UsageError)
    assert str(result.exception).startswith(sentence)


def test_without_mitmproxy_the_command_that_installs_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mitmproxy", None)
    monkeypatch.delitem(sys.modules, "mitmproxy.version", raising=False)

    result = CliRunner().invoke(record, ["--upstream", "http://gws:8090", "--listen", "127.0.0.1:0"])

    assert isinstance(result.exception, SurroundingsError)
    assert 'pip install "gws-replay[record]"' in str(result.exception)


def test_the_addons_path_is_printed() -> None:
    assert CliRunner().invoke(addon).output == f"{ROOT / 'replay' / 'capture' / 'addon.py'}\n"
