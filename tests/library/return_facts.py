"""What is known of answers and errors, and of the orders in which clients start up."""

from __future__ import annotations

from tests.library.fact import Section, not_played, played, tested
from tests.library.signs import (
    ANY,
    answered,
    at_first,
    begins,
    collected,
    either,
    follows,
    later,
    like,
    operation,
    read,
    said,
    setting,
    told,
    told_without,
)

_ME = "POST /api/v2/me"
_START = "StartContactCenterSession"
_CODES = {
    0: "ok",
    1: "a required parameter is missing",
    2: "a parameter is not valid for the current state",
    3: "operation forbidden",
    4: "internal error",
    5: "no permission for the operation",
    6: "resource not found",
    7: "partial success",
    8: "a password change is demanded",
    9: "processing incomplete",
    10: "input failed validation",
    11: "property is read-only",
    12: "cannot retrieve",
    13: "cannot create",
    14: "cannot delete",
    15: "cannot update",
    16: "cannot assign",
    17: "cannot unassign",
    18: "already exists",
    19: "in use",
    20: "not authenticated",
}

_CODE_FACTS = Section(
    title="3.1 statusCode, and HTTP statuses",
    facts=(
        *(played(f"{code}: {meaning}", answered(statusCode=code)) for code, meaning in _CODES.items()),
        played("4 with HTTP 500", answered(500, statusCode=4)),
        played("4 with HTTP 503", answered(503, statusCode=4)),
        played("7 with HTTP 200", answered(200, statusCode=7)),
        played("20 with HTTP 403, and not 401", answered(403, statusCode=20)),
        played(
            "8.5.0 knew codes up to 6, 8.5.1 up to 7",
            setting(version=like(r"8\.5\.[01]")),
            "tests/plan/test_adapting.py::test_a_version_knows_so_many_status_codes",
        ),
        played(
            "Missing or invalid Csrf token: HTTP 403 and text", said("Missing or invalid Csrf token", 403)
        ),
        played("HTTP 500 of `/internal-api/lucene/index`", answered(500, "GET /internal-api/lucene/index")),
        tested(
            "A path that there is not: 404; ours says why, and what was nearly asked",
            "tests/library/test_all_of_it.py::test_what_there_is_not_is_not_found_and_the_answer_says_what_was_nearly_asked",
        ),
        played("`statusCode` as a string", answered(statusCode="0")),
    ),
)

_PARTIAL = Section(
    title="3.2 Partial success",
    facts=(
        played(
            "`failed` and `succeeded`, of which one is `multimedia`",
            answered(200, _ME, failed=ANY, succeeded=ANY),
        ),
        played("All channels fail: one statusCode", answered(503, _ME, statusCode=4)),
    ),
)

_ASYNCHRONOUS = Section(
    title="3.3 Errors that come later",
    facts=(
        played("Refused at once, since what is behind is away", answered(503, statusCode=4)),
        played(
            "Error of a chat without a chat",
            told_without("chat", "messageType", notificationType="Error", errorMessage=ANY, referenceId=ANY),
        ),
        played(
            "Error of a chat with its chat",
            told("/v2/me/chats", messageType="ChatStateChangeMessage", notificationType="Error", chat=ANY),
        ),
        played(
            "`ErrorMessage` of voice, without text, code or referenceId",
            told(messageType="ErrorMessage", deviceUri=ANY),
        ),
        not_played("`errorMessage` of Twitter", "Other media than chat."),
    ),
)

_GETS = Section(
    title="3.4 What GET answers",
    facts=(
        played("A collection: `uris`", answered(200, "GET /api/v2/me/chats", statusCode=0, uris=ANY)),
        played(
            "`?fields=*`: an array of its name", answered(200, "GET /api/v2/me/chats?fields=*", chats=ANY)
        ),
        played(
            "One resource: its singular", answered(200, "GET /api/v2/me/chats/{}", statusCode=0, chat=ANY)
        ),
        played(
            "`?subresources=a,b`: those within",
            read("GET /api/v2/me?subresources=features,devices,channels"),
        ),
        played("`?subresources=*`: all within", read("GET /api/v2/me?subresources=*")),
        played(
            "`GET /api/v2/diagnostics/version`, without a login",
            answered(200, "GET /api/v2/diagnostics/version", version=ANY),
        ),
    ),
)

