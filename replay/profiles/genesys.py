"""Genesys Web Services, REST API v2 (8.5)."""

from __future__ import annotations

import random  # noqa: TID251  only for the type of the source that makers draw from
import re
import string
from typing import Any

from replay.profiles.genesys_effects import EFFECTS, kinds_of
from replay.profiles.genesys_settings import Settings, adapted
from replay.profiles.profile import LOOKALIKE, IdShape, Profile, kebab

_ALPHANUMERIC = string.digits + string.ascii_uppercase
_HEX = "0123456789ABCDEF"


def _interaction_id(draw: random.Random, _recorded: str) -> str:
    # As in the document: 0000Na9B26EF002X. Four zeros, mixed case, sixteen characters.
    mixed = string.ascii_letters + string.digits
    head = draw.choice(string.ascii_uppercase) + "".join(draw.choices(mixed, k=3))
    return "0000" + head + "".join(draw.choices(_ALPHANUMERIC, k=8))


def _participant_id(draw: random.Random, _recorded: str) -> str:
    return "00" + "".join(draw.choices(_HEX, k=14))


def _uuid(draw: random.Random, _recorded: str) -> str:
    digits = "".join(draw.choices(_HEX.lower(), k=32))
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def _hex(draw: random.Random, _recorded: str) -> str:
    return "".join(draw.choices(_HEX.lower(), k=32))


def _not_found(sentence: str) -> tuple[int, dict[str, object]]:
    # "All Methods" return values: 6 is "resource not found"; its HTTP status is inferred.
    return 404, _failure(6, sentence)


def _failure(code: int, sentence: str) -> dict[str, object]:
    return {"statusCode": code, "statusMessage": sentence}


def _push_name(channel: str, data: Any) -> str:
    if not isinstance(data, dict):
        return channel.rpartition("/")[2]
    kind = str(data.get("notificationType") or data.get("messageType") or channel.rpartition("/")[2])
    chat = data.get("chat")
    if kind == "StatusChange" and isinstance(chat, dict) and "state" in chat:
        kind = str(chat["state"])
    return kebab(_message_name(data.get("messages")) or kind)


def _message_name(messages: Any) -> str:
    """`CustomerText` for a single message of the customer's; a history has no name of its own."""
    message = messages[0] if isinstance(messages, list) and len(messages) == 1 else None
    sender = message.get("from") if isinstance(message, dict) else None
    if not isinstance(message, dict) or not isinstance(sender, dict):
        return ""
    who, what = sender.get("type"), message.get("type")
    return f"{who}{what}" if isinstance(who, str) and isinstance(what, str) and what else ""


PROFILE = Profile(
    name="genesys",
    api_prefix="/api/v2/",
    operation_field="operationName",
    reference_field="referenceId",
    session_cookie="JSESSIONID",
    ids=(
        # Seen: 0000Na9B26EF002X, 0000Wa9CAM6W00J. Participants are sixteen upper-case hex digits.
        IdShape("participant-id", re.compile(r"00[0-9A-F]{14}"), _participant_id),
        IdShape("interaction-id", re.compile(r"0000[A-Za-z0-9]{11,12}"), _interaction_id),
        IdShape("uuid", re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE), _uuid),
        IdShape("hex-id", re.compile(r"[0-9a-f]{32}"), _hex),
        LOOKALIKE,
    ),
    id_fields=frozenset({"id", "participantId", "userId", "chatId", "parentId"}),
    story_ids=frozenset({"interaction-id"}),
    constants=frozenset(
        {
            "9430250E-0A1B-421F-B372-F29E69366DED",  # Ready
            "900D55CC-2BB0-431F-8BF9-D3525B383BE6",  # NotReady
            "0F7F5003-EF26-4D13-A6EF-D0C7EC819BEB",  # Offline
        }
    ),
    field_order=(
        *("statusCode", "statusMessage", "operationName", "messageType", "notificationType", "referenceId"),
        *("chat", "chatUri", "index", "type", "id", "state", "uri", "path", "nickname", "participantId"),
    ),
    client_fields=frozenset({"nickname", "text"}),
    time_fields=frozenset({"timestamp", "timestampSeconds", "receivedDate", "serverGenerationTimestamp"}),
    readying=frozenset({"Ready"}),
    failure_field="statusCode",
    effects=EFFECTS,
    kinds_of=kinds_of,
    push_name=_push_name,
    not_found=_not_found,
    failure=_failure,
    # Observed: with HTTP 403, not 401.
    not_logged_in=lambda: _failure(20, "Access denied"),
    settings=Settings,
    adapted=adapted,
)
