"""The fixture `simulator` in tests of every kind."""

from __future__ import annotations

import os
import threading

import pytest

from .conftest import Run

def test_sync_and_async_tests_each_have_a_simulator_of_their_own(run: Run) -> None:
    result = run(
        """
        pytestmark = pytest.mark.replay("accept-chat", speed="max")

        def test_sync(simulator):
            agent = Agent(simulator.url, simulator.cometd_url)
            agent.start()
            agent.accept(agent.until("Invited")["id"], nickname="Ann")

            assert simulator.wait_for("accept").step == "accept"
            assert simulator.agent().plays == 1

        async def test_async(simulator):
            assert simulator.journal == []
            asked = asyncio.create_task(asyncio.to_thread(Agent(simulator.url, "").get, "/api/v2/me"))

            assert (await simulator.wait_for("me")).step == "me"
            assert (await asked)["statusCode"] == 0

        @pytest.mark.anyio
        async def test_anyio(simulator, anyio_backend):
            asked = asyncio.create_task(asyncio.to_thread(Agent(simulator.url, "").get, "/api/v2/me"))
            await simulator.wait_for("me")
            await asked

        @pytest.fixture
        def anyio_backend():
            return "asyncio"
        """
    )

    result.assert_outcomes(passed=3)
