"""A journal as a timeline to be read at three in the morning."""

from __future__ import annotations

from replay.entries import Head, Kept
from replay.simulator.directing import tell
from replay.simulator.resetting import reset
from replay.testing import Script, scenario
from replay.verify.chronicle import chronicle

STORY = """
faults:
  - {name: slow-accept, fault: latency, where: {step: accept}, settings: {delay: 500ms}}
  - {name: lossy, fault: drop, where: {step: chatting}, chance: 99.9%}
  - {name: twice, fault: duplicate, where: {step: history}}
  - {name: down, fault: refuse, from: 3s, ttl: 1s}
steps:
  - {id: invited, push: /chats, after: start + 1s, data: {state: Invited}}
  - {id: accept, request: POST /accept, respond: {after: 50ms, body: {statusCode: 0}}}
  - {id: chatting, push: /chats, after: accept + 100ms, data: {state: Chatting}}
  - {id: history, push: /chats, after: accept + 200ms, data: {state: History}}
"""

MISSED = "GET /accept: use POST, not GET: then it is 'accept' of chat#1, which was already answered"


def played(*users: str) -> Kept:
    script = Script(scenario(STORY, name="chat"))
    for user in users:
        desktop = script.desktop(user)
        desktop.handshake()
        desktop.subscribe("/chats")
        script.advance(1)
        desktop.post("/accept", {})
        desktop.get("/accept")
        script.advance(1)
    script.advance(5)
    head = Head(replay="0.1.0", scenarios=["chat"], seed=7, speed=2.0)
    return Kept(head=head, entries=tuple(script.simulator.journal), is_cut=False)


def test_each_line_says_when_which_way_and_what() -> None:
    assert list(chronicle(played("ann"))) == [
        "journal of chat, seed 7, speed 2: 14 entries, 1 agent",
        "",
        "ann   ⚡ 3",
        "  0.000  · agent        came",
        "  0.000  · play         chat#1",
        "  0.000  · handshake    client 1",
        '  0.000  · subscribe    client 1, channels ["/chats"]',
        "  1.000  ⇐ invited      told on /chats",
        "  1.000  → accept       asked",
        f"  1.000  ✗ accept       {MISSED}",
        "  1.050  ⚡ slow-accept  latency (delay 500ms) at accept, time 1: 500ms later",
        "  1.050  ← accept       answered 200   ⚡ slow-accept",
        "  1.100  ⚡ lossy        drop at chatting, time 1: not told; drew 40.0%",
        "  1.200  ⚡ twice        duplicate at history, time 1: told 2 times",
        "  1.200  ⇐ history      told on /chats   ⚡ twice",
        "  1.200  ⇐ history      told on /chats   ⚡ twice",
        "",
        "nobody in particular   ⚡ 1",
        "  3.000  ⚡ down  refuse, for 1s",
    ]


def test_what_was_done_from_outside_says_so() -> None:
    script = Script(scenario(STORY, name="chat"))
    desktop = script.desktop("ann")
    desktop.handshake()
    desktop.subscribe("/chats")
    script.direct(lambda simulator, now: tell(simulator, "ann", "/chats", 1, now), "by hand")
    script.direct(lambda simulator, now: reset(simulator, ["faults"], now), "reset")
    lines = list(chronicle(Kept(head=None, entries=tuple(script.simulator.journal), is_cut=False)))

    assert "  0.000  ⇐ event      told on /chats, by control" in lines
    assert '  0.000  · reset  what ["faults"]' in lines


def test_one_agent_is_told_alone() -> None:
    lines = list(chronicle(played("ann", "bob"), agent="bob"))

    assert lines[0].endswith("2 agents")
    assert [line for line in lines if line and not line.startswith(" ")][1:] == ["bob   ⚡ 3"]


def test_a_user_who_is_called_by_control_characters_does_nothing_to_the_terminal() -> None:
    kept = played("\x1b[2Jann")

    assert "\\x1b[2Jann" in "\n".join(chronicle(kept))
    assert all(line.isprintable() for line in chronicle(kept))
