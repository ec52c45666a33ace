"""Which calls and events of a recording are one story."""

from __future__ import annotations

from typing import Any

from replay.scenario.model import PushStep, RequestStep, Scenario, Step, roles_of
from replay.testing import Script

from .recorded import CHATS, Recorded, event, ids, request, stories

A, B, C = "0000Na9B26EF00AX", "0000Na9B26EF00BX", "0000Na9B26EF00CX"
ME = "5f2a6c0d9b1e4c37a8d40be6127f93c1"
QUEUE = "7d2a6c0d9b1e4c37a8d40be6127f93c1"
ANN, BOB = (("Authorization", "Basic YW5uOg=="),), (("Authorization", "Basic Ym9iOg=="),)
READY = {"operationName": "Ready"}


def desk(client: str = "c1", **more: Any) -> Recorded:
    """An agent who logs in, asks who it is and listens."""
    recorded = Recorded(client, **more)
    recorded.call("GET", "/api/v2/me", at=-2.0, said={"statusCode": 0, "user": {"id": ME}})
    return recorded.call("POST", "/api/v2/me", READY, -1.0).shaken(listens=[CHATS, "/v2/me/devices"])


def two_chats() -> Recorded:
    """Two chats of one agent, who is served by both at once."""
    recorded = desk()
    recorded.poll(0.1, 2.0, events=[event("Invited", chat=A)])
    recorded.poll(2.0, 3.0, events=[event("Invited", chat=B)])
    recorded.accept(4.0, chat=B).accept(4.5, chat=A)
    recorded.poll(3.0, 5.0, events=[event("Chatting", chat=A), event("Chatting", chat=B)])
    return recorded


def session(scenario: Scenario) -> list[str]:
    return [step.id for step in scenario.session]


def whose(steps: list[Step]) -> list[tuple[str, str | None]]:
    return [(step.id, step.agent) for step in steps]


def chat_of(scenario: Scenario) -> Any:
    return scenario.variables["chat"].recorded


def data(scenario: Scenario, name: str) -> Any:
    step = next(step for step in (*scenario.session, *scenario.steps) if step.id == name)
    assert isinstance(step, PushStep)
    return step.data


def test_two_chats_at_once_are_two_stories_each_with_the_session() -> None:
    one, two = stories(two_chats())

    assert [one.name, two.name] == ["story-1", "story-2"]
    assert [chat_of(one), chat_of(two)] == [A, B]
    for scenario in (one, two):
        assert session(scenario) == ["get-me", "ready"]
        assert ids(scenario) == ["invited", "accept", "chatting"]
        assert list(scenario.variables) == ["user", "chat"]


def test_chats_that_overlap_keep_their_distance() -> None:
    one, two = stories(two_chats())

    assert [step.after for step in one.steps[:1] + two.steps[:1] if isinstance(step, PushStep)] == [
        "start and ready + 1.99s",
        "start and ready + 2.99s",
    ]


def test_a_wait_without_any_chat_is_left_out() -> None:
    recorded = desk().poll(0.1, 2.0, events=[event("Invited", chat=A)]).accept(2.5, chat=A)
    recorded.poll(600, 3600, events=[event("Invited", chat=B)]).accept(3601, chat=B)

    two = stories(recorded)[1]

    assert [step.after for step in two.steps if isinstance(step, PushStep)] == ["start and ready + 1.99s"]
    assert two.source.recorded == "2023-11-14T23:13:18.010+00:00"


def test_an_event_of_no_chat_is_part_of_the_session_it_happened_in() -> None:
    recorded = desk().poll(0.1, 1.0, events=[("/v2/me/devices", {"state": "Active"})])
    recorded.poll(1.0, 2.0, events=[event("Invited", chat=A)])
    recorded.poll(2.0, 3.0, events=[("/v2/me/devices", {"state": "Busy"})])
    recorded.poll(3.0, 4.0, events=[event("Done", chat=A), event("Invited", chat=B)])
    recorded.poll(4.0, 5.0, events=[event("Done", chat=B)])
    recorded.poll(5.0, 6.0, events=[("/v2/me/devices", {"state": "Idle"})])

    one, two = stories(recorded)

    assert session(one) == ["get-me", "ready", "devices", "devices-2"]
    assert [data(one, name) for name in session(one)[2:]] == [{"state": "Active"}, {"state": "Busy"}]
    assert [data(two, name) for name in session(two)[2:]] == [{"state": "Active"}, {"state": "Idle"}]
    assert [each.after for each in two.session if isinstance(each, PushStep)] == [
        "start and ready + 990ms",
        "start and ready + 5.99s",
    ]


def test_an_event_of_the_session_counts_from_the_subscription_that_hears_it() -> None:
    recorded = two_chats()
    recorded.poll(0.5, 0.6, recorded.message("subscribe", subscription="/v2/me/queues"), url="/")
    recorded.poll(0.6, 1.0, events=[("/v2/me/queues", {"waiting": 3})])

    assert [step.after for step in stories(recorded)[0].session if isinstance(step, PushStep)] == [
        "start and ready + 500ms"
    ]


