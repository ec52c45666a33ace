from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec
import pytest

from replay.plan.timeline import plan
from replay.plan.values import render
from replay.scenario.model import Respond

from .recorded import CHAT, CHATS, JSON_TYPE, Recorded, event, ids, request


def offered() -> Recorded:
    return Recorded().shaken().poll(0.1, 2.0, events=[event("Invited")])


def answers(recorded: Recorded, name: str) -> list[Respond]:
    return request(recorded.scenario(), name).respond


def test_what_is_read_again_with_the_same_answer_is_one_answer() -> None:
    recorded = offered()
    for at in (3.0, 4.0, 5.0):
        recorded.call("GET", "/api/v2/me", at=at, said={"name": "x"})

    assert answers(recorded, "get-me") == [Respond(after="40ms", body={"name": "x"})]


def test_what_is_read_again_with_other_answers_gives_them_in_turn() -> None:
    recorded = offered()
    for at, state in ((3.0, "a"), (4.0, "a"), (5.0, "b"), (6.0, "b")):
        recorded.call("GET", f"/api/v2/me/chats/{CHAT}", at=at, said=state)

    assert [each.body for each in answers(recorded, "get-chat")] == ["a", "a", "b"]


def test_refused_first_then_granted_gives_both_in_turn() -> None:
    recorded = offered().call("GET", "/api/v2/me", at=3.0, status=403, said={})
    recorded.call("GET", "/api/v2/me", at=4.0, said={})

    assert [each.status for each in answers(recorded, "get-me")] == [403, 200]


def test_one_and_true_are_two_answers() -> None:
    recorded = (
        offered().call("GET", "/api/v2/me", at=3.0, said=[1]).call("GET", "/api/v2/me", at=4.0, said=[True])
    )

    assert repr([each.body for each in answers(recorded, "get-me")]) == "[[1], [True]]"


def test_texts_are_told_apart_as_bodies_are() -> None:
    recorded = offered()
    for at, text in ((3.0, b"one"), (4.0, b"two")):
        recorded.call("GET", "/api/v2/me", at=at, answer=text, answered_with=())

    assert [each.text for each in answers(recorded, "get-me")] == ["one", "two"]


def test_an_operation_that_is_repeated_is_a_step_anew() -> None:
    recorded = offered().accept(3.0, status=403, said={"statusCode": 3}).accept(4.0)

    scenario = recorded.scenario()
    assert ids(scenario) == ["invited", "accept", "accept-2"]
    assert [request(scenario, name).respond[0].status for name in ("accept", "accept-2")] == [403, 200]


@pytest.mark.parametrize(
    ("body", "kind", "answer"),
    [
        (b"", "", Respond(after="40ms")),
        (b"hello ${you}", "text/plain", Respond(after="40ms", text="hello $${you}")),
        (b'{"a": ', "application/json", Respond(after="40ms", text='{"a": ')),
        (b"\xff\xfe\x00", "image/png", Respond(after="40ms", base64="//4A")),
        ("Grüße\r\n".encode(), "text/plain; charset=utf-8", Respond(after="40ms", text="Grüße\r\n")),
        (b'{"a": 1}', "application/hal+json", Respond(after="40ms", body={"a": 1})),
        (b"null", "application/json", Respond(after="40ms", body=None)),
        (b"x" * 3_000_000, "text/plain", Respond(after="40ms", text="x" * 3_000_000)),
        (f"chat {CHAT}".encode(), "", Respond(after="40ms", text="chat ${chat}")),
    ],
    ids=lambda value: str(value)[:20],
)
def test_an_answer_keeps_its_body_whatever_it_is(body: bytes, kind: str, answer: Respond) -> None:
    typed = (("Content-Type", kind),) if kind else ()
    recorded = offered().call("GET", "/api/v2/me", at=3.0, answer=body, answered_with=typed)

    if body and kind != "application/json":
        answer.headers = {"Content-Type": kind or "application/octet-stream"}
    if body == b'{"a": ':
        answer.headers = {"Content-Type": "application/json"}
    assert answers(recorded, "get-me") == [answer]


def test_headers_that_the_server_makes_itself_or_that_name_a_session_are_left_out() -> None:
    headers = (
        *(("Date", "x"), ("Set-Cookie", "JSESSIONID=x"), ("X-CSRF-TOKEN", "x"), ("Content-Length", "9")),
        *(("access-control-max-age", "9"), ("cache-control", "no-store"), ("x-request", CHAT), JSON_TYPE),
        ("Location", f"http://gws:8080/api/v2/chats/{CHAT}"),
    )
    recorded = offered().call("GET", "/api/v2/me", at=3.0, answered_with=headers)

    assert answers(recorded, "get-me")[0].headers == {
        "Cache-Control": "no-store",
        "X-Request": "${chat}",
        "Location": "${base_url}/api/v2/chats/${chat}",
    }


def test_headers_that_cannot_be_sent_are_cleaned_and_told() -> None:
    odd = (("X-A", "one\r\n two\x00"), ("X B", "lost"), ("X-C", "\udcff"), ("", "lost"), ("X-D", "${d}"))
    recorded = offered().call("GET", "/api/v2/me", at=3.0, answered_with=odd)

    assert answers(recorded, "get-me")[0].headers == {"X-A": "one  two", "X-C": "\ufffd", "X-D": "$${d}"}
    assert recorded.notes() == ("4 headers that cannot be sent as recorded were cleaned or left out",)


