"""Real clients through trouble: each recovers, and hears of its chat once and in order."""

from __future__ import annotations

import pytest

from tests.matrix.cells import POLLING, SOCKET, calm, steps
from tests.matrix.runs import COMPARED, TROUBLED, TROUBLES, ours, real, through

pytestmark = pytest.mark.live

SAMPLE = {
    ("restart", "cometd 9", SOCKET),
    ("cut", "cometd 3.1", POLLING),
    ("refused", "aiocometd-noloop", POLLING),
    ("dropped", "cometd 9", SOCKET),
}


@pytest.mark.parametrize(
    ("name", "client", "transport"),
    [pytest.param(*cell, marks=[] if cell in SAMPLE else [pytest.mark.full]) for cell in TROUBLED],
)
def test_a_client_in_trouble_recovers_and_misses_nothing(name: str, client: str, transport: str) -> None:
    trouble = TROUBLES[name]

    seen = through(trouble, client, transport, ours(trouble.scenario))

    assert calm(seen) == trouble.story


@pytest.mark.full
@pytest.mark.parametrize(("name", "client", "transport"), COMPARED)
def test_a_client_sees_what_it_sees_of_a_real_server_in_the_same_trouble(
    name: str, client: str, transport: str
) -> None:
    trouble = TROUBLES[name]

    before_ours = through(trouble, client, transport, ours(trouble.scenario))
    before_real = through(trouble, client, transport, real(trouble.scenario, transport))

    assert steps(before_ours) == steps(before_real)
