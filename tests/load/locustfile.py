"""The shipped class twice, once a transport; says in the end what this process has imported."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, ClassVar

from locust import events

from replay.drive.locust import ScenarioUser


class Polling(ScenarioUser):
    """As the arguments say."""


class Socket(ScenarioUser):
    """Over a WebSocket."""

    replays: ClassVar[dict[str, str]] = {"transport": "websocket"}


def _say_what_is_imported(**_: Any) -> None:
    folder = os.environ.get("IMPORTED")
    if folder:
        Path(folder, f"{os.getpid()}.txt").write_text("\n".join(sorted(sys.modules)), encoding="utf-8")


events.quitting.add_listener(_say_what_is_imported)
