"""What a miss says: what to change, what has to come first, the command; and what it keeps to itself."""

from __future__ import annotations

import shlex
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.plan.timeline import plan_all
from replay.simulator.explaining import SHOWN, Explained
from replay.simulator.misses import KEPT, KEPT_BYTES
from replay.simulator.options import Options
from replay.testing import BASE_URL, Desktop, Script, scenario

STORY = """
variables:
  chat: {recorded: 0000Na9B26EF002X, make: interaction-id}
  nickname: {recorded: Marat}
steps:
  - {id: invited, push: /chats, after: start + 1s, data: {id: "${chat}"}}
  - id: accept
    request: POST /api/v2/me/chats/${chat}
    needs: [invited]
    body: {operationName: Accept, nickname: "${nickname}", desk: 7}
  - {id: chatting, push: /chats, after: accept + 500ms, data: {state: Chatting}}
  - id: complete
    request: POST /api/v2/me/chats/${chat}
    needs: [chatting]
    body: {operationName: Complete}
  - {id: closed, push: /chats, after: complete + 1s, data: {state: Completed}}
  - {id: rate, request: "POST /rate", needs: [closed], body: {operationName: Rate}}
"""


def begin(text: str = STORY, *, user: str = "ann", **options: Any) -> tuple[Script, Desktop]:
    script = Script(scenario(text, name="chat"), options=Options(**options))
    return script, listen(script.desktop(user))


def listen(desktop: Desktop) -> Desktop:
    desktop.open_socket()
    desktop.handshake()
    desktop.subscribe("/chats")
    return desktop


def said(script: Script, exchange: int) -> dict[str, Any]:
    found: dict[str, Any] = script.answer(exchange).body["replay"]
    return found


def accept(script: Script, desktop: Desktop, **fields: Any) -> int:
    body = {"operationName": "Accept", "nickname": "M", "desk": 7} | fields
    return desktop.post(f"/api/v2/me/chats/{chat_of(script)}", body)


def chat_of(script: Script) -> str:
    return str(script.simulator.agents.all[0].plays[0].values["chat"])


def test_a_step_that_waits_for_one_that_waits_says_whom_somebody_has_to_ask_first() -> None:
    script, desktop = begin()
    script.advance(1)

    told = said(script, desktop.post("/rate", {"operationName": "Rate"}))

    script.expect(told["why"], "ask 'accept' first: 'rate' is not reached yet, it needs 'closed'")
    script.expect(
        {key: told["closest"][key] for key in ("state", "needs", "waits_for", "answered")},
        {
            "state": "not-reached",
            "needs": ["closed"],
            "waits_for": "nobody has asked 'accept'",
            "answered": 0,
        },
    )
    command = shlex.split(told["command"])
    script.expect(command[2:4], ["POST", f"{BASE_URL}/api/v2/me/chats/{chat_of(script)}"])
    script.expect(
        msgspec.json.decode(command[command.index("--data-raw") + 1]),
        {"operationName": "Accept", "nickname": "Marat", "desk": 7},
    )


def test_a_step_that_waits_for_an_event_says_in_how_long_that_comes() -> None:
    script, desktop = begin()
    script.advance(0.25)

    told = said(script, accept(script, desktop))

    script.expect(told["why"], "wait 0.75s for 'invited': 'accept' is not reached yet, it needs 'invited'")
    assert told["command"].startswith("sleep 0.75; curl -X POST ")


def test_on_a_clock_that_is_moved_by_hand_the_command_moves_it() -> None:
    script, desktop = begin(is_moved_by_hand=True)
    script.simulator.misses.control = "/steer"
    script.advance(0.25)

    told = said(script, accept(script, desktop))

    assert told["why"].startswith("move the clock by 0.75s: ")
    command = shlex.split(told["command"])
    script.expect(command[3], f"{BASE_URL}/steer/clock")
    script.expect(command[-1], '{"advance":"0.75s"}')


