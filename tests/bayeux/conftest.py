"""A conversation in which one desktop has shaken hands and listens."""

from __future__ import annotations

import pytest

from replay.testing import Desktop, Script, scenario


@pytest.fixture
def script() -> Script:
    return Script(scenario(""))


@pytest.fixture
def desktop(script: Script) -> Desktop:
    """Subscribed to /news; its first connect, which is never held, lies behind it."""
    desktop = script.desktop()
    desktop.handshake()
    desktop.subscribe("/news")
    desktop.connect(advice={"timeout": 0})
    return desktop
