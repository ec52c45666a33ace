"""The showcase is the document's Accept to the letter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from replay.scenario import templates
from replay.scenario.load import load
from replay.scenario.model import PushStep, RequestStep, Scenario

ROOT = Path(__file__).parents[2]
BASE_URL = "http://localhost:8080"


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load(ROOT / "scenarios" / "accept-chat.yaml")


def recorded(value: Any, scenario: Scenario) -> Any:
    """The value as it was recorded: every variable put back."""
    if isinstance(value, dict):
        return {key: recorded(inner, scenario) for key, inner in value.items()}
    if isinstance(value, list):
        return [recorded(inner, scenario) for inner in value]
    if not isinstance(value, str):
        return value
    known = {templates.BASE_URL: BASE_URL} | {
        name: each.recorded for name, each in scenario.variables.items()
    }
    parts = [
        known[part.name] if isinstance(part, templates.Reference) else part for part in templates.parse(value)
    ]
    return parts[0] if len(parts) == 1 else "".join(str(part) for part in parts)


def printed(name: str) -> str:
    """A sample of the document, its spaces aside."""
    return json.dumps(
        json.loads((ROOT / "tests" / "data" / "accept" / f"{name}.json").read_text("utf-8")), indent=1
    )


@pytest.mark.parametrize("name", ["chatting", "participants", "history"])
def test_each_notification_is_the_documents_in_every_field_and_their_order(
    scenario: Scenario, name: str
) -> None:
    step = next(step for step in scenario.steps if step.id == name)

    assert isinstance(step, PushStep)
    assert json.dumps(recorded(step.data, scenario), indent=1) == printed(name)


def test_the_request_and_its_answer_are_the_documents(scenario: Scenario) -> None:
    step = next(step for step in scenario.steps if step.id == "accept")

    assert isinstance(step, RequestStep)
    assert [json.dumps(recorded(body, scenario), indent=1) for body in (step.body, step.respond[0].body)] == [
        printed("request"),
        printed("response"),
    ]
    assert recorded(step.request, scenario) == "POST /api/v2/me/chats/0000Na9B26EF002X"


def test_the_notifications_come_in_the_documents_order_on_the_channel_of_chats(scenario: Scenario) -> None:
    pushes = [step for step in scenario.steps if isinstance(step, PushStep)]

    assert [(step.id, step.push, step.after) for step in pushes] == [
        ("invited", "/v2/me/chats", "start + 1.2s"),
        ("chatting", "/v2/me/chats", "accept + 90ms"),
        ("participants", "/v2/me/chats", "accept + 170ms"),
        ("history", "/v2/me/chats", "accept + 310ms"),
    ]


def test_what_no_document_shows_is_marked_as_made_up(scenario: Scenario) -> None:
    synthetic = [step.id for step in [*scenario.session, *scenario.steps] if step.evidence == "synthetic"]

    assert synthetic == ["invited"]