def test_where_control_wants_a_token_the_command_names_it_and_does_not_say_it() -> None:
    script, desktop = begin(is_moved_by_hand=True)
    script.simulator.misses.control_sign = '-H "Authorization: Bearer $REPLAY_TOKEN"'

    command = said(script, accept(script, desktop))["command"]

    assert command.endswith("""'{"advance":"1s"}' -H "Authorization: Bearer $REPLAY_TOKEN\"""")


def test_an_agent_that_listens_to_nothing_is_told_to_subscribe() -> None:
    script = Script(scenario(STORY, name="chat"))
    desktop = script.desktop("ann")
    desktop.get("/x")

    told = said(script, accept(script, desktop))

    script.expect(told["why"], "subscribe to /chats first: 'accept' is not reached yet, it needs 'invited'")
    script.expect(told["command"], "")


def test_a_scenario_that_the_agent_has_no_play_of_is_offered_first() -> None:
    script, desktop = begin()
    # As one does that came while the server ran.
    script.simulator.timelines += plan_all(
        [scenario("steps: [{id: fax, request: POST /api/v2/me/faxes}]", name="faxes")]
    )

    told = said(script, desktop.post("/api/v2/me/faxes", {}))

    assert told["why"].startswith("offer faxes first: 'fax' is a step of it")
    script.expect((told["closest"]["play"], told["closest"]["step"]), ("", "fax"))
    assert shlex.split(told["command"])[-1] == '{"scenario":"faxes","agent":"ann"}'


def test_an_operation_that_is_sent_to_what_stands_above_its_path_is_near() -> None:
    text = "steps: [{id: ready, request: POST /api/v2/me/channels/chat, body: {operationName: Ready}}]"
    script = Script(scenario(text))
    said = script.answer(script.desktop("ann").post("/api/v2/me", {"operationName": "Ready"})).body["replay"]

    missing = "'channels' is missing; 'chat' is missing"
    assert said["why"] == f"ask /api/v2/me/channels/chat ({missing}): then it is 'ready' of story#1"


def test_a_used_up_step_of_the_session_asks_for_a_reset() -> None:
    script, desktop = begin("session: [{id: ready, request: POST /ready}]")
    desktop.post("/ready", {})
    script.advance(3)

    told = said(script, desktop.post("/ready", {}))

    script.expect(told["closest"]["state"], "used-up")
    command = shlex.split(told["command"])
    assert (command[3], command[-1]) == (f"{BASE_URL}/__replay/reset", '{"what":["agents"]}')


def test_the_journal_has_the_step_of_a_miss_and_the_fields_that_differ() -> None:
    script, desktop = begin()
    script.advance(1)
    accept(script, desktop, desk=8)

    (entry,) = (entry for entry in script.simulator.journal if entry.kind == "miss")
    script.expect((entry.step, entry.detail["differs"]), ("accept", ["body.desk"]))
    (miss,) = script.simulator.misses
    script.expect(
        (miss.number, miss.at, miss.agent, miss.why), (entry.number, 1.0, "ann", entry.detail["why"])
    )


def test_what_a_client_made_up_is_no_command_of_its_own_in_a_shell() -> None:
    script, desktop = begin()
    script.advance(1)
    nickname = "$(touch /tmp/x)'; `id` \"\\\n"

    told = said(script, accept(script, desktop, nickname=nickname, desk=8))

    command = shlex.split(told["command"])
    sent = msgspec.json.decode(command[command.index("--data-raw") + 1])
    script.expect(sent, {"operationName": "Accept", "nickname": nickname, "desk": 7})
    script.expect(command[-2:], ["-u", "ann:"])


def test_credentials_and_cookies_are_in_no_miss() -> None:
    script, desktop = begin()
    # Over polls, whose answers set its cookies.
    other = script.desktop()
    other.handshake()
    other.subscribe("/chats")
    script.advance(1)
    for each in (desktop, other):
        exchange = each.request("POST", "/api/v2/me/chats/1", b'{"operationName": "Accept"}')
        kept = list(script.simulator.misses)[-1]
        text = msgspec.json.encode([script.answer(exchange).body, kept]).decode()
        secrets = [*each.jar.values(), *each.headers.values(), each.client_id]

        assert not [secret for secret in secrets if secret in text], text
    assert '-H "Cookie: JSESSIONID=$COOKIE"' in kept.command


