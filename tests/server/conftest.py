"""Both event loops that people run us on."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
import uvloop

from tests.certificates import self_signed

Loop = Callable[[], asyncio.AbstractEventLoop]


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def loop(request: pytest.FixtureRequest) -> Loop:
    chosen: Loop = request.param
    return chosen


@pytest.fixture
def one_loop() -> Loop:
    """The faster one, for what goes over a socket as everything does: `loop = one_loop` in such a module."""
    return uvloop.new_event_loop


class Secured(NamedTuple):
    """Whether a server speaks TLS, and what a client needs to trust it."""

    files: tuple[Path, Path] | None = None
    trust: ssl.SSLContext | None = None


@pytest.fixture(params=["tcp", "tls"])
def secured(request: pytest.FixtureRequest, tmp_path: Path) -> Secured:
    if request.param == "tcp":
        return Secured()
    files = self_signed(tmp_path)
    return Secured(files, ssl.create_default_context(cafile=str(files[0])))
