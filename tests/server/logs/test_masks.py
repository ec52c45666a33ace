"""What a log does not say."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.server.logs.masks import BODIES, LONGEST, MANY, clean, clean_text, is_secret, masked

SECRET = "s3cr3tS3cr3tS3cr3t99x"


@pytest.mark.parametrize(
    "text",
    [
        f"Bearer {SECRET}",
        "Bearer short1",
        f"Authorization: Basic {SECRET}",
        f"Cookie: a=1; JSESSIONID={SECRET}; b=2",
        f"POST /login?access_token={SECRET}&x=1",
        "POST /login?password=hunter2",
        "answered 302, to http://ann:hunter2@sso/login, not 200",
        '{"clientId":"hunter2","password" : "hunter2"}',
        f"no step is POST /chats/{SECRET}/send",
        "a token eyJhbGciOi.eyJzdWIi.SflKxw here",
    ],
)
def test_a_secret_in_a_text_is_masked(text: str) -> None:
    said = clean_text(text)

    assert "***" in said
    assert not any(secret in said for secret in (SECRET, "short1", "hunter2", "eyJhbGciOi"))


@pytest.mark.parametrize(
    "text",
    [
        "POST /api/v2/me/chats/0000Na9B26EF002X",
        "no step is POST /api/v2/chats/6ba7b810-9dad-11d1-80b4-00c04fd430c8; 'accept-the-chat' comes closest",
        "ann.example@desk-17.example.com",
        "several agents are here and the request does not say whose it is",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert clean_text(text) == text


def test_secrets_can_be_told_apart_and_not_read() -> None:
    assert masked("a") == masked("a") != masked("b")


@pytest.mark.parametrize(
    "name",
    ["Authorization", "Set-Cookie", "clientId", "client_id", "X-CSRF-Token", "apiKey", "Password", "pwd"],
)
def test_what_is_called_like_a_secret_is_masked_whatever_it_is(name: str) -> None:
    said = clean({name: {"value": "a"}, "inner": [{name: "b"}]})

    assert is_secret(name)
    assert said[name].startswith("***")
    assert said["inner"][0][name].startswith("***")


def test_bodies_are_left_out_wherever_they_stand() -> None:
    detail = dict.fromkeys(BODIES, "hello") | {
        "status": 200,
        "differs": [{"field": "text", "got": "hello"}],
    }

    assert clean(detail) == {"status": 200, "differs": [{"field": "text"}]}


def test_what_would_move_the_cursor_or_begin_a_line_is_written_out() -> None:
    assert clean_text("\x1b[2Ja\nb\r\x00\u202e\u2028\x9b") == "\\x1b[2Ja\\nb\\r\\x00\\u202e\\u2028\\x9b"


def test_long_values_and_long_lists_end_somewhere() -> None:
    said = clean({"text of it": "x " * 5_000, "many": list(range(1_000)), "deep": [[[[[["x"]]]]]]})

    assert len(said["text of it"]) == LONGEST + 1
    assert said["many"][MANY:] == ["and 970 more"]
    assert "x" not in json.dumps(said["deep"])


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.just(SECRET),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=20), inner, max_size=5),
    max_leaves=30,
)


@settings(max_examples=40)
@given(values)
def test_whatever_stands_in_a_detail_the_rest_is_on_one_line_and_holds_no_secret(value: Any) -> None:
    said = json.dumps(clean({"detail": value}), ensure_ascii=False)

    assert said.isprintable()
    assert SECRET not in said


@given(st.integers(0, 700), st.sampled_from([" ", "/", "x"]))
def test_a_secret_is_not_half_said_where_a_text_is_cut(before: int, filling: str) -> None:
    said = clean_text(filling * before + f" {SECRET}{SECRET}{SECRET} " + "y " * 400)

    assert SECRET[:8] not in said
