"""Who waits for what: the sentences that somebody reads whose chat does not appear."""

from __future__ import annotations

import pytest

from replay.errors import NoSuchError
from replay.scenario.model import Scenario
from replay.simulator import looking
from replay.simulator.directing import push
from replay.simulator.waiting import AgentState, Next, PlayState
from replay.testing import Desktop, Script, scenario

CHATS = "/v2/me/chats"

FAULTED = """
faults: [{name: late, fault: delay, where: {step: hello}, settings: {by: 3s}}]
steps:
  - {id: hello, push: /a, after: start + 1s, data: hello}
"""
NEEDY = """
session: [{id: ready, request: POST /ready}]
steps:
  - {id: hello, push: /a, after: start and ready + 1s, data: {messageType: Hello}}
  - {id: look, request: "GET /look?of=${who}", needs: [hello, ready]}
  - {id: seen, push: /a, after: look.response + 1s, data: hi}
variables: {who: {recorded: Ann}}
"""


def state(script: Script, name: str = "1") -> AgentState:
    simulator = script.simulator
    return script.direct(lambda _, now: looking.state(simulator, simulator.agents.named(name), now), "look")


def waits(script: Script, name: str = "1") -> str:
    return state(script, name).waits_for


def play(script: Script, name: str = "1") -> PlayState:
    return next(each for each in state(script, name).stories if not each.session)


def upcoming(script: Script, step: str, name: str = "1") -> Next:
    return next(each for story in state(script, name).stories for each in story.next if each.step == step)


def listen(desktop: Desktop, channel: str = "/a") -> Desktop:
    desktop.handshake()
    desktop.subscribe(channel)
    desktop.connect(advice={"timeout": 0})
    return desktop


def test_a_chat_is_followed_from_nobody_to_the_last_event(accept_chat: Scenario) -> None:
    script = Script(accept_chat)
    desktop = script.desktop("marat")
    said = []

    def look() -> None:
        said.append(waits(script, "marat"))

    desktop.get("/api/v2/me")
    look()
    desktop.handshake()
    look()
    desktop.subscribe(CHATS)
    look()
    desktop.connect(advice={"timeout": 0})
    script.advance(1.2)
    look()
    desktop.connect()
    look()
    chat = desktop.events[0].data["chat"]["id"]
    desktop.post(f"/api/v2/me/chats/{chat}", {"operationName": "Accept", "nickname": "Marat"})
    look()
    for moment in (0.1, 0.1, 0.2):
        desktop.connect()
        script.advance(moment)
        look()

    script.expect(
        said,
        [
            f"invited: waits until the agent shakes hands and subscribes to {CHATS}",
            f"invited: waits until the agent subscribes to {CHATS}",
            "invited: it comes in 1.2s, after start",
            "waits until the agent polls: 1 event is queued for it",
            f"accept: nobody has asked POST /api/v2/me/chats/{chat} Accept",
            "accept: its answer comes in 38ms",
            "participants: it comes in 70ms, after accept",
            "history: it comes in 110ms, after accept",
            "nothing: all that it plays is over",
        ],
    )


def test_a_play_says_what_is_done_and_what_may_come(accept_chat: Scenario) -> None:
    script = Script(accept_chat)
    desktop = listen(script.desktop(), CHATS)
    script.advance(1.5)
    desktop.connect()

    now = play(script)
    assert [(each.step, each.times, each.at) for each in now.done] == [("invited", 1, 1.2)]
    assert [(each.step, each.kind, each.needs) for each in now.next] == [
        ("accept", "request", []),
        ("chatting", "push", ["accept"]),
        ("participants", "push", ["accept"]),
        ("history", "push", ["accept"]),
    ]
    assert now.next[1].what == f"{CHATS} ChatStateChangeMessage StatusChange"
    assert now.next[1].why == "waits for accept, which nobody has asked"
    assert (now.play, now.over, now.values["reference"]) == ("accept-chat#1", False, "17")


def test_what_needs_others_says_which_and_why_they_have_not_come() -> None:
    script = Script(scenario(NEEDY))
    desktop = listen(script.desktop())

    assert upcoming(script, "hello").why == "waits for ready, which nobody has asked"
    assert upcoming(script, "look").what == "GET /look?of=${who}"
    assert upcoming(script, "look").why == (
        "waits for hello, which has not come, and ready, which nobody has asked"
    )
    assert upcoming(script, "ready").why == "nobody has asked POST /ready"
    desktop.post("/ready", {})
    assert upcoming(script, "look").why == "waits for hello, which comes in 1s"
    assert upcoming(script, "look").needs == ["hello"]
    assert upcoming(script, "seen").why == "waits for look, which nobody has asked"


def test_what_follows_an_answer_says_when_that_comes() -> None:
    text = """
    steps:
      - {id: look, request: GET /look, respond: {after: 2s}}
      - {id: seen, push: /a, after: look.response + 1s, data: hi}
    """
    script = Script(scenario(text))
    listen(script.desktop()).get("/look")
    script.advance(0.5)

    assert upcoming(script, "seen").why == "waits for the answer to look, which comes in 1.5s"
    assert upcoming(script, "look").due_in == 1.5
    script.advance(1.5)
    assert upcoming(script, "seen").why == "it comes in 1s, after the answer to look"


