"""All that is known of the API, section by section of the reference: what an agent's desktop and its chats are."""

from __future__ import annotations

from tests.library.bayeux_facts import BAYEUX
from tests.library.fact import Fact, Section, not_played, played, tested
from tests.library.return_facts import RETURNS, STARTS
from tests.library.signs import (
    ANY,
    CHAT,
    after_answer,
    answered,
    asked,
    before_answer,
    capability,
    collected,
    demanded,
    either,
    follows,
    holds,
    like,
    message,
    operation,
    setting,
    told,
    told_without,
)

_STATE, _LOG, _NEW = "ChatStateChangeMessage", "MessageLogUpdated", "NewMessages"
_CUSTOMER = "POST /api/v2/chats/{}"
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
_MESSAGES = (
    *("Text", "ParticipantJoined", "ParticipantLeft", "ParticipantRejoined", "TypingStarted"),
    *("TypingStopped", "PushUrl", "Notice", "TranscriptSaveDone", "CustomNotice"),
)


def _chat(kind: str, state: str = "") -> dict[str, object]:
    """What an event says of a chat's change."""
    named = {"messageType": _STATE, "notificationType": kind}
    return {**named, "chat": {"state": state}} if state else {**named, "chat": ANY}


def _line(kind: str, **fields: object) -> dict[str, object]:
    """An event that brings one line of what is said."""

    def has(lines: object) -> bool:
        return isinstance(lines, list) and any(
            line.get("type") == kind and all(line.get(key) == each for key, each in fields.items())
            for line in lines
        )

    return {"messageType": _LOG, "notificationType": _NEW, "messages": has}


def _brings(what: str, operations: str, fields: dict[str, object]) -> Fact:
    return played(what, follows(operations, **fields))