_FEATURES = "GET /api/v2/me?subresources=features,devices,channels"
_VOICE = "POST /api/v2/me/channels/voice"
_WWE_BEFORE = (
    ("1, without credentials: 403", answered(403, _FEATURES, statusCode=20)),
    ("2, with Authorization", answered(200, _FEATURES)),
    ("3, settings", read("GET /internal-api/me/settings?fields=*")),
    ("4, services", answered(200, "GET /api/v2/services?fields=*", services=ANY)),
    ("5, groups", read("GET /api/v2/me/groups?type=BusinessUnit&fields=*")),
    ("6, business attributes", read("GET /internal-api/contact-center?subresources=businessAttributes")),
    ("7, dispositions", read("GET /api/v2/groups?type=dispositions&fields=*")),
    ("8, the switch's settings", read("GET /api/v2/me/devices/{}/settings/tserver")),
    ("9, `StartContactCenterSession`", operation(_START, _ME, channels=["voice", "chat"])),
    ("10, the agent as a contact", read("GET /api/v2/contacts/{}?type=User")),
)
_WWE_AFTER = (
    ("12, version", read("GET /api/v2/diagnostics/version")),
    ("12, workbins", read("GET /api/v2/workbins?fields=*")),
    ("12, `Subscribe`", operation("Subscribe", "POST /api/v2/workbins/{}")),
    ("13, what there is", read("GET /api/v2/me/?subresources=devices,calls,channels,interactions,chats")),
    ("14, `SendUserEvent`", operation("SendUserEvent", "POST /internal-api/operations")),
    ("14, `NotReady` of voice", operation("NotReady", _VOICE)),
    ("14, `Ready` of voice", operation("Ready", _VOICE)),
)


def _is_without_multimedia(services: list[dict[str, str]]) -> bool:
    return any(each["type"] == "MultiMediaState" and each["state"] == "Inactive" for each in services)


_WORKSPACE = Section(
    title="5.1 How Workspace Web Edition starts up",
    facts=(
        *(played(what, at_first(sign)) for what, sign in _WWE_BEFORE),
        tested(
            "11, handshake, connect, subscriptions",
            "tests/bayeux/test_client.py::test_a_session_begins_with_a_handshake_then_subscribes_and_connects",
        ),
        *(played(what, later(sign)) for what, sign in _WWE_AFTER),
        played(
            "Multimedia that is inactive",
            answered(200, "GET /api/v2/services?fields=*", services=_is_without_multimedia),
        ),
    ),
)

_OTHERS = Section(
    title="5.2 How others start up",
    facts=(
        played("iOS: `?subresources=*` before CometD", at_first(read("GET /api/v2/me?subresources=*"))),
        played(
            "iOS: a session after CometD, with `mobileSession`",
            later(operation(_START, _ME, mobileSession=ANY)),
        ),
        played("iOS: chats, then their messages", later(read("GET /api/v2/me/chats/{}/messages"))),
        *(
            played(f"`StartContactCenterSession` with `{name}`", operation(_START, _ME, **{name: ANY}))
            for name in ("channels", "place", "loginCode", "queue", "devicePath")
        ),
        played(
            "Vue: `?subresources=features,devices,channels,settings` before CometD",
            at_first(read("GET /api/v2/me?subresources=features,devices,channels,settings")),
        ),
        played("Vue: `StartContactCenterSession` once connected", later(operation(_START, _ME))),
        played("C#: CometD, then `?subresources=*`", begins("GET /api/v2/me?subresources=*")),
        played("`Ready` of all channels", operation("Ready", _ME)),
        played("`NotReady` of all channels", operation("NotReady", _ME)),
        played("`Ready` of chat", operation("Ready", "POST /api/v2/me/channels/chat")),
        played("`NotReady` of chat", operation("NotReady", "POST /api/v2/me/channels/chat")),
        played(
            "A supervisor's, of another's channel",
            either(
                operation("Ready", "POST /api/v2/users/{}/channels/chat"),
                operation("NotReady", "POST /api/v2/users/{}/channels/chat"),
            ),
        ),
        played("Ready brings the state of the channels", follows("Ready", channels=ANY)),
        played("NotReady brings the state of the devices", follows("NotReady", devices=ANY)),
        played("After 402: `GET /api/v2/me/devices?fields=*`", read("GET /api/v2/me/devices?fields=*")),
        played("After 402: `GET /api/v2/me/calls?fields=*`", read("GET /api/v2/me/calls?fields=*")),
        played("After 402: all chats that there are", collected("chat")),
    ),
)

RETURNS = (_CODE_FACTS, _PARTIAL, _ASYNCHRONOUS, _GETS)
STARTS = (_WORKSPACE, _OTHERS)