def test_an_event_that_nobody_listens_to_is_held_and_says_for_what() -> None:
    script = Script(scenario("steps: [{id: hi, push: /a, data: 1}, {id: bye, push: /b, after: hi, data: 2}]"))
    listen(script.desktop())

    now = state(script)
    assert (now.undelivered, now.waits_for) == (1, "bye: held until the agent subscribes to /b")
    assert [each.step for each in now.held] == ["bye"]
    assert [each.step for each in play(script).done] == ["hi"]
    assert not play(script).over


def test_an_event_that_a_fault_puts_off_says_which_and_for_how_long() -> None:
    script = Script(scenario(FAULTED))
    listen(script.desktop())
    script.advance(1.5)

    now = state(script)
    assert (now.struck, now.rules) == (1, {"late": 1})
    assert now.waits_for == "hello: 'late' puts it off: it comes in 2.5s"
    assert play(script).done == []
    script.advance(2.5)
    assert play(script).over


def test_an_event_that_others_overtake_says_so() -> None:
    text = """
    faults: [{name: turned, fault: reorder, where: {step: hello}}]
    steps: [{id: hello, push: /a, data: 1}, {id: more, push: /a, after: start + 1h, data: 2}]
    """
    script = Script(scenario(text))
    listen(script.desktop())

    assert upcoming(script, "hello").why == "'turned' lets others go before it: it comes in 5s at the latest"
    assert play(script).done == []
    script.direct(lambda simulator, now: push(simulator, "", "", "more", now), "overtake")
    assert [(each.step, each.times) for each in play(script).done] == [("hello", 1), ("more", 1)]


def test_who_has_lost_all_clients_has_to_shake_hands_again() -> None:
    script = Script(scenario(FAULTED))
    desktop = listen(script.desktop())
    desktop.disconnect()

    assert waits(script) == "waits until the agent shakes hands again: it has no client any more"


def test_whose_login_has_expired_has_to_log_in_again() -> None:
    text = """
    faults: [{name: out, fault: login-expired, where: {step: look}}]
    steps: [{id: look, request: GET /look}]
    """
    script = Script(scenario(text))
    script.desktop().get("/look")

    assert waits(script) == "waits until the agent logs in again: 'out' has had its login expire"


def test_misses_are_counted_for_whom_they_are() -> None:
    script = Script(scenario(FAULTED))
    for user in ("ann", "bob", "bob"):
        script.desktop(user).get("/nothing")

    rows, total = looking.rows(script.simulator, script.now)
    assert ([(row.agent, row.misses) for row in rows], total) == ([("ann", 1), ("bob", 2)], 2)


def test_with_several_plays_it_is_said_of_which() -> None:
    one = scenario("steps: [{id: hi, request: GET /hi}]", name="one")
    two = scenario("steps: [{id: ho, request: GET /ho}]", name="two")
    script = Script(one, two)
    script.desktop().get("/nothing")

    assert waits(script) == "two#1, ho: nobody has asked GET /ho"


def test_in_a_shared_play_it_is_said_whose_step_it_is() -> None:
    text = """
    steps:
      - {id: ring, agent: first, push: /a, after: start, data: 1}
      - {id: take, agent: second, request: POST /take}
      - {id: taken, agent: first, push: /a, after: take, data: 2}
      - {id: told, agent: second, push: /b, after: ring, data: 3}
    """
    script = Script(scenario(text))
    listen(script.desktop("ann"))

    assert upcoming(script, "take", "ann").why == "nobody is 'second' yet, to ask POST /take"
    assert upcoming(script, "take", "ann").agent == "second"
    assert upcoming(script, "told", "ann").why == "held until somebody is 'second'"
    script.desktop("bob").handshake()
    assert upcoming(script, "take", "ann").why == "bob has not asked POST /take"
    assert upcoming(script, "take", "bob").why == "nobody has asked POST /take"
    assert upcoming(script, "told", "ann").why == "held until bob subscribes to /b"
    assert waits(script, "ann") == "told: held until bob subscribes to /b"
    assert waits(script, "bob") == "told: held until the agent subscribes to /b"
    assert (upcoming(script, "taken", "bob").agent, play(script, "bob").role) == ("ann", "second")


def test_what_may_be_asked_again_keeps_no_play_from_being_over() -> None:
    script = Script(scenario("steps: [{id: hi, request: GET /hi}, {id: ho, request: POST /ho}]"))
    desktop = script.desktop()
    desktop.get("/hi")
    assert not play(script).over
    desktop.post("/ho", {})

    assert play(script).over
    assert state(script).over == 1


