"""Which message a reply is to: by all that both say, never by the id alone.

Every client counts its messages from 1, so that ids of several are alike wherever their messages meet: on
one connection, behind one proxy, in one recording. Some servers leave ids out, or write them as numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from replay.bayeux.channels import HANDSHAKE
from replay.bayeux.messages import Message


def asked_by(reply: Message, messages: Iterable[Message]) -> Message | None:
    """The one of these messages that a reply is to; None if it is to none.

    Args:
        messages: Those without a reply yet, of the carrier that the reply came on, as they were sent.
    """
    first = None
    for message in messages:
        if not _may_answer(reply, message):
            continue
        if reply.get("id") is not None and message.get("id") is not None:
            return message
        # Where either says no id, servers answer in order.
        first = first if first is not None else message
    return first


def mark_of(message: Message) -> str:
    """What tells a message from others on the same carrier, for whoever looks for the reply to it."""
    return f"{message.get('id')} {message.get('channel')} {message.get('clientId')}"


def _may_answer(reply: Message, message: Message) -> bool:
    channel = message.get("channel")
    return (
        reply.get("channel") == channel
        and _agree(reply.get("id"), message.get("id"))
        # Of a handshake the reply gives the client its id.
        and (channel == HANDSHAKE or _agree(reply.get("clientId"), message.get("clientId")))
        and _is_part(reply.get("subscription"), message.get("subscription"))
    )


def _agree(one: Any, other: Any) -> bool:
    """Whether both say the same, as text or as a number, or one says nothing."""
    return one is None or other is None or str(one) == str(other)


def _is_part(answered: Any, asked: Any) -> bool:
    """Whether an answer is about channels that were asked for; servers may answer each by itself."""
    return answered is None or asked is None or all(each in _each(asked) for each in _each(answered))


def _each(channels: Any) -> list[Any]:
    return channels if isinstance(channels, list) else [channels]
