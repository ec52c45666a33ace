"""What requests have to come with: refused without it, whatever they ask, and let pass with it."""

from __future__ import annotations

from typing import Any

import pytest

from replay import wire
from replay.account import lines_of
from replay.plan.timeline import plan
from replay.scenario.dump import dumps
from replay.scenario.load import loads
from replay.scenario.model import Scenario
from replay.simulator.directing import offer
from replay.simulator.options import Options
from replay.testing import Desktop, Script, scenario

CSRF = """
demands:
  - header: X-CSRF-TOKEN
    value: "${csrf}"
    methods: [POST, PUT, DELETE]
    given: {X-CSRF-HEADER: X-CSRF-TOKEN, X-CSRF-TOKEN: "${csrf}"}
    refused: {status: 403, text: Missing or invalid Csrf token}
"""
LOGIN = """
demands:
  - header: Authorization
    unless_cookie: true
    refused: {status: 403, body: {statusCode: 20, statusMessage: Access denied}}
"""
STEPS = """
variables:
  csrf: {make: uuid}
  chat: {recorded: 0000Na9B26EF002X, make: interaction-id}
session:
  - {id: me, request: GET /me, respond: {body: {statusCode: 0}}}
steps:
  - {id: invited, push: /chats, data: {id: "${chat}"}}
  - {id: accept, request: "POST /chats/${chat}", repeat: last, respond: {body: {statusCode: 0}}}
"""
REFUSED = (403, b"Missing or invalid Csrf token")
WAITED = [1.376, 1.782]
DENIED = (403, {"statusCode": 20, "statusMessage": "Access denied"})


def story(demands: str = CSRF, name: str = "story", steps: str = STEPS) -> Scenario:
    return scenario(demands + steps, name=name)


def said(script: Script, number: int) -> tuple[int, Any]:
    reply = script.answer(number)
    return reply.status, reply.body


def given(script: Script, number: int) -> dict[str, str]:
    """The headers of an answer that are about the token."""
    return {name: value for name, value in script.headers(number) if "CSRF" in name}


def with_token(script: Script, desktop: Desktop) -> str:
    """Asks who it is, and keeps the token that comes with the answer."""
    token = given(script, desktop.get("/me"))["X-CSRF-TOKEN"]
    desktop.brings["x-csrf-token"] = token
    return token


def test_a_desktop_without_the_token_is_refused_and_with_the_one_it_was_given_it_works() -> None:
    script = Script(story())
    desktop = script.desktop()
    refused = [desktop.post("/chats/1", {}), desktop.handshake()]

    script.expect([said(script, each) for each in refused], [REFUSED] * 2)
    script.expect(desktop.client_id, "")

    with_token(script, desktop)
    desktop.handshake()
    desktop.subscribe("/chats")
    desktop.connect(advice={"timeout": 0})
    (invited,) = desktop.events
    script.expect(said(script, desktop.post(f"/chats/{invited.data['id']}", {})), (200, {"statusCode": 0}))


def test_the_answer_to_a_get_carries_the_token_and_the_name_of_its_header_and_that_to_a_post_neither() -> (
    None
):
    script = Script(story())
    desktop = script.desktop()
    token = with_token(script, desktop)
    script.expect(given(script, desktop.get("/me")), {"X-CSRF-HEADER": "X-CSRF-TOKEN", "X-CSRF-TOKEN": token})
    desktop.handshake()
    script.expect(given(script, desktop.post("/chats/1", {})), {})


def test_a_get_that_is_no_step_brings_the_token_all_the_same() -> None:
    script = Script(story())
    desktop = script.desktop()
    with_token(script, desktop)
    missed = desktop.get("/nothing")
    script.expect(
        (said(script, missed)[0], list(given(script, missed))), (404, ["X-CSRF-HEADER", "X-CSRF-TOKEN"])
    )


def test_the_token_of_another_agent_is_refused() -> None:
    script = Script(story())
    kim, lee = script.desktop("kim"), script.desktop("lee")
    tokens = with_token(script, kim), with_token(script, lee)
    script.expect(tokens[0] != tokens[1], True)
    kim.brings = lee.brings
    script.expect(said(script, kim.handshake()), REFUSED)


def test_a_token_that_is_empty_or_wrong_is_none() -> None:
    script = Script(story())
    desktop = script.desktop()
    token = with_token(script, desktop)
    for wrong in ("", token.upper(), token + "0"):
        desktop.brings["x-csrf-token"] = wrong
        script.expect(said(script, desktop.handshake()), REFUSED)


