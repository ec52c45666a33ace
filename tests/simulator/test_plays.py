"""Which step of which play a request is, and what it sets off."""

from __future__ import annotations

from typing import Any

import pytest

from replay.testing import Desktop, Event, Reply, Script, scenario

SAID = {"ok": True}


def begin(*texts: str, **options: Any) -> tuple[Script, Desktop]:
    """A desktop that listens to /a and is answered at once on a socket."""
    named = [scenario(text, name=f"story{number}") for number, text in enumerate(texts, 1)]
    script = Script(*named, **options)
    desktop = script.desktop("ann")
    desktop.open_socket()
    desktop.handshake()
    desktop.subscribe("/a")
    return script, desktop


def missed(script: Script, exchange: int) -> str:
    """Why a request was a miss."""
    reply = script.answer(exchange)
    assert reply.status == 404, str(script)
    assert reply.body["statusMessage"] == reply.body["replay"]["why"]
    return str(reply.body["replay"]["why"])


def statuses(script: Script, *exchanges: int) -> list[int]:
    return [script.answer(exchange).status for exchange in exchanges]


def bodies(script: Script, *exchanges: int) -> list[Any]:
    return [script.answer(exchange).body for exchange in exchanges]


def test_a_get_is_answered_again_and_again_with_its_last_answer() -> None:
    script, desktop = begin("steps: [{id: x, request: GET /x, respond: [{body: 1}, {body: 2}]}]")

    script.expect(bodies(script, *(desktop.get("/x") for _ in range(4))), [1, 2, 2, 2])


def test_an_operation_is_answered_once() -> None:
    script, desktop = begin("steps: [{id: x, request: POST /x, respond: [{body: 1}, {body: 2}]}]")
    first = [desktop.post("/x", {}) for _ in range(2)]
    script.advance(3)

    script.expect(bodies(script, *first), [1, 2])
    sentence = "offer story1 once more: 'x' was already answered in story1#1"
    script.expect(missed(script, desktop.post("/x", {})), sentence)


def test_a_cycle_begins_again() -> None:
    script, desktop = begin(
        "steps: [{id: x, request: POST /x, repeat: cycle, respond: [{body: 1}, {body: 2}]}]"
    )

    script.expect(bodies(script, *(desktop.post("/x", {}) for _ in range(5))), [1, 2, 1, 2, 1])


def test_the_same_request_within_two_seconds_is_a_retry_with_the_same_answer_and_sets_nothing_off() -> None:
    script, desktop = begin(
        """
        steps:
          - {id: x, request: POST /x, respond: {after: 100ms, body: 1}}
          - {id: y, push: /a, after: x + 1s, data: 1}
        """
    )
    first = desktop.post("/x", {"n": 1})
    early = desktop.post("/x", {"n": 1})
    script.advance(2)
    late = desktop.post("/x", {"n": 1})
    script.advance(0.001)
    too_late = desktop.post("/x", {"n": 1})
    other = desktop.post("/x", {"n": 2})

    script.expect([script.answer(each) for each in (first, early)], [Reply(0.1, 1), Reply(0.1, 1)])
    script.expect(script.answer(late), Reply(2.0, 1))
    sentence = "offer story1 once more: 'x' was already answered in story1#1"
    assert missed(script, too_late) == missed(script, other) == sentence
    script.expect(desktop.events, [Event(1.0, "/a", 1)])


def test_a_next_step_that_looks_alike_takes_the_same_request_at_once() -> None:
    step = "{{id: {0}, request: POST /x, body: {{text: ok}}, respond: {{body: {0}}}}}"
    script, desktop = begin(f"steps: [{step.format('a')}, {step.format('b')}]")

    asked = [desktop.post("/x", {"text": "ok"}) for _ in range(3)]

    script.expect(bodies(script, *asked), ["a", "b", "b"])


def test_a_retry_is_answered_before_another_play_is_asked() -> None:
    story = "steps: [{id: x, request: POST /x, respond: {body: 1}}, {id: y, push: /a, data: 1}]"
    script, desktop = begin(story, story)
    first, again = desktop.post("/x", {}), desktop.post("/x", {})
    script.advance(3)
    later = desktop.post("/x", {})

    assert statuses(script, first, again, later) == [200, 200, 200]
    requests = [entry.play for entry in script.simulator.journal if entry.kind == "request"]
    script.expect(requests, ["story2#1", "story1#1"])


