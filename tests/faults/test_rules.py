"""What holds whatever goes wrong: nothing is answered twice, and the same seed does the same harm."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from replay.entries import Entry
from replay.plan.pace import Pace
from replay.registry import FAULTS, resolve
from replay.scenario.model import Fault, Where
from replay.simulator.options import Options
from replay.testing import Desktop, Script, scenario

STORY = """
cometd: {path: /cometd}
variables: {chat: {recorded: 0000Na9B26EF002X, make: interaction-id}}
steps:
  - {id: invited, push: /chats, after: start + 300ms, data: {messageType: State, of: "${chat}"}}
  - {id: accept, request: POST /chats, repeat: last, respond: {after: 38ms, body: {statusCode: 0}}}
  - {id: chatting, push: /chats, after: accept + 10ms, data: {messageType: State, of: "${chat}"}}
  - {id: history, push: /chats, after: accept.response + 200ms, data: {messageType: Messages}}
"""
SETTINGS: dict[str, dict[str, Any]] = {"advice": {"reconnect": "retry"}, "delay": {"by": "uniform(0s, 2s)"}}
EVERYBODY = {"server-restarted", "refuse", "partition"}
places = st.sampled_from(
    [
        Where(),
        Where(step="accept"),
        Where(step="chatting"),
        Where(meta="subscribe"),
        Where(message_type="State"),
    ]
)


@st.composite
def rules(draw: st.DrawFn, *, without: frozenset[str] = frozenset()) -> tuple[Fault, ...]:
    found = []
    for number in range(draw(st.integers(0, 4))):
        fault = draw(st.sampled_from([name for name in FAULTS if name not in without]))
        kind = resolve(FAULTS, fault)
        found.append(
            Fault(
                name=f"rule-{number}",
                fault=fault,
                where=draw(places),
                settings=SETTINGS.get(fault, {}),
                chance=draw(st.sampled_from(["", "50%", "10%"])),
                nth=draw(st.sampled_from([[], [1], [2, 3]])),
                limit=draw(st.sampled_from([None, 1])),
                from_=draw(st.sampled_from(["", "500ms"])),
                ttl="700ms" if kind.whole_server else draw(st.sampled_from(["", "2s"])),
            )
        )
    return tuple(found)


KINDS = ["poll", "poll", "accept", "accept", "leave", "again", "socket"]
turns = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from(KINDS), st.sampled_from([0.0, 0.01, 0.3, 1.0])), max_size=15
)


def act(script: Script, desktop: Desktop, kind: str, held: dict[str, int]) -> None:
    match kind:
        case "poll":
            held["it"] = desktop.connect()
        case "accept":
            desktop.post("/chats", {})
        case "leave" if desktop.socket is None and script.waits(held.get("it", -1)) and "it" in held:
            desktop.leave(held.pop("it"))
        case "again":
            desktop.socket = None
            desktop.handshake()
            desktop.subscribe("/chats")
        case "socket":
            desktop.open_socket()
        case _:
            pass


def play(found: tuple[Fault, ...], turns: list[Any], *, who: tuple[str, ...], only: bool = False) -> Script:
    """Two desktops, or the first of them alone at the same moments."""
    script = Script(scenario(STORY), options=Options(seed=5, faults=found, pace=Pace()))
    desktops = [script.desktop(user) for user in who]
    held: list[dict[str, int]] = [{} for _ in who]
    for number, desktop in enumerate(desktops):
        if not only or number == 0:
            act(script, desktop, "again", held[number])
    for number, kind, wait in turns:
        if not only or number == 0:
            act(script, desktops[number], kind, held[number])
        script.advance(wait)
    script.advance(5)
    return script


@settings(max_examples=150, deadline=None)
@given(found=rules(), turns=turns)
def test_whatever_goes_wrong_the_same_seed_and_inputs_make_the_same_journal(
    found: tuple[Fault, ...], turns: list[Any]
) -> None:
    one = play(found, turns, who=("ann", "bob"))
    other = play(found, turns, who=("ann", "bob"))

    assert one.simulator.journal.lines() == other.simulator.journal.lines()
    assert str(one) == str(other)


def told(entry: Entry) -> tuple[Any, ...]:
    return entry.at, entry.kind, entry.play, entry.step, repr(entry.detail)


@settings(max_examples=100, deadline=None)
@given(found=rules(without=frozenset(EVERYBODY)), turns=turns)
def test_what_befalls_an_agent_does_not_depend_on_who_else_is_there(
    found: tuple[Fault, ...], turns: list[Any]
) -> None:
    together = play(found, turns, who=("ann", "bob"))
    alone = play(found, turns, who=("ann", "bob"), only=True)

    anns = [[told(e) for e in script.simulator.journal if e.agent == "ann"] for script in (together, alone)]
    assert anns[0] == anns[1], f"{together}\n\n{alone}"


@settings(max_examples=60, deadline=None)
@given(found=rules(), turns=turns)
def test_every_touched_thing_names_rules_that_the_journal_says_struck(
    found: tuple[Fault, ...], turns: list[Any]
) -> None:
    script = play(found, turns, who=("ann", "bob"))

    struck = {e.detail["rule"] for e in script.simulator.journal if e.kind == "fault"}
    named = {name for e in script.simulator.journal for name in e.detail.get("faults", ())}
    assert named <= struck
    counts = {r.name: r.struck.total() for r in script.simulator.faulting.striking.rules}
    assert struck == {name for name, count in counts.items() if count}, str(script)
