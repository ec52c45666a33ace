"""When an agent gets a play: at the start, on request, and again once one has brought the next."""

from __future__ import annotations

import msgspec
import pytest

from replay.plan.pace import SETTLE, Pace
from replay.plan.timeline import plan
from replay.simulator import directing, offering
from replay.simulator.agents import Agent
from replay.simulator.options import Options
from replay.simulator.resetting import reset
from replay.simulator.undelivered import undelivered
from replay.testing import Desktop, Script, scenario

LOGIN = """
session:
  - {id: ready, request: POST /me, body: {operationName: Ready}, respond: {body: {statusCode: 0}}}
"""
CHAT = """
cometd: {max_interval: 10h}
variables: {chat: {recorded: 0000Na9B26EF002X, make: interaction-id}}
steps:
  - {id: invited, push: /chats, after: start + 1s, data: {id: "${chat}", state: Invited}}
  - {id: complete, request: "POST /chats/${chat}", respond: {body: {}}}
  - {id: completed, push: /chats, after: complete + 1s, data: {id: "${chat}", state: Completed}}
"""
AGAIN = f"again: completed + 20s\n{CHAT}"
ON_REQUEST = f"offered: on-request\n{LOGIN}{CHAT}"
CONSULT = """
offered: on-request
cometd: {max_interval: 10h}
session:
  - {id: a-ready, agent: first, request: POST /me, repeat: cycle, respond: {body: {of: first}}}
  - {id: b-ready, agent: second, request: POST /me, repeat: cycle, respond: {body: {of: second}}}
steps:
  - {id: a-invited, agent: first, push: /chats, after: start and a-ready + 1s, data: {for: first}}
  - {id: b-invited, agent: second, push: /chats, after: start and b-ready + 1s, data: {for: second}}
"""


def come(script: Script, user: str = "ann") -> Desktop:
    """An agent who listens."""
    desktop = script.desktop(user)
    desktop.open_socket()
    desktop.handshake()
    desktop.subscribe("/chats")
    return desktop


def offer(script: Script, name: str = "", user: str = "ann") -> str:
    return script.direct(lambda simulator, now: directing.offer(simulator, name, user, now), "offered")[
        0
    ].label


def told(desktop: Desktop) -> list[str]:
    return [event.data["state"] for event in desktop.events]


def complete(desktop: Desktop) -> None:
    """Completes the chat that came last."""
    desktop.post(f"/chats/{desktop.events[-1].data['id']}", {})


def plays(script: Script, user: str = "ann") -> list[str]:
    return [play.label for play in script.simulator.agents.named(user).plays]


def test_on_request_nobody_is_told_anything_until_somebody_offers_it() -> None:
    script = Script(scenario(ON_REQUEST))
    ann = come(script)
    script.advance(60)
    assert (told(ann), plays(script)) == ([], [])
    offer(script)
    script.advance(1)
    assert told(ann) == ["Invited"]


def test_the_session_of_what_is_on_request_answers_from_the_beginning_and_its_plays_know_of_the_login() -> (
    None
):
    text = ON_REQUEST.replace("start + 1s", "start and ready + 1s")
    script = Script(scenario(text))
    ann = come(script)
    login = ann.post("/me", {"operationName": "Ready"})
    script.advance(60)
    assert script.answer(login).body == {"statusCode": 0}
    offer(script)
    script.advance(1)
    assert told(ann) == ["Invited"]
    offer(script)
    script.advance(1)
    assert told(ann) == ["Invited", "Invited"]
    assert len(script.simulator.agents.all[0].sessions) == 1


def test_the_session_of_what_nobody_has_been_offered_answers_and_tells_nothing() -> None:
    news = "  - {id: busy, push: /chats, after: ready + 1s, data: {state: Busy}}\n"
    login = LOGIN.replace("POST /me,", "POST /me, repeat: cycle,")
    texts = {"calm": f"{login}{CHAT}", "busy": f"offered: on-request\n{login}{news}{CHAT}"}
    script = Script(*(scenario(text, name=name) for name, text in texts.items()))
    ann = come(script)
    ann.post("/me", {"operationName": "Ready"})
    script.advance(5)
    assert told(ann) == ["Invited"]
    assert all("busy" not in each.why for each in undelivered(script.simulator)[0])
    offer(script, "busy")
    ann.post("/me", {"operationName": "Ready"})
    script.advance(5)
    assert sorted(told(ann)) == ["Busy", "Invited", "Invited"]