def test_long_values_are_cut() -> None:
    script = Script(scenario("variables: {a: {recorded: x}}\nsteps: [{id: hi, request: 'GET /hi/${a}'}]"))
    script.desktop().get(f"/hi/{'y' * 5000}")

    assert play(script).values["a"] == "y" * 200 + "…"


def test_a_held_connect_is_told_with_when_it_is_answered() -> None:
    script = Script(scenario(FAULTED))
    desktop = listen(script.desktop())
    desktop.connect()
    script.advance(0.25)

    now = state(script)
    (client,) = now.connections
    assert now.held_polls == 1
    assert (client.number, client.state, client.transport) == (1, "held", "long-polling")
    assert (client.held_for, client.subscriptions, client.queued) == (29.75, ["/a"], 0)


@pytest.mark.parametrize("name", ["ann", "1", "#1"])
def test_an_agent_is_found_by_its_name_and_its_number(name: str) -> None:
    script = Script(scenario(FAULTED))
    script.desktop("ann").get("/x")

    assert state(script, name).agent == "ann"


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("anm", "Did you mean 'ann'?"),
        ("#3", "There is ann, bob."),
        ("0", "There is ann, bob."),
        ("", "There is ann, bob."),
        ("9" * 40, "There is ann, bob."),
        ("١", "There is ann, bob."),
    ],
)
def test_who_is_not_there_is_answered_with_the_nearest(name: str, advice: str) -> None:
    script = Script(scenario(FAULTED))
    for user in ("ann", "bob"):
        script.desktop(user).get("/x")

    with pytest.raises(NoSuchError) as refused:
        state(script, name)
    assert (refused.value.what, refused.value.help) == (f"no agent is called '{name}'", advice)


def test_rows_are_asked_for_page_by_page_and_by_part_of_a_name() -> None:
    script = Script(scenario(FAULTED))
    for user in ("Ann", "bob", "hannah", "joe"):
        script.desktop(user).get("/x")
    simulator, now = script.simulator, script.now

    rows, total = looking.rows(simulator, now, after=1, limit=2)
    assert ([row.ordinal for row in rows], total) == ([2, 3], 4)
    rows, total = looking.rows(simulator, now, find="ann", limit=1)
    assert ([row.agent for row in rows], total) == (["Ann"], 2)
    assert looking.rows(simulator, now, limit=0) == ([], 4)


def test_what_the_session_brings_is_waited_for_too_when_all_plays_are_over() -> None:
    text = """
    session:
      - {id: ready, request: POST /ready}
      - {id: state, push: /s, after: ready + 2s, data: 1}
      - {id: rest, request: POST /rest}
    steps: [{id: hi, request: GET /hi}]
    """
    script = Script(scenario(text))
    desktop = listen(script.desktop())
    desktop.get("/hi")

    assert waits(script) == "state: waits for ready, which nobody has asked"
    desktop.post("/ready", {})
    assert waits(script) == "state: it comes in 2s, after ready"
    script.advance(2)
    assert waits(script) == "state: held until the agent subscribes to /s"
    desktop.subscribe("/s")
    desktop.connect(advice={"timeout": 0})
    assert waits(script) == "nothing: all that it plays is over"


def test_what_follows_an_answer_of_the_session_says_when_that_comes() -> None:
    text = """
    session: [{id: ready, request: POST /ready, respond: {after: 3s}}]
    steps: [{id: hi, push: /a, after: start and ready.response + 1s, data: 1}]
    """
    script = Script(scenario(text, name="one"), scenario(text, name="two"))
    listen(script.desktop()).post("/ready", {})

    assert waits(script) == "two#1, hi: waits for the answer to ready, which comes in 3s"


def test_a_client_that_was_left_behind_does_not_hide_that_the_next_one_has_it_all() -> None:
    script = Script(
        scenario("steps: [{id: hi, push: /a, after: start + 1s, data: 1}, {id: ok, request: POST /ok}]")
    )
    listen(script.desktop("ann"))
    listen(script.desktop("ann")).connect()
    script.advance(1)
    assert state(script).queued == 1
    assert waits(script) == "waits until the agent polls: 1 event is queued for it"
    reloaded = script.desktop("ann")
    listen(reloaded).connect()

    assert waits(script) == "ok: nobody has asked POST /ok"


def test_who_has_left_is_not_called_back_where_no_event_is_to_come() -> None:
    script = Script(scenario("steps: [{id: hi, push: /a, data: 1}, {id: ok, request: POST /ok}]"))
    listen(script.desktop()).disconnect()

    assert waits(script) == "ok: nobody has asked POST /ok"


def test_a_request_that_was_passed_by_is_not_named_first() -> None:
    text = """
    steps:
      - {id: reject, request: POST /reject}
      - {id: accept, request: POST /accept}
      - {id: send, request: POST /send, needs: [accept]}
    """
    script = Script(scenario(text))
    desktop = script.desktop()
    desktop.get("/x")
    assert waits(script) == "reject: nobody has asked POST /reject"
    desktop.post("/accept", {})
    script.advance(1)

    assert waits(script) == "send: nobody has asked POST /send"
