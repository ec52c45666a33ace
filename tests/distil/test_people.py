from __future__ import annotations

import pytest

from replay.distil.notes import FORGOTTEN, Notes
from replay.distil.people import people
from replay.distil.streams import unwrap
from replay.profiles.genesys import PROFILE

from .recorded import CHATS, Recorded, event, ids, pushes

A, B = "0000Na9B26EF00AA", "0000Na9B26EF00BB"


def cookie(value: str, name: str = "BAYEUX_BROWSER") -> tuple[tuple[str, str], ...]:
    return (("Cookie", f"theme=dark; {name}={value}"),)


def given(value: str) -> tuple[tuple[str, str], ...]:
    return (("Set-Cookie", f"BAYEUX_BROWSER={value}; Path=/; HttpOnly"), ("Content-Type", "application/json"))


def desktop(client: str, chat: str, at: float = 0.0, **more: object) -> Recorded:
    """One agent that is offered a chat and accepts it."""
    recorded = Recorded(client, **more).shaken(at)
    return recorded.poll(at + 1, at + 2, events=[event("Invited", chat=chat)]).accept(at + 3, chat=chat)


def calls(*recorded: Recorded) -> list[list[str]]:
    """The paths that each person asked for."""
    exchanges = [each for one in recorded for each in one.exchanges]
    found = people(unwrap(exchanges, PROFILE, Notes()), Notes())
    return [[call.exchange.split.path for call in person.calls] for person in found]


def test_who_shakes_hands_again_with_its_cookie_is_the_same_person() -> None:
    before = Recorded("c1").shaken(answered_with=given("x"))
    before.poll(1, 1.01, replies=[{"successful": False, "error": "402::Unknown client"}])
    after = Recorded("c2", headers=cookie("x")).shaken(1.1).poll(1.2, 2, events=[event("Invited")])

    told = before.distilled(after)
    assert (ids(told.scenario), told.notes) == (["invited"], FORGOTTEN[:1])


@pytest.mark.parametrize("connection", ["", "1"])
def test_who_shakes_hands_again_without_a_cookie_is_told_by_its_402(connection: str) -> None:
    before = Recorded("c1").shaken(connection=connection).poll(0.5, 1, events=[event("Invited")])
    lost = {"successful": False, "error": "402::x", "advice": {"reconnect": "handshake"}}
    before.poll(1, 1.01, replies=[lost], connection=connection)
    after = Recorded("c2").shaken(1.1, connection=connection).poll(1.2, 2, events=[event("Chatting")])

    told = before.distilled(after)
    assert (ids(told.scenario), told.notes) == (["invited", "chatting"], FORGOTTEN[:1])


def test_of_two_who_were_forgotten_the_connection_tells_which_comes_back() -> None:
    one = Recorded("c1").shaken(connection="1")
    two = Recorded("c2").shaken(0.1, connection="2")
    for recorded in (one, two):
        lost = {"successful": False, "error": "402::x"}
        recorded.poll(1, 1.01, replies=[lost], connection=recorded.exchanges[0].connection)
    again = Recorded("c3").shaken(1.1, connection="2").poll(1.2, 2, events=[event("Invited")])

    told = one.distilled(two, again, person=2)
    assert ids(told.scenario) == ["invited"]
    assert told.notes == (FORGOTTEN[0], "2 agents take part; this is the side of agent 2")


def test_two_clients_of_one_person_hear_everything_once() -> None:
    one = Recorded("c1", headers=cookie("x")).shaken()
    two = Recorded("c2", headers=cookie("x")).shaken(0.1)
    one.poll(1, 2, events=[event("Invited"), event("Chatting")])
    # A second client of a browser polls every 2 s.
    two.poll(3.9, 3.91, events=[event("Invited"), event("Chatting")])

    assert ids(one.scenario(two)) == ["invited", "chatting"]


