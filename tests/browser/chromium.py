"""Debian's Chromium without a window, and the host of the page it is shown."""

from __future__ import annotations

import json
import queue
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.road.software import PATIENCE, UPSTREAM

HERE = Path(__file__).parent
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # For the one run over https: the certificate is the test's own.
    "--ignore-certificate-errors",
]

PREFERENCES = {"profile": {"cookie_controls_mode": 0, "block_third_party_cookies": False}}
"""Without a window Chromium keeps the cookies of other sites out, as it does in incognito windows."""

Seen = dict[str, Any]


def chromium() -> str | None:
    """The browser to run, where there is one."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


class PageHost:
    """Serves the page and the libraries, and takes down what the page sees."""

    def __init__(self, *, host: str, certificate: tuple[Path, Path] | None) -> None:
        self.seen: queue.Queue[Seen] = queue.Queue()
        self._server = ThreadingHTTPServer((host, 0), self._handler())
        self.url = f"http://{host}:{self._server.server_port}"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            self.url = self.url.replace("http:", "https:")
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> PageHost:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[SimpleHTTPRequestHandler]:
        seen = self.seen

        class Handler(SimpleHTTPRequestHandler):
            def translate_path(self, path: str) -> str:
                name = path.partition("?")[0].strip("/")
                folder = HERE if "/" not in name else UPSTREAM / "node_modules"
                return str(folder / name)

            def do_POST(self) -> None:
                seen.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *arguments: Any) -> None:
                pass

        return Handler


@contextmanager
def browser(url: str, profile: Path, *flags: str) -> Iterator[subprocess.Popen[bytes]]:
    """Chromium on one page, until the block ends."""
    program = chromium()
    assert program is not None
    settings = profile / "Default" / "Preferences"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps(PREFERENCES), encoding="utf-8")
    log = profile.with_suffix(".log")
    with log.open("wb") as output:
        command = [program, *FLAGS, *flags, f"--user-data-dir={profile}", url]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE)


def look(
    simulator: str,
    profile: Path,
    *,
    cometd: str,
    transport: str,
    host: str = "127.0.0.1",
    certificate: tuple[Path, Path] | None = None,
) -> list[Seen]:
    """What a desktop sees in a browser, from its handshake to its goodbye."""
    query = urlencode({"url": simulator, "cometd": cometd, "transport": transport})
    seen: list[Seen] = []
    with (
        PageHost(host=host, certificate=certificate) as page,
        browser(f"{page.url}/desktop.html?{query}", profile),
    ):
        while not seen or seen[-1]["kind"] not in {"disconnected", "failure"}:
            try:
                seen.append(page.seen.get(timeout=PATIENCE))
            except queue.Empty:
                log = profile.with_suffix(".log").read_text(encoding="utf-8", errors="replace")
                raise AssertionError(
                    f"the page fell silent after {seen}; Chromium said: {log[-2000:]}"
                ) from None
    return seen
