"""Chats of the library, accepted by npm's cometd: all that a scenario tells comes, in its order."""

from __future__ import annotations

from typing import Any

import pytest

from replay.library import folder
from tests.library.coverage import scenarios
from tests.road.software import agent, events, replayer

pytestmark = pytest.mark.live

TOLD = {"desk": 6, "chat/accept": 4, "chat/customer": 13, "chat/index-gap": 7, "chat/transcript": 9}
"""Events that come once a chat is accepted, and nothing else is done."""


@pytest.mark.parametrize("name", TOLD)
@pytest.mark.parametrize("transport", ["long-polling", "websocket"])
def test_a_real_client_is_told_all_that_comes_by_itself(name: str, transport: str) -> None:
    with replayer(folder() / f"{name}.yaml", "--speed", "max") as url:
        seen = agent(url, transport=transport, flags=("--expect", str(TOLD[name])))

    told = [each["data"] for each in events(seen)]
    wanted = [step.data for step in scenarios()[name].steps if getattr(step, "data", None) is not None]
    assert [_kind(each) for each in told] == [_kind(each) for each in wanted][: TOLD[name]]
    indexes = [message["index"] for each in told for message in each.get("messages", ())]
    assert indexes == sorted(set(indexes))
    assert [each["status"] for each in seen if each["kind"] == "answer"] == [200]


def _kind(data: Any) -> list[Any]:
    messages = data.get("messages", ())
    state = data.get("chat", {}).get("state")
    return [data["messageType"], data["notificationType"], state, [each["type"] for each in messages]]
