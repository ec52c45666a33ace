"""What a failed test prints of typical mistakes, each kept as a text beside this.

`python -m tests.simulator.snapshots` writes the texts again; what changes in them is to be read.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from replay.scenario.load import load
from replay.simulator.diagnosing import diagnosis
from replay.simulator.expecting import expected
from replay.simulator.options import Options
from replay.testing import Desktop, Script, scenario

HERE = Path(__file__).parent
ROOT = Path(__file__).parents[3]

Mistake = Callable[[], Script]


def story(**options: object) -> tuple[Script, Desktop]:
    """The accept-chat scenario and one agent who has a client."""
    script = Script(load(ROOT / "scenarios" / "accept-chat.yaml"), options=Options(**options))  # type: ignore[arg-type]
    script.simulator.expecting.declare(expected("history", times=1))
    desktop = script.desktop("kim")
    desktop.get("/api/v2/me")
    desktop.handshake()
    return script, desktop


def invited() -> tuple[Script, Desktop, str]:
    """The agent has been offered its chat, whose id is told."""
    script, desktop = story()
    desktop.subscribe("/v2/me/chats")
    poll(script, desktop)
    return script, desktop, desktop.events[0].data["chat"]["id"]


def poll(script: Script, desktop: Desktop) -> None:
    """Asks for events, and for more, until there are none for some seconds."""
    for _ in range(3):
        desktop.connect()
        script.advance(2)


def accept(chat: str, desktop: Desktop, **fields: str) -> None:
    desktop.post(f"/api/v2/me/chats/{chat}", {"operationName": "Accept", "nickname": "Kim"} | fields)


def wrong_id() -> Script:
    script, desktop, _ = invited()
    accept("0000Na9B26EF002X", desktop)
    poll(script, desktop)
    return script


def accept_twice() -> Script:
    script, desktop, chat = invited()
    accept(chat, desktop)
    poll(script, desktop)
    accept(chat, desktop)
    return script


def not_subscribed() -> Script:
    script, desktop = story()
    desktop.subscribe("/v2/me")
    poll(script, desktop)
    return script


def wrong_nickname_field() -> Script:
    script, desktop, chat = invited()
    desktop.post(f"/api/v2/me/chats/{chat}", {"operationName": "Accept", "nickName": "Kim"})
    poll(script, desktop)
    return script


def polled_too_late() -> Script:
    script, desktop = story()
    desktop.subscribe("/v2/me/chats")
    desktop.connect()
    script.advance(15)
    desktop.connect()
    return script


def nobody_came() -> Script:
    script = Script(load(ROOT / "scenarios" / "accept-chat.yaml"))
    script.simulator.expecting.declare(expected("accept"))
    return script


def never_accepted() -> Script:
    script, _, _ = invited()
    return script


def ended_too_early() -> Script:
    script, desktop, chat = invited()
    accept(chat, desktop)
    script.advance(0.1)
    return script


def asked_too_often() -> Script:
    told = """
    expect: [{step: accept, times: 1}, {misses: 0}]
    steps: [{id: accept, request: POST /a, repeat: last}]
    """
    script = Script(scenario(told))
    desktop = script.desktop("kim")
    for _ in range(2):
        script.advance(0.3)
        desktop.post("/a", {})
    script.advance(1)
    return script


def an_event_lost() -> Script:
    told = """
    faults: [{name: lost, fault: drop, where: {step: news}}]
    expect: [{step: news}]
    steps:
      - {id: ask, request: POST /a}
      - {id: news, push: /news, after: ask + 1s, data: 1}
    """
    script = Script(scenario(told))
    desktop = script.desktop("kim")
    desktop.handshake()
    desktop.subscribe("/news")
    desktop.post("/a", {})
    poll(script, desktop)
    return script


def all_well() -> Script:
    script, desktop, chat = invited()
    accept(chat, desktop)
    poll(script, desktop)
    return script


MISTAKES: dict[str, Mistake] = {
    each.__name__: each
    for each in (
        wrong_id,
        accept_twice,
        not_subscribed,
        wrong_nickname_field,
        polled_too_late,
        nobody_came,
        never_accepted,
        ended_too_early,
        asked_too_often,
        an_event_lost,
        all_well,
    )
}


def text_of(mistake: Mistake) -> str:
    """What a test that fails so prints."""
    script = mistake()
    return script.direct(diagnosis, "diagnosis") + "\n"


def path_of(name: str) -> Path:
    """Where it is kept."""
    return HERE / f"{name}.txt"
