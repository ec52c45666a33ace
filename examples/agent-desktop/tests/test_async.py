"""The desktop in Python as it is, on the event loop of the test: what the simulator does is awaited."""

from __future__ import annotations

import asyncio

import pytest
from desks import PATIENCE, QUICK, until
from desktop import Desktop

pytestmark = pytest.mark.asyncio


async def invited(desktop):
    return (await until(desktop, lambda chat: chat.state == "Invited")).id


async def test_a_chat_is_accepted_and_heard(simulator):
    async with Desktop(simulator.url, "marat", **QUICK) as desktop:
        await desktop.accept(await invited(desktop), "Ada")

        told = await simulator.wait_for("history")
        chat = await until(desktop, lambda chat: chat.lines)

    assert (told.kind, told.agent) == ("event", "marat")
    assert chat.participants == ["Ada", "PersonP"]


async def test_ten_agents_accept_at_once(simulator):
    simulator.expect("accept", times=1)

    async def work(user):
        async with Desktop(simulator.url, user, **QUICK) as desktop:
            await desktop.accept(await invited(desktop), user)
            return (await until(desktop, lambda chat: chat.participants)).participants

    users = [f"agent{number}" for number in range(10)]
    seen = await asyncio.gather(*(work(user) for user in users))

    assert seen == [[user, "PersonP"] for user in users]


@pytest.mark.replay(speed=1)
async def test_a_poll_is_held_for_longer_than_an_answer_may_take(simulator):
    async with Desktop(simulator.url, "marat", **QUICK | {"timeout": 0.3, "attempts": 20}) as desktop:
        await desktop.until(lambda: desktop.chats or not desktop.is_online)

        assert desktop.is_online


@pytest.mark.replay("customer", clock="manual", speed=1)
async def test_a_quiet_half_hour_is_no_trouble(simulator):
    async with Desktop(simulator.url, "marat", **QUICK) as desktop:
        await simulator.clock.advance("30m")
        await desktop.accept(await invited(desktop), "Marat")

        await simulator.clock.advance("30m")
        chat = await until(desktop, lambda chat: chat.participants == ["Marat"])

    assert chat.lines == ["PersonP: My order is late", "PersonP: Number 4711", "PersonP: Hello?"]


@pytest.mark.replay(faults=[{"fault": "hang", "where": {"step": "accept"}, "settings": {"processed": True}}])
async def test_the_agent_may_talk_before_accept_is_answered(simulator):
    async with Desktop(simulator.url, "marat", **QUICK | {"timeout": PATIENCE}) as desktop:
        accepting = asyncio.create_task(desktop.accept(await invited(desktop), "Marat"))
        chat = await until(desktop, lambda chat: chat.lines)
        await desktop.send(chat.id, "Good morning")

        assert "Marat: Good morning" in (await until(desktop, lambda chat: len(chat.lines) == 3)).lines
        assert not accepting.done()
        accepting.cancel()