def test_options_is_never_refused() -> None:
    steps = STEPS + "  - {id: ways, request: OPTIONS /me, respond: {status: 204}}\n"
    demands = CSRF.replace("    methods: [POST, PUT, DELETE]\n", "").replace("    given:", "    # given:")
    script = Script(story(demands, steps=steps))
    desktop = script.desktop()
    script.expect(script.answer(desktop.request("OPTIONS", "/me")).status, 204)
    script.expect(said(script, desktop.get("/me")), REFUSED)


def test_who_has_no_login_is_refused_until_it_says_who_it_is_and_then_its_cookie_is_enough() -> None:
    script = Script(story(LOGIN))
    nobody = script.desktop()
    script.expect([said(script, each) for each in (nobody.get("/me"), nobody.handshake())], [DENIED] * 2)
    script.expect(script.simulator.agents.came, 0)

    kim = script.desktop("kim")
    script.expect(said(script, kim.get("/me"))[0], 200)
    nobody.jar = kim.jar
    script.expect([said(script, each)[0] for each in (nobody.get("/me"), nobody.handshake())], [200, 200])


def test_a_session_cookie_that_is_of_no_session_opens_nothing() -> None:
    script = Script(story(LOGIN))
    desktop = script.desktop()
    desktop.jar = {"JSESSIONID": "of-yesterday"}
    script.expect([said(script, each) for each in (desktop.get("/me"), desktop.get("/me"))], [DENIED] * 2)


def test_a_cookie_of_bayeux_alone_is_no_login() -> None:
    script = Script(story(LOGIN))
    kim = script.desktop("kim")
    kim.handshake()
    nobody = script.desktop()
    nobody.jar = kim.jar
    script.expect((list(nobody.jar), said(script, nobody.get("/me"))), (["BAYEUX_BROWSER"], DENIED))


def test_a_poll_of_a_page_is_a_get() -> None:
    script = Script(story())
    number = next(script.numbers)
    types = b'"supportedConnectionTypes":["callback-polling"]'
    polled = wire.Polled(
        exchange=number,
        mount=next(iter(script.simulator.mounts)),
        transport="callback-polling",
        callback="heard",
        body=b'[{"channel":"/meta/handshake","version":"1.0",%b}]' % types,
        base_url="http://localhost",
    )
    script.put(polled, "handshake of a script")
    script.expect(script.answer(number).status, 200)


def test_a_refusal_is_in_the_journal_and_is_counted_and_is_no_miss() -> None:
    script = Script(story())
    desktop = script.desktop("kim")
    with_token(script, desktop)
    desktop.brings = {}
    desktop.post("/chats/1?secret=1", {})
    desktop.handshake()
    found = [
        (entry.agent, entry.step, entry.detail)
        for entry in script.simulator.journal
        if entry.kind == "answer" and not entry.step
    ]
    mount = next(iter(script.simulator.mounts))
    script.expect(
        found,
        [
            ("kim", "", {"request": f"POST {path}", "status": 403, "demand": "X-CSRF-TOKEN"})
            for path in ("/chats/1", mount)
        ],
    )
    script.expect(script.simulator.misses.total, 0)
    script.expect(script.simulator.tallies.answers.counts["", "", 403], 2)


def test_who_reads_what_happened_is_told_what_was_lacking() -> None:
    script = Script(story())
    desktop = script.desktop("kim")
    desktop.get("/me")
    desktop.post("/chats/1", {})
    (line,) = lines_of(list(script.simulator.journal)[-1:])

    script.expect(line.split("answer  ")[1], "POST /chats/1 answered 403, for want of X-CSRF-TOKEN")


def test_where_nothing_is_demanded_nobody_is_asked() -> None:
    script = Script(story(""))
    script.expect(script.simulator.demanding.is_on, False)


def test_a_demand_holds_for_all_that_its_agent_asks_also_of_another_scenario() -> None:
    other = scenario("steps: [{id: other, request: POST /other}]", name="other")
    script = Script(other, story())
    desktop = script.desktop()
    script.expect(said(script, desktop.post("/other", {})), REFUSED)
    with_token(script, desktop)
    script.expect(said(script, desktop.post("/other", {}))[0], 200)


def test_of_two_scenarios_that_demand_the_same_header_the_first_has_the_token() -> None:
    script = Script(story(), story(name="second"))
    desktop = script.desktop()
    token = with_token(script, desktop)
    script.expect([name for name, _ in script.headers(1)].count("X-CSRF-TOKEN"), 1)
    desktop.handshake()
    script.expect((bool(desktop.client_id), bool(token)), (True, True))


