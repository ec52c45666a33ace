"""Every client on every transport it has, against `replay serve`, from handshake to disconnect."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.matrix.cells import CELLS, POLLING, SCRIPT, SOCKET, WHOLE, seen_by, start, steps
from tests.road.software import ROOT, replayer

pytestmark = pytest.mark.live

SCENARIO = ROOT / "scenarios" / "accept-chat.yaml"
SAMPLE = {("cometd 3.1", SCRIPT), ("faye", POLLING), ("aiocometd-noloop", SOCKET)}
"""What `make test` runs; tests/server has samples of npm's cometd on the other transports."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with replayer(SCENARIO) as url:
        yield url


@pytest.mark.parametrize(
    ("client", "transport"),
    [pytest.param(*cell, marks=[] if cell in SAMPLE else [pytest.mark.full]) for cell in CELLS],
)
def test_an_agent_accepts_its_chat_hears_of_it_in_order_and_leaves(
    url: str, client: str, transport: str
) -> None:
    seen = seen_by(start(client, transport, url))

    assert steps(seen) == WHOLE
    assert seen[-1]["transport"] == transport
