"""What a reply tells of the server that gave it."""

from __future__ import annotations

from typing import Any

import pytest

from replay.distil.dialects import dialect_of

CONNECT = {"channel": "/meta/connect"}


@pytest.mark.parametrize(
    ("reply", "dialect"),
    [
        (CONNECT | {"successful": True}, None),
        (CONNECT | {"successful": True, "clientId": "x"}, "faye"),
        ({"channel": "/meta/handshake", "successful": True, "clientId": "x"}, None),
        (CONNECT | {"successful": False, "error": "401:x:Unknown client"}, "faye"),
        (CONNECT | {"successful": False, "error": "402::session_unknown"}, "cometd5"),
        (CONNECT | {"successful": False, "error": "403::Unknown client"}, "salesforce"),
        (CONNECT | {"successful": False, "error": "402::Unknown client"}, None),
        (CONNECT | {"successful": False, "error": ["402"]}, None),
        (CONNECT | {"successful": False}, None),
    ],
)
def test_a_reply_shows_its_dialect_or_nothing(reply: dict[str, Any], dialect: str | None) -> None:
    assert dialect_of(reply) == dialect