COMMON = Section(
    title="1.1 What all operations have in common",
    facts=(
        played("`POST /api/v2/me/chats/{id}`", operation("Accept")),
        not_played(
            "`POST /api/v2/chats/{id}` for an agent's operation, as some samples print",
            "Customers' requests are posted there; that an agent's are taken too is not shown. A step says it.",
        ),
        played("`POST /me/interactions/{id}`, as pages of early 2014 had it", operation("Accept", _INTERACTION)),
        played('`{"statusCode":0}`', answered(200, CHAT, statusCode=0)),
        played("`referenceId` in the answer to Consult", answered(200, CHAT, statusCode=0, referenceId=ANY)),
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
        _brings("Accept brings StatusChange, `Chatting`", "Accept", _chat("StatusChange", "Chatting")),
        _brings("Accept brings ParticipantsUpdated", "Accept", _chat("ParticipantsUpdated")),
        _brings("Accept brings NewMessages, the history", "Accept", _line("ParticipantJoined")),
        played("`Reject`", operation("Reject")),
        _brings("Reject brings StatusChange, `Completed`", "Reject", _chat("StatusChange", "Completed")),
        played('`{"status": 0}`, a slip of the page of Reject', answered(200, CHAT, status=0)),
        played("`SendMessage` with `text`", operation("SendMessage", text=ANY)),
        played("`SendMessage` with `messageType`", operation("SendMessage", messageType=ANY)),
        played("`SendMessage` with `treatAs`", operation("SendMessage", treatAs=ANY)),
        _brings("SendMessage brings NewMessages, `Text`", "SendMessage", _line("Text")),
        played("`SendStartTypingNotification`", operation("SendStartTypingNotification")),
        _brings("… brings `TypingStarted`", "SendStartTypingNotification", _line("TypingStarted")),
        played("`SendStopTypingNotification`", operation("SendStopTypingNotification")),
        _brings("… brings `TypingStopped`", "SendStopTypingNotification", _line("TypingStopped")),
        played("`SendToAgents`", operation("SendToAgents", text=ANY)),
        _brings("SendToAgents brings `Text` for agents alone", "SendToAgents", _line("Text", visibility="Agents")),
        played("`SendStartTypingToAgentsNotification`", operation("SendStartTypingToAgentsNotification")),
        _brings(
            "… brings `TypingStarted` for agents alone",
            "SendStartTypingToAgentsNotification",
            _line("TypingStarted", visibility="Agents"),
        ),
        played("`SendStopTypingToAgentsNotification`", operation("SendStopTypingToAgentsNotification")),
        played(
            "`SendStopTypingToAgentNotification`, as the page prints it",
            operation("SendStopTypingToAgentNotification"),
        ),
        _brings(
            "… brings `TypingStopped` for agents alone",
            "SendStopTypingToAgentsNotification SendStopTypingToAgentNotification",
            _line("TypingStopped", visibility="Agents"),
        ),
        played("`SendUrl`", operation("SendUrl", url=ANY)),
        _brings("SendUrl brings `PushUrl`", "SendUrl", _line("PushUrl")),
        played("`SendCustomNotice`", operation("SendCustomNotice", noticeText=ANY)),
        _brings("SendCustomNotice brings `CustomNotice`", "SendCustomNotice", _line("CustomNotice")),
        played("`SendCustomNoticeToAgents`", operation("SendCustomNoticeToAgents", noticeText=ANY)),
        _brings(
            "… brings `CustomNotice` for agents alone",
            "SendCustomNoticeToAgents",
            _line("CustomNotice", visibility="Agents"),
        ),
        played("`Leave`", operation("Leave")),
        played("`Leave` with `text`", operation("Leave", text=ANY)),
        _brings("Leave, alone, brings StatusChange, `LeftChat`", "Leave", _chat("StatusChange", "LeftChat")),
        _brings(
            "Leave, in a conference, brings StatusChange, `Completed`", "Leave", _chat("StatusChange", "Completed")
        ),
        played("`Complete`", operation("Complete")),
        played("`Complete` with `queueName`", operation("Complete", queueName=ANY)),
        played("`Complete` with `saveLAR`", operation("Complete", saveLAR=ANY)),
        _brings("Complete brings StatusChange, `Completed`", "Complete", _chat("StatusChange", "Completed")),
        played("`Transfer` with `targetUri`", operation("Transfer", targetUri=ANY)),
        played("`Transfer` with `queueName`", operation("Transfer", queueName=ANY)),
        _brings("Transfer brings StatusChange, `Completed`", "Transfer", _chat("StatusChange", "Completed")),
        played("`Consult` with `targetUri`", operation("Consult", targetUri=ANY)),
        _brings("Consult brings ParticipantsUpdated", "Consult", _chat("ParticipantsUpdated")),
        _brings("Consult brings `ParticipantJoined`", "Consult", _line("ParticipantJoined")),
        played("`CancelConsult`", operation("CancelConsult")),
        _brings("CancelConsult that fails brings Error", "CancelConsult", {"notificationType": "Error"}),
        played("`Invite` with `targetUri`", operation("Invite", targetUri=ANY)),
        _brings("Invite brings ParticipantsUpdated", "Invite", _chat("ParticipantsUpdated")),
        _brings("Invite brings `ParticipantJoined`", "Invite", _line("ParticipantJoined")),
        played(
            "`RemoveParticipantFromConference` with `targetUri`",
            operation("RemoveParticipantFromConference", targetUri=ANY),
        ),
        played(
            "`RemoveParticipantFromConference` with `userUri`",
            operation("RemoveParticipantFromConference", userUri=ANY),
        ),
        _brings("… brings `Notice` for agents alone", "RemoveParticipantFromConference", _line("Notice")),
        played("`AttachUserData`", operation("AttachUserData")),
        _brings("… brings PropertiesUpdated", "AttachUserData", _chat("PropertiesUpdated")),
        played("`UpdateUserData`", operation("UpdateUserData")),
        _brings("… brings PropertiesUpdated", "UpdateUserData", _chat("PropertiesUpdated")),
        played("`DeleteUserData` with `keys`", operation("DeleteUserData", keys=ANY)),
        _brings("… brings PropertiesUpdated", "DeleteUserData", _chat("PropertiesUpdated")),
        played("`SetDisposition`", operation("SetDisposition", disposition=ANY)),
        played("`SetDisposition` with `dispositionKey`", operation("SetDisposition", dispositionKey=ANY)),
        _brings("… brings PropertiesUpdated", "SetDisposition", _chat("PropertiesUpdated")),
        played("`InFocus`, later `SetInFocus`", either(operation("InFocus"), operation("SetInFocus"))),
        played("`LeaveAndComplete`", operation("LeaveAndComplete")),
        played(
            "An operation that does not exist (`SendCustomNotification`)",
            either(operation("SendCustomNotification"), operation("AddParticipant")),
        ),
        not_played("Facebook and Twitter, with `targetPath`", "Other media than chat."),
        *(
            played(f"8.5.0, on `/me/interactions`: `{name}`", operation(name, _INTERACTION))
            for name in _OLD_OPERATIONS
        ),
        played('8.5.0: `{"status":"ok"}`', answered(200, _INTERACTION, status="ok")),
    ),
)

