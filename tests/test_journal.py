"""The journal: what happened, in order, within its bounds."""

from __future__ import annotations

import msgspec

from replay.journal import Entry, Journal
from replay.testing import Script, scenario


def test_entries_are_numbered_without_gaps_and_timed_to_the_microsecond() -> None:
    journal = Journal()
    journal.note("agent", 0.1 + 0.2, "ann")
    journal.note("event", 1.23456789, "ann", play="chat#1", step="invited", channel="/a")

    assert list(journal) == [
        Entry(number=1, at=0.3, kind="agent", agent="ann"),
        Entry(
            number=2,
            at=1.234568,
            kind="event",
            agent="ann",
            play="chat#1",
            step="invited",
            detail={"channel": "/a"},
        ),
    ]


def test_lines_are_json_one_a_line_without_what_is_empty() -> None:
    journal = Journal()
    journal.note("agent", 0, "ann")
    journal.note("miss", 1.5, "", why="ü\n")

    assert journal.lines() == (
        b'{"number":1,"at":0,"kind":"agent","agent":"ann"}\n'
        b'{"number":2,"at":1.5,"kind":"miss","agent":"","detail":{"why":"\xc3\xbc\\n"}}\n'
    )


def test_what_is_pushed_out_is_still_counted() -> None:
    journal = Journal(max_entries=3)
    for number in range(10):
        journal.note("request" if number % 2 else "event", number, "ann")

    assert [entry.number for entry in journal] == [8, 9, 10]
    assert (len(journal), journal.total, dict(journal.counts)) == (3, 10, {"event": 5, "request": 5})


def test_the_window_is_bounded_by_bytes_too() -> None:
    journal = Journal(max_bytes=1_000)
    for number in range(20):
        journal.note("event", number, "ann", text="x" * 200)

    assert [entry.number for entry in journal] == [18, 19, 20]
    assert len(journal.lines()) <= 1_000 + len(journal)


def test_one_entry_beyond_all_bounds_is_counted_and_not_kept() -> None:
    journal = Journal(max_bytes=100)
    journal.note("event", 0, "ann", text="x" * 1_000)
    journal.note("event", 1, "ann")

    assert [entry.number for entry in journal] == [2]


def test_a_conversation_is_journalled_in_the_order_of_its_times() -> None:
    script = Script(
        scenario(
            """
            steps:
              - {id: late, push: /b, after: start, data: 1}
              - {id: x, request: POST /x, respond: {after: 30ms, body: 1}}
              - {id: before, push: /a, after: x + 10ms, data: 1}
              - {id: behind, push: /a, after: x.response + 10ms, data: 1}
            """
        )
    )
    desktop = script.desktop("ann")
    desktop.handshake()
    desktop.subscribe("/a")
    desktop.post("/x", {})
    desktop.post("/x", {})
    desktop.get("/y")
    script.advance(1)
    desktop.subscribe("/b")
    desktop.disconnect()

    journal = script.simulator.journal
    assert [(entry.at, entry.kind, entry.step) for entry in journal] == [
        (0.0, "agent", ""),
        (0.0, "play", ""),
        (0.0, "handshake", ""),
        (0.0, "subscribe", ""),
        (0.0, "held", "late"),
        (0.0, "request", "x"),
        (0.0, "retry", "x"),
        (0.0, "miss", ""),
        (0.01, "event", "before"),
        (0.03, "answer", "x"),
        (0.04, "event", "behind"),
        (1.0, "subscribe", ""),
        (1.0, "event", "late"),
        (1.0, "disconnect", ""),
    ]
    assert all(msgspec.json.decode(line)["agent"] == "ann" for line in journal.lines().splitlines())


def test_the_end_of_a_client_says_why_and_what_was_lost_with_it() -> None:
    script = Script(scenario("steps: [{id: a, push: /a, after: start + 1s, data: 1}]"))
    desktop = script.desktop("ann")
    desktop.handshake()
    desktop.subscribe("/a")
    script.advance(10)

    (*_, last) = script.simulator.journal
    assert last == Entry(
        number=6,
        at=10.0,
        kind="disconnect",
        agent="ann",
        detail={"client": 1, "why": "it stayed silent", "lost": 1},
    )
