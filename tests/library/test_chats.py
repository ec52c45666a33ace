"""Chats of the library as agents see them: what comes back of what they say, and what stands by itself."""

from __future__ import annotations

from typing import Any

import pytest

from replay.scenario.times import epoch_of
from tests.library.desks import CHATS, Desk, Office, at

ENDS: dict[str, list[dict[str, str]]] = {
    "completed": [{"operationName": "Complete"}],
    "passed on": [{"operationName": "Transfer", "targetUri": "http://here/api/v2/contacts/1"}],
    "put in a queue": [{"operationName": "Transfer", "queueName": "billing"}],
    "left, then completed": [{"operationName": "Leave"}, {"operationName": "Complete"}],
}
SAID: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "SendStartTypingNotification": ({}, {"type": "TypingStarted", "visibility": "All"}),
    "SendStopTypingNotification": ({}, {"type": "TypingStopped", "visibility": "All"}),
    "SendMessage": ({"text": "Hi."}, {"type": "Text", "text": "Hi.", "visibility": "All"}),
    "SendUrl": ({"url": "http://a/b"}, {"type": "PushUrl", "url": "http://a/b", "visibility": "All"}),
    "SendCustomNotice": ({"noticeText": "n"}, {"type": "CustomNotice", "noticeText": "n"}),
    "SendStartTypingToAgentsNotification": ({}, {"type": "TypingStarted", "visibility": "Agents"}),
    "SendStopTypingToAgentsNotification": ({}, {"type": "TypingStopped", "visibility": "Agents"}),
    "SendStopTypingToAgentNotification": ({}, {"type": "TypingStopped", "visibility": "Agents"}),
    "SendToAgents": ({"text": "Hm?"}, {"type": "Text", "text": "Hm?", "visibility": "Agents"}),
    "SendCustomNoticeToAgents": ({"noticeText": "m"}, {"noticeText": "m", "visibility": "Agents"}),
    "RemoveParticipantFromConference": ({"userUri": "http://a"}, {"type": "Notice", "visibility": "Agents"}),
}
CHANGED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "AttachUserData": ({"userData": {"Order": "1"}}, {"Order": "1"}),
    "UpdateUserData": ({"userData": {"Order": "2"}}, {"Order": "2"}),
    "DeleteUserData": ({"keys": ["Order"]}, {}),
    "DeleteUserData of several": ({"keys": ["Order", "Parcel"]}, {}),
    "SetDisposition": ({"disposition": "Done"}, {"DispositionCode": "Done"}),
}
INCOMPLETE = [
    "SendToAgents",
    "SendUrl",
    "SendCustomNotice",
    "SendCustomNoticeToAgents",
    "Consult",
    "Invite",
    "Transfer",
    "AttachUserData",
    "UpdateUserData",
    "DeleteUserData",
    "SetDisposition",
]
"""Operations that need more than their name."""


def texts(desk: Desk, chat: str, who: str = "Agent") -> list[str]:
    said = [each for each in desk.messages(chat) if each["type"] == "Text"]
    return [each["text"] for each in said if each["from"]["type"] == who]


@at("desk")
async def test_what_an_agent_says_comes_back_numbered_as_its_own_and_with_the_time(office: Office) -> None:
    desk = await office.comes()
    chat = await desk.accepted()
    for text in ("Good morning.", "How may I help you?"):
        await desk.operate(chat, "SendMessage", text=text)
        await desk.hear(10)

    messages = desk.messages(chat)
    assert texts(desk, chat) == ["Good morning.", "How may I help you?"]
    assert [each["index"] for each in messages] == list(range(1, len(messages) + 1))
    joined, *said = [each for each in messages if each["from"]["type"] == "Agent"]
    assert joined["type"] == "ParticipantJoined"
    assert {each["from"]["participantId"] for each in said} == {joined["from"]["participantId"]}
    first, second = (epoch_of(each["timestamp"]) or 0.0 for each in said)
    assert second - first == pytest.approx(10.3, abs=0.05)
    assert [each["timestampSeconds"] for each in said] == [round(first * 1000), round(second * 1000)]


