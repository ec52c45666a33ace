"""The customer's side: a client that polls."""

from __future__ import annotations

from typing import Any

from replay.scenario.load import loads
from replay.testing import Desktop, Script
from tests.library.coverage import scenarios

DEMANDING = """
version: 1
name: demanding
extends: customer/request-chat
demands:
  - header: ContactCenterId
    refused: {status: 403, body: {statusCode: 20, statusMessage: Access denied}}
"""
REQUEST = {"operationName": "RequestChat", "nickname": "Ada", "subject": "Lost"}


def answered(script: Script, exchange: int) -> Any:
    script.advance(1)
    return script.answer(exchange).body


def state(script: Script, customer: Desktop, path: str) -> str:
    return str(answered(script, customer.get(path))["chat"]["state"])


def test_a_customer_waits_until_an_agent_has_come_and_ends_the_chat() -> None:
    script = Script(scenarios()["customer/request-chat"])
    customer = script.desktop()
    chat = answered(script, customer.post("/api/v2/chats", REQUEST))
    waiting = [state(script, customer, chat["path"]) for _ in range(3)]
    said = answered(script, customer.post(chat["path"], {"operationName": "SendMessage", "text": "Hello?"}))
    messages = answered(script, customer.get(chat["path"] + "/messages?index=1"))["messages"]
    over = answered(script, customer.post(chat["path"], {"operationName": "Complete"}))

    assert waiting == ["WaitingForAgent", "Chatting", "Chatting"]
    assert [said, over] == [{"statusCode": 0}] * 2
    assert [(each["from"]["nickname"], each["type"]) for each in messages] == [
        ("Ada", "ParticipantJoined"),
        ("Marat", "ParticipantJoined"),
        ("Ada", "Text"),
    ]
    assert messages[2]["text"] == "Hello?"
    assert [state(script, customer, chat["path"]) for _ in range(2)] == ["Idle", "Idle"]


def test_a_customer_who_does_not_say_whose_it_is_is_refused_where_that_is_demanded() -> None:
    script = Script(loads(DEMANDING))
    customer = script.desktop()
    refused = customer.post("/api/v2/chats", REQUEST)
    customer.brings["contactcenterid"] = "2d4c8f16-0b3e-4f7a-8c19-5e6a7b9d0c31"
    taken = customer.post("/api/v2/chats", REQUEST)
    script.advance(1)

    assert (script.answer(refused).status, script.answer(refused).body["statusCode"]) == (403, 20)
    assert (script.answer(taken).status, script.answer(taken).body["statusCode"]) == (200, 0)