@pytest.mark.parametrize(
    "body",
    [
        b'{"user": "ann", "password": "hunter2"}',
        b'{"user": "ann", "password": {"old": "hunter2"}}',
        b'{"user": {"password": "hunter2"}, "password": "open"}',
        b"user=ann&password=hunter2",
        b'{"user": "ann", "password": "hunter2"',
        b'{"user": "bob", "password": "open", "token": "hunter2"}',
    ],
)
def test_what_a_client_sent_as_a_password_is_not_repeated(body: bytes) -> None:
    script, desktop = begin(
        """
        variables: {token: {recorded: t0}}
        steps: [{id: login, request: POST /login, body: {user: ann, password: open, token: "${token}"}}]
        """
    )

    told = said(script, desktop.request("POST", "/login", body))

    script.expect(told["closest"]["step"], "login")
    assert "hunter2" not in msgspec.json.encode([told, list(script.simulator.journal)]).decode()


def test_a_body_that_differs_in_ten_thousand_fields_has_the_first_told_and_all_counted() -> None:
    script, desktop = begin("steps: [{id: x, request: POST /x, match: exact, body: {operationName: Go}}]")
    body = {"operationName": "Go"} | {f"field-{number}": "\x01" * 500 for number in range(10_000)}

    exchange = desktop.post("/x", body)

    closest = said(script, exchange)["closest"]
    script.expect(len(closest["differences"]) + closest["more"], 10_000)
    assert 0 < len(closest["differences"]) <= SHOWN
    assert len(msgspec.json.encode(script.answer(exchange).body)) <= 8192


def test_the_latest_misses_are_kept_and_all_are_counted() -> None:
    script, desktop = begin()
    desktop.get("/icons/1")
    for number in range(2, KEPT + 20):
        script.simulator.misses.note(f"GET /icons/{number}", Explained(why="none"), "ann", 0.0)
    desktop.get(f"/icons/{KEPT + 20}")

    kept = list(script.simulator.misses)

    script.expect((len(kept), script.simulator.misses.total), (KEPT, KEPT + 20))
    script.expect((kept[0].request, kept[-1].request), ("GET /icons/21", f"GET /icons/{KEPT + 20}"))
    script.expect(script.simulator.journal.counts["miss"], KEPT + 20)


def test_of_misses_that_say_much_fewer_are_kept() -> None:
    script, _ = begin()
    for number in range(KEPT):
        said_at_length = Explained(why="none", command="x" * 4000)
        script.simulator.misses.note(f"GET /icons/{number}", said_at_length, "ann", 0.0)

    sizes = [len(msgspec.json.encode(miss)) for miss in script.simulator.misses]

    assert KEPT_BYTES - 8192 < sum(sizes) <= KEPT_BYTES


def test_misses_of_a_kind_are_summed_up_in_a_line() -> None:
    script, desktop = begin()
    script.advance(1)
    for number in range(3):
        accept(script, desktop, desk=number)
    desktop.get("/favicon.ico")
    accept(script, desktop)

    lines = script.simulator.misses.summed_up(1)

    first = f"3 times, POST /api/v2/me/chats/{chat_of(script)}: set body.desk to 7, not 0: "
    script.expect(lines, [first + "then it is 'accept' of chat#1", "and 1 more"])


def test_what_a_fault_header_says_wrongly_is_a_miss_among_others() -> None:
    script, desktop = begin()
    desktop.fault = "nonsense"
    desktop.get("/x")

    (miss,) = script.simulator.misses
    assert miss.why.startswith("X-Replay-Fault: ")


CHATTING = begin()
CHATTING[0].advance(1)