def test_with_one_chat_all_events_are_steps_of_it() -> None:
    recorded = desk().poll(0.1, 1.0, events=[("/v2/me/devices", {"state": "Active"})])
    recorded.poll(1.0, 2.0, events=[event("Invited", chat=A)])

    assert [ids(each) for each in stories(recorded)] == [["devices", "invited"]]


def test_what_was_read_of_all_chats_tells_of_one_in_each_story() -> None:
    recorded = two_chats()
    chats = [{"id": A, "state": "Chatting"}, {"id": B, "state": "Chatting"}]
    recorded.call("GET", "/api/v2/me/chats", at=5.5, said={"statusCode": 0, "chats": chats})

    for scenario in stories(recorded):
        answer = request(scenario, "get-chats").respond[0].body
        assert answer == {"statusCode": 0, "chats": [{"id": "${chat}", "state": "Chatting"}]}
        assert request(scenario, "get-chats").needs == ["invited"]


def test_what_was_read_while_only_the_other_chat_was_there_is_an_empty_list() -> None:
    recorded = desk().poll(0.1, 1.0, events=[event("Invited", chat=A)])
    recorded.call("GET", "/api/v2/me/chats", at=1.5, said={"chats": [{"id": A}]})
    recorded.poll(1.0, 2.0, events=[event("Invited", chat=B)]).poll(2.0, 4.0, events=[event("Done", chat=A)])
    recorded.call("GET", "/api/v2/me/chats", at=3.0, said={"chats": [{"id": A}, {"id": B}]})
    recorded.poll(4.0, 5.0, events=[event("Done", chat=B)])

    one, two = stories(recorded)

    assert [each.body for each in request(one, "get-chats").respond] == [{"chats": [{"id": "${chat}"}]}]
    assert [each.body for each in request(two, "get-chats").respond] == [{"chats": [{"id": "${chat}"}]}]
    assert session(one) == session(two) == ["get-me", "ready"]


def test_ids_that_all_chats_share_do_not_make_one_of_them() -> None:
    recorded = desk().call("GET", "/api/v2/me/places", at=-1.5, said={"place": {"id": QUEUE}})
    for at, chat in ((1.0, A), (2.0, B)):
        recorded.poll(at - 1, at, events=[event("Invited", chat=chat, userId=ME, place={"id": QUEUE})])
        recorded.poll(at, at + 0.5, events=[event("Chatting", chat=chat, queue={"id": "q-4711-9"})])

    assert [chat_of(each) for each in stories(recorded)] == [A, B]


def test_a_consult_chat_that_names_its_parent_is_of_its_story() -> None:
    recorded = two_chats()
    recorded.poll(5.0, 6.0, events=[event("Invited", chat=C, parentId=A)]).accept(7.0, chat=C)
    recorded.poll(6.0, 7.1, events=[event("Chatting", chat=C)])

    one, two = stories(recorded)

    assert ids(one) == ["invited", "accept", "chatting", "invited-2", "accept-2", "chatting-2"]
    assert ids(two) == ["invited", "accept", "chatting"]


def test_a_chat_of_last_week_that_both_mention_does_not_join_them() -> None:
    recorded = desk()
    for at, chat in ((1.0, A), (2.0, B)):
        recorded.poll(at - 1, at, events=[event("Invited", chat=chat, previousChat=C)]).accept(at, chat=chat)

    assert [chat_of(each) for each in stories(recorded)] == [A, B]


def test_an_event_of_a_participant_is_of_the_chat_that_has_it() -> None:
    recorded = two_chats()
    with_customer = event("Chatting", chat=B, participants=[{"participantId": "009052C5E6D6004A"}])
    named = event("Named", chat=B, participantId="009052C5E6D6004A")
    recorded.poll(5.0, 6.0, events=[with_customer, named])
    recorded.poll(
        6.0, 7.0, events=[(CHATS, {"notificationType": "Typing", "participantId": "009052C5E6D6004A"})]
    )

    one, two = stories(recorded)

    assert "typing" not in [*session(one), *ids(one), *session(two)]
    assert ids(two)[-1] == "typing"


def test_an_event_without_ids_is_of_the_request_whose_number_it_carries() -> None:
    recorded = desk().poll(0.1, 1.0, events=[event("Invited", chat=A), event("Invited", chat=B)])
    recorded.accept(2.0, chat=B, said={"statusCode": 0, "referenceId": 7}).accept(2.1, chat=A)
    recorded.poll(1.0, 3.0, events=[(CHATS, {"notificationType": "Accepted", "referenceId": 7})])

    one, two = stories(recorded)

    assert (ids(one), ids(two)) == (["invited", "accept"], ["invited", "accept", "accepted"])


