"""All cases, and how they are run: several at a time, each before a server of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from tests.faults.observed import answers, bayeux, connections, events, presets
from tests.faults.observed.case import Case, Observation, PresetCase

CASES: list[Case] = [*answers.CASES, *events.CASES, *bayeux.CASES, *connections.CASES]
PRESETS: list[PresetCase] = presets.CASES

AT_ONCE = 5
"""Clients at a time: enough to be quick, few enough that their times are their own."""


async def observe(cases: Iterable[Case | PresetCase]) -> dict[str, Observation]:
    """What comes of these cases, by their names."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(case: Case | PresetCase) -> tuple[str, Observation]:
        async with turn:
            return str(case), await case.observe()

    return dict(await asyncio.gather(*map(one, cases)))
