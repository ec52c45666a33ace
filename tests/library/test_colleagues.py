"""Chats of the library that two agents are in, each with a view of its own."""

from __future__ import annotations

from tests.library.desks import Office, at


@at("chat/consult")
async def test_a_consult_has_two_views_of_one_chat(office: Office) -> None:
    asking, helping = await office.comes("asking"), await office.comes("colleague")
    chat = await asking.accepted()
    await asking.operate(chat, "Consult", targetUri="http://here/api/v2/contacts/ada")
    consultation = await helping.invited(0.5)
    await helping.operate(consultation, "Accept", nickname="Grace")
    await asking.hear(0.5)
    await helping.hear()
    await asking.operate(chat, "SendToAgents", text="May I?")
    await helping.operate(consultation, "SendToAgents", text="You may.")
    await asking.hear(0.2)
    await helping.hear()

    assert consultation != chat
    seen = [each for each in asking.messages(chat) if each["visibility"] == "Agents"]
    heard = [each for each in helping.messages(consultation) if each["visibility"] == "Agents"]
    assert [(each["index"], each.get("text")) for each in seen] == [(7, None), (8, "May I?"), (9, "You may.")]
    assert seen == heard
    assert [each["from"]["nickname"] for each in seen] == ["Grace", "Marat", "Grace"]
    assert (asking.messages(consultation), helping.messages(chat)) == ([], [])
    updates = [
        each["chat"] for each in asking.events if each.get("notificationType") == "ParticipantsUpdated"
    ]
    assert [each["visibility"] for each in updates[-1]["participants"]] == ["All", "All", "Agents"]
    open_to_helper = await helping.get("/api/v2/me")
    assert open_to_helper["user"]["userName"] == "agent2"

    await helping.operate(consultation, "Leave")
    await asking.hear(0.3)
    await helping.hear()
    assert helping.states(consultation) == ["Invited", "Chatting", "Completed"]
    assert asking.states(chat) == ["Invited", "Chatting"]
    assert asking.messages(chat)[-1]["type"] == "ParticipantLeft"


@at("chat/invite")
async def test_two_agents_in_one_chat_number_their_messages_together(office: Office) -> None:
    asking, helping = await office.comes("asking"), await office.comes("colleague")
    chat = await asking.accepted()
    await asking.operate(chat, "Invite", targetUri="http://here/api/v2/contacts/ada")
    conference = await helping.invited(0.5)
    await helping.operate(conference, "Accept", nickname="Ada")
    await asking.hear(0.5)
    for desk, own, text in ((asking, chat, "a"), (helping, conference, "b"), (asking, chat, "c")):
        await desk.operate(own, "SendMessage", text=text)
        await desk.hear(0.2)
    await asking.hear()
    await helping.hear()

    said = [(8, "a"), (9, "b"), (10, "c")]
    for desk, own in ((asking, chat), (helping, conference)):
        lines = [each for each in desk.messages(own) if each["type"] == "Text" and each["index"] > 6]
        assert [(each["index"], each["text"]) for each in lines] == said
        assert {each["visibility"] for each in lines} == {"All"}


@at("chat/transfer")
async def test_a_chat_that_is_passed_on_keeps_its_id_and_what_was_said(office: Office) -> None:
    asking, helping = await office.comes("asking"), await office.comes("colleague")
    chat = await asking.accepted()
    await asking.operate(
        chat, "Transfer", targetUri="http://here/api/v2/contacts/ada", text="Ada takes over."
    )
    await asking.hear(0.3)
    assert asking.states(chat) == ["Invited", "Chatting", "Completed"]

    assert await helping.invited(0.5) == chat
    await helping.operate(chat, "Accept", nickname="Ada")
    await helping.hear(0.5)
    assert helping.messages(chat)[-2] == asking.messages(chat)[-1]
    assert [each["index"] for each in helping.messages(chat)] == [1, 5, 6, 7, 8]
