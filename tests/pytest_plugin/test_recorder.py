"""The recorder of a run of pytest that was killed."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from pathlib import Path

from replay.server.simulated import Simulated

from .test_modes import upstream

__all__ = ["upstream"]

KILLED = """
import os, sys
from pathlib import Path
from replay.fixtures.recording import Recorder
print(Recorder(sys.argv[1], Path(sys.argv[2])).url, flush=True)
os._exit(1)
"""


def test_it_ends_too(upstream: Simulated, tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, upstream.url, str(tmp_path / "own.mitm")]
    url = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False).stdout
    port = int(url.strip().rpartition(":")[2])

    for _ in range(200):
        if not _listens(port):
            break
        threading.Event().wait(0.1)

    assert not _listens(port)


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