@given(
    method=st.sampled_from(["GET", "POST", "PUT", "HEAD"]),
    target=st.text(max_size=40).map(lambda text: "/" + text.replace("%", "")),
    body=st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(max_size=20),
            lambda inner: (
                st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4)
            ),
            max_leaves=20,
        ).map(msgspec.json.encode),
    ),
)
def test_whatever_comes_is_answered(method: str, target: str, body: bytes) -> None:
    script, desktop = CHATTING
    for path in (target, f"/api/v2/me/chats/{chat_of(script)}"):
        reply = script.answer(desktop.request(method, path, body))
        assert reply.status in {200, 404}


WORDS = ("Alpha", "Bravo", "Charlie", "Delta", "Echo")


@given(
    which=st.integers(0, 4),
    field=st.sampled_from(["method", "path", "path.id", "operation", "colour", "number"]),
    draw=st.data(),
)
def test_a_request_with_one_field_changed_is_nearest_to_the_step_it_was(
    which: int, field: str, draw: st.DataObject
) -> None:
    names = ["AttachUserData", "SendMessage", "SetDisposition", "Transfer", "Complete"]
    steps = [
        f'{{id: s{n}, request: "POST /api/v2/me/{word.lower()}/${{chat}}", '
        f"body: {{operationName: {names[n]}, colour: {word}, number: {n * 111 + 1}}}}}"
        for n, word in enumerate(WORDS)
    ]
    variables = "{chat: {recorded: 0000Na9B26EF002X, make: interaction-id}}"
    script, desktop = begin(f"variables: {variables}\nsteps: [{', '.join(steps)}]")
    method, path = "POST", f"/api/v2/me/{WORDS[which].lower()}/{chat_of(script)}"
    body: dict[str, Any] = {"operationName": names[which], "colour": WORDS[which], "number": which * 111 + 1}
    word = draw.draw(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=12))
    match field:
        case "method":
            method = draw.draw(st.sampled_from(["PUT", "PATCH", "GET", "DELETE"]))
        case "path":
            at = draw.draw(st.integers(12, 15))
            path = path[:at] + "q" + path[at + draw.draw(st.integers(0, 1)) :]
        case "path.id":
            path = path.rpartition("/")[0] + "/" + word
        case "operation":
            at = draw.draw(st.integers(1, len(names[which]) - 1))
            body["operationName"] = names[which][:at] + "q" + names[which][at:]
        case "colour":
            body["colour"] = word
        case "number":
            body["number"] = draw.draw(st.none() | st.integers(max_value=0) | st.just(word))

    told = said(script, desktop.request(method, path, msgspec.json.encode(body)))

    assert told["closest"] is not None, told
    script.expect(told["closest"]["step"], f"s{which}")


@pytest.mark.parametrize(
    ("body", "change"),
    [
        (b"operationName=Accept&nickname=M", "(the body is a form: send a JSON object)"),
        (b"", "(there is no body: send a JSON object)"),
        (b'[{"operationName": "Accept"}]', "(the body is a list: send a JSON object)"),
        (b'{"operationName": "Accept",}', "(the body is not JSON: "),
    ],
)
def test_a_body_that_is_no_object_says_what_it_is(body: bytes, change: str) -> None:
    script, desktop = begin()
    script.advance(1)

    told = said(script, desktop.request("POST", f"/api/v2/me/chats/{chat_of(script)}", body))

    assert told["why"].startswith('send {"operationName":"Accept"')
    assert change in told["why"]


def test_a_step_of_another_role_that_is_not_reached_says_what_comes_first() -> None:
    text = """
    steps:
      - {id: accept, agent: first, request: POST /accept}
      - {id: consult, agent: first, request: POST /consult, needs: [accept]}
      - {id: take, agent: second, request: POST /take, needs: [consult]}
    """
    script = Script(scenario(text))
    script.desktop("ann").get("/x")
    said = script.answer(script.desktop("bob").post("/consult", {})).body["replay"]

    assert said["why"] == (
        "let 'first' ask: 'consult' is a step of 'first', and this agent is 'second' in story#1; "
        "it is not reached yet: nobody has asked 'accept'"
    )
    assert shlex.split(said["command"])[3:] == [f"{BASE_URL}/accept", "-u", "ann:"]