def test_who_logs_in_again_at_once_is_at_the_step_whose_turn_has_come() -> None:
    login = "{{id: {0}, request: POST /login, {1}respond: {{body: {0}}}}}"
    script, desktop = begin(
        f"""
        session: [{login.format("login", "")}]
        steps:
          - {{id: refused, request: POST /x, respond: {{status: 403, body: expired}}}}
          - {login.format("again", "needs: [refused], ")}
        """
    )

    asked = [desktop.post(path, {}) for path in ("/login", "/login")]
    script.advance(0.001)
    asked += [desktop.post(path, {}) for path in ("/x", "/login", "/login")]

    script.expect(bodies(script, *asked), ["login", "login", "expired", "again", "again"])


def test_who_logs_in_again_at_once_is_heard_by_the_scenario_that_lets_it() -> None:
    once = (
        "session: [{id: ready, request: POST /ready}]\nsteps: [{id: x, push: /a, after: ready + 1s, data: 1}]"
    )
    often = """
        session:
          - {id: ready, request: POST /ready, repeat: last}
          - {id: is-ready, push: /a, after: ready, data: ready}
        steps: []
        """
    script, desktop = begin(once, often)

    asked = [desktop.post("/ready", {}) for _ in range(2)]
    script.advance(3)

    assert statuses(script, *asked) == [200, 200]
    script.expect([event.data for event in desktop.events], ["ready", "ready", 1])


def test_a_request_that_needs_another_step_is_a_miss_until_that_step_took_place() -> None:
    script, desktop = begin(
        """
        steps:
          - {id: first, request: POST /first}
          - {id: pushed, push: /a, after: first + 1s, data: 1}
          - {id: second, request: POST /second, needs: [first, pushed], respond: {body: 1}}
        """
    )
    early = desktop.post("/second", {})
    desktop.post("/first", {})
    script.advance(0.999)
    soon = desktop.post("/second", {})
    script.advance(0.001)

    needs = "'second' is not reached yet, it needs"
    assert missed(script, early) == f"ask 'first' first: {needs} 'first' and 'pushed'"
    assert missed(script, soon) == f"wait 0.001s for 'pushed': {needs} 'pushed'"
    assert statuses(script, desktop.post("/second", {})) == [200]


def test_two_steps_that_look_alike_are_taken_in_turn() -> None:
    step = "{{id: {0}, request: POST /x, respond: {{body: {0}}}}}"
    script, desktop = begin(f"steps: [{step.format('a')}, {step.format('b')}]")

    script.expect(bodies(script, desktop.post("/x", {}), desktop.post("/x", {"n": 1})), ["a", "b"])


def test_the_step_that_says_most_of_the_body_is_asked_first_every_time() -> None:
    script, desktop = begin(
        """
        variables: {what: {recorded: Nod}, text: {recorded: hi}, word: {recorded: ho}, kind: {recorded: x}}
        steps:
          - {id: any, request: POST /x, body: {do: "${what}"}, repeat: cycle, respond: {body: any}}
          - {id: say, request: POST /x, body: {do: Say, text: "${text}"}, repeat: cycle, respond: {body: say}}
          - id: kindly
            request: POST /x
            body: {do: Say, text: "${word}", kind: "${kind}"}
            repeat: cycle
            respond: {body: kindly}
        """
    )
    kindly = {"do": "Say", "text": "a", "kind": "b"}
    sent = [
        {"do": "Nod"},
        kindly,
        {"do": "Say", "text": "c"},
        kindly,
        {"do": "Say"},
        {"do": "Say", "text": 1},
    ]

    found = bodies(script, *(desktop.post("/x", body) for body in sent))
    script.expect(found, ["any", "kindly", "say", "kindly", "any", "say"])


def test_the_step_with_the_most_query_fields_is_asked_first_every_time() -> None:
    script, desktop = begin(
        """
        steps:
          - {id: all, request: GET /x, respond: {body: all}}
          - {id: open, request: GET /x?state=open, respond: {body: open}}
        """
    )
    exchanges = [
        desktop.get(target) for target in ("/x?state=open", "/x?state=open&n=1", "/x", "/x?state=shut")
    ]

    script.expect(bodies(script, *exchanges), ["open", "open", "all", "all"])