@at("desk")
async def test_a_customer_writes_by_itself_and_answers_what_the_agent_says(office: Office) -> None:
    desk = await office.comes()
    chat = await desk.accepted()
    await desk.hear(10)
    first = texts(desk, chat, "Customer")
    for turn in range(3):
        await desk.operate(chat, "SendMessage", text=f"Line {turn}")
        await desk.hear(10)

    lines = texts(desk, chat, "Customer")
    assert len(first) == 2
    assert len(lines) == 5
    assert len(set(lines)) == 5


@at("desk")
async def test_who_has_gone_is_told_nothing_more_of_the_chat(office: Office) -> None:
    desk = await office.comes()
    chat = await desk.accepted()
    await desk.operate(chat, "SendMessage", text="Goodbye.")
    await desk.operate(chat, "Complete")
    await desk.hear(5)
    over = len(desk.messages(chat))
    await desk.hear(5)

    assert desk.states(chat) == ["Invited", "Chatting", "Completed"]
    assert len(desk.messages(chat)) == over
    assert texts(desk, chat, "Customer")[1:] == []


@at("desk")
async def test_two_chats_at_once_have_each_their_own(office: Office) -> None:
    desk = await office.comes()
    one = await desk.accepted()
    office.offer("desk")
    other = await desk.accepted()
    await desk.operate(one, "SendMessage", text="To the one.")
    await desk.operate(other, "SendMessage", text="To the other.")
    await desk.hear(10)

    assert (texts(desk, one), texts(desk, other)) == (["To the one."], ["To the other."])
    for chat in (one, other):
        messages = desk.messages(chat)
        assert [each["index"] for each in messages] == list(range(1, len(messages) + 1))
    assert not set(texts(desk, one, "Customer")[:1]) & set(texts(desk, other, "Customer"))
    people = [{each["from"]["participantId"] for each in desk.messages(chat)} for chat in (one, other)]
    assert people[0].isdisjoint(people[1])


@at("desk", "chat/accept")
async def test_who_was_away_reads_what_is_open_and_all_that_was_said(office: Office) -> None:
    desk = await office.comes()
    await desk.hear(3)
    chats = [each["chat"]["id"] for each in desk.events if "chat" in each]
    for chat in chats:
        await desk.operate(chat, "Accept", nickname="Marat")
    await desk.hear(8)

    every = await desk.get(f"{CHATS}?fields=*")
    assert sorted(each["id"] for each in every["chats"]) == sorted(chats)
    assert {each["state"] for each in every["chats"]} == {"Chatting"}
    desk_chat = next(each["id"] for each in every["chats"] if "userData" in each)
    told = await desk.get(f"{CHATS}/{desk_chat}/messages")
    assert told == {"statusCode": 0, "messages": desk.messages(desk_chat)}
    one = await desk.get(f"{CHATS}/{desk_chat}")
    assert one["chat"] == next(each for each in every["chats"] if each["id"] == desk_chat)
    whole = await desk.get("/api/v2/me?subresources=*")
    assert whole["user"]["chats"] == every["chats"]
    addresses = await desk.get(CHATS)
    assert addresses["uris"] == [each["uri"] for each in every["chats"]]

    await desk.operate(desk_chat, "Complete")
    await desk.hear(1)
    left = await desk.get(f"{CHATS}?fields=*")
    assert [each["id"] for each in left["chats"]] == [each for each in chats if each != desk_chat]


@pytest.mark.parametrize("operation", SAID)
def test_whatever_is_said_comes_back_as_often_as_it_is_said(operation: str) -> None:
    sends, brings = SAID[operation]

    @at("desk")
    async def conversation(office: Office) -> None:
        desk = await office.comes()
        chat = await desk.accepted()
        before = len(desk.messages(chat))
        for _ in range(3):
            await desk.operate(chat, operation, **sends)
            await desk.hear(0.2)
        new = [each for each in desk.messages(chat)[before:] if each["from"]["type"] == "Agent"]
        like = [each for each in new if brings.items() <= each.items()]
        assert len(like) == 3
        assert len({each["index"] for each in like}) == 3

    conversation()


