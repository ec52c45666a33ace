"""What an agent's operations on Genesys bring about: the events that answer them.

From the pages of each operation (Chat API v2, "notifications received"), the samples of the Messages page,
and traces of the voice side for what logging in and getting ready bring.
"""

from __future__ import annotations

from typing import Any

_LEFT = {"ParticipantLeft", "ParticipantsUpdated", "TranscriptSaveDone"}
_JOINED = {"ParticipantsUpdated", "ParticipantJoined", "ParticipantRejoined", "Invited"}
_PROPERTIES = {"PropertiesUpdated"}
_STATES = {
    *("DeviceStateChangeMessage", "ChannelStateChangeMessage", "ChannelStateChangeMessageV2"),
    *("UserStateChangeMessage", "StatusChange"),
}

_KINDS: dict[str, set[str]] = {
    "Accept": {"Chatting", "ParticipantsUpdated", "ParticipantJoined", "ParticipantRejoined"},
    "Reject": {"Completed"},
    "Leave": {"LeftChat", "Completed", "Text", *_LEFT},
    "Complete": {"Completed", "Text", *_LEFT},
    "LeaveAndComplete": {"LeftChat", "Completed", "Text", *_LEFT},
    "Transfer": {"Completed", "Text", "Invited", *_LEFT},
    "Consult": _JOINED,
    "Invite": _JOINED,
    "CancelConsult": _LEFT,
    "RemoveParticipantFromConference": {"Notice", *_LEFT},
    "SendMessage": {"Text"},
    "SendToAgents": {"Text"},
    "SendUrl": {"PushUrl"},
    "SendCustomNotice": {"CustomNotice"},
    "SendCustomNoticeToAgents": {"CustomNotice"},
    "SendStartTypingNotification": {"TypingStarted"},
    "SendStopTypingNotification": {"TypingStopped"},
    "SendStartTypingToAgentsNotification": {"TypingStarted"},
    "SendStopTypingToAgentsNotification": {"TypingStopped"},
    "AttachUserData": _PROPERTIES,
    "UpdateUserData": _PROPERTIES,
    "DeleteUserData": _PROPERTIES,
    "SetDisposition": _PROPERTIES,
    "StartContactCenterSession": _STATES,
    "EndContactCenterSession": _STATES,
    "Ready": _STATES,
    "NotReady": _STATES,
    "NotReadyWithReason": _STATES,
}

EFFECTS = {operation: frozenset(kinds) for operation, kinds in _KINDS.items()}
"""By operation, the kinds (as `kinds_of` has them) of the events that it may bring."""


def kinds_of(data: Any) -> frozenset[str] | None:
    """What kinds of event this is; empty when no operation of an agent's brings it, None when unknown."""
    if not isinstance(data, dict):
        return None
    messages = data.get("messages")
    if isinstance(messages, list) and messages:
        return frozenset(_type_of(message) for message in messages if not _is_customers(message))
    kind, chat = data.get("notificationType"), data.get("chat")
    if kind == "StatusChange" and isinstance(chat, dict) and isinstance(chat.get("state"), str):
        return frozenset({chat["state"]} - {"Revoked"})
    if kind == "Error" or data.get("messageType") == "ErrorMessage":
        return None
    found = frozenset(each for each in (kind, data.get("messageType")) if isinstance(each, str))
    return found & _KNOWN or None


_KNOWN = frozenset().union(*EFFECTS.values())


def _type_of(message: Any) -> str:
    kind = message.get("type") if isinstance(message, dict) else None
    return kind if isinstance(kind, str) else ""


def _is_customers(message: Any) -> bool:
    sender = message.get("from") if isinstance(message, dict) else None
    return isinstance(sender, dict) and sender.get("type") == "Customer"