READING = Section(
    title="1.3 Reading",
    facts=(
        played("`GET /api/v2/me/chats`", asked("GET /api/v2/me/chats")),
        played("`GET /api/v2/me/chats?fields=*`", asked("GET /api/v2/me/chats?fields=*")),
        played("… with all the chats that there are", collected("chat")),
        played("`GET /api/v2/me/chats/{id}`", asked("GET /api/v2/me/chats/{}")),
        played("`GET /api/v2/me/chats/{id}/messages`", asked("GET /api/v2/me/chats/{}/messages")),
        played("… with all that has been said", collected("messages")),
        played(
            "… with `startIndex` and `count`",
            asked("GET /api/v2/me/chats/{}/messages?startIndex=5&count=2"),
        ),
        played(
            "`GET /api/v2/me?subresources=devices,calls,channels,interactions,chats`",
            asked("GET /api/v2/me?subresources=devices,calls,channels,interactions,chats"),
        ),
        played(
            "… without `chats` when multimedia is down",
            answered(
                200,
                "GET /api/v2/me?subresources=devices,calls,channels,interactions,chats",
                user=lambda user: "calls" in user and "chats" not in user,
            ),
        ),
        played("`GET /api/v2/me?subresources=*`", asked("GET /api/v2/me?subresources=*")),
        played("A chat's `participants`", holds(state=ANY, capabilities=ANY, participants=ANY)),
        played("A chat's `chatType` and `receivedDate`", holds(chatType=ANY, receivedDate=ANY)),
    ),
)

CUSTOMER = Section(
    title="1.4 The customer's side",
    facts=(
        played("Header `ContactCenterId`", demanded("ContactCenterId")),
        played("`RequestChat`", operation("RequestChat", "POST /api/v2/chats", nickname=ANY, subject=ANY)),
        *(
            played(f"`POST /api/v2/chats/{{id}}`, `{name}`", operation(name, _CUSTOMER))
            for name in (
                *("SendMessage", "SendStartTypingNotification"),
                *("SendStopTypingNotification", "Complete"),
            )
        ),
        played("`GET /api/v2/chats/{id}`", asked("GET /api/v2/chats/{}")),
        *(
            played(
                f"State `{state}`", answered(200, "GET /api/v2/chats/{}", chat=lambda chat, at=state: chat["state"] == at)
            )
            for state in ("WaitingForAgent", "Chatting", "Idle")
        ),
        played("`GET /api/v2/chats/{id}/messages?index=n`", asked("GET /api/v2/chats/{}/messages?index=1")),
    ),
)

_TOPICS = (
    *("/v2/me/emails", "/v2/me/openmedia", "/v2/me/workitems", "/v2/me/workbins", "/v2/me/interactions"),
    *("/v2/me/outbound", "/v2/me/im-sessions", "/notifications/services", "/v2/me", "/v2/users"),
)

