"""Bayeux messages on the wire: a body to messages, messages to a body."""

from __future__ import annotations

import re
from typing import Any

import msgspec

Message = dict[str, Any]

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder()
_CLIENT = re.compile(rb'"clientId"\s*:\s*"([^"\\]+)"')

MAX_DEPTH = 100
"""Arrays and objects within each other: whatever comes in this deep goes out again without trouble."""

MAX_BATCH = 1_000
"""Messages in one body; a client that sends more is not well."""

MAX_REPLIES = 100_000
"""Messages in one body of a server: all that came to pass since the client last asked."""


class MalformedError(ValueError):
    """A body that holds no Bayeux messages."""


class EmptyBatchError(MalformedError):
    """A body that is empty or an empty batch: CometD answers it otherwise than broken JSON."""


def parse(body: bytes, *, most: int = MAX_BATCH) -> list[Message]:
    """The messages of one body: an array, or a single object, as some clients send.

    Args:
        most: Messages that there may be.

    Raises:
        MalformedError: not JSON, not objects, or too many of them.
    """
    if not body.strip():
        raise EmptyBatchError("the body is empty")
    value = decode(body)
    messages = value if isinstance(value, list) else [value]
    if len(messages) == 1 and isinstance(messages[0], dict):
        # As most are.
        return messages
    if not messages:
        raise EmptyBatchError("the batch is empty")
    if len(messages) > most:
        raise MalformedError(f"a batch holds at most {most} messages, not {len(messages)}")
    if not all(isinstance(message, dict) for message in messages):
        raise MalformedError("a Bayeux message is a JSON object")
    return messages


def decode(body: bytes) -> Any:
    """The JSON value that came from a client.

    Raises:
        MalformedError: it is not JSON, or deeper than anybody means it to be.
    """
    try:
        value = _decoder.decode(body)
    except (ValueError, RecursionError) as error:
        # Plain ValueErrors too: Python refuses whole numbers of thousands of digits.
        raise MalformedError(f"the body is not JSON: {error}") from None
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH and _is_deep(value):
        raise MalformedError(f"the body is deeper than {MAX_DEPTH} levels")
    return value


def clients_in(body: bytes) -> list[bytes]:
    """The clientIds that stand in a body, found without reading it."""
    return _CLIENT.findall(body)


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        parts = [part for part in level if isinstance(part, dict | list)]
        level = [item for part in parts for item in (part.values() if isinstance(part, dict) else part)]
        if not level:
            return False
    return any(isinstance(part, dict | list) for part in level)


def encode(message: Message) -> bytes:
    """One message, as JSON."""
    return _encoder.encode(message)


def join(messages: list[bytes]) -> bytes:
    """The body that carries these encoded messages: always an array, even for one (clients insist)."""
    return b"[" + b",".join(messages) + b"]"