def test_a_session_can_tell_the_token_in_an_answer_of_its_own() -> None:
    steps = STEPS.replace("{statusCode: 0}", '{token: "${csrf}"}', 1)
    script = Script(story(steps=steps))
    desktop = script.desktop()
    number = desktop.get("/me")
    script.expect(script.answer(number).body, {"token": given(script, number)["X-CSRF-TOKEN"]})


def test_agents_who_share_a_play_have_each_a_token_of_their_own() -> None:
    steps = """
variables: {csrf: {make: uuid}}
session:
  - {id: me, agent: first, request: GET /me, respond: {body: 1}}
  - {id: me-too, agent: second, request: GET /me, respond: {body: 2}}
steps:
  - {id: here, agent: first, push: /chats, data: 1}
  - {id: there, agent: second, push: /chats, data: 2}
"""
    script = Script(story(steps=steps))
    first, second = script.desktop("first"), script.desktop("second")
    tokens = with_token(script, first), with_token(script, second)
    first.handshake()
    second.handshake()
    script.expect((len({*tokens}), bool(first.client_id), bool(second.client_id)), (2, True, True))


def test_a_refusal_may_take_its_time_and_names_whom_it_is_for() -> None:
    demands = """
demands:
  - header: X-Key
    value: open
    refused:
      {after: 2s, status: 401, headers: {WWW-Authenticate: "Basic ${realm}"}, body: {at: "${base_url}"}}
"""
    steps = STEPS.replace("variables:", "variables:\n  realm: {recorded: Ward}")
    script = Script(story(demands, steps=steps))
    desktop = script.desktop()
    number = desktop.get("/me")
    script.advance(1.9)
    script.expect(script.waits(number), True)
    script.advance(0.1)
    script.expect(said(script, number), (401, {"at": "http://localhost:8090"}))
    script.expect(dict(script.headers(number))["WWW-Authenticate"], "Basic Ward")
    desktop.brings["x-key"] = "open"
    script.expect(said(script, desktop.get("/me"))[0], 200)


@pytest.mark.parametrize("others", [0, 1, 5])
def test_how_long_a_refusal_takes_does_not_depend_on_whom_else_is_refused(others: int) -> None:
    demands = """
demands:
  - {header: X-Key, refused: {after: "uniform(1s, 2s)", status: 401}}
"""
    script = Script(story(demands))
    for number in range(others):
        script.desktop(f"other-{number}").get("/me")
    waited = []
    for _ in range(2):
        since, number = script.now, script.desktop("kim").get("/me")
        while script.waits(number):
            script.advance(0.001)
        waited.append(round(script.now - since, 3))
    script.expect(waited, WAITED)


def test_a_scenario_that_is_changed_demands_of_those_who_come_and_of_whoever_gets_another_play() -> None:
    script = Script(scenario(STEPS.replace("  csrf: {make: uuid}\n", ""), name="story"))
    kim, lee = script.desktop("kim"), script.desktop("lee")
    kim.get("/me")
    script.simulator.renewing.renew(0, plan(story()), script.now)
    script.expect([said(script, each.handshake())[0] for each in (kim, lee)], [200, 403])
    offer(script.simulator, "story", "kim", script.now)
    script.expect(said(script, kim.handshake()), REFUSED)
    with_token(script, kim)
    script.expect(said(script, kim.handshake())[0], 200)


def test_what_is_demanded_no_more_is_demanded_of_plays_that_have_begun() -> None:
    script = Script(story())
    kim, lee = script.desktop("kim"), script.desktop("lee")
    kim.get("/me")
    script.simulator.renewing.renew(0, plan(scenario(STEPS, name="story")), script.now)
    script.expect([said(script, each.handshake())[0] for each in (kim, lee)], [403, 200])


def test_a_value_that_is_given_to_all_is_everybodys_token() -> None:
    script = Script(story(), options=Options(values={"csrf": "t0ken"}))
    script.expect([with_token(script, script.desktop(user)) for user in ("kim", "lee")], ["t0ken"] * 2)


def test_demands_are_written_as_they_are_read() -> None:
    both = story(CSRF + LOGIN.removeprefix("\ndemands:\n"))
    assert loads(dumps(both)) == both
    assert [demand.header for demand in both.demands] == ["X-CSRF-TOKEN", "Authorization"]


@pytest.mark.parametrize("body", [b"{", b'[{"channel": 1}]', b"", b"[" * 2000])
def test_a_body_as_no_client_sends_it_is_refused_like_any(body: bytes) -> None:
    script = Script(story())
    desktop = script.desktop()
    refused = [desktop.say(body), desktop.request("POST", "/me", body)]
    script.expect([said(script, each) for each in refused], [REFUSED] * 2)
