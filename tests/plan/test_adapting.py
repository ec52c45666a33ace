"""A scenario as a server with other settings tells it: `profile_settings`, and what overrides them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from replay.errors import UsageError
from replay.plan.adapting import as_wanted
from replay.scenario.dump import dumps
from replay.scenario.load import load, loads
from replay.scenario.model import PushStep, RequestStep, Scenario, Step
from replay.scenario.profile_settings import overriding
from replay.testing import scenario

ACCEPT = load(Path(__file__).parents[2] / "scenarios" / "accept-chat.yaml")
HISTORY = "2014-01-02T14:23:20.171-0800"
SPACED = "2014-01-02 14:23:20.171-0800"


def adapted(found: Scenario, **settings: Any) -> Scenario:
    return as_wanted(found, settings)


def step(found: Scenario, name: str) -> Any:
    steps: list[Step] = [*found.session, *found.steps]
    return next(each for each in steps if each.id == name)


def last(found: Scenario) -> dict[str, Any]:
    """The last message of the history."""
    message: dict[str, Any] = step(found, "history").data["messages"][-1]
    return message


def test_without_settings_a_scenario_is_what_it_is() -> None:
    assert as_wanted(ACCEPT, {}) is ACCEPT


@pytest.mark.parametrize(
    ("wanted", "names"), [("uri", ["chatUri"]), ("path", ["chatPath"]), ("both", ["chatUri", "chatPath"])]
)
def test_an_event_with_messages_names_its_chat_as_the_client_needs_it(wanted: str, names: list[str]) -> None:
    data = step(adapted(ACCEPT, chat_address=wanted), "history").data
    addresses = {"chatUri": "${base_url}/api/v2/chats/${chat}", "chatPath": "/chats/${chat}"}

    assert {name: data[name] for name in data if name in addresses} == {
        name: addresses[name] for name in names
    }
    assert step(adapted(ACCEPT, chat_address=wanted), "chatting") == step(ACCEPT, "chatting")


def test_a_path_makes_a_uri_and_what_says_neither_is_left_alone() -> None:
    found = scenario("""
steps:
  - {id: one, push: /c, data: {messageType: MessageLogUpdated, chatPath: /chats/7, messages: []}}
  - {id: two, push: /c, data: {messageType: MessageLogUpdated, messages: []}}
  - {id: three, push: /c, data: {messageType: MessageLogUpdated, chatUri: "http://elsewhere/7"}}
  - {id: four, push: /c, data: [MessageLogUpdated]}
""")
    both = adapted(found, chat_address="both")

    assert step(both, "one").data == {
        "messageType": "MessageLogUpdated",
        "chatUri": "${base_url}/api/v2/chats/7",
        "chatPath": "/chats/7",
        "messages": [],
    }
    assert [step(both, name) for name in ("two", "three", "four")] == found.steps[1:]


def test_each_event_has_metrics_with_the_time_when_it_was_made_and_nobody_compares_them() -> None:
    found = adapted(ACCEPT, metrics=True)
    pushes = [each for each in found.steps if isinstance(each, PushStep)]
    made = {each.data["metrics"]["eventProcessing"]["serverGenerationTimestamp"] for each in pushes}

    assert made == {"${generated}"}
    assert found.variables["generated"].make == "time"
    assert found.variables["generated"].recorded == 1388701400171
    assert found.ignore == ["metrics"]
    assert [each for each in found.steps if isinstance(each, RequestStep)] == [step(ACCEPT, "accept")]


def test_the_time_of_metrics_takes_no_name_that_is_taken() -> None:
    found = scenario("""