def test_what_two_clients_saw_happened_when_both_say_it_may_have() -> None:
    one = Recorded("c1", headers=cookie("x")).shaken()
    two = Recorded("c2", headers=cookie("x")).shaken(0.1)
    # Neither held its poll: one may have waited since 0.04, the other since 1.5.
    one.poll(2.0, 2.001, events=[event("Invited")])
    two.poll(0.2, 1.5).poll(2.1, 2.101, events=[event("Invited")])

    [push] = pushes(one.scenario(two))
    assert (push.after, push.window) == ("start + 1.991s", "501ms")


def test_what_one_client_hears_twice_happened_twice() -> None:
    one = Recorded("c1", headers=cookie("x")).shaken()
    two = Recorded("c2", headers=cookie("x")).shaken(0.1)
    for at in (1.0, 2.0):
        for recorded in (one, two):
            recorded.poll(at, at + 0.5, events=[event("Invited")])

    assert ids(one.scenario(two)) == ["invited", "invited-2"]


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ({"headers": cookie("x")}, {"headers": cookie("y")}),
        ({"headers": cookie("x", "JSESSIONID")}, {"headers": cookie("y", "JSESSIONID")}),
        ({"headers": (("authorization", "Basic YTpi"),)}, {"headers": (("authorization", "Basic Yjpi"),)}),
        ({}, {}),
    ],
    ids=["cookie", "session", "authorization", "ids in events"],
)
def test_two_persons_are_told_apart(one: dict[str, object], two: dict[str, object]) -> None:
    assert calls(desktop("c1", A, **one), desktop("c2", B, 0.5, **two)) == [
        [f"/api/v2/me/chats/{A}"],
        [f"/api/v2/me/chats/{B}"],
    ]


def test_a_cookie_is_read_beside_one_that_is_not_well() -> None:
    bad = (("Cookie", 'prefs={"a": [1]}; BAYEUX_BROWSER=x'),)
    one = Recorded("c1", headers=bad).shaken().poll(0.5, 1, events=[event("Invited")])
    two = Recorded("c2", headers=cookie("x")).shaken(2).poll(2.1, 9, events=[event("Chatting")])

    assert ids(one.scenario(two)) == ["invited", "chatting"]


def test_a_cookie_that_ends_at_once_joins_nobody() -> None:
    ended = (("Set-Cookie", "JSESSIONID=deleted; Max-Age=0; Path=/"), ("Content-Type", "application/json"))
    one = desktop("c1", A, headers=cookie("x")).call("POST", "/api/v2/me", {}, answered_with=ended)
    two = desktop("c2", B, headers=cookie("y")).call("POST", "/api/v2/me", {}, answered_with=ended)

    assert [len(each) for each in calls(one, two)] == [2, 2]


def test_calls_of_one_user_are_one_persons_once_one_of_them_names_its_chat() -> None:
    basic = (("Authorization", "Basic YTpi"),)
    one, two = desktop("c1", A), desktop("c2", B, 0.5)
    rest = Recorded(headers=basic).call("GET", "/api/v2/me", at=0.1).accept(4, chat=B)

    assert calls(one, two, rest)[1] == ["/api/v2/me", f"/api/v2/me/chats/{B}", f"/api/v2/me/chats/{B}"]


def test_calls_that_nobody_owns_are_counted() -> None:
    one, two = desktop("c1", A), desktop("c2", B)
    rest = Recorded().call("GET", "/api/v2/system").call("GET", "/api/v2/queues")

    assert one.notes(two, rest, together=True) == ("2 requests name no agent and no id; they are left out",)


def test_with_one_person_everything_is_its_own() -> None:
    recorded = desktop("c1", A, headers=cookie("x"))
    rest = Recorded(headers=(("Authorization", "Basic YTpi"),)).call("GET", "/api/v2/me")

    assert [step.id for step in recorded.scenario(rest).session] == ["get-me"]


def test_the_second_agent_is_told_when_asked_for() -> None:
    scenario = desktop("c1", A).scenario(desktop("c2", B, 0.5), person=2)

    assert scenario.variables["chat"].recorded == B
    assert [push.push for push in pushes(scenario)] == [CHATS]
