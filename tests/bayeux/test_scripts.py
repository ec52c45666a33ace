"""What a page gets that loads replies with a script element."""

from __future__ import annotations

import pytest

from replay.bayeux.scripts import wrapped
from replay.wire import Answer


def answer(status: int = 200, body: bytes = b"[1]") -> Answer:
    headers = (("content-type", "application/json"), ("Set-Cookie", "a=1"))
    return Answer(exchange=7, at=3.5, status=status, headers=headers, body=body)


def test_a_reply_becomes_a_call_of_the_function_that_was_named() -> None:
    script = wrapped("f", answer())

    assert script.body == b"/**/f([1]);"
    assert script.headers == (
        ("Set-Cookie", "a=1"),
        ("Content-Type", "text/javascript;charset=UTF-8"),
        ("X-Content-Type-Options", "nosniff"),
    )
    assert (script.exchange, script.at, script.status) == (7, 3.5, 200)


def test_line_ends_that_only_json_allows_are_escaped() -> None:
    assert wrapped("f", answer(body='["\u2028\u2029"]'.encode())).body == rb'/**/f(["\u2028\u2029"]);'


@pytest.mark.parametrize("status", [400, 500, 204])
def test_what_is_no_200_stays_so(status: int) -> None:
    assert wrapped("f", answer(status)) == answer(status)
