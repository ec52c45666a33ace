"""Faults of events: later, never, twice, in another order, in other company."""

from __future__ import annotations

import pytest

from replay.wire import Woken

from .stories import Told

BURST = """
cometd: {path: /cometd}
steps:
  - {id: one, push: /chats, after: start + 1s, data: {state: One, messageType: A}}
  - {id: two, push: /chats, after: one, data: {state: Two, messageType: B}}
  - {id: three, push: /chats, after: two + 100ms, data: {state: Three, messageType: A}}
  - {id: four, push: /chats, after: three + 100ms, data: {state: Four, messageType: B}}
"""


def burst(fault: str, *, where: str = "{step: two}", settings: str = "{}", socket: bool = False) -> Told:
    told = Told(f"[{{name: bad, fault: {fault}, where: {where}, settings: {settings}}}]", steps=BURST)
    told.joins(socket=socket)
    told.polls_for(4)
    return told


def test_a_delayed_event_is_overtaken_and_what_follows_keeps_its_time() -> None:
    told = burst("delay", settings="{by: 150ms}")

    assert told.heard == [(1.0, "One"), (1.1, "Three"), (1.15, "Two"), (1.2, "Four")]
    entries = [entry for entry in told.script.simulator.journal if entry.step == "two"]
    assert [(entry.kind, entry.at) for entry in entries] == [("fault", 1.0), ("event", 1.15)]
    assert entries[1].detail == {"channel": "/chats", "faults": ["bad"]}
    assert entries[0].detail["changed"] == "150ms later"


def test_events_keep_the_order_of_their_moments_where_time_has_run_ahead() -> None:
    told = Told(
        "[{name: bad, fault: delay, where: {step: two}, settings: {by: 150ms}},"
        " {name: odd, fault: reorder, where: {step: three}, settings: {by: 2}}]",
        steps=BURST,
    )
    told.joins()
    told.script.now = 10.0
    told.script.put(Woken(), "late")

    events = [entry for entry in told.script.simulator.journal if entry.kind == "event"]
    assert [entry.step for entry in events] == ["one", "two", "four", "three"]


def test_a_dropped_event_never_comes_and_the_story_goes_on() -> None:
    told = burst("drop")

    assert told.heard == [(1.0, "One"), (1.1, "Three"), (1.2, "Four")]
    assert told.strikes[0]["changed"] == "not told"


def test_a_duplicate_comes_as_often_as_said() -> None:
    told = burst("duplicate", settings="{times: 3, gap: 20ms}")

    assert [(at, state) for at, state in told.heard if state == "Two"] == [
        (1.0, "Two"),
        (1.02, "Two"),
        (1.04, "Two"),
    ]


def test_an_event_comes_after_the_next() -> None:
    assert [state for _, state in burst("reorder").heard] == ["One", "Three", "Two", "Four"]


def test_an_event_comes_after_the_next_two() -> None:
    told = burst("reorder", settings="{by: 2}")

    assert [state for _, state in told.heard] == ["One", "Three", "Four", "Two"]


def test_the_last_event_cannot_be_overtaken_and_comes_in_the_end() -> None:
    told = burst("reorder", where="{step: four}", settings="{within: 500ms}")

    assert told.heard[-1] == (1.7, "Four")


def test_a_garbled_event_breaks_what_brings_it() -> None:
    told = burst("garble")

    # The answer that was to bring One and Two is no JSON; the events after it come as ever.
    assert [state for _, state in told.heard] == ["Three", "Four"]


def test_events_are_kept_back_and_come_together() -> None:
    told = burst("batch", where="{}", settings="{window: 150ms}")

    assert told.heard == [(1.15, "One"), (1.15, "Two"), (1.15, "Three"), (1.35, "Four")]


def test_events_that_come_together_share_a_frame() -> None:
    told = burst("batch", where="{}", settings="{window: 150ms}", socket=True)

    assert told.desktop.socket is not None
    frames = told.script.frames[told.desktop.socket]
    sizes = [sum("data" in message for message in frame.body) for frame in frames]
    assert [size for size in sizes if size] == [3, 1]


@pytest.mark.parametrize(("fault", "sizes"), [("split", [1, 1, 1, 1]), ("drop", [1, 1, 1])])
def test_events_of_one_moment_come_in_answers_of_their_own(fault: str, sizes: list[int]) -> None:
    told = Told(f"[{{name: bad, fault: {fault}, where: {{messageType: B}}, first: 1}}]", steps=BURST)
    told.joins()
    counts = []
    while told.script.now < 3:
        exchange = told.desktop.connect()
        while told.script.waits(exchange) and told.script.now < 3:
            told.script.advance(0.01)
        if not told.script.waits(exchange):
            counts.append(sum("data" in message for message in told.script.answer(exchange).body))

    assert counts == sizes


def test_where_can_name_what_an_event_says() -> None:
    told = burst("drop", where="{messageType: B, channel: '/*'}")

    assert [state for _, state in told.heard] == ["One", "Three"]


def test_an_event_that_waited_for_its_role_is_delayed_from_when_somebody_took_it() -> None:
    late = Told(
        "[{name: bad, fault: delay, where: {step: offer}, settings: {by: 5s}}]",
        steps="""
cometd: {path: /cometd}
steps:
  - {id: call, agent: one, request: POST /call}
  - {id: offer, agent: other, push: /chats, after: call + 1s, data: {state: Offer}}
""",
    )
    late.joins()
    late.desktop.post("/call", {})
    late.script.advance(20)
    other = late.script.desktop("bob")
    other.open_socket()
    other.handshake()
    other.subscribe("/chats")
    late.script.advance(6)

    assert [(event.at, event.data["state"]) for event in other.events] == [(25.0, "Offer")]


@pytest.mark.parametrize("began", [0.1, 0.3, 8012.123457, 99_999.000001, 1_234_567.654321])
def test_what_falls_together_comes_in_the_same_order_whenever_it_began(began: float) -> None:
    steps = """
cometd: {path: /cometd}
steps:
  - {id: two, push: /chats, after: start + 3ms, data: {state: Two}}
  - {id: three, push: /chats, after: start + 5ms, data: {state: Three}}
"""
    settings = "{times: 2, gap: 2ms}"
    told = Told(f"[{{name: bad, fault: duplicate, where: {{step: two}}, settings: {settings}}}]", steps=steps)
    told.script.advance(began)
    told.joins()
    told.polls_for(0.1)

    assert [state for _, state in told.heard] == ["Two", "Two", "Three"]
