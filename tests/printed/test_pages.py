"""The how-to pages: what they print is run, in an empty folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.docs import DOCS
from tests.replicas.balancers import free_ports

from .pages import EXAMPLES, follow

pytestmark = pytest.mark.live

HARS = DOCS.parent / "tests" / "data" / "har"
PORTS = ("8090", "8091", "8092", "3128", "8443")


@pytest.mark.parametrize("page", sorted(DOCS.glob("howto-*.md")), ids=lambda page: page.stem)
def test_who_does_what_a_page_says_sees_what_it_says(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    shutil.copy(EXAMPLES / "desktop.py", folder)
    for browser in ("chromium", "firefox"):
        shutil.copy(HARS / f"{browser}-long-polling.har", folder / f"{browser}.har")

    ports = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
    # Where they listen if nobody says where.
    monkeypatch.setenv("REPLAY_SERVE_PORT", ports["8090"])
    monkeypatch.setenv("REPLAY_RECORD_LISTEN", f"127.0.0.1:{ports['8091']}")

    follow(page, folder, ports)