variables: {generated: {recorded: 1}}
steps: [{id: one, push: /c, data: {a: "${generated}"}}]
""")
    assert list(adapted(found, metrics=True).variables) == ["generated", "generated_"]


def test_metrics_that_are_there_stay_or_go() -> None:
    found = scenario("steps: [{id: one, push: /c, data: {metrics: {a: 1}, b: 2}}]")

    assert adapted(found, metrics=True).steps == found.steps
    assert step(adapted(found, metrics=False), "one").data == {"b": 2}


@pytest.mark.parametrize(("form", "told"), [("iso", HISTORY), ("spaced", SPACED)])
def test_times_of_messages_have_the_form_that_is_wanted(form: str, told: str) -> None:
    there = adapted(ACCEPT, timestamps=form)

    assert last(there)["timestamp"] == told
    assert last(adapted(there, timestamps="iso"))["timestamp"] == HISTORY


@pytest.mark.parametrize(
    ("text", "spaced", "milliseconds"),
    [
        ("2014-05-1502:24:00.000-0700", "2014-05-15 02:24:00.000-0700", 1400145840000),
        ("2014-05-15T02:24:00Z", "2014-05-15 02:24:00+0000", 1400120640000),
        ("2014-05-15 02:24:00.123456+05:30", "2014-05-15 02:24:00.123456+0530", 1400100840123),
        ("2014-05-15T02:24:00.5", "2014-05-15 02:24:00.5", 1400120640500),
    ],
)
def test_a_time_in_any_form_that_servers_have_shown_stays_the_same_time(
    text: str, spaced: str, milliseconds: int
) -> None:
    found = scenario(f"steps: [{{id: one, push: /c, data: {{messages: [{{timestamp: '{text}'}}]}}}}]")
    (message,) = step(adapted(found, timestamps="spaced", timestamp_seconds=True), "one").data["messages"]

    assert message == {"timestamp": spaced, "timestampSeconds": milliseconds}


def test_seconds_which_are_milliseconds_come_and_go_and_are_moved_with_the_times() -> None:
    there = adapted(ACCEPT, timestamp_seconds=True)

    assert last(there)["timestampSeconds"] == 1388701400171
    assert there.shift_times == ["timestamp", "timestampSeconds"]
    assert last(adapted(replace(there, profile_settings={}), timestamp_seconds=False)) == last(ACCEPT)


def test_what_is_no_time_is_left_alone() -> None:
    found = scenario("""
steps:
  - {id: one, push: /c, data: {messages: [{timestamp: now}, {timestamp: 7}, text, {index: 1}]}}
  - {id: two, push: /c, data: {messages: [{timestamp: 2014-13-01T00:00:00Z}]}}
""")
    there = adapted(found, timestamps="spaced", timestamp_seconds=True)

    assert there.steps[0] == found.steps[0]
    assert "timestampSeconds" not in step(there, "two").data["messages"][0]


def test_a_time_that_is_a_variable_has_another_form_and_a_number_beside_it() -> None:
    found = scenario(f"""
variables: {{now: {{recorded: "{HISTORY}"}}}}
steps:
  - {{id: send, request: POST /chats, respond: {{body: {{at: "${{now}}"}}}}}}
  - {{id: said, push: /c, data: {{messages: [{{timestamp: "${{now}}"}}]}}}}
""")
    there = adapted(found, timestamps="spaced", timestamp_seconds=True)

    assert step(there, "said").data["messages"] == [
        {"timestamp": "${now}", "timestampSeconds": "${now_ms}"},
    ]
    assert [each.recorded for each in there.variables.values()] == [
        SPACED,
        1388701400171,
    ]
    assert loads(dumps(replace(there, profile_settings={}))).variables == there.variables


def test_answers_that_list_messages_and_chats_are_told_like_events() -> None:
    found = scenario(f"""
steps:
  - id: chats
    request: GET /chats
    respond: {{body: {{chats: [{{capabilities: [Leave, InFocus], id: 1}}]}}}}
  - id: messages
    request: GET /messages
    respond: {{body: {{statusCode: 0, messages: [{{timestamp: "{HISTORY}"}}]}}}}
""")
    there = adapted(found, in_focus="SetInFocus", timestamps="spaced")

    assert step(there, "chats").respond[0].body["chats"][0]["capabilities"] == ["Leave", "SetInFocus"]
    assert step(there, "messages").respond[0].body["messages"] == [{"timestamp": SPACED}]


def test_the_operation_is_called_as_its_capability_also_where_faults_are_aimed_at_it() -> None:
    found = scenario("""
