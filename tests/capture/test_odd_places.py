"""Secrets where one would not look for them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from replay.capture.pseudonyms import Pseudonyms

SECRET = "Zx9quailSecret77Kd"
JSON = b"application/json"


def packed(value: Any, encode: Callable[[bytes], bytes] = base64.b64encode) -> str:
    return encode(json.dumps(value).encode()).decode()


@pytest.mark.parametrize(
    "body",
    [
        {"parameters": [{"value": SECRET, "key": "password"}]},
        {"query": f'mutation {{ login(password: "{SECRET}") {{ id }} }}'},
        {"query": f"<login><password>{SECRET}</password></login>"},
        {"error": f"refused: {{'token': '{SECRET}'}}"},
        {"passcode": SECRET},
    ],
)
def test_a_secret_is_found_in_json_wherever_its_name_stands(body: dict[str, Any]) -> None:
    raw = json.dumps(body).encode()
    cleaned = Pseudonyms(b"k").body(raw, JSON)

    assert cleaned is not None
    assert SECRET.encode() not in cleaned
    # What stands around it is as it was.
    assert cleaned.replace(Pseudonyms(b"k").of(SECRET.encode()), SECRET.encode()) == raw


@pytest.mark.parametrize(
    "text", ["it's a 'token' here", "<b>é</b>", 'say "code": "x"', "half \ud800 of 'one'", "'é' \\"]
)
def test_a_text_that_quotes_nothing_secret_keeps_its_bytes(text: str) -> None:
    raw = json.dumps({"title": text}).encode()
    assert Pseudonyms(b"k").body(raw, JSON) == raw


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("ending", ["", "=", "=="])
def test_json_in_base64_is_cleaned_and_stays_json_in_base64(
    encode: Callable[[bytes], bytes], ending: str
) -> None:
    told = {"token": SECRET, "to": "?>ÿ?>ÿ"}
    text = packed(told, encode).rstrip("=") + ending
    raw = json.dumps({"relay": text}).encode()
    cleaned = Pseudonyms(b"k").body(raw, JSON) or b""

    relay = json.loads(cleaned)["relay"]
    alphabet = b"+/" if encode is base64.b64encode else b"-_"
    inner = json.loads(base64.b64decode(relay + "=" * (-len(relay) % 4), altchars=alphabet))
    assert inner == {"token": Pseudonyms(b"k").of(SECRET.encode()).decode(), "to": "?>ÿ?>ÿ"}


def test_what_is_no_json_in_base64_keeps_its_bytes() -> None:
    for text in (
        packed({"operation": "Ready", "at": 17}),
        "eyelashes0123456789abcdef",
        "ewersalbum-123456-abc",
    ):
        raw = json.dumps({"relay": text}).encode()
        assert Pseudonyms(b"k").body(raw, JSON) == raw


@pytest.mark.parametrize(
    "target",
    [
        f"/ui/callback?code={SECRET}&x=1",
        f"/a?relay={quote(packed({'token': SECRET}))}",
        f"/a?data={quote(json.dumps(json.dumps({'token': SECRET})))}",
    ],
)
def test_a_secret_is_found_in_a_query(target: str) -> None:
    cleaned = Pseudonyms(b"k").target(target.encode())

    assert SECRET.encode() not in cleaned
    assert base64.b64encode(SECRET.encode())[4:16] not in cleaned
    assert packed({"token": SECRET})[16:36].encode() not in cleaned


def test_a_cookie_of_the_old_kind_is_one_too() -> None:
    ((_, cleaned),) = Pseudonyms(b"k").headers(((b"Set-Cookie2", f"s={SECRET}; Path=/".encode()),))

    assert SECRET.encode() not in cleaned
    assert cleaned.endswith(b"; Path=/")