def test_agents_who_share_a_chat_are_roles_of_its_story() -> None:
    ann = desk("c1", headers=ANN).poll(0.1, 2.0, events=[event("Invited", chat=A)]).accept(2.5, chat=A)
    transfer = {"operationName": "Transfer", "userName": "bob"}
    ann.call("POST", f"/api/v2/me/chats/{A}", transfer, 3.0)
    bob = desk("c2", headers=BOB).poll(0.1, 3.1, events=[event("Invited", chat=A)]).accept(4.0, chat=A)

    [told] = stories(ann, bob)

    assert roles_of(told) == ("agent", "agent2")
    assert whose(told.session) == [
        ("get-me", "agent"),
        ("ready", "agent"),
        ("get-me-2", "agent2"),
        ("ready-2", "agent2"),
    ]
    assert whose(told.steps) == [
        ("invited", "agent"),
        ("accept", "agent"),
        ("transfer", "agent"),
        ("invited-2", "agent2"),
        ("accept-2", "agent2"),
    ]
    ringing = told.steps[3]
    assert isinstance(ringing, PushStep)
    assert ringing.after == "transfer + 100ms"
    assert told.about == "3 requests and 2 events of 2 agents, distilled from a recording."


def test_a_story_of_two_agents_is_played_to_two() -> None:
    ann = desk("c1", headers=ANN).poll(0.1, 2.0, events=[event("Invited", chat=A)]).accept(2.5, chat=A)
    ann.call("POST", f"/api/v2/me/chats/{A}", {"operationName": "Transfer"}, 3.0)
    bob = desk("c2", headers=BOB).poll(0.1, 3.1, events=[event("Invited", chat=A)]).accept(4.0, chat=A)
    script = Script(*stories(ann, bob))
    players = [script.desktop(user) for user in ("x", "y")]
    for player in players:
        player.open_socket()
        player.handshake()
        player.subscribe(CHATS)
        player.post("/api/v2/me", READY)
    script.advance(3)
    [first], none = ([each.data["chat"]["id"] for each in player.events] for player in players)
    for operation in ("Accept", "Transfer"):
        players[0].post(f"/api/v2/me/chats/{first}", {"operationName": operation})
    script.advance(1)

    assert none == []
    assert [each.data["chat"]["id"] for each in players[1].events] == [first]
    accepting = players[1].post(f"/api/v2/me/chats/{first}", {"operationName": "Accept"})
    script.advance(1)
    assert script.answer(accepting).body == {"statusCode": 0}


def test_agents_who_share_nothing_are_stories_of_their_own() -> None:
    ann = (
        desk("c1", headers=ANN)
        .poll(0.1, 2.0, events=[event("Invited", chat=A, userId=ME)])
        .accept(3.0, chat=A)
    )
    bob = (
        desk("c2", headers=BOB)
        .poll(0.1, 2.5, events=[event("Invited", chat=B, userId=ME)])
        .accept(3.5, chat=B)
    )

    told = stories(ann, bob)

    assert [(chat_of(each), roles_of(each), session(each)) for each in told] == [
        (A, ("",), ["get-me", "ready"]),
        (B, ("",), ["get-me", "ready"]),
    ]


def test_who_is_told_of_all_chats_in_a_list_takes_no_part_in_them() -> None:
    ann = two_chats()
    boss = desk("c2", headers=BOB).poll(0.1, 1.0, events=[event("Invited", chat=C)])
    boss.poll(1.0, 6.0, events=[("/v2/me/devices", {"chats": [{"id": A}, {"id": B}]})])

    told = stories(ann, boss)

    assert [(chat_of(each), roles_of(each)) for each in told] == [(C, ("",)), (A, ("",)), (B, ("",))]
    assert data(told[0], "devices") == {"chats": []}


def test_an_agent_without_any_chat_is_a_story_if_something_happened_to_it() -> None:
    ann = desk("c1", headers=ANN).poll(0.1, 2.0, events=[event("Invited", chat=A)])
    bob = desk("c2", headers=BOB).poll(0.1, 3.0, events=[("/v2/me/devices", {"state": "Active"})])

    assert [ids(each) for each in stories(ann, bob)] == [["invited"], ["devices"]]


def test_things_of_another_shape_are_stories_of_their_own_without_what_they_share() -> None:
    calls = "/v2/me/calls"
    recorded = Recorded().shaken(listens=[calls])
    for number, at in ((1, 1.0), (2, 2.0), (3, 3.0)):
        thing = {"call": {"id": f"call-00{number}", "uri": f"/calls/call-00{number}"}, "queue": {"id": QUEUE}}
        recorded.poll(at - 1, at, events=[(calls, thing)])
        recorded.call("POST", f"/api/v2/me/calls/call-00{number}", {"operationName": "Answer"}, at + 0.2)
        recorded.call("GET", f"/api/v2/queues/{QUEUE}", at=at + 0.3)
        recorded.poll(at, at + 0.4, events=[(calls, {"call": {"id": f"call-00{number}"}, "state": "Up"})])

    told = stories(recorded)

    assert [each.variables["call"].recorded for each in told] == ["call-001", "call-002", "call-003"]
    assert [len(each.steps) for each in told] == [4, 4, 4]


def test_all_can_be_told_as_one() -> None:
    [told] = stories(two_chats(), together=True)

    assert ids(told) == ["invited", "invited-2", "accept", "accept-2", "chatting", "chatting-2"]
    assert all(isinstance(step, RequestStep) for step in told.session)
