"""All that is known of an agent's operations on a chat, and of what each brings."""

from __future__ import annotations

from tests.library.fact import Fact, Section, not_played, played, tested
from tests.library.signs import (
    ANY,
    CHAT,
    answered,
    asked,
    capability,
    either,
    follows,
    holds,
    operation,
    replied,
)

_STATE, _LOG, _NEW = "ChatStateChangeMessage", "MessageLogUpdated", "NewMessages"
_INTERACTION = "POST /api/v2/me/interactions/{}"
_CAPABILITIES = (
    *("Accept", "Reject", "Transfer", "Leave", "Complete", "LeaveAndComplete", "Invite", "Consult"),
    *("CancelConsult", "InFocus", "SetInFocus", "SetDisposition", "AttachUserData", "DeleteUserData"),
    *("UpdateUserData", "SendMessage", "SendUrl", "SendStartTypingNotification"),
    *("SendStopTypingNotification", "SendToAgents", "SendStartTypingToAgentsNotification"),
    *("SendStopTypingToAgentsNotification", "SendCustomNotice", "RemoveParticipantFromConference"),
)
_OLD_OPERATIONS = (
    *("Accept", "Reject", "SendMessage", "SendNotification", "Transfer", "StopProcessing"),
    *("RequestChatHistory", "InitiateConsulation", "CompleteTransfer", "CompleteConference"),
)


def chat_event(kind: str, state: str = "") -> dict[str, object]:
    """What an event says of a chat's change."""
    named = {"messageType": _STATE, "notificationType": kind}
    return {**named, "chat": {"state": state}} if state else {**named, "chat": ANY}


def line_event(kind: str, **fields: object) -> dict[str, object]:
    """An event that brings one line of what is said."""

    def has(lines: object) -> bool:
        return isinstance(lines, list) and any(
            line.get("type") == kind and all(line.get(key) == each for key, each in fields.items())
            for line in lines
        )

    return {"messageType": _LOG, "notificationType": _NEW, "messages": has}


def brings(what: str, operations: str, fields: dict[str, object]) -> Fact:
    return played(what, follows(operations, **fields))


COMMON = Section(
    title="1.1 What all operations have in common",
    facts=(
        played("`POST /api/v2/me/chats/{id}`", operation("Accept")),
        played(
            "`POST /api/v2/chats/{id}` for an agent's operation, as some samples print",
            operation("AttachUserData", "POST /api/v2/chats/{}"),
        ),
        played(
            "`POST /me/interactions/{id}`, as pages of early 2014 had it", operation("Accept", _INTERACTION)
        ),
        played('`{"statusCode":0}`', answered(200, CHAT, statusCode=0)),
        *(
            played(f"`referenceId` in the answer to {name}", replied(name, statusCode=0, referenceId=ANY))
            for name in ("Consult", "CancelConsult", "Invite")
        ),
        played(
            "`referenceId` in the answer to a workbin's Subscribe",
            answered(200, "POST /api/v2/workbins/{}", referenceId=ANY),
        ),
        played("`api-multimedia-chat` among the features", holds(id="api-multimedia-chat")),
        *(played(f"Capability `{name}`", capability(name)) for name in _CAPABILITIES),
    ),
)

