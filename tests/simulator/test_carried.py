"""Values wherever they stand: in keys, paths, queries, headers and inside longer strings; and as numbers."""

from __future__ import annotations

from typing import Any

from replay.testing import Desktop, Script, scenario

from .test_variables import listen


def got(desktop: Desktop) -> list[Any]:
    return [event.data for event in desktop.events]


def test_an_id_that_is_a_key_is_the_plays_own_in_events_answers_and_requests() -> None:
    script = Script(
        scenario("""
        variables: {chat: {recorded: 0000Na9B26EF002X, make: interaction-id}, mood: {recorded: fine}}
        steps:
          - {id: offer, push: /a, after: start, data: {"${chat}": {state: Invited}}}
          - id: accept
            request: POST /chats
            body: {"${chat}": {op: Accept}, "mood-${mood}": true}
            respond: {body: {"${chat}": {"${accept.mood}": 1}}}
        """)
    )
    ann = listen(script)
    (chat,) = got(ann)[0]
    wrong = ann.post("/chats", {"0000Na9B26EF002X": {"op": "Accept"}, "mood-good": True})
    right = ann.post("/chats", {chat: {"op": "Accept"}, "mood-good": True, "other": 1})

    script.expect(chat != "0000Na9B26EF002X", True)
    script.expect(script.answer(wrong).body["replay"]["closest"]["differences"][0]["field"], f"body.{chat}")
    script.expect(script.answer(right).body, {chat: {"good": 1}})


def test_an_id_that_is_a_key_tells_whose_request_it_is() -> None:
    script = Script(
        scenario("""
        variables: {chat: {recorded: 0000Na9B26EF002X, make: interaction-id}}
        steps:
          - {id: offer, push: /a, after: start, data: "${chat}"}
          - {id: accept, request: POST /chats, body: {"${chat}": 1}, respond: {body: {mine: "${chat}"}}}
        """)
    )
    ann, bob = listen(script, "ann"), listen(script, "bob")
    nobody = script.desktop(cookies=False)
    (theirs,) = got(bob)

    script.expect(script.answer(nobody.post("/chats", {theirs: 1})).body, {"mine": theirs})
    script.expect(got(ann) != got(bob), True)


def test_what_stands_inside_longer_strings_is_captured_in_path_query_and_body() -> None:
    script = Script(
        scenario("""
        variables: {a: {recorded: x}, b: {recorded: y}, c: {recorded: z}, d: {recorded: w}}
        steps:
          - id: ask
            request: POST /rooms/room-${a}/of/${b}?filter=name:${c}
            body: {note: "from ${d} to ${a}"}
            respond:
              headers: {X-Room: "room ${a} of ${b}"}
              text: "${c} and ${ask.d}"
          - {id: told, push: "/a", after: ask, data: ["${ask.a}/${ask.b}", "<${c}>", "${d}${d}"]}
        """)
    )
    ann = listen(script)
    asked = ann.post("/rooms/room-1/of/us?filter=name:ann", {"note": "from bob to 1"})
    other = ann.post("/rooms/room-1/of/us?filter=name:ann", {"note": "from bob to 2"})

    script.expect(script.answer(asked).body, b"ann and bob")
    script.expect(dict(script.headers(asked))["X-Room"], "room 1 of us")
    script.expect(got(ann), [["1/us", "<ann>", "bobbob"]])
    script.expect(script.answer(other).status, 404)


def test_two_steps_that_capture_the_same_name_agree_on_it_and_each_occurrence_of_one_has_its_own() -> None:
    script = Script(
        scenario("""
        variables: {name: {recorded: x}, text: {recorded: y}}
        steps:
          - {id: accept, request: POST /accept, body: {nickname: "${name}"}}
          - {id: send, request: POST /send, repeat: last, body: {nickname: "${name}", text: "${text}"}}
          - {id: sent, push: /a, after: send + 10ms, data: ["${send.name}", "${send.text}", "${text}"]}
        """)
    )
    ann = listen(script)
    ann.post("/accept", {"nickname": "Ann"})
    statuses = [
        script.answer(ann.post("/send", {"nickname": name, "text": text})).status
        for name, text in [("Ann", "one"), ("Bob", "two"), ("Ann", "three")]
    ]
    script.advance(1)

    script.expect(statuses, [200, 404, 200])
    # `${text}` is what the client said last, `${send.text}` what it said that time.
    script.expect(got(ann), [["Ann", "one", "three"], ["Ann", "three", "three"]])


def test_a_number_that_is_made_stays_a_number_and_tells_whose_request_it_is() -> None:
    script = Script(
        scenario("""
        variables: {call: {recorded: 4711002, make: lookalike}}
        steps:
          - {id: offer, push: /a, after: start, data: {id: "${call}", uri: "calls/${call}"}}
          - {id: answer, request: "POST /calls/${call}", body: {id: "${call}"}, respond: {body: ["${call}"]}}
          - {id: drop, request: "DELETE /calls", body: {id: "${call}"}}
        """)
    )
    ann, bob = listen(script, "ann"), listen(script, "bob")
    call = got(ann)[0]["id"]
    nobody = script.desktop(cookies=False)
    answered = nobody.post(f"/calls/{call}", {"id": call})
    dropped = nobody.request("DELETE", "/calls", b'{"id": %d}' % call)

    script.expect((type(call), len(str(call)), call == 4711002), (int, 7, False))
    script.expect(got(ann)[0]["uri"], f"calls/{call}")
    script.expect(got(bob)[0]["id"] == call, False)
    script.expect((script.answer(answered).body, script.answer(dropped).status), ([call], 200))


def test_fields_that_are_not_compared_may_be_anything_or_missing() -> None:
    script = Script(
        scenario("""
        ignore: [stamp, trace]
        steps:
          - id: ask
            request: POST /ask?trace=1
            match: exact
            repeat: last
            body: {op: Ask, stamp: {at: 1}, list: [{stamp: 1, n: 1}]}
        """)
    )
    ann = script.desktop()
    bodies: list[Any] = [
        {"op": "Ask", "stamp": {"at": 2, "by": 3}, "list": [{"n": 1, "trace": 5}]},
        {"op": "Ask", "list": [{"n": 1}]},
        {"op": "Ask", "list": [{"n": 2}]},
    ]

    script.expect([script.answer(ann.post("/ask", body)).status for body in bodies], [200, 200, 404])
