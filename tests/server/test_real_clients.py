"""npm's CometD clients against `replay serve`: invite, Accept and what follows, each its own chat only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.road.software import Seen, agent, events, finish, replayer, start_agent

pytestmark = pytest.mark.live

ROOT = Path(__file__).parents[2]
SCENARIO = ROOT / "scenarios" / "accept-chat.yaml"
CLIENTS = [("3.1", "long-polling"), ("9", "long-polling"), ("9", "websocket")]
CHANNEL = "/v2/me/chats"


class Chat:
    """What one agent saw of its chat, told apart from the ids that differ from run to run."""

    def __init__(self, seen: list[Seen], url: str, nickname: str = "Marat") -> None:
        self.failures = [each for each in seen if each["kind"] == "failure"]
        self.ended = seen[-1]["kind"]
        self.requests = [(each["method"], each["path"], each.get("body")) for each in of(seen, "request")]
        self.answers = [(each["status"], each["body"]) for each in of(seen, "answer")]
        self.channels = {each["channel"] for each in events(seen)}
        invited, chatting, participants, history = (each["data"] for each in events(seen))
        self.id = str(invited["chat"]["id"])
        self.states = [
            (each["notificationType"], each["chat"]["state"]) for each in (invited, chatting, participants)
        ]
        me, self.customer = (each["participantId"] for each in participants["chat"]["participants"])
        self.ids = {invited["chat"]["id"], chatting["chat"]["id"], participants["chat"]["id"]}
        self.urls = {each["chat"]["uri"] for each in (invited, chatting, participants)} | {history["chatUri"]}
        self.speakers = [each["from"]["participantId"] for each in history["messages"]]
        self.joined_again = self.speakers[-1]
        self.order = [me, self.customer, nickname]
        self.speaks = [self.customer, me, me, self.customer, self.customer, self.joined_again]
        self.nicknames = {each["from"]["nickname"] for each in history["messages"]}
        self.url = f"{url}/api/v2/chats/{self.id}"


def of(seen: list[Seen], kind: str) -> list[Any]:
    return [each for each in seen if each["kind"] == kind]


def check(chat: Chat, nickname: str = "Marat") -> None:
    """One agent was invited, accepted, and was told so in the order of the document, of one chat alone."""
    accept = ("POST", f"/api/v2/me/chats/{chat.id}", {"operationName": "Accept", "nickname": nickname})
    assert (chat.failures, chat.ended) == ([], "disconnected")
    assert chat.requests[-1] == accept
    assert chat.answers[-1] == (200, {"statusCode": 0})
    assert chat.channels == {CHANNEL}
    assert chat.states == [
        ("StatusChange", "Invited"),
        ("StatusChange", "Chatting"),
        ("ParticipantsUpdated", "Chatting"),
    ]
    assert (chat.ids, chat.urls) == ({chat.id}, {chat.url})
    assert chat.speakers == chat.speaks
    assert chat.nicknames == {nickname, "PersonP"}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with replayer(SCENARIO) as url:
        yield url


@pytest.mark.parametrize(("cometd", "transport"), CLIENTS)
def test_an_agent_is_invited_accepts_and_hears_of_its_chat(url: str, cometd: str, transport: str) -> None:
    # One after the other on one server: each is somebody new, with a chat of its own.
    check(Chat(agent(url, cometd=cometd, transport=transport, flags=("--ready", "--get-me")), url))


@pytest.mark.parametrize(
    "kinds",
    [
        (("--nickname", "Ann"), ("--nickname", "Bob", "--no-cookies")),
        (("--nickname", "Ann", "--user", "ann"), ("--nickname", "Bob", "--user", "bob", "--no-cookies")),
    ],
    ids=["nameless", "named"],
)
def test_two_agents_at_once_one_without_cookies_each_see_their_own_chat_only(
    url: str, kinds: tuple[tuple[str, ...], tuple[str, ...]]
) -> None:
    started = [
        start_agent(url, cometd=cometd, transport=transport, flags=flags)
        for (cometd, transport), flags in zip([CLIENTS[0], CLIENTS[2]], kinds, strict=True)
    ]
    chats = [Chat(finish(each), url) for each in started]

    for chat, nickname in zip(chats, ("Ann", "Bob"), strict=True):
        check(chat, nickname)
    assert chats[0].id != chats[1].id
    assert {*chats[0].speakers}.isdisjoint(chats[1].speakers)
