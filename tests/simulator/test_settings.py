"""A story told by settings: what an agent hears, and what it may ask."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from replay.scenario.model import Scenario
from replay.simulator.options import Options
from replay.testing import Script, scenario

TOLD = datetime(2026, 3, 1, 9, 30, tzinfo=UTC).timestamp()


def story() -> Scenario:
    """A message that comes back with the time when it was sent."""
    return scenario("""
variables:
  text: {recorded: hello}
  now: {recorded: "2014-01-02T14:23:20.171-0800", make: time}
steps:
  - {id: here, push: /chats, data: {chat: {capabilities: [Leave, InFocus]}}}
  - {id: focus, request: POST /chats, body: {operationName: InFocus}}
  - {id: send, request: POST /chats, repeat: cycle, body: {operationName: SendMessage, text: "${text}"}}
  - id: said
    push: /chats
    after: send + 90ms
    data:
      messageType: MessageLogUpdated
      messages: [{text: "${send.text}", timestamp: "${now}"}]
      chatUri: "${base_url}/api/v2/chats/7"
""")


def heard(**settings: Any) -> tuple[Script, list[Any]]:
    """What an agent hears who says hello twice, a second apart."""
    script = Script(story(), options=Options(settings=settings, epoch=TOLD))
    desktop = script.desktop()
    desktop.handshake()
    desktop.subscribe("/chats")
    for text in ("hello", "again"):
        script.advance(1)
        desktop.post("/chats", {"operationName": "SendMessage", "text": text})
    script.advance(1)
    desktop.connect(advice={"timeout": 0})
    return script, [event.data for event in desktop.events]


def test_each_message_has_its_own_time_in_the_form_that_is_wanted_and_as_a_number() -> None:
    script, (_, *said) = heard(timestamps="spaced", timestamp_seconds=True)

    script.expect(
        [each["messages"] for each in said],
        [
            [
                {
                    "text": text,
                    "timestamp": f"2026-03-01 01:30:0{second}.090-0800",
                    "timestampSeconds": round((TOLD + second) * 1000) + 90,
                }
            ]
            for text, second in (("hello", 1), ("again", 2))
        ],
    )


def test_metrics_of_each_event_have_the_time_when_it_was_made() -> None:
    script, told = heard(metrics=True)
    made = [each["metrics"]["eventProcessing"]["serverGenerationTimestamp"] for each in told]

    script.expect(made, [round(TOLD * 1000) + each for each in (0, 1090, 2090)])


def test_an_operation_is_asked_by_the_name_that_is_wanted() -> None:
    script, (here, *_) = heard(in_focus="SetInFocus", chat_address="both")
    desktop = script.desktop()
    statuses = [
        script.answer(desktop.post("/chats", {"operationName": name})).status
        for name in ("InFocus", "SetInFocus")
    ]

    script.expect((here["chat"]["capabilities"], statuses), (["Leave", "SetInFocus"], [404, 200]))