TOPICS = Section(
    title="2.1 Channels, and what comes on them",
    facts=(
        played("`/v2/me/chats`: `ChatStateChangeMessage`", told("/v2/me/chats", messageType=_STATE)),
        played("`/v2/me/chats`: `MessageLogUpdated`", told("/v2/me/chats", messageType=_LOG)),
        played(
            "`/v2/me/channels`: `ChannelStateChangeMessageV2`",
            told("/v2/me/channels", messageType="ChannelStateChangeMessageV2"),
        ),
        played(
            "`/v2/me/devices`: `DeviceStateChangeMessage`",
            told("/v2/me/devices", messageType="DeviceStateChangeMessage"),
        ),
        played("`/v2/me/devices`: `ErrorMessage`", told("/v2/me/devices", messageType="ErrorMessage")),
        played("`/v2/me/calls`: `CallStateChangeMessage`", told("/v2/me/calls", messageType="CallStateChangeMessage")),
        *(played(f"`{topic}`", told(topic)) for topic in _TOPICS),
        played(
            "8.5.0, `/me/interactions`: `InteractionStateMessage` under `messageTypeName`",
            told("/me/interactions", messageTypeName="InteractionStateMessage"),
        ),
        tested(
            "Subscriptions to `/v2/me/*` and `/**`",
            "tests/bayeux/test_subscribe.py::test_wildcards_reach_as_far_as_bayeux_says",
        ),
        tested(
            "Several channels in one subscription",
            "tests/bayeux/test_subscribe.py::test_a_subscription_is_answered_in_the_shape_it_was_asked",
        ),
    ),
)

ENVELOPE = Section(
    title="2.2 What events have in common",
    facts=(
        tested(
            '`{"channel":…,"data":…}`',
            "tests/matrix/test_matrix.py::test_an_agent_accepts_its_chat_hears_of_it_in_order_and_leaves",
        ),
        *(
            played(f"notificationType `{kind}`", told("/v2/me/chats", messageType=_STATE, notificationType=kind))
            for kind in ("StatusChange", "ParticipantsUpdated", "PropertiesUpdated", "Error")
        ),
        played("notificationType `NewMessages`", told("/v2/me/chats", messageType=_LOG, notificationType=_NEW)),
        played("notificationType `AttachedDataChanged`, of calls", told(notificationType="AttachedDataChanged")),
        played("`referenceId` on what a request causes", told("/v2/me/chats", messageType=_STATE, referenceId=ANY)),
        played("No `referenceId` on what follows", told_without("referenceId", **_chat("ParticipantsUpdated"))),
        played("`chatUri`, without a chat or its id", told_without("chat", "id", messageType=_LOG, chatUri=ANY)),
        played("`chatPath`", either(told(messageType=_LOG, chatPath=ANY), setting(chat_address="both"))),
        played("`metrics`", told(metrics={"eventProcessing": {"serverGenerationTimestamp": ANY}})),
        tested(
            "Addresses of the host that the client dialled",
            "tests/behaviours/transport.py::test_events_name_the_host_that_was_dialled",
        ),
    ),
)

