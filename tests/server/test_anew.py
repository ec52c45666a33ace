"""Values made anew, over real sockets: the conversation that docs/values.md prints, and npm's clients."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from replay.scenario.times import epoch_of
from replay.simulator.options import Options
from tests.road.software import Seen, agent, events, replayer

from .conftest import Loop
from .running import Running, run

PAGE = Path(__file__).parents[2] / "docs" / "values.md"


def block(kind: str) -> str:
    (found,) = re.findall(rf"```{kind}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return str(found)


class Conversation:
    """A client with a connection of its own, and what passes on it as the page writes it."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.lines: list[str] = []

    async def begin(self) -> None:
        (welcome,) = await self.running.bayeux("handshake", "/handshake")
        self.running.client_id = welcome["clientId"]
        await self.running.bayeux("subscribe", "/", subscription=["/chats", "/log"])

    async def ask(self, line: str) -> None:
        method, path, *body = line.split(" ", 2)
        url = self.running.server.url + path
        self.lines.append(f"> {line}")
        async with self.running.http.request(
            method, url, json=json.loads(body[0]) if body else None
        ) as answer:
            self.lines.append(f"< {json.dumps(await answer.json())}")

    async def listen(self) -> None:
        told = await self.running.bayeux("connect", "/connect", advice={"timeout": 0})
        self.lines += [f"* {json.dumps(message['data'])}" for message in told if "data" in message]


def test_the_conversation_of_the_page_is_what_a_client_sees(loop: Loop) -> None:
    page = block("text").splitlines()
    options = Options(date=epoch_of("2014-01-02T14:23:20-08:00"), values={"chat": "0000MYCHAT000001"})
    text = block("yaml").replace("version: 1\nname: talk\n", "")

    async def main() -> None:
        async with Running(text, options=options) as running:
            conversation = Conversation(running)
            await conversation.begin()
            await conversation.listen()
            for line in page:
                if line.startswith("> "):
                    await conversation.ask(line[2:])
                    if "SendMessage" in line:
                        running.clock.advance(0.5)
                        await conversation.listen()
                        running.clock.advance(0.5)
                    else:
                        await conversation.listen()
            assert conversation.lines == page
            url = f"{running.server.control_url}/journal?format=har"
            async with running.http.get(url) as response:
                har = await response.json()
            # What it keeps is what was sent, not made once more.
            texts = [each["response"]["content"]["text"] for each in har["log"]["entries"]]
            assert [event["data"] for event in _events_in(texts)] == [
                json.loads(line[2:]) for line in page if line.startswith("* ")
            ]

    run(main(), loop)


def _events_in(texts: list[str]) -> list[Any]:
    answers = [json.loads(text) for text in texts]
    return [each for answer in answers if isinstance(answer, list) for each in answer if "data" in each]


TALK = """
version: 1
name: talk
variables:
  chat: {recorded: 0000Na9B26EF002X, make: interaction-id}
  text: {recorded: hello}
  index: {recorded: 3, make: count}
  now: {recorded: "2014-01-02 14:23:20.171+0000", make: time}
  millis: {recorded: 1388701400171, make: time}
session:
  - {id: me, request: "GET /api/v2/me", respond: {headers: {X-At: "${millis}"}, body: {at: "${millis}"}}}
steps:
  - {id: invited, push: /v2/me/chats, data: {chat: {id: "${chat}", state: Invited}}}
  - {id: accept, request: "POST /api/v2/me/chats/${chat}", body: {operationName: Accept}, respond: {body: {}}}
  - id: history
    push: /v2/me/chats
    after: accept
    data: {chatUri: "/chats/${chat}", messages: [{index: 1, type: Text}, {index: 2, type: Text}]}
  - id: type
    request: POST /api/v2/me/chats/${chat}
    body: {operationName: SendStartTypingNotification}
    respond: {body: {}}
  - id: typing
    push: /v2/me/chats
    after: type
    data: {chatUri: "${chat}", messages: [{index: "${index}", type: TypingStarted, timestamp: "${now}"}]}
  - id: send
    request: POST /api/v2/me/chats/${chat}
    body: {operationName: SendMessage, text: "${text}"}
    repeat: cycle
    respond: {body: {statusCode: 0}}
  - id: said
    push: /v2/me/chats
    after: send + 20ms
    data:
      chatUri: /chats/${chat}
      messages:
        - {index: "${index}", type: Text, text: "${send.text}", from: {type: Agent}, timestamp: "${now}"}
  - id: replied
    push: /v2/me/chats
    after: said + 20ms
    data:
      chatUri: /chats/${chat}
      messages: [{index: "${index}", type: Text, text: "to ${said.index}", from: {type: Customer}}]
"""


def messages(seen: list[Seen]) -> list[Any]:
    """All after the history, which counts for itself."""
    told = [each["data"].get("messages", []) for each in events(seen)]
    return [message for each in told for message in each][2:]


@pytest.mark.live
@pytest.mark.parametrize(("cometd", "transport"), [("3.1", "long-polling"), ("9", "websocket")])
def test_what_a_real_client_says_comes_back_with_the_next_number_and_the_time(
    tmp_path: Path, cometd: str, transport: str
) -> None:
    file = tmp_path / "talk.yaml"
    file.write_text(TALK, encoding="utf-8")
    flags = ("--talk", "2", "--expect", "7", "--get-me", "--user", "ann")
    with replayer(file, "--date", "2020-02-02T10:00:00Z") as url:
        seen = agent(url, cometd=cometd, transport=transport, flags=flags)

    assert [each for each in seen if each["kind"] == "failure"] == []
    numbers = [message["index"] for message in messages(seen)]
    assert numbers == [3, 4, 5, 6, 7]
    assert [message.get("text") for message in messages(seen)] == [
        None,
        "This is line 1 of the agent",
        "to 4",
        "This is line 2 of the agent",
        "to 6",
    ]
    times = [message["timestamp"] for message in messages(seen) if "timestamp" in message]
    assert times == sorted(times)
    assert all(time.startswith("2020-02-02 10:00:0") and time.endswith("+0000") for time in times)
    (me,) = [each["body"] for each in seen if each["kind"] == "answer" and "at" in each["body"]]
    assert 0 <= me["at"] / 1000 - (epoch_of("2020-02-02T10:00:00Z") or 0) < 10
