"""Several agents: one chat between them, and chats that are none of the others' business."""

from __future__ import annotations

import pytest

EXPERT = "/api/v2/contacts/expert"


@pytest.fixture
def asking(open_desk):
    """An agent with a chat, who may ask an expert."""
    desk = open_desk("asked")
    desk.accept(desk.shows("Invited").id)
    desk.shows("Chatting")
    return desk


@pytest.fixture
def expert(open_desk, asking):
    """Whoever is asked: the name is that of the role in the scenario."""
    return open_desk("expert")


@pytest.mark.replay("consult")
def test_an_expert_who_is_asked_joins_the_chat(asking, expert, simulator):
    asking.operate(asking.shows("Chatting").id, "Consult", targetUri=EXPERT)

    expert.accept(expert.shows("Invited").id, "Ada")

    for desk in (asking, expert):
        assert desk.until(lambda chat: chat.participants).participants == ["Marat", "Ada", "PersonP"]
    simulator.assert_done()


@pytest.mark.replay("consult")
def test_an_expert_who_comes_late_finds_the_question(asking, open_desk):
    chat = asking.shows("Chatting").id
    asking.operate(chat, "Consult", targetUri=EXPERT)

    expert = open_desk("expert")

    assert expert.shows("Invited").id == chat
    expert.accept(chat, "Ada")


def test_each_agent_has_a_chat_of_their_own(open_desk):
    marat, ada = open_desk("marat"), open_desk("ada")

    chats = {desk.shows("Invited").id for desk in (marat, ada)}

    assert len(chats) == 2
    assert len(marat.sees()) == len(ada.sees()) == 1


def test_agents_do_not_hear_what_others_say(open_desk):
    marat, ada = open_desk("marat"), open_desk("ada")
    for desk in (marat, ada):
        desk.accept(desk.shows("Invited").id)
        desk.until(lambda chat: chat.lines)

    marat.send(marat.shows("Chatting").id, "Good morning")

    marat.until(lambda chat: len(chat.lines) == 3)
    assert len(ada.shows("Chatting").lines) == 2
