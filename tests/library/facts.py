"""All that is known of the API, section by section of what is documented and was seen of it."""

from __future__ import annotations

from itertools import pairwise

from tests.library.bayeux_facts import BAYEUX
from tests.library.fact import Section, not_played, played, tested
from tests.library.operation_facts import COMMON, OPERATIONS, chat_event
from tests.library.return_facts import RETURNS, STARTS
from tests.library.signs import (
    ANY,
    after_answer,
    answered,
    before_answer,
    collected,
    either,
    follows,
    holds,
    in_turn,
    like,
    message,
    operation,
    read,
    setting,
    told,
    told_without,
)

_STATE, _LOG, _NEW = "ChatStateChangeMessage", "MessageLogUpdated", "NewMessages"
_CUSTOMER = "POST /api/v2/chats/{}"
_MESSAGES = (
    *("Text", "ParticipantJoined", "ParticipantLeft", "ParticipantRejoined", "TypingStarted"),
    *("TypingStopped", "PushUrl", "Notice", "TranscriptSaveDone", "CustomNotice"),
)


READING = Section(
    title="1.3 Reading",
    facts=(
        played("`GET /api/v2/me/chats`", read("GET /api/v2/me/chats")),
        played("`GET /api/v2/me/chats?fields=*`", read("GET /api/v2/me/chats?fields=*")),
        played("… with all the chats that there are", collected("chat")),
        played("`GET /api/v2/me/chats/{id}`", read("GET /api/v2/me/chats/{}")),
        played("`GET /api/v2/me/chats/{id}/messages`", read("GET /api/v2/me/chats/{}/messages")),
        played("… with all that has been said", collected("messages")),
        played(
            "… with `startIndex` and `count`",
            read("GET /api/v2/me/chats/{}/messages?startIndex=5&count=2"),
        ),
        played(
            "`GET /api/v2/me?subresources=devices,calls,channels,interactions,chats`",
            read("GET /api/v2/me?subresources=devices,calls,channels,interactions,chats"),
        ),
        played(
            "… without `chats` when multimedia is down",
            answered(
                200,
                "GET /api/v2/me?subresources=devices,calls,channels,interactions,chats",
                user=lambda user: "calls" in user and "chats" not in user,
            ),
        ),
        played("`GET /api/v2/me?subresources=*`", read("GET /api/v2/me?subresources=*")),
        played("A chat's `participants`", holds(state=ANY, capabilities=ANY, participants=ANY)),
        played("A chat's `chatType` and `receivedDate`", holds(chatType=ANY, receivedDate=ANY)),
    ),
)

CUSTOMER = Section(
    title="1.4 The customer's side",
    facts=(
        tested(
            "Header `ContactCenterId`, without which nothing is answered where that is demanded",
            "tests/library/test_customer.py::test_a_customer_who_does_not_say_whose_it_is_is_refused_where_that_is_demanded",
        ),
        played("`RequestChat`", operation("RequestChat", "POST /api/v2/chats", nickname=ANY, subject=ANY)),
        *(
            played(f"`POST /api/v2/chats/{{id}}`, `{name}`", operation(name, _CUSTOMER))
            for name in (
                *("SendMessage", "SendStartTypingNotification"),
                *("SendStopTypingNotification", "Complete"),
            )
        ),
        played("`GET /api/v2/chats/{id}`", read("GET /api/v2/chats/{}")),
        *(
            played(
                f"State `{state}`",
                answered(200, "GET /api/v2/chats/{}", chat=lambda chat, at=state: chat["state"] == at),
            )
            for state in ("WaitingForAgent", "Chatting", "Idle")
        ),
        played("`GET /api/v2/chats/{id}/messages?index=n`", read("GET /api/v2/chats/{}/messages?index=1")),
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
        played(
            "`/v2/me/calls`: `CallStateChangeMessage`",
            told("/v2/me/calls", messageType="CallStateChangeMessage"),
        ),
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
            played(
                f"notificationType `{kind}`", told("/v2/me/chats", messageType=_STATE, notificationType=kind)
            )
            for kind in ("StatusChange", "ParticipantsUpdated", "PropertiesUpdated", "Error")
        ),
        played(
            "notificationType `NewMessages`", told("/v2/me/chats", messageType=_LOG, notificationType=_NEW)
        ),
        played(
            "notificationType `AttachedDataChanged`, of calls", told(notificationType="AttachedDataChanged")
        ),
        played(
            "`referenceId` on what a request causes",
            told("/v2/me/chats", messageType=_STATE, referenceId=ANY),
        ),
        played(
            "No `referenceId` on what follows",
            told_without("referenceId", **chat_event("ParticipantsUpdated")),
        ),
        played(
            "`chatUri`, without a chat or its id", told_without("chat", "id", messageType=_LOG, chatUri=ANY)
        ),
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
        played(
            "No `capabilities` at all", told("/v2/me/chats", chat=lambda chat: "capabilities" not in chat)
        ),
        played("`capabilities: []`", told("/v2/me/chats", chat={"capabilities": []})),
        *(
            played(f"Participant of type `{kind}`", holds(type=kind, participantId=ANY))
            for kind in ("Agent", "Customer")
        ),
        played("Participant `system`", holds(nickname="system")),
        played("Participant with `visibility`", holds(type=ANY, participantId=ANY, visibility=ANY)),
        played(
            "Participant with `uri`, `path` and `id`",
            holds(type=ANY, participantId=ANY, uri=ANY, path=ANY, id=ANY),
        ),
        played("`userData` with values", told("/v2/me/chats", chat={"userData": bool})),
        played(
            "`userData` with a value that is null",
            told(
                "/v2/me/chats",
                chat={"userData": lambda data: isinstance(data, dict) and None in data.values()},
            ),
        ),
        *(played(f"Message `{kind}`", message(kind)) for kind in _MESSAGES),
        played("`text` of `TypingStarted`, the preview", message("TypingStarted", text=ANY)),
        *(played(f"Message for `{who}`", message("Text", visibility=who)) for who in ("All", "Agents")),
        played(
            "Gaps in `index`",
            holds(messages=lambda lines: any(b["index"] - a["index"] > 1 for a, b in _pairs(lines))),
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
    numbered = (
        [each for each in lines if isinstance(each.get("index"), int)] if isinstance(lines, list) else []
    )
    return list(pairwise(numbered))


COURSE = Section(
    title="2.4 to 2.6 Invitations, and how a chat goes on",
    facts=(
        played("Invited", told("/v2/me/chats", **chat_event("StatusChange", "Invited"))),
        played(
            "An e-mail's invitation, as 8.5.1 has it",
            told(messageTypeName=ANY, channel="email", state="Invited"),
        ),
        played("Revoked, with no capabilities", told(chat={"state": "Revoked", "capabilities": []})),
        played("LeftChat, then Completed", in_turn("LeftChat", "Completed")),
        played(
            "The customer leaves: `ParticipantLeft`, and the state stays",
            told(messages=lambda lines: any(_is_customer(line, "ParticipantLeft") for line in lines)),
        ),
        played(
            "A consulted agent is invited to a chat of its own",
            follows("Consult", **chat_event("StatusChange", "Invited")),
        ),
        played("An event before the answer to what it follows", before_answer),
        played("An event after the answer", after_answer),
        tested(
            "Either order, as a test wants it",
            "tests/faults/test_answers.py::test_the_answer_can_come_after_its_events",
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
