"""Bayeux messages on the wire: a body to messages, messages to a body."""

from __future__ import annotations

from typing import Any

import msgspec

Message = dict[str, Any]

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder()

MAX_BATCH = 1_000
"""Messages in one body; a client that sends more is not well."""


class MalformedError(ValueError):
    """A body that holds no Bayeux messages."""


class EmptyBatchError(MalformedError):
    """A body that is empty or an empty batch: CometD answers it otherwise than broken JSON."""


def parse(body: bytes) -> list[Message]:
    """The messages of one body: an array, or a single object, as some clients send.

    Raises:
        MalformedError: not JSON, not objects, or too many of them.
    """
    if not body.strip():
        raise EmptyBatchError("the body is empty")
    try:
        value = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError(f"the body is not JSON: {error}") from None
    messages = value if isinstance(value, list) else [value]
    if not messages:
        raise EmptyBatchError("the batch is empty")
    if len(messages) > MAX_BATCH:
        raise MalformedError(f"a batch holds at most {MAX_BATCH} messages, not {len(messages)}")
    if not all(isinstance(message, dict) for message in messages):
        raise MalformedError("a Bayeux message is a JSON object")
    return messages


def encode(message: Message) -> bytes:
    """One message, as JSON."""
    return _encoder.encode(message)


def join(messages: list[bytes]) -> bytes:
    """The body that carries these encoded messages: always an array, even for one (clients insist)."""
    return b"[" + b",".join(messages) + b"]"