@pytest.mark.parametrize("operation", CHANGED)
def test_whatever_is_changed_in_a_chats_data_is_told_with_all_of_it(operation: str) -> None:
    sends, brings = CHANGED[operation]

    @at("desk")
    async def conversation(office: Office) -> None:
        desk = await office.comes()
        chat = await desk.accepted()
        for _ in range(2):
            await desk.operate(chat, operation.partition(" ")[0], **sends)
            await desk.hear(0.2)
        came = [each for each in desk.events if each["messageType"] == "ChatStateChangeMessage"]
        came_with = next(each["chat"]["userData"] for each in came)
        changes = [each for each in came if each["notificationType"] == "PropertiesUpdated"]
        assert [each["chat"]["userData"] for each in changes] == [came_with | brings] * 2
        assert len({each["referenceId"] for each in changes}) == 2

    conversation()


@at("desk")
async def test_a_chats_data_is_all_that_was_attached_changed_and_deleted(office: Office) -> None:
    desk = await office.comes()
    chat = await desk.accepted()
    came_with = next(each["chat"]["userData"] for each in desk.events if "chat" in each)
    await desk.operate(chat, "AttachUserData", userData={"Order": "1", "Gift": "no", "Note": "late"})
    await desk.operate(chat, "UpdateUserData", userData={"Order": "2", "Gift": "yes"})
    await desk.operate(chat, "SetDisposition", disposition="IssueResolved")
    await desk.operate(chat, "DeleteUserData", keys=["Gift", "Note"])
    await desk.hear(0.3)

    wanted = came_with | {"Order": "2", "DispositionCode": "IssueResolved"}
    assert desk.events[-1]["chat"]["userData"] == wanted
    (seen,) = (await desk.get(f"{CHATS}?fields=*"))["chats"]
    assert seen["userData"] == wanted


@pytest.mark.parametrize("end", [*ENDS, "rejected"])
def test_however_a_chat_ends_another_one_comes(end: str) -> None:
    @at("desk")
    async def conversation(office: Office) -> None:
        desk = await office.comes()
        if end == "rejected":
            chat = await desk.invited()
            await desk.operate(chat, "Reject")
        else:
            chat = await desk.accepted()
            for body in ENDS[end]:
                await desk.operate(
                    chat, **{"operation" if k == "operationName" else k: v for k, v in body.items()}
                )
                await desk.hear(0.3)
        await desk.hear(0.5)
        assert desk.states(chat)[-1] == "Completed"
        another = await desk.invited(25)
        assert another != chat
        assert await desk.hear(60) == []

    conversation()


@at("desk")
async def test_what_is_not_possible_is_refused_and_changes_nothing(office: Office) -> None:
    desk = await office.comes()
    chat = await desk.invited()

    async def refused(operation: str, **fields: Any) -> tuple[int, int]:
        status, body = await desk.post(f"{CHATS}/{chat}", operationName=operation, **fields)
        return status, body["statusCode"]

    for _ in range(2):
        assert await refused("SendMessage", text="Too early") == (400, 2)
        assert await refused("Complete") == (400, 2)
        assert await refused("Accept") == (400, 1)
    await desk.operate(chat, "Accept", nickname="Marat")
    await desk.hear(0.5)
    for _ in range(2):
        assert await refused("Accept", nickname="Marat") == (400, 2)
        assert await refused("Reject") == (400, 2)
        assert await refused("SendMessage") == (400, 1)
        assert await refused("CancelConsult", targetUri="http://a") == (400, 2)
        assert await refused("Juggle") == (400, 2)
        for operation in INCOMPLETE:
            assert await refused(operation) == (400, 1)
        status, body = await desk.post(f"{CHATS}/{chat}")
        assert (status, body["statusCode"]) == (400, 1)
        await desk.hear()
    await desk.operate(chat, "SendMessage", text="In time")
    await desk.operate(chat, "Complete")
    await desk.hear(1)
    for _ in range(2):
        assert await refused("SendMessage", text="Too late") == (400, 2)
        assert await refused("Complete") == (400, 2)

    assert texts(desk, chat) == ["In time"]
    assert desk.states(chat) == ["Invited", "Chatting", "Completed"]