OPERATIONS = Section(
    title="1.2 Operations, and what each brings",
    facts=(
        played("`Accept` with `nickname`", operation("Accept", nickname=ANY)),
        brings("Accept brings StatusChange, `Chatting`", "Accept", chat_event("StatusChange", "Chatting")),
        brings("Accept brings ParticipantsUpdated", "Accept", chat_event("ParticipantsUpdated")),
        brings("Accept brings NewMessages, the history", "Accept", line_event("ParticipantJoined")),
        played("`Reject`", operation("Reject")),
        brings("Reject brings StatusChange, `Completed`", "Reject", chat_event("StatusChange", "Completed")),
        not_played('`{"status": 0}`, as the page of Reject has it', "A slip of the page for `statusCode`."),
        played("`SendMessage` with `text`", operation("SendMessage", text=ANY)),
        played("`SendMessage` with `messageType`", operation("SendMessage", messageType=ANY)),
        played("`SendMessage` with `treatAs`", operation("SendMessage", treatAs=ANY)),
        brings("SendMessage brings NewMessages, `Text`", "SendMessage", line_event("Text")),
        played("`SendStartTypingNotification`", operation("SendStartTypingNotification")),
        brings("… brings `TypingStarted`", "SendStartTypingNotification", line_event("TypingStarted")),
        played("`SendStopTypingNotification`", operation("SendStopTypingNotification")),
        brings("… brings `TypingStopped`", "SendStopTypingNotification", line_event("TypingStopped")),
        played("`SendToAgents`", operation("SendToAgents", text=ANY)),
        brings(
            "SendToAgents brings `Text` for agents alone",
            "SendToAgents",
            line_event("Text", visibility="Agents"),
        ),
        played("`SendStartTypingToAgentsNotification`", operation("SendStartTypingToAgentsNotification")),
        brings(
            "… brings `TypingStarted` for agents alone",
            "SendStartTypingToAgentsNotification",
            line_event("TypingStarted", visibility="Agents"),
        ),
        played("`SendStopTypingToAgentsNotification`", operation("SendStopTypingToAgentsNotification")),
        played(
            "`SendStopTypingToAgentNotification`, as the page prints it",
            operation("SendStopTypingToAgentNotification"),
        ),
        brings(
            "… brings `TypingStopped` for agents alone",
            "SendStopTypingToAgentsNotification SendStopTypingToAgentNotification",
            line_event("TypingStopped", visibility="Agents"),
        ),
        played("`SendUrl`", operation("SendUrl", url=ANY)),
        brings("SendUrl brings `PushUrl`", "SendUrl", line_event("PushUrl")),
        played("`SendCustomNotice`", operation("SendCustomNotice", noticeText=ANY)),
        brings("SendCustomNotice brings `CustomNotice`", "SendCustomNotice", line_event("CustomNotice")),
        played("`SendCustomNoticeToAgents`", operation("SendCustomNoticeToAgents", noticeText=ANY)),
        brings(
            "… brings `CustomNotice` for agents alone",
            "SendCustomNoticeToAgents",
            line_event("CustomNotice", visibility="Agents"),
        ),
        played("`Leave`", operation("Leave")),
        played("`Leave` with `text`", operation("Leave", text=ANY)),
        brings(
            "Leave, alone, brings StatusChange, `LeftChat`", "Leave", chat_event("StatusChange", "LeftChat")
        ),
        brings(
            "Leave, in a conference, brings StatusChange, `Completed`",
            "Leave",
            chat_event("StatusChange", "Completed"),
        ),
        played("`Complete`", operation("Complete")),
        played("`Complete` with `queueName`", operation("Complete", queueName=ANY)),
        played("`Complete` with `saveLAR`", operation("Complete", saveLAR=ANY)),
        played("`Complete` with `text`", operation("Complete", text=ANY)),
        brings(
            "Complete brings StatusChange, `Completed`", "Complete", chat_event("StatusChange", "Completed")
        ),
        played("`Transfer` with `targetUri`", operation("Transfer", targetUri=ANY)),
        played("`Transfer` with `queueName`", operation("Transfer", queueName=ANY)),
        played("`Transfer` with `text`", operation("Transfer", text=ANY)),
        tested(
            "`messageType` and `treatAs` with what has a `text`",
            "tests/library/test_chats.py::test_what_may_be_left_out_may_be_said",
        ),
        brings(
            "Transfer brings StatusChange, `Completed`", "Transfer", chat_event("StatusChange", "Completed")
        ),
        played("`Consult` with `targetUri`", operation("Consult", targetUri=ANY)),
        brings("Consult brings ParticipantsUpdated", "Consult", chat_event("ParticipantsUpdated")),
        brings("Consult brings `ParticipantJoined`", "Consult", line_event("ParticipantJoined")),
        played("`CancelConsult`", operation("CancelConsult")),
        brings("CancelConsult that fails brings Error", "CancelConsult", {"notificationType": "Error"}),
        played("`Invite` with `targetUri`", operation("Invite", targetUri=ANY)),
        brings("Invite brings ParticipantsUpdated", "Invite", chat_event("ParticipantsUpdated")),
        brings("Invite brings `ParticipantJoined`", "Invite", line_event("ParticipantJoined")),
        played(
            "`RemoveParticipantFromConference` with `targetUri`",
            operation("RemoveParticipantFromConference", targetUri=ANY),
        ),
        played(
            "`RemoveParticipantFromConference` with `userUri`",
            asked(CHAT, {"operationName": "RemoveParticipantFromConference", "userUri": ANY}),
        ),
        brings(
            "… brings `Notice` for agents alone",
            "RemoveParticipantFromConference",
            line_event("Notice", visibility="Agents"),
        ),
        played("`AttachUserData`", operation("AttachUserData")),
        brings("… brings PropertiesUpdated", "AttachUserData", chat_event("PropertiesUpdated")),
        played("`UpdateUserData`", operation("UpdateUserData")),
        brings("… brings PropertiesUpdated", "UpdateUserData", chat_event("PropertiesUpdated")),
        played("`DeleteUserData` with `keys`", operation("DeleteUserData", keys=ANY)),
        brings("… brings PropertiesUpdated", "DeleteUserData", chat_event("PropertiesUpdated")),
        played("`SetDisposition`", operation("SetDisposition", disposition=ANY)),
        played("`SetDisposition` with `dispositionKey`", operation("SetDisposition", dispositionKey=ANY)),
        brings("… brings PropertiesUpdated", "SetDisposition", chat_event("PropertiesUpdated")),
        played("`InFocus`, later `SetInFocus`", either(operation("InFocus"), operation("SetInFocus"))),
        played("`LeaveAndComplete`", operation("LeaveAndComplete")),
        played(
            "An operation that does not exist (`SendCustomNotification`)",
            asked(CHAT, {"operationName": "SendCustomNotification"}),
        ),
        not_played("Facebook and Twitter, with `targetPath`", "Other media than chat."),
        *(
            played(f"8.5.0, on `/me/interactions`: `{name}`", operation(name, _INTERACTION))
            for name in _OLD_OPERATIONS
        ),
        played('8.5.0: `{"status":"ok"}`', answered(200, _INTERACTION, status="ok")),
    ),
)
