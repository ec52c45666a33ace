"""npm's CometD clients on a server that is reset: they find out by themselves, and begin anew."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.road.software import events, finish, replayer, start_agent

pytestmark = pytest.mark.live

STORY = """
version: 1
name: story
steps:
  - {id: hello, push: /v2/me/chats, after: start + 50ms, data: {text: "${id}"}}
variables: {id: {recorded: 0000Na9B26EF002X, make: interaction-id}}
"""


@pytest.mark.parametrize(("cometd", "transport"), [("3.1", "long-polling"), ("9", "websocket")])
def test_a_client_shakes_hands_again_and_gets_what_a_first_one_gets(
    tmp_path: Path, cometd: str, transport: str
) -> None:
    file = tmp_path / "story.yaml"
    file.write_text(STORY)
    with replayer(file) as url:
        desktop = start_agent(url, cometd=cometd, transport=transport, flags=("--expect", "2"))
        desktop.word("event")
        assert httpx.post(f"{url}/__replay/reset").json() == {"reset": ["agents", "faults", "journal"]}
        seen = finish(desktop)
        rows = httpx.get(f"{url}/__replay/agents").json()["agents"]

    handshakes = [each["successful"] for each in seen if each["kind"] == "handshake"]
    unknown = [str(each["error"]).split("::")[0] for each in seen if each["kind"] == "failure"]
    texts = [each["data"]["text"] for each in events(seen)]
    assert (handshakes, unknown) == ([True, True], ["402"])
    assert texts[0] == texts[1]
    assert [(row["agent"], row["plays"], row["over"]) for row in rows] == [("#1", 1, 1)]