FIELDS = Section(
    title="2.3 States, participants, messages",
    facts=(
        *(
            played(f"State `{state}`", told("/v2/me/chats", chat={"state": state}))
            for state in ("Invited", "Chatting", "LeftChat", "Completed", "Revoked")
        ),
        played("No `capabilities` at all", told("/v2/me/chats", chat=lambda chat: "capabilities" not in chat)),
        played("`capabilities: []`", told("/v2/me/chats", chat={"capabilities": []})),
        *(
            played(f"Participant of type `{kind}`", holds(type=kind, participantId=ANY))
            for kind in ("Agent", "Customer")
        ),
        played("Participant `system`", holds(nickname="system")),
        played("Participant with `visibility`", holds(type=ANY, participantId=ANY, visibility=ANY)),
        played("Participant with `uri`, `path` and `id`", holds(type=ANY, participantId=ANY, uri=ANY, path=ANY, id=ANY)),
        played("`userData` with values", told("/v2/me/chats", chat={"userData": lambda data: bool(data)})),
        *(played(f"Message `{kind}`", message(kind)) for kind in _MESSAGES),
        played("`text` of `TypingStarted`, the preview", message("TypingStarted", text=ANY)),
        *(played(f"Message for `{who}`", message("Text", visibility=who)) for who in ("All", "Agents")),
        played(
            "Gaps in `index`",
            told(messages=lambda lines: any(b["index"] - a["index"] > 1 for a, b in _pairs(lines))),
        ),
        played("`timestamp` as `2014-01-02T14:23:18.000-0800`", holds(timestamp=like(r"^\d{4}-\d\d-\d\dT"))),
        played(
            "`timestamp` as `2014-01-09 11:58:12.035+0200`",
            either(holds(timestamp=like(r"^\d{4}-\d\d-\d\d ")), setting(timestamps="spaced")),
        ),
        not_played(
            "`timestamp` as `2014-05-1502:24:00.000-0700`",
            "A slip of a document; what a recording has is played as it stands.",
        ),
        played(
            "`timestampSeconds`, which are milliseconds",
            either(holds(timestampSeconds=ANY), setting(timestamp_seconds=True)),
        ),
    ),
)


def _pairs(lines: object) -> list[tuple[dict[str, int], dict[str, int]]]:
    """Neighbours in a list of messages whose indices are numbers."""
    numbered = [each for each in lines if isinstance(each.get("index"), int)] if isinstance(lines, list) else []
    return list(zip(numbered, numbered[1:], strict=False))


COURSE = Section(
    title="2.4 to 2.6 Invitations, and how a chat goes on",
    facts=(
        played("Invited", told("/v2/me/chats", **_chat("StatusChange", "Invited"))),
        played("An e-mail's invitation, as 8.5.1 has it", told(messageTypeName=ANY, channel="email", state="Invited")),
        played("Revoked, with no capabilities", told(chat={"state": "Revoked", "capabilities": []})),
        _brings("LeftChat, then Completed", "Complete", _chat("StatusChange", "Completed")),
        played(
            "The customer leaves: `ParticipantLeft`, and the state stays",
            told(messages=lambda lines: any(_is_customer(line, "ParticipantLeft") for line in lines)),
        ),
        played("A consulted agent is invited to a chat of its own", follows("Consult", **_chat("StatusChange", "Invited"))),
        played("An event before the answer to what it follows", before_answer),
        played("An event after the answer", after_answer),
        tested(
            "Either order, as a test wants it", "tests/faults/test_answers.py::test_an_answer_is_swapped_with_its_events"
        ),
        tested(
            "Events in the order in which they were published",
            "tests/bayeux/test_connect.py::test_what_comes_while_no_connect_waits_rides_on_the_next_all_of_it_in_order",
        ),
    ),
)


def _is_customer(line: object, kind: str) -> bool:
    return isinstance(line, dict) and line.get("type") == kind and line["from"]["type"] == "Customer"


_STATES = {
    "Ready": "9430250E-0A1B-421F-B372-F29E69366DED",
    "NotReady": "900D55CC-2BB0-431F-8BF9-D3525B383BE6",
    "LoggedOut": "0F7F5003-EF26-4D13-A6EF-D0C7EC819BEB",
}

AROUND = Section(
    title="2.7 What is told around a chat",
    facts=(
        played("Channels, each with its state", told("/v2/me/channels", channels=ANY)),
        played("Devices, each with its state", told("/v2/me/devices", devices=ANY)),
        *(played(f"User state `{name}`", holds(id=each, state=name)) for name, each in _STATES.items()),
    ),
)

SECTIONS = (
    *(COMMON, OPERATIONS, READING, CUSTOMER, TOPICS, ENVELOPE, FIELDS, COURSE, AROUND),
    *(*RETURNS, *BAYEUX, *STARTS),
)
