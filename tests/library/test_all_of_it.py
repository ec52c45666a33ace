"""The whole library at once, as `replay serve` plays it: agents work, and nothing but the desk tells them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.library.desks import CHATS, Desk, Office
from tests.server.running import run

VOICE, CHAT = "/api/v2/me/channels/voice", "/api/v2/me/channels/chat"
ENDS: list[tuple[str, dict[str, str]]] = [
    ("Complete", {}),
    ("Transfer", {"queueName": "billing"}),
    ("Transfer", {"targetUri": "http://here/api/v2/contacts/1"}),
    ("Leave", {}),
]


def told_by(office: Office) -> set[str]:
    """The scenarios of which anybody was told an event."""
    return {
        each.play.partition("#")[0]
        for each in office.server.stage.simulator.journal
        if each.kind in {"event", "held"}
    }


async def worked(desk: Desk) -> list[str]:
    """Chats one after another, each accepted, spoken in, and ended in another way."""
    chats = []
    for operation, fields in ENDS:
        chat = await desk.invited(30)
        await desk.operate(chat, "Accept", nickname="Marat")
        await desk.hear(0.5)
        await desk.operate(chat, "SendMessage", text=f"This is {chat}")
        await desk.hear(8)
        await desk.operate(chat, operation, **fields)
        await desk.hear(0.5)
        if operation == "Leave":
            await desk.operate(chat, "Complete")
            await desk.hear(0.5)
        chats.append(chat)
    return chats


def test_agents_work_and_nothing_but_the_desk_tells_them_anything() -> None:
    async def main() -> None:
        async with Office() as office:
            chats = []
            for user in ("ann", "bob"):
                desk = await office.comes(user)
                own = await worked(desk)
                chats += own
                for chat in own:
                    messages = desk.messages(chat)
                    assert [each["index"] for each in messages] == list(range(1, len(messages) + 1))
                    assert f"This is {chat}" in [each.get("text") for each in messages]
                    assert desk.states(chat)[-1] == "Completed"
            assert len(set(chats)) == 2 * len(ENDS)
            assert told_by(office) == {"desk"}
            assert office.misses == []

    run(main(), asyncio.new_event_loop)


@pytest.mark.parametrize("path", ["/api/v2/me", CHAT, VOICE])
@pytest.mark.parametrize("operation", ["Ready", "NotReady"])
def test_who_goes_or_comes_back_hears_of_it_once(path: str, operation: str) -> None:
    async def main() -> None:
        async with Office() as office:
            desk = await office.comes()
            await desk.listen("/v2/me/devices")
            await desk.hear(1)
            for _ in range(2):
                before = len(desk.events)
                assert (await desk.post(path, operationName=operation))[0] == 200
                await desk.hear(0.5)
                changes = [each for each in desk.events[before:] if "chat" not in each]
                assert len(changes) == 1
                (changed, *_) = [each for key in ("channels", "devices") for each in changes[0].get(key, [])]
                assert changed["userState"]["state"] == operation

    run(main(), asyncio.new_event_loop)


def test_workspaces_first_request_is_not_refused_by_the_scenario_that_shows_how_it_is() -> None:
    async def main() -> None:
        async with Office() as office:
            desk = await office.comes()
            user: Any = (await desk.get("/api/v2/me?subresources=features,devices,channels"))["user"]
            assert {"features", "devices", "channels"} <= user.keys()
            every = await desk.get(f"{CHATS}?fields=*")
            recovered = await desk.get("/api/v2/me/?subresources=devices,calls,channels,interactions,chats")
            assert recovered["user"]["chats"] == every["chats"]

    run(main(), asyncio.new_event_loop)


def test_what_there_is_not_is_not_found_and_the_answer_says_what_was_nearly_asked() -> None:
    async def main() -> None:
        async with Office() as office:
            desk = await office.comes()
            chat = await desk.invited()
            status, body = await desk.post(
                f"{CHATS}/0000Na9B26EF0000", operationName="Accept", nickname="Marat"
            )
            assert (status, body["statusCode"]) == (404, 6)
            assert f"{CHATS}/{chat}" in body["statusMessage"]
            assert (await desk.post("/api/v2/me/juggle"))[0] == 404

    run(main(), asyncio.new_event_loop)
