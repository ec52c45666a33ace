"""The journal: what happened, in order, within its bounds."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.entries import Entry, Head, Kind, is_journal, read
from replay.errors import UsageError
from replay.journal import Journal
from replay.testing import Script, scenario


def test_entries_are_numbered_without_gaps_and_timed_to_the_microsecond() -> None:
    journal = Journal()
    journal.note("agent", 0.1 + 0.2, "ann")
    journal.add("event", 1.23456789, "ann", "chat#1", "invited", 0.0, {"channel": "/a"})

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


def test_one_entry_beyond_all_bounds_stands_there_without_its_detail_and_pushes_nothing_else_out() -> None:
    journal, lines = Journal(max_bytes=300), list[bytes]()
    journal.tell(lines.append)
    journal.note("agent", 0, "ann")
    journal.note("event", 1, "ann", text="x" * 1_000)

    first, large = journal
    assert (first.kind, large.kind) == ("agent", "event")
    assert large.detail == {"left_out": len(lines[1]) - 1}
    assert b"x" * 1_000 in lines[1]


def test_what_comes_after_a_number_is_found_wherever_the_window_stands() -> None:
    journal = Journal(max_entries=4)
    for number in range(10):
        journal.note("event", number, "ann")

    def after(number: int, most: int) -> list[int]:
        return [entry.number for entry in journal.after(number, most)]

    assert (journal.first, journal.dropped) == (7, 6)
    assert (after(0, 2), after(8, 9), after(10, 9), after(99, 9)) == ([7, 8], [9, 10], [], [])


notes = st.lists(st.tuples(st.sampled_from(["event", "answer", "miss"]), st.integers(0, 400)), max_size=60)


@given(notes, st.integers(1, 20), st.integers(1, 2_000))
def test_whatever_happens_the_window_is_the_newest_without_gaps_within_its_bounds_and_all_is_counted(
    happened: list[tuple[Kind, int]], most: int, most_bytes: int
) -> None:
    journal = Journal(max_entries=most, max_bytes=most_bytes)
    for at, (kind, size) in enumerate(happened, start=1):
        journal.note(kind, at, "ann", text="x" * size)

        kept = list(journal)
        assert [entry.number for entry in kept] == [*range(journal.first, at + 1)]
        assert journal.bytes == len(journal.lines()) - len(kept)
        assert 1 <= len(kept) == len(journal) <= most
        assert journal.bytes <= most_bytes or len(kept) == 1
        assert (journal.total, journal.dropped) == (at, at - len(kept))
    assert journal.counts == Counter(kind for kind, _ in happened)


def test_several_who_listen_are_all_told() -> None:
    journal = Journal()
    lines, entries = list[bytes](), list[Entry]()
    journal.tell(lines.append)
    journal.report(lambda entry, _: entries.append(entry))
    journal.note("agent", 0, "ann")

    assert (b"".join(lines), entries) == (journal.lines(), list(journal))


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


def test_each_client_of_an_agent_has_a_number_of_its_own_also_after_others_have_gone() -> None:
    script = Script(scenario("steps: []"))
    desktop = script.desktop("ann")
    for _ in range(2):
        desktop.handshake()
        desktop.disconnect()

    clients = [entry.detail["client"] for entry in script.simulator.journal if "client" in entry.detail]
    assert clients == [1, 1, 2, 2]


HEAD = Head(replay="0.1.0", scenarios=["chat"], seed=7, speed=2.0)


def filed(*entries: tuple[str, str, dict[str, object]]) -> bytes:
    """A journal as a file has it, each entry a second after the one before."""
    lines = [HEAD.line()]
    journal = Journal()
    journal.tell(lines.append)
    for at, (kind, agent, detail) in enumerate(entries):
        journal.note(kind, at, agent, **detail)  # type: ignore[arg-type]
    return b"".join(lines)


def test_whoever_listens_is_told_each_entry_as_a_line() -> None:
    assert filed(("agent", "ann", {})).splitlines() == [
        b'{"replay":"0.1.0","journal":1,"scenarios":["chat"],"seed":7,"speed":2.0}',
        b'{"number":1,"at":0,"kind":"agent","agent":"ann"}',
    ]


def test_whoever_comes_to_listen_is_told_what_there_is_first() -> None:
    journal = Journal()
    journal.note("agent", 0.0, "ann")
    lines: list[bytes] = []
    journal.tell(lines.append)
    journal.note("event", 1.0, "ann")

    assert b"".join(lines) == journal.lines()


def test_what_was_written_is_read_again() -> None:
    kept = read(filed(("agent", "ann", {}), ("event", "ann", {"channel": "/a"})), "run.jsonl")

    assert (kept.head, kept.is_cut, kept.scenarios) == (HEAD, False, ["chat"])
    assert [(entry.number, entry.kind) for entry in kept.entries] == [(1, "agent"), (2, "event")]


@pytest.mark.parametrize("lost", [1, 2, 30])
def test_a_last_line_that_is_not_whole_is_left_out(lost: int) -> None:
    data = filed(("agent", "ann", {}), ("event", "ann", {"channel": "/a"}))
    kept = read(data[:-lost], "run.jsonl")

    assert len(kept.entries) == (2 if lost == 1 else 1)
    assert kept.is_cut == (lost > 1)


def test_a_line_that_is_broken_before_the_last_is_named() -> None:
    data = filed(("agent", "ann", {}), ("event", "ann", {}), ("event", "ann", {}))
    with pytest.raises(UsageError, match=r"run\.jsonl:3: this is no entry of a journal"):
        read(data.replace(b'"number":2', b'"number"'), "run.jsonl")


def test_a_journal_of_another_form_is_refused() -> None:
    with pytest.raises(UsageError, match=r"run\.jsonl:1: .* cannot read\.\n  It was written by replay 9\.0"):
        read(HEAD.line().replace(b":1,", b":2,").replace(b"0.1.0", b"9.0"), "run.jsonl")


def test_entries_without_a_head_are_a_journal_too() -> None:
    _, first, *_ = filed(("agent", "ann", {}), ("agent", "bob", {})).splitlines(keepends=True)

    assert is_journal(first)
    assert read(first, "run.jsonl").head is None


@pytest.mark.parametrize(
    "line", [b"", b"version: 1", b"{}", b"[1]", b"\xff\x00", b'{"log": {"entries": []}}']
)
def test_other_files_are_no_journals(line: bytes) -> None:
    assert not is_journal(line)


def test_an_agent_is_known_by_its_first_name_whatever_it_is_called_later() -> None:
    kept = read(
        filed(("agent", "#1", {}), ("agent", "ann", {"was": "#1"}), ("agent", "bob", {})), "run.jsonl"
    )

    assert (kept.agents, kept.first_names) == (["#1", "bob"], {"ann": "#1"})
    assert [entry.number for entry in kept.by_agent()["#1"]] == [1, 2]


def test_empty_lines_at_the_end_are_no_entries() -> None:
    kept = read(filed(("agent", "ann", {})) + b"\n\n", "run.jsonl")

    assert (len(kept.entries), kept.is_cut) == (1, False)


@pytest.mark.parametrize(
    "detail", [{"was": ["ann"]}, {"settings": 5}, {"faults": "a"}, {"rule": {}}, {"occurrence": "twice"}]
)
def test_an_entry_whose_detail_somebody_else_made_up_is_none(detail: dict[str, Any]) -> None:
    data = filed(("agent", "ann", {}), ("fault", "ann", detail), ("event", "ann", {}))
    with pytest.raises(UsageError, match=r"run\.jsonl:3: this is no entry of a journal"):
        read(data, "run.jsonl")


def test_whoever_is_dismissed_hears_no_more_and_the_others_do() -> None:
    journal, heard, others = Journal(), [], []

    def hear(entry: Entry, _line: bytes) -> None:
        heard.append(entry.kind)

    journal.report(hear, ["event", "answer"])
    journal.report(lambda entry, _: others.append(entry.kind))
    journal.note("event", 0.0, "kim")
    journal.dismiss(hear)
    journal.note("answer", 0.0, "kim")

    assert (heard, others) == (["event"], ["event", "answer"])
