"""Both event loops that people run us on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
import uvloop

Loop = Callable[[], asyncio.AbstractEventLoop]


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def loop(request: pytest.FixtureRequest) -> Loop:
    chosen: Loop = request.param
    return chosen
