"""What a simulator in a thread of its own says to whoever uses it otherwise than it can be used."""

from __future__ import annotations

import asyncio
import os
import resource
from collections.abc import Iterator
from contextlib import suppress

import pytest

import replay
from replay.errors import SurroundingsError, UsageError
from replay.server.simulated import Simulated

from .lives import STORY


@pytest.fixture
def simulator() -> Iterator[Simulated]:
    with Simulated(replay.serve(STORY, speed="max")) as simulator:
        yield simulator


def test_a_forked_process_is_told_that_it_has_the_addresses_alone(simulator: Simulated) -> None:
    here, there = os.pipe()
    child = os.fork()
    if not child:
        try:
            said = []
            for ask in (lambda: simulator.journal, lambda: simulator.wait_for("accept")):
                with pytest.raises(UsageError) as refused:
                    ask()
                said.append(str(refused.value))
            simulator.__exit__(None, None, None)
            os.write(there, "\n".join(said).encode())
        finally:
            os._exit(0)
    os.close(there)
    with os.fdopen(here, encoding="utf-8") as told:
        said = told.read().splitlines()
    os.waitpid(child, 0)

    assert said == 2 * ["this simulator is another process's. Here it has addresses alone: dial its url."]
    assert simulator.journal == []


def test_it_is_opened_once(simulator: Simulated) -> None:
    with pytest.raises(UsageError, match=r"opened already\. Make another of replay\.serve\(\)\."):
        simulator.__enter__()

    assert simulator.journal == []


def test_what_is_not_awaited_is_named_once(simulator: Simulated) -> None:
    async def main() -> None:
        simulator.wait_for("accept")
        simulator.clock.advance("1s")
        with pytest.raises(UsageError, match="goes by itself"):
            await simulator.clock.advance("1s")

    asyncio.run(main())

    assert [each.partition("(")[0] for each in simulator.unawaited()] == [
        "simulator.wait_for",
        "simulator.clock.advance",
    ]
    assert simulator.unawaited() == []


def test_nothing_is_expected_of_one_that_is_closed(simulator: Simulated) -> None:
    simulator.__exit__(None, None, None)

    with pytest.raises(UsageError, match="closed: nothing takes place any more"):
        simulator.expect("accept")


def test_no_descriptor_is_left_for_it_and_that_is_said() -> None:
    said: set[str] = set()
    story = replay.load(STORY)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        for most in range(3, soft):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            with suppress(SurroundingsError), Simulated(replay.serve(story)):
                break
            with pytest.raises(SurroundingsError) as refused:
                Simulated(replay.serve(story)).__enter__()
            said.add(str(refused.value).partition(":")[0])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert said == {"a simulator cannot begin", "cannot listen on 127.0.0.1"}