def test_a_miss_names_the_closest_step_and_what_differs() -> None:
    script, desktop = begin(
        """
        variables: {nick: {recorded: Marat}}
        steps:
          - {id: other, request: GET /y}
          - {id: accept, request: POST /x?n=1, body: {op: Accept, nick: "${nick}", deep: {list: [1, 2]}}}
        """
    )
    exchange = desktop.post("/x?n=2", {"op": "Reject", "deep": {"list": [1, True]}})

    sentence = (
        'set query.n to "1", not "2", set body.op to "Accept", not "Reject", add body.nick and '
        "change 1 more field: then it is 'accept' of story1#1"
    )
    assert missed(script, exchange) == sentence
    script.expect(
        script.answer(exchange).body["replay"]["closest"],
        {
            "scenario": "story1",
            "play": "story1#1",
            "step": "accept",
            "role": "",
            "differences": [
                {"field": field, "expected": expected, "got": got, "hint": hint, "instead": ""}
                for field, expected, got, hint in (
                    ("query.n", "1", "2", ""),
                    ("body.op", "Accept", "Reject", ""),
                    ("body.nick", "${nick}", "(missing)", ""),
                    ("body.deep.list[1]", 2, True, "a number, not true or false"),
                )
            ],
            "more": 0,
            "state": "answerable",
            "answered": 0,
            "needs": [],
            "waits_for": "",
        },
    )


@pytest.mark.parametrize(
    ("method", "target", "change"),
    [
        ("GET", "/x", "use POST, not GET"),
        ("HEAD", "/x", "use POST, not HEAD"),
        ("POST", "/x/", "ask /x (there is a slash too many)"),
    ],
)
def test_a_miss_says_first_what_to_change(method: str, target: str, change: str) -> None:
    script, desktop = begin("steps: [{id: x, request: POST /x}]")

    said = missed(script, desktop.request(method, target))

    assert said == f"{change}: then it is 'x' of story1#1"


def test_where_no_step_is_like_it_a_miss_says_what_the_play_waits_for_and_names_none() -> None:
    script, desktop = begin("steps: [{id: x, request: POST /x}]")
    exchange = desktop.get("/favicon.ico")

    assert missed(script, exchange) == ("no step is like GET /favicon.ico: story1#1 waits for 'x' (POST /x)")
    script.expect(script.answer(exchange).body["replay"]["closest"], None)


def test_where_no_scenario_has_a_request_a_miss_says_that() -> None:
    script, desktop = begin("steps: [{id: y, push: /a, data: 1}]")

    assert missed(script, desktop.get("/x")) == "add a step to the scenario: none is like GET /x"


def test_the_plain_profile_has_a_body_of_its_own_for_misses() -> None:
    script, desktop = begin("profile: plain\nsteps: [{id: y, push: /a, data: 1}]")

    reply = script.answer(desktop.get("/x"))

    assert (reply.status, reply.body["error"]) == (404, "add a step to the scenario: none is like GET /x")


def test_a_minted_id_says_which_play_a_request_is_for() -> None:
    story = """
    variables: {chat: {recorded: 0000Na9B26EF002X, make: interaction-id}}
    steps:
      - {id: offer, push: /a, after: start, data: "${chat}"}
      - {id: leave, request: POST /leave, body: {of: "${chat}"}, respond: {body: {left: "${chat}"}}}
    """
    script, desktop = begin(story, story)
    chats = [event.data for event in desktop.events]

    exchanges = [desktop.post("/leave", {"of": chat}) for chat in chats]

    script.expect(bodies(script, *exchanges), [{"left": chat} for chat in chats])
    assert len(set(chats)) == 2


def test_a_request_without_a_minted_id_is_for_the_newest_play_that_can_take_it() -> None:
    script, desktop = begin(
        "steps: [{id: x, request: POST /x, respond: {body: older}}, {id: p, push: /a, data: 1}]",
        "steps: [{id: x, request: POST /x, respond: {body: newer}}, {id: p, push: /a, data: 1}]",
    )

    script.expect(
        bodies(script, desktop.post("/x", {"n": 1}), desktop.post("/x", {"n": 2})), ["newer", "older"]
    )


def test_a_request_that_names_a_play_stays_with_it_however_often_it_comes() -> None:
    story = """
    variables: {chat: {recorded: 0000Na9B26EF002X, make: interaction-id}}
    steps:
      - {id: offer, push: /a, after: start, data: "${chat}"}
      - {id: note, request: POST /note, repeat: last, respond: {body: "${chat}"}}
    """
    script, desktop = begin(story, story)

    for chat in [event.data for event in desktop.events] * 2:
        script.expect(script.answer(desktop.post("/note", {"unlisted": chat})).body, chat)


