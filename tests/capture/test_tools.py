"""The addon in mitmproxy's own programs, as people start them."""

from __future__ import annotations

import contextlib
import os
import pty
import socket
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from replay.capture.recording import open_recording
from replay.scenario.load import load
from tests.road.software import agent, backend

from .proxies import PATIENCE, ROOT, eventually

pytestmark = pytest.mark.live

WEB = ["--no-web-open-browser", "--web-port", "0", "--set", "web_password=x"]
QUIT = b"Q"


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, *command: str) -> None:
        self.screen = b""
        self._terminal, child = pty.openpty()
        termios.tcsetwinsize(child, (40, 120))
        environment = os.environ | {"TERM": "xterm-256color", "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            command, stdin=child, stdout=child, stderr=child, env=environment, start_new_session=True
        )
        os.close(child)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def text(self) -> str:
        """All that was written to it, lines joined that are longer than it is wide."""
        return self.screen.decode("utf-8", "replace").replace("\r\n", "")

    def end(self, key: bytes = b"") -> int:
        """Press a key, or ask it to end as a terminal that is closed does."""
        if key:
            os.write(self._terminal, key)
        else:
            self.process.terminate()
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return code

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._terminal)

    def _read(self) -> None:
        # The end of a terminal is an error.
        with contextlib.suppress(OSError):
            while data := os.read(self._terminal, 65536):
                self.screen += data


class Tool(Terminal):
    """One of mitmproxy's programs, with our addon, as a proxy before an upstream."""

    def __init__(self, program: str, upstream: str, folder: Path, *more: str) -> None:
        self.port = _free_port()
        addon = ROOT / "replay" / "capture" / "addon.py"
        command = [str(Path(sys.executable).with_name(program)), "-s", str(addon), *more]
        command += ["--mode", f"reverse:{upstream}", "--listen-host", "127.0.0.1", "-p", str(self.port)]
        options = {
            "confdir": folder / "conf",
            "replay_to": folder / "x.mitm",
            "replay_distil": folder / "x.yaml",
        }
        for name, value in options.items():
            command += ["--set", f"{name}={value}"]
        super().__init__(*command)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def listens(self) -> bool:
        assert self.process.poll() is None, self.text
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
            return True
        return False


@contextlib.contextmanager
def tool(program: str, upstream: str, folder: Path, *more: str) -> Iterator[Tool]:
    started = Tool(program, upstream, folder, *more)
    try:
        eventually(started.listens)
        yield started
    finally:
        started.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.parametrize(
    ("program", "more", "key"),
    [
        ("mitmdump", [], b""),
        pytest.param("mitmweb", WEB, b"", marks=pytest.mark.full),
        pytest.param("mitmproxy", [], QUIT, marks=pytest.mark.full),
    ],
)
def test_the_users_own_mitmproxy_records_and_distils(
    program: str, more: list[str], key: bytes, tmp_path: Path
) -> None:
    with backend("cometd") as upstream, tool(program, upstream, tmp_path, *more) as started:
        agent(started.url)
        code = started.end(key)

    assert code == 0, started.text
    assert f"{tmp_path / 'x.yaml'}: " in started.text
    exchanges = list(open_recording(tmp_path / "x.mitm").exchanges)
    assert all(each.redacted for each in exchanges)
    assert "accept" in [step.id for step in load(tmp_path / "x.yaml").steps]


def test_a_user_who_also_saves_what_travels_is_warned(tmp_path: Path) -> None:
    more = ["-w", str(tmp_path / "raw.mitm"), "--set", "replay_no_redact=true"]
    with backend("cometd") as upstream, tool("mitmdump", upstream, tmp_path, *more) as started:
        started.end(b"")

    assert (
        "save_stream_file is set: mitmproxy itself saves every exchange there, with all secrets"
        in started.text
    )
    assert "replay_no_redact: credentials and personal data are recorded as they are." in started.text


def test_a_recording_under_way_shows_its_counts_on_a_terminal(tmp_path: Path) -> None:
    with backend("cometd") as upstream:
        command = [
            sys.executable,
            "-m",
            "replay",
            "record",
            "--upstream",
            upstream,
            "--listen",
            "127.0.0.1:0",
        ]
        terminal = Terminal(*command, "--to", str(tmp_path / "x.mitm"))
        try:
            eventually(lambda: "0 exchanges, 0 events, 0 agents, 0.0 kB" in terminal.text)
            url = terminal.text.split("recording ")[1].split()[0]
            httpx.get(f"{url}/api/v2/me", headers={"Authorization": "Basic YW5uOmE="})
            eventually(lambda: "1 exchange, 0 events, 1 agent, " in terminal.text)
            assert terminal.end() == 0
        finally:
            terminal.close()

    assert "recorded 1 exchange, 0 events, 1 agent, " in terminal.text