@pytest.mark.parametrize(
    ("target", "written"),
    [
        ("/api/v2/a%20b", "/api/v2/a%20b"),
        ("/api/v2/a b\x0bc", "/api/v2/a%20b%0Bc"),
        ("/api/v2/ü\u3000", "/api/v2/ü%E3%80%80"),
        (f"/api/v2/x%2F{CHAT}%2f1", "/api/v2/x%2F${chat}%2f1"),
        (f"/api/v2/x/{CHAT}%20", "/api/v2/x/${chat}%20"),
        ("/api/v2/%24%7Bchat%7D", "/api/v2/$${chat%7D"),
        ("/api/v2/${chat}/$%7b", "/api/v2/$${chat}/$${"),
        (f"/api/v2/x?id={CHAT}&a=b+c&flag&e=", "/api/v2/x?id=${chat}&a=b+c&flag&e="),
        (
            f"/api/v2/x?uri=http%3A%2F%2Fgws%3A8080%2Fapi%2Fv2%2Fchats%2F{CHAT}",
            "/api/v2/x?uri=${base_url}/api/v2/chats/${chat}",
        ),
        ("/api/v2/x?q=%24%7Bchat%7D&${a}=${b}", "/api/v2/x?q=$${chat%7D&$${a}=$${b}"),
        (f"/api/v2/x?q=%24{CHAT}", "/api/v2/x?q=${$}${chat}"),
        (f"/api/v2/x?q=a%26b%3D{CHAT}", "/api/v2/x?q=a%26b%3D${chat}"),
        ("", "/"),
        ("/api/v2//x/?&&a=1", "/api/v2//x/?a=1"),
    ],
)
def test_a_request_is_asked_for_as_it_was(target: str, written: str) -> None:
    recorded = offered().call("POST", target, {}, 3.0)

    scenario = recorded.scenario()
    step = next(step for step in (*scenario.session, *scenario.steps) if hasattr(step, "request"))
    assert step.request == f"POST {written}"
    known = {"chat": CHAT, "base_url": "http://gws:8080"}
    timeline = plan(scenario)
    [ask] = [*timeline.session.asks, *timeline.story.asks]
    path, _, query = target.partition("?")
    assert ask.path.render(known.__getitem__) == unquote(path or "/")
    asked = [(key, render(value, known.__getitem__)) for key, value in ask.query]
    assert [value for _, value in asked] == [value for _, value in parse_qsl(query, keep_blank_values=True)]


@pytest.mark.parametrize(
    ("method", "path", "body", "name"),
    [
        (
            "POST",
            "/api/v2/me",
            {"operationName": "StartContactCenterSession"},
            "start-contact-center-session",
        ),
        ("POST", "/api/v2/me", {"operationName": "Start"}, "start-2"),
        ("POST", "/api/v2/me", {"operationName": ""}, "post-me"),
        ("POST", "/api/v2/me", {"operationName": ["x"]}, "post-me"),
        ("POST", "/api/v2/me", {"operationName": "日本"}, "event"),
        ("POST", "/api/v2/me", {"operationName": "2nd"}, "step-2nd"),
        ("POST", "/api/v2/me", {"operationName": "Very " * 50}, "very-" * 11 + "very"),
        ("POST", "/api/v2/me", ["operationName"], "post-me"),
        ("GET", "/api/v2/me/chats", msgspec.UNSET, "get-chats"),
        ("GET", f"/api/v2/me/chats/{CHAT}", msgspec.UNSET, "get-chat"),
        ("GET", f"/api/v2/me/chats/{CHAT}/messages", msgspec.UNSET, "get-messages"),
        ("GET", "/api/v2/%C3%BC%20b/", msgspec.UNSET, "get-b"),
        ("GET", "/", msgspec.UNSET, "get-root"),
    ],
)
def test_a_request_is_named_as_a_reader_would(method: str, path: str, body: Any, name: str) -> None:
    scenario = offered().call(method, path, body, 3.0).scenario()

    assert [step.id for step in (*scenario.session, *scenario.steps) if step.id != "invited"] == [name]


@pytest.mark.parametrize(
    "data", ["text", None, {"notificationType": ["x"]}, {"notificationType": "日本"}, {}]
)
def test_an_event_always_finds_a_name(data: Any) -> None:
    recorded = Recorded().shaken(listens="/**").poll(0.1, 2.0, events=[(CHATS, data), ("/日本/${x}", data)])

    assert len(set(ids(recorded.scenario()))) == 2


def test_names_do_not_collide() -> None:
    recorded = Recorded().shaken()
    recorded.poll(0.1, 2.0, events=[event("Accept"), event("Accept-2"), event("start"), event("Accept")])
    recorded.accept(3.0)

    assert ids(recorded.scenario()) == ["accept-2", "accept-2-2", "start-2", "accept-3", "accept"]


def test_a_body_that_is_not_json_is_told_and_any_will_do() -> None:
    recorded = offered().exchange("POST", "/api/v2/login", b"user=a&password=b", 3.0, 3.1, answer=b"{}")

    assert request(recorded.scenario(), "post-login").body is msgspec.UNSET
    assert recorded.notes() == ("1 request has a body that is not JSON; any body will do in its place",)


@pytest.mark.parametrize(
    ("messages", "name"),
    [
        ([{"type": "Text", "from": {"type": "Customer"}}], "customer-text"),
        ([{"type": "TypingStarted", "from": {"type": "Agent"}}], "agent-typing-started"),
        ([{"type": "Text", "from": {"type": "Agent"}}] * 2, "new-messages"),
        ([{"type": "Text"}], "new-messages"),
        ([{"type": 1, "from": {"type": "Agent"}}], "new-messages"),
        (["Text"], "new-messages"),
        ({}, "new-messages"),
    ],
)
def test_a_single_message_is_called_by_who_said_what(messages: Any, name: str) -> None:
    data = {"notificationType": "NewMessages", "messages": messages, "chatUri": f"/chats/{CHAT}"}
    recorded = Recorded().shaken().poll(0.1, 2.0, events=[(CHATS, data)])

    assert ids(recorded.scenario()) == [name]