def test_an_agents_own_play_is_asked_before_one_of_somebody_else_that_a_request_names() -> None:
    story = """
    variables: {chat: {recorded: 0000Na9B26EF002X, make: interaction-id}}
    steps:
      - {id: offer, push: /a, after: start, data: "${chat}"}
      - {id: note, request: POST /note, repeat: last, respond: {body: "${chat}"}}
      - {id: take, request: "POST /take/${chat}", repeat: last, respond: {body: "${chat}"}}
    """
    script, ann = begin(story)
    bob = script.desktop("bob")
    bob.open_socket()
    bob.handshake()
    bob.subscribe("/a")
    (of_ann,), (of_bob,) = ([event.data for event in each.events] for each in (ann, bob))

    asked = [bob.post("/note", {"quotes": of_ann}), bob.post(f"/take/{of_ann}", {})]

    script.expect(bodies(script, *asked), [of_bob, of_ann])


def test_an_agents_step_of_the_session_counts_for_all_scenarios_served() -> None:
    story = """
    variables: {place: {recorded: here}}
    session:
      - {id: ready, request: POST /ready, body: {place: "${place}"}, respond: {after: 100ms, body: 1}}
    steps:
      - {id: go, push: /a, after: start and ready + 1s, data: "${place}"}
    """
    script, desktop = begin(story, story)
    script.advance(5)

    exchange = desktop.post("/ready", {"place": "there"})
    script.advance(3)
    again = desktop.post("/ready", {"place": "there"})

    script.expect(script.answer(exchange), Reply(5.1, 1))
    script.expect(desktop.events, [Event(6.0, "/a", "there")] * 2)
    assert missed(script, again) == (
        "let it repeat, or reset the agents: 'ready' of the session was already answered"
    )


def test_only_one_of_the_steps_of_a_session_that_fit_takes_place() -> None:
    script, desktop = begin(
        """
        session:
          - {id: one, request: POST /x, body: {op: One}}
          - {id: any, request: POST /x, match: ignore}
        steps:
          - {id: after-one, push: /a, after: one, data: one}
          - {id: after-any, push: /a, after: any, data: any}
        """
    )
    desktop.post("/x", {"op": "One"})

    script.expect([event.data for event in desktop.events], ["one"])


def test_a_push_of_the_session_comes_at_its_start() -> None:
    script, desktop = begin("session: [{id: hello, push: /a, after: start + 1s, data: hello}]")
    script.advance(1)
    desktop.subscribe("/a")
    script.advance(5)

    script.expect(desktop.events, [Event(1.0, "/a", "hello")])


def test_an_agent_that_subscribes_to_nothing_the_story_pushes_to_has_not_begun() -> None:
    script = Script(scenario("steps: [{id: a, push: /a, after: start + 1s, data: 1}]"))
    desktop = script.desktop()
    desktop.open_socket()
    desktop.handshake()
    desktop.subscribe("/b")
    script.advance(5)
    desktop.subscribe("/a")
    script.advance(1)

    script.expect(desktop.events, [Event(6.0, "/a", 1)])


def test_a_push_waits_for_a_subscription_to_its_channel_and_keeps_its_order() -> None:
    script, desktop = begin(
        """
        steps:
          - {id: one, push: /b/1, after: start + 1s, data: 1}
          - {id: two, push: /b/2, after: start + 2s, data: 2}
          - {id: three, push: /c, after: two + 1s, data: 3}
          - {id: four, push: /a, after: start + 4s, data: 4}
        """
    )
    script.advance(5)
    desktop.subscribe("/c")
    script.advance(1)
    desktop.subscribe("/b/*")

    script.expect(
        desktop.events,
        [Event(4.0, "/a", 4), Event(5.0, "/c", 3), Event(6.0, "/b/1", 1), Event(6.0, "/b/2", 2)],
    )
    assert script.simulator.journal.counts["held"] == 3


def test_what_comes_due_between_two_clients_of_an_agent_waits_for_the_second() -> None:
    script, desktop = begin("steps: [{id: one, push: /a, after: start + 1s, data: 1}]")
    desktop.disconnect()
    script.advance(5)
    desktop.handshake()
    desktop.subscribe("/a")

    script.expect(desktop.events, [Event(5.0, "/a", 1)])


def test_a_service_speaks_to_a_client_that_never_subscribed_to_it() -> None:
    script, desktop = begin(
        """
        steps:
          - {id: hello, push: /a, after: start + 1s, data: 1}
          - {id: served, push: /service/x, after: hello + 1s, data: 2}
        """
    )
    script.advance(2)

    script.expect(desktop.events, [Event(1.0, "/a", 1), Event(2.0, "/service/x", 2)])