def test_what_is_offered_at_start_is_beside_what_is_on_request_and_a_login_counts_for_both() -> None:
    begins = f"{LOGIN}{CHAT}".replace("start + 1s", "start and ready + 1s")
    script = Script(scenario(begins, name="begins"), scenario(f"offered: on-request\n{begins}", name="asked"))
    ann = come(script)
    ann.post("/me", {"operationName": "Ready"})
    script.advance(5)
    assert plays(script) == ["begins#1"]
    assert offer(script, "asked") == "asked#1"
    script.advance(1)
    assert told(ann) == ["Invited", "Invited"]


def test_a_play_that_is_offered_before_the_agent_listens_begins_when_it_does() -> None:
    script = Script(scenario(ON_REQUEST))
    ann = script.desktop("ann")
    ann.post("/me", {"operationName": "Ready"})
    offer(script)
    script.advance(5)
    ann.open_socket()
    ann.handshake()
    ann.subscribe("/chats")
    script.advance(1)
    assert told(ann) == ["Invited"]


def test_agents_with_roles_log_in_before_they_are_given_one() -> None:
    script = Script(scenario(CONSULT))
    ann, bob = come(script, "ann"), come(script, "bob")
    logins = [each.post("/me", {"do": "Ready"}) for each in (ann, bob)]
    script.advance(5)
    assert [script.answer(login).body for login in logins] == [{"of": "first"}] * 2
    assert offer(script, user="ann") == offer(script, user="bob") == "story#1"
    script.advance(1)
    assert ([each.data for each in ann.events], [each.data for each in bob.events]) == (
        [{"for": "first"}],
        [{"for": "second"}],
    )
    # Who has taken a role is answered by its session first.
    logins = [each.post("/me", {"do": "Ready"}) for each in (ann, bob)]
    script.advance(0)
    assert [script.answer(login).body for login in logins] == [{"of": "first"}, {"of": "second"}]


def test_one_whose_name_is_a_role_goes_by_the_session_of_that_role_from_the_beginning() -> None:
    script = Script(scenario(CONSULT))
    second = come(script, "second")
    login = second.post("/me", {"do": "Ready"})
    script.advance(0)
    assert script.answer(login).body == {"of": "second"}


def test_plays_of_roles_that_were_on_request_leave_nothing_behind() -> None:
    text = CONSULT.replace(
        "steps:", "steps:\n  - {id: done, agent: first, push: /chats, after: start, data: 1}"
    )
    script = Script(scenario(text))
    desktops = [come(script, user) for user in ("ann", "bob")]
    for desktop in desktops:
        desktop.post("/me", {"do": "Ready"})
    for _ in range(100):
        for user in ("ann", "bob"):
            offer(script, user=user)
        script.advance(5)
    ann = script.simulator.agents.named("ann")
    assert len(ann.plays) < 100
    ahead = next(session for session in ann.sessions if session.is_ahead)
    assert len(ahead.followers) == len(ann.plays)


def test_nothing_is_expected_of_what_nobody_has_been_offered() -> None:
    script = Script(scenario(f"{ON_REQUEST}expect: [{{step: complete}}]"))
    come(script)
    script.advance(5)
    assert script.simulator.expecting.unmet(script.now) == []
    offer(script)
    assert script.simulator.expecting.unmet(script.now) != []


def test_a_chat_that_is_completed_brings_the_next_and_so_on() -> None:
    script = Script(scenario(AGAIN))
    ann = come(script)
    for number in range(1, 6):
        script.advance(1)
        assert told(ann)[-1] == "Invited"
        complete(ann)
        script.advance(20.999)
        assert len(plays(script)) == number
        script.advance(0.001)
        assert len(plays(script)) == number + 1
    ids = [event.data["id"] for event in ann.events if event.data["state"] == "Invited"]
    assert len(set(ids)) == len(ids) == 5