steps:
  - {id: focus, request: POST /chats/1, body: {operationName: InFocus}}
  - {id: other, request: POST /chats/1, body: {operationName: Leave}}
  - {id: odd, request: POST /chats/1, body: {operationName: [InFocus]}}
faults: [{name: no, fault: hang, where: {operation: InFocus}}]
""")
    there = adapted(found, in_focus="SetInFocus")

    assert step(there, "focus").body == {"operationName": "SetInFocus"}
    assert [step(there, name) for name in ("other", "odd")] == found.steps[1:]
    assert there.faults[0].where.operation == "SetInFocus"


@pytest.mark.parametrize(("version", "code"), [("8.5.0", 4), ("8.5.1", 7), ("8.5.2", 7)])
def test_a_version_knows_so_many_status_codes(version: str, code: int) -> None:
    found = scenario("""
steps:
  - id: log-in
    request: POST /me
    respond:
      body:
        statusCode: 7
        failed: [{statusCode: 4, statusMessage: Not opened, channel: multimedia}]
        succeeded: [{statusCode: 0, channel: voice}]
  - id: nobody
    request: GET /me
    respond: {status: 403, body: {statusCode: 20, statusMessage: Access denied}}
demands:
  - {header: Authorization, refused: {status: 403, body: {statusCode: 20, statusMessage: Access denied}}}
""")
    there = adapted(found, version=version)
    start, nobody = (step(there, name).respond[0].body for name in ("log-in", "nobody"))

    assert start["statusCode"] == code
    if version == "8.5.0":
        assert start == {"statusCode": 4, "statusMessage": "Not opened"}
    assert nobody["statusCode"] == (20 if version == "8.5.2" else 4)
    assert nobody["statusMessage"] == "Access denied"
    assert there.demands[0].refused.body == nobody


def test_a_version_is_a_set_of_settings_of_which_each_can_be_another() -> None:
    old, new = (
        adapted(ACCEPT, version="8.5.0"),
        adapted(ACCEPT, version="8.5.2", in_focus="InFocus", metrics=False),
    )

    assert old.steps == ACCEPT.steps
    assert "chatPath" in step(new, "history").data
    assert last(new) == last(ACCEPT) | {
        "timestamp": SPACED,
        "timestampSeconds": 1388701400171,
    }
    assert step(new, "chatting") == step(ACCEPT, "chatting")
    assert "SetInFocus" in step(adapted(ACCEPT, version="8.6.0"), "chatting").data["chat"]["capabilities"]


def test_what_the_file_says_holds_where_nothing_overrides_it() -> None:
    own = replace(ACCEPT, profile_settings={"chat_address": "path", "timestamps": "spaced"})
    there = adapted(own, timestamps="iso")

    assert there.profile_settings == {"chat_address": "path", "timestamps": "iso"}
    assert "chatUri" not in step(there, "history").data
    assert last(there)["timestamp"] == HISTORY


def test_to_adapt_twice_is_to_adapt_once() -> None:
    once = adapted(ACCEPT, version="8.5.2")

    assert as_wanted(once, {}) == once


def test_settings_of_another_profile_that_is_served_are_no_matter_of_a_plain_one() -> None:
    plain = scenario("profile: plain\nsteps: [{id: one, push: /c, data: {a: 1}}]")

    assert adapted(plain, metrics=True) is plain
    assert overriding({"metrics": True}, [plain, ACCEPT], whose="--setting") == {"metrics": True}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"chatAddress": "both"},
            "settings: the profile 'genesys' has no setting 'chatAddress'. Did you",
        ),
        (
            {"chat_address": "uris"},
            "settings: 'chat_address' must be one of 'both', 'path', 'uri', not 'uris'. Did",
        ),
        ({"metrics": "on"}, "settings: 'metrics' must be true or false, not a string"),
        ({"metrics": str}, "settings: 'metrics' is no JSON value"),
        (
            {"zzz": 1},
            "settings: the profile 'genesys' has no setting 'zzz'. Its settings: version",
        ),
    ],
)
def test_an_override_that_is_wrong_is_told_in_words(given: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as raised:
        overriding(given, [ACCEPT], whose="settings")

    assert f"{raised.value}".startswith(said)