def test_a_request_before_anything_is_subscribed_is_answered_and_what_follows_waits() -> None:
    script = Script(
        scenario(
            """
            steps:
              - {id: x, request: POST /x, respond: {after: 1s, body: 1}}
              - {id: y, push: /a, after: x.response + 1s, data: 2}
            """
        )
    )
    desktop = script.desktop()
    exchange = desktop.post("/x", {})
    script.advance(10)
    desktop.handshake()
    desktop.open_socket()
    desktop.subscribe("/a")

    script.expect(script.answer(exchange), Reply(1.0, 1))
    script.expect(desktop.events, [Event(10.0, "/a", 2)])


def test_a_client_that_goes_away_before_its_answer_still_sets_off_what_follows() -> None:
    script, desktop = begin(
        """
        steps:
          - {id: x, request: POST /x, respond: {after: 1s, body: 1}}
          - {id: y, push: /a, after: x + 2s, data: 2}
        """
    )
    desktop.leave(desktop.post("/x", {}))
    script.advance(5)

    script.expect(desktop.events, [Event(2.0, "/a", 2)])


@pytest.mark.parametrize(
    ("respond", "content_type", "body"),
    [
        ("{body: {a: [1, null]}}", "application/json;charset=UTF-8", {"a": [1, None]}),
        ("{text: 'hi ${base_url}'}", "text/plain;charset=UTF-8", b"hi http://localhost:8090"),
        ("{base64: AAH/}", "application/octet-stream", b"\x00\x01\xff"),
        ("{text: a, headers: {content-type: text/x}}", None, b"a"),
        ("{status: 204}", None, b""),
    ],
)
def test_an_answer_is_json_text_or_bytes(respond: str, content_type: str | None, body: Any) -> None:
    script, desktop = begin(f"steps: [{{id: x, request: GET /x, respond: {respond}}}]")

    exchange = desktop.get("/x")

    script.expect(script.answer(exchange).body, body)
    assert dict(script.headers(exchange)).get("Content-Type") == content_type


def test_the_headers_of_an_answer_say_what_their_names_stand_for_and_cannot_be_broken() -> None:
    script, desktop = begin(
        """
        variables: {nick: {recorded: Marat}}
        steps:
          - id: x
            request: POST /x
            body: {nick: "${nick}"}
            respond: {headers: {Location: "${base_url}/by/${nick}", X: "${nick}"}, body: 1}
        """
    )
    exchange = desktop.post("/x", {"nick": "a\r\nSet-Cookie: b=c\u0000"})

    headers = dict(script.headers(exchange))
    safe = "a  Set-Cookie: b=c "
    script.expect((headers["Location"], headers["X"]), (f"http://localhost:8090/by/{safe}", safe))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b"[" * 100_000,
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        b'{"a":' * 90 + b"1" + b"}" * 90,
        b'{"a": ' + b"9" * 5_000 + b"}",
        b'{"a": "\\ud800"}',
        b'{"a": 1' + b"0" * 400 + b"}",
    ],
    ids=range(9),
)
def test_a_body_of_any_kind_is_a_miss_or_a_match_and_never_a_failure(body: bytes) -> None:
    script, desktop = begin(
        """
        variables: {any: {recorded: 1}}
        steps:
          - {id: keep, request: POST /keep, body: {a: "${any}"}, respond: {body: {kept: ["${any}"]}}}
        """
    )

    assert script.answer(desktop.request("POST", "/keep", body)).status in {200, 404}
    assert script.answer(desktop.request("POST", "/other", body)).status == 404


def test_stale_wakes_bring_forth_no_more_wakes() -> None:
    script, desktop = begin(
        """
        steps:
          - {id: x, request: POST /x, repeat: last, respond: {after: 40ms, body: 1}}
          - {id: y, push: /a, after: x + 50ms, data: 1}
        """
    )
    desktop.connect()
    for _ in range(200):
        desktop.connect()
        desktop.post("/x", {})
        script.advance(0.1)

    assert len(desktop.events) == 200
    assert len(script._due) < 5


def test_a_request_that_is_asked_for_ever_fills_no_memory() -> None:
    script, desktop = begin(
        """
        steps:
          - {id: seen, request: GET /seen, respond: {body: 1}}
          - {id: later, request: POST /later, needs: [seen], respond: {body: 2}}
        """
    )
    for _ in range(500):
        desktop.get("/seen")

    assert script.answer(desktop.post("/later", {})).body == 2
    (play,) = script.simulator.agents.all[0].plays
    assert max(len(marks) for marks in play._marks.values()) == 1


def test_two_scenarios_with_one_cometd_path_that_ends_in_a_slash_share_it() -> None:
    script, desktop = begin("cometd: {path: /cometd/}", "cometd: {path: /cometd}")

    assert list(script.simulator.mounts) == ["/cometd"]
    assert desktop.mount == "/cometd"