def test_what_is_on_request_brings_the_next_too_once_it_was_offered() -> None:
    script = Script(scenario(f"offered: on-request\n{AGAIN}"))
    ann = come(script)
    script.advance(100)
    offer(script)
    script.advance(1)
    complete(ann)
    script.advance(22)
    assert plays(script) == ["story#1", "story#2"]


def test_a_login_and_a_chat_that_both_have_to_come_bring_the_next() -> None:
    script = Script(scenario(f"again: completed and ready + 2s\n{LOGIN}{CHAT}"))
    ann = come(script)
    script.advance(1)
    complete(ann)
    script.advance(60)
    assert len(plays(script)) == 1
    ann.post("/me", {"operationName": "Ready"})
    script.advance(2)
    assert len(plays(script)) == 2


def test_with_speed_max_plays_follow_each_other_and_time_goes_on() -> None:
    script = Script(scenario(f"again: start + 1h\n{CHAT}"), options=Options(pace=Pace(None)))
    come(script)
    script.advance(10 * SETTLE)
    assert len(plays(script)) == 11


def test_a_delay_that_chance_makes_nothing_brings_no_plays_in_no_time() -> None:
    script = Script(scenario(f"again: start + uniform(0s, 1ms)\n{CHAT}"))
    come(script)
    script.advance(10 * SETTLE)
    assert len(plays(script)) == 11


@pytest.mark.parametrize("pace", ["", "pace: 'recorded, idle-max(2s)'\n", "pace: fixed(2s)\n"])
def test_the_next_play_comes_at_the_pace_of_the_scenario(pace: str) -> None:
    script = Script(scenario(pace + AGAIN))
    ann = come(script)
    script.advance(2)
    complete(ann)
    script.advance(4.5)
    assert len(plays(script)) == (2 if pace else 1)


def test_an_agent_who_is_away_is_offered_nothing_until_it_is_back() -> None:
    script = Script(scenario(AGAIN))
    ann = come(script)
    script.advance(1)
    complete(ann)
    script.advance(5)
    ann.disconnect()
    script.advance(3600)
    assert plays(script) == ["story#1"]
    come(script)
    assert plays(script) == ["story#1", "story#2"]


def test_after_a_reset_no_play_comes_of_those_before() -> None:
    script = Script(scenario(AGAIN))
    ann = come(script)
    script.advance(1)
    complete(ann)
    script.advance(5)
    script.direct(lambda simulator, now: reset(simulator, ["agents"], now), "reset")
    come(script)
    script.advance(60)
    assert plays(script) == ["story#1"]


def test_agents_that_went_long_ago_are_forgotten_with_what_they_were_to_get() -> None:
    options = Options(agents_kept=0, agents_kept_for=60.0)
    script = Script(scenario(AGAIN), options=options)
    ann = come(script)
    script.advance(1)
    complete(ann)
    ann.disconnect()
    script.advance(3600)
    come(script, "bob").disconnect()
    assert [agent.label for agent in script.simulator.agents.all] == ["bob"]
    assert script.simulator.offering.waiting == 0


def test_who_finishes_nothing_gets_no_more_than_anybody_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offering, "MOST_PLAYS", 5)
    script = Script(scenario(f"again: start + 1s\n{CHAT}"))
    ann = come(script)
    script.advance(100)
    assert len(plays(script)) == 5
    complete(ann)
    script.advance(offering.LATER + 1)
    assert len(plays(script)) == 6


def after_hours(script: Script, desktop: Desktop) -> Agent:
    for _ in range(200):
        script.advance(1)
        complete(desktop)
        script.advance(21)
    (agent,) = script.simulator.agents.all
    return agent


def test_hours_of_chats_take_no_more_room_than_the_latest() -> None:
    script = Script(scenario(AGAIN))
    ann = come(script)
    agent = after_hours(script, ann)
    assert len(agent.plays) < 60
    assert agent.forgotten.plays + len(agent.plays) == 201