@at("desk")
async def test_a_chat_that_was_left_can_be_completed_or_passed_on_and_nothing_else(office: Office) -> None:
    desk = await office.comes()
    chat = await desk.accepted()
    await desk.operate(chat, "Leave")
    await desk.hear(0.3)
    assert desk.events[-1]["chat"]["capabilities"] == ["Transfer", "Complete", "Leave", "SetInFocus"]
    await desk.operate(chat, "SetInFocus")
    status, body = await desk.post(f"{CHATS}/{chat}", operationName="SendMessage", text="Still there?")
    assert (status, body["statusCode"]) == (400, 2)
    await desk.operate(chat, "Transfer", queueName="billing")
    await desk.hear(0.3)

    assert desk.states(chat) == ["Invited", "Chatting", "LeftChat", "Completed"]


@at("desk")
async def test_a_consult_that_is_cancelled_in_time_brings_nobody_and_one_too_late_fails(
    office: Office,
) -> None:
    desk = await office.comes()
    chat = await desk.accepted()
    colleague = "http://here/api/v2/contacts/1"
    await desk.operate(chat, "Consult", targetUri=colleague)
    await desk.operate(chat, "CancelConsult", targetUri=colleague)
    await desk.hear(10)
    joins = [each for each in desk.messages(chat) if each["type"] == "ParticipantJoined"]
    assert len(joins) == 2

    office.offer("desk")
    other = await desk.accepted()
    await desk.operate(other, "Consult", targetUri=colleague)
    await desk.hear(4)
    joins = [each for each in desk.messages(other) if each["type"] == "ParticipantJoined"]
    assert [each["visibility"] for each in joins] == ["All", "All", "Agents"]
    failed = await desk.operate(other, "CancelConsult", targetUri=colleague)
    await desk.hear(0.2)
    (error,) = [each for each in desk.events if each.get("notificationType") == "Error"]
    assert (error["errorMessage"], error["referenceId"]) == ("Request failed", failed["referenceId"])


@at("chat/messages")
async def test_each_way_of_saying_something_is_echoed_by_its_own_fields(office: Office) -> None:
    desk = await office.comes()
    chat = await desk.accepted()
    before = len(desk.messages(chat))
    for fields in ({}, {"messageType": "text/html", "treatAs": "System"}, {}):
        await desk.operate(chat, "SendMessage", text="Hi", **fields)
        await desk.hear(0.2)

    said = desk.messages(chat)[before:]
    assert [each.get("messageType") for each in said] == [None, "text/html", None]
    assert [each["index"] for each in said] == [7, 8, 9]


@at("desk")
async def test_messages_are_as_old_as_they_are_numbered(office: Office) -> None:
    desk = await office.comes()
    chat = await desk.accepted()
    await desk.operate(chat, "SendMessage", text="Good morning.")
    await desk.hear(8)

    times = [each["timestampSeconds"] for each in desk.messages(chat)]
    assert len(times) == 8
    assert times == sorted(times)


@pytest.mark.parametrize("operation", ["SendMessage", "SendToAgents", "Leave", "Complete", "Transfer"])
def test_what_may_be_left_out_may_be_said(operation: str) -> None:
    @at("desk")
    async def conversation(office: Office) -> None:
        desk = await office.comes()
        chat = await desk.accepted()
        where = {"queueName": "billing"} if operation == "Transfer" else {}
        how = {"text": "Goodbye.", "messageType": "text/plain", "treatAs": "System"}
        await desk.operate(chat, operation, **where, **how)

    conversation()
