"""The scenario of docs/values.md, and a consult that counts, before the commands that play a client."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import replay
from replay.cli import group
from replay.server.simulated import Simulated

PAGE = Path(__file__).parents[2] / "docs" / "values.md"
CONSULT = """
version: 1
name: consult
variables:
  chat: {recorded: 0000Na9B26EF002X, make: interaction-id}
  text: {recorded: hello}
  index: {recorded: 5, make: count}
  now: {recorded: "2014-01-02T14:23:20.171-0800", make: time}
  heard: {told: {field: messages, all: true}}
steps:
  - {id: asked, agent: asking, push: /chats, data: {id: "${chat}", state: Chatting}}
  - {id: asked-too, agent: helping, push: /chats, data: {id: "${chat}", state: Consulted, of: helping}}
  - {id: say, agent: asking, request: "POST /chats/${chat}", body: {text: "${text}"}, repeat: cycle}
  - id: said
    agent: asking
    push: /chats
    after: say + 20ms
    data: {id: "${chat}", messages: [{n: "${index}", at: "${now}", text: "${say.text}"}]}
  - id: heard
    agent: helping
    push: /chats
    after: said
    data: {id: "${chat}", of: b, messages: [{n: "${said.index}", at: "${said.now}", text: "${say.text}"}]}
  - {id: log, agent: helping, request: "GET /chats/${chat}", respond: {body: {messages: "${heard}"}}}
"""
TRANSPORTS = ["long-polling", "websocket"]

pytestmark = pytest.mark.live


@pytest.fixture(autouse=True)
def _collector(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command sets it up for a process of its own, which this is not."""
    monkeypatch.setattr("replay.cli.drive.settle", lambda: None)


@pytest.fixture(params=["page", "consult"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    (page,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    path = tmp_path / "talk.yaml"
    path.write_text(page if request.param == "page" else CONSULT, encoding="utf-8")
    return path


def said(*arguments: str | Path) -> str:
    """What a command says that has gone well."""
    result = CliRunner().invoke(group, [str(each) for each in arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_what_plays_it_is_verified(file: Path, transport: str) -> None:
    with Simulated(replay.serve(file)) as simulator:
        told = said("verify", file, "--target", simulator.url, "--transport", transport)

    assert told.startswith("PASS")


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_many_agents_play_it_chat_after_chat(file: Path, transport: str) -> None:
    with Simulated(replay.serve(file, speed="max")) as simulator:
        target = ("--target", simulator.url, "--transport", transport)
        options = ("--agents", "4", "--chats-per-agent", "3", "--patience", "5s", "--json", "-")
        found: dict[str, Any] = json.loads(said("drive", file, *target, *options))

    whole = 12 if file.read_text(encoding="utf-8") != CONSULT else 6
    assert (found["chats"]["count"], found["errors"], found["strangers"]) == (whole, 0, 0)


def test_what_counts_otherwise_is_told(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    text = file.read_text(encoding="utf-8")
    wrong = text.replace('upto: "${said.index}"', 'upto: "${index}"').replace('n: "${said.index}"', "n: 0")
    other.write_text(wrong, encoding="utf-8")
    with Simulated(replay.serve(other)) as simulator:
        result = CliRunner().invoke(group, ["verify", str(file), "--target", simulator.url])

    assert result.exit_code == 1
    assert re.search(r"(upto|messages\[0\]\.n) +\S+ +→ +\S+", result.stdout), result.stdout