def test_a_scenario_that_changes_brings_plays_as_it_is_by_then() -> None:
    script = Script(scenario(AGAIN))
    ann = come(script)
    script.advance(1)
    after = plan(msgspec.structs.replace(scenario(CHAT.replace("Invited", "Ringing")), name="story"))
    script.direct(lambda simulator, now: simulator.renewing.renew(0, after, now), "changed")
    complete(ann)
    script.advance(22)
    assert told(ann)[-1] == "Ringing"
    # The new one brings none.
    complete(ann)
    script.advance(60)
    assert len(plays(script)) == 2


FAULTY = f"""
faults:
  - {{name: refused, fault: handshake-refused}}
  - {{name: slow, fault: delay, where: {{step: invited}}, settings: {{by: 5s}}}}
  - {{name: gone, fault: refuse, from: 3s, ttl: 5s}}
{ON_REQUEST}
"""


def test_what_goes_wrong_in_a_scenario_on_request_does_so_once_it_is_played() -> None:
    script = Script(scenario(CHAT, name="calm"), scenario(FAULTY, name="faulty"))
    ann = come(script)
    script.advance(60)
    assert told(ann) == ["Invited"]
    assert (script.is_open, script.simulator.faulting.striking.rules) == (True, [])
    offer(script, "faulty")
    assert len(script.simulator.faulting.striking.rules) == 3
    script.advance(2.5)
    assert told(ann) == ["Invited"]
    script.advance(0.5)
    assert not script.is_open
    script.advance(5)
    assert script.is_open
    assert told(ann) == ["Invited", "Invited"]


def test_after_a_reset_nothing_goes_wrong_before_it_is_offered_again() -> None:
    script = Script(scenario(FAULTY, name="faulty"))
    for what in (["agents"], ["agents", "faults"], ["faults"]):
        come(script)
        offer(script)
        assert len(script.simulator.faulting.striking.rules) == 3
        script.direct(lambda simulator, now, what=what: reset(simulator, what, now), "reset")
        assert len(script.simulator.faulting.striking.rules) == (3 if what == ["faults"] else 0)
        script.advance(10)


COMMON = f"""{LOGIN.rstrip()}
  - {{id: active, push: /chats, after: ready + 1s, data: {{id: "${{me}}", state: Active}}}}
  - {{id: me, request: GET /me, respond: {{body: "${{me}}"}}}}
"""
TELLING = """
variables: {{me: {{recorded: 009052C5E743004C, make: participant-id}}}}
cometd: {{max_interval: 10h}}
{common}
steps:
  - {{id: told, push: /chats, after: {after}, data: {{id: "${{me}}", state: {state}}}}}
"""


def telling(state: str, after: str, common: str = COMMON, head: str = "") -> str:
    return head + TELLING.format(state=state, after=after, common=common)


def test_a_session_that_many_scenarios_have_alike_is_one_and_its_ids_are_the_same_in_all() -> None:
    texts = [telling(f"S{n}", "start and ready + 2s") for n in range(10)]
    script = Script(*(scenario(text, name=f"s{n}") for n, text in enumerate(texts)))
    ann = come(script)
    (agent,) = script.simulator.agents.all
    assert len(agent.sessions) == 1
    me = ann.get("/me")
    ann.post("/me", {"operationName": "Ready"})
    script.advance(2)
    assert told(ann) == ["Active", *(f"S{n}" for n in range(10))]
    assert {event.data["id"] for event in ann.events} == {script.answer(me).body}


def test_each_story_counts_for_itself_how_often_something_of_the_common_session_has_happened() -> None:
    often = telling("Often", "ready + 2s").replace("POST /me,", "POST /me, repeat: cycle,")
    once = telling("Once", "start").replace("POST /me,", "POST /me, repeat: cycle,")
    script = Script(scenario(once, name="once"), scenario(often, name="often"))
    ann = come(script)
    for _ in range(3):
        ann.post("/me", {"operationName": "Ready"})
        script.advance(5)
    assert told(ann).count("Often") == 3
    assert len(script.simulator.agents.all[0].sessions) == 1


@pytest.mark.parametrize(
    "other",
    [
        telling("B", "ready + 2s", COMMON.replace("respond: {body: {statusCode: 0}}", "respond: {body: {}}")),
        telling("B", "ready + 2s", head="pace: 'fixed(1s)'\n"),
        telling("B", "ready + 2s", head="ignore: [operationName]\n"),
        telling("B", "ready + 2s").replace("recorded: 009052C5E743004C", "recorded: 009052C5E743004D"),
    ],
    ids=["answer", "pace", "ignored field", "variable"],
)
def test_sessions_that_differ_stay_two(other: str) -> None:
    script = Script(scenario(telling("A", "ready + 2s"), name="a"), scenario(other, name="b"))
    ann = come(script)
    assert len(script.simulator.agents.all[0].sessions) == 2
    ann.post("/me", {"operationName": "Ready"})
    script.advance(5)
    assert {"A", "B"} < set(told(ann))


def test_what_is_no_part_of_the_session_makes_no_difference() -> None:
    head = "about: another\nignore: [timestamp]\nshift_times: [timestamp]\n"
    head += "source: {recorded: '2014-01-02T14:23:20-08:00'}\nfaults: [{name: f, fault: drop}]\n"
    other = telling("B", "ready + 2s", head=head)
    script = Script(scenario(telling("A", "ready + 2s"), name="a"), scenario(other, name="b"))
    come(script)
    assert len(script.simulator.agents.all[0].sessions) == 1


def test_what_each_scenario_expects_of_the_common_session_is_held() -> None:
    expects = "expect: [{step: ready, after: me}]\n"
    script = Script(
        scenario(telling("A", "start"), name="a"), scenario(telling("B", "start", head=expects), name="b")
    )
    ann = come(script)
    assert "ready was expected" in script.simulator.expecting.unmet(script.now)[0]
    ann.post("/me", {"operationName": "Ready"})
    script.advance(1)
    assert "it came before that" in script.simulator.expecting.unmet(script.now)[0]


def test_one_of_the_scenarios_with_a_common_session_may_change() -> None:
    script = Script(
        scenario(telling("A", "ready + 2s"), name="a"), scenario(telling("B", "ready + 2s"), name="b")
    )
    ann = come(script)
    ann.post("/me", {"operationName": "Ready"})
    script.advance(5)
    after = plan(scenario(telling("C", "start and ready + 1s"), name="b"))
    script.direct(lambda simulator, now: simulator.renewing.renew(1, after, now), "changed")
    offer(script, "b")
    offer(script, "a")
    script.advance(5)
    assert told(ann)[-1] == "C"
    me = ann.get("/me")
    script.advance(0)
    assert script.answer(me).body == ann.events[-1].data["id"]


def test_whichever_of_several_ends_a_chat_brings_the_next() -> None:
    ends = """
    cometd: {max_interval: 10h}
    again: [completed + 20s, rejected + 8s]
    steps:
      - {id: offer, push: /a, after: start, data: offer}
      - {id: complete, request: POST /complete, repeat: once}
      - {id: completed, push: /a, after: complete, data: completed}
      - {id: reject, request: POST /reject, repeat: once}
      - {id: rejected, push: /a, after: reject, data: rejected}
    """
    script = Script(scenario(ends))
    desktop = script.desktop("ann")
    desktop.open_socket()
    desktop.handshake()
    desktop.subscribe("/a")
    desktop.post("/reject", {})
    script.advance(8)
    desktop.post("/complete", {})
    script.advance(20)

    heard = [(event.at, event.data) for event in desktop.events]
    script.expect(heard, [(0, "offer"), (0, "rejected"), (8, "offer"), (8, "completed"), (28, "offer")])


def test_what_nobody_has_read_holds_up_no_play_that_is_over() -> None:
    read = "steps:\n  - {id: look, request: GET /look, repeat: cycle}"
    script = Script(scenario(AGAIN.replace("steps:", read)))
    ann = come(script)
    agent = after_hours(script, ann)
    assert len(agent.plays) < 60
