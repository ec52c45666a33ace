"""Two recordings of one story become one scenario: what differs is named, spread or ignored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from replay.distil import Distilled
from replay.distil.merging import merged
from replay.errors import RecordingError
from replay.scenario.dump import dumps
from replay.scenario.load import loads
from replay.scenario.model import Scenario, Variable

from .recorded import CHATS, Recorded, event, ids, pushes, request

OTHER_CHAT = "0000Zz1Q99ZZ00AB"


def story(chat: str = "0000Na9B26EF002X", *, latency: float = 0.05, **values: Any) -> Recorded:
    """An agent accepts a chat and writes to it; `values` are what differs from time to time."""
    recorded = Recorded().shaken()
    recorded.poll(0.1, 2.0, events=[event("Invited", chat=chat, **values)])
    recorded.call("POST", f"/api/v2/me/chats/{chat}", {"operationName": "Accept"}, 3.0, latency)
    recorded.poll(2.1, 3.0 + 2 * latency, events=[event("Chatting", chat=chat, **values)])
    return recorded


def both(*recordings: Recorded) -> Distilled:
    """Their common scenario; it loads, and is the same again."""
    scenarios = [
        msgspec.structs.replace(
            each.scenario(), source=msgspec.structs.replace(each.scenario().source, recording=f"{name}.mitm")
        )
        for name, each in zip("abcdef", recordings, strict=False)
    ]
    told = merged(scenarios, name="both")
    assert loads(dumps(told.scenario)) == told.scenario
    assert dumps(merged(scenarios, name="both").scenario) == dumps(told.scenario)
    return told


def common(*recordings: Recorded) -> Scenario:
    return both(*recordings).scenario


def test_a_recording_merged_with_itself_is_that_recording() -> None:
    told = both(story(), story())
    alone = story().scenario()

    assert told.notes == ()
    assert told.scenario.steps == alone.steps
    assert told.scenario.variables == alone.variables
    assert told.scenario.source.recording == "a.mitm, b.mitm"
    assert told.scenario.about == "Distilled from 2 recordings of one story: a.mitm and b.mitm."


def test_ids_that_differ_are_the_same_variables() -> None:
    assert common(story(), story(OTHER_CHAT)).variables == story().scenario().variables


def test_delays_become_distributions() -> None:
    scenario = common(story(latency=0.05), story(OTHER_CHAT, latency=0.04), story(latency=0.05))

    assert request(scenario, "accept").respond[0].after == "recorded(40ms, 50ms, 50ms)"
    assert [push.after for push in pushes(scenario)] == [
        "start + 1.99s",
        "accept + recorded(80ms, 100ms, 100ms)",
    ]


def test_a_window_reaches_as_far_as_the_longest() -> None:
    waited = Recorded().shaken().poll(0.1, 2.0, events=[event("Invited")])
    waited.accept(3.0, 0.05).poll(3.2, 3.201, events=[event("Chatting")])

    chatting = pushes(common(story(), waited))[1]
    assert (chatting.after, chatting.window) == ("accept + recorded(100ms, 201ms)", "201ms")


def test_fields_that_differ_each_time_are_ignored() -> None:
    told = both(story(load=12, host="node-a"), story(load=17, host="node-b"))

    assert told.scenario.ignore == ["host", "load"]
    assert pushes(told.scenario)[0].data["load"] == 12
    assert told.notes == ()


def test_a_field_that_is_mostly_the_same_is_believed_as_the_first_has_it() -> None:
    one, other = story(), story()
    for recorded, subject in ((one, "Pizza"), (other, "Pasta")):
        recorded.poll(4.0, 5.0, events=[event("Chatting", chatType=subject)])
        for at in (6.0, 7.0):
            recorded.poll(at - 0.9, at, events=[event("Chatting", chatType="Inbound")])

    told = both(one, other)
    assert told.scenario.ignore == []
    assert told.notes == ("'chatType' of chatting-2 differs; it is as a.mitm has it",)


def test_times_that_differ_are_shifted() -> None:
    scenario = common(story(sentAt="2014-01-02T14:23:18Z"), story(sentAt="2015-01-02T14:23:18Z"))

    assert (scenario.shift_times, scenario.ignore) == (["sentAt"], [])


def test_ids_that_no_client_used_are_made_and_the_same_wherever_they_stand() -> None:
    numbers = ["b2e1b0f4-0000-4000-8000-0123456789ab", "c3e1b0f4-0000-4000-8000-0123456789ab"]
    scenario = common(*(story(trace=number, again=[number]) for number in numbers))

    assert scenario.variables["trace"] == Variable(recorded=numbers[0], make="uuid")
    assert [(push.data["trace"], push.data["again"]) for push in pushes(scenario)] == [
        ("${trace}", ["${trace}"])
    ] * 2
    assert scenario.ignore == []


def test_numbers_that_go_up_by_one_are_counted() -> None:
    def counting(first: int) -> Recorded:
        recorded = story()
        for number in range(3):
            recorded.poll(4.0 + number, 4.9 + number, events=[event("Chatting", sequence=first + number)])
        return recorded

    scenario = common(counting(7), counting(40))
    assert [push.data["sequence"] for push in pushes(scenario)[2:]] == [
        "${sequence}",
        "${sequence2}",
        "${sequence3}",
    ]
    assert scenario.variables["sequence2"] == Variable(recorded=8, make="counter")


def test_what_the_client_alone_can_have_chosen_is_captured() -> None:
    def noting(remark: str) -> Recorded:
        recorded = story()
        body = {"operationName": "Note", "remark": remark, "kind": "Plain"}
        return recorded.call("POST", "/api/v2/me/chats/0000Na9B26EF002X", body, 4.0)

    scenario = common(noting("one"), noting("two"))
    assert request(scenario, "note").body == {"operationName": "Note", "remark": "${remark}", "kind": "Plain"}
    assert scenario.variables["remark"] == Variable(recorded="one")


def test_what_only_some_clients_send_is_asked_of_none() -> None:
    def noting(target: str, **more: Any) -> Recorded:
        path = f"/api/v2/me/chats/0000Na9B26EF002X{target}"
        return story().call("POST", path, {"operationName": "Note", **more}, 4.0)

    scenario = common(noting("?_=1&a=1", extra=1), noting("?a=1&_=2"))
    assert request(scenario, "note").body == {"operationName": "Note"}
    assert request(scenario, "note").request == "POST /api/v2/me/chats/${chat}?a=1"


def test_steps_of_one_recording_alone_are_kept_in_their_place() -> None:
    longer = story(OTHER_CHAT)
    leave = {"operationName": "Leave"}
    longer.call("POST", f"/api/v2/me/chats/{OTHER_CHAT}", leave, 4.0)
    longer.poll(3.2, 4.1, events=[event("LeftChat", chat=OTHER_CHAT)])

    told = both(story(), longer)
    assert ids(told.scenario) == ["invited", "accept", "chatting", "leave", "left-chat"]
    assert request(told.scenario, "leave").request == "POST /api/v2/me/chats/${chat}"
    assert pushes(told.scenario)[2].after == "leave + 100ms"
    assert told.notes == ("only b.mitm has leave and left-chat; kept",)


def test_events_that_overtook_each_other_are_still_the_same_events() -> None:
    def both_ways(*states: str) -> Recorded:
        recorded = story()
        for at, state in enumerate(states):
            recorded.poll(4.0 + at, 4.9 + at, events=[event(state)])
        return recorded

    told = both(both_ways("Idle", "LeftChat"), both_ways("LeftChat", "Idle"))
    assert ids(told.scenario) == ["invited", "accept", "chatting", "idle", "left-chat"]
    assert told.notes == ()


def test_pseudonyms_of_each_recording_are_no_difference() -> None:
    def named(name: str, subject: str) -> Scenario:
        recorded = story(people=[{"nickname": name}], note=f"for {name}", subject=subject)
        return recorded.scenario()

    scenarios = [named("Qawra", "Pizza"), named("Meldo", "Pasta")]
    told = merged(scenarios, personal=lambda path: path[-1:] == ("nickname",))
    assert told.scenario.ignore == ["subject"]
    assert pushes(told.scenario)[0].data["note"] == "for Qawra"
    assert merged(scenarios).scenario.ignore == ["nickname", "note", "subject"]


def test_two_stories_are_not_mixed() -> None:
    other = Recorded().shaken()
    for number in range(4):
        other.poll(0.1 + number, 1.0 + number, events=[("/v2/me/devices", {"messageType": "M", "n": number})])

    with pytest.raises(RecordingError) as refused:
        both(story(), other)
    assert str(refused.value) == (
        "a.mitm and b.mitm do not tell the same story:"
        " they part where the first has 'invited' and the other 'm'"
    )


def test_events_with_no_data_of_a_kind_may_differ() -> None:
    def saying(data: Any) -> Recorded:
        return story().poll(4.0, 5.0, events=[(CHATS, data)])

    told = both(saying([1, 2]), saying([1, 2, 3]))
    assert told.notes == ("the data of chats differs; it is as a.mitm has it",)


@pytest.mark.parametrize("data", [lambda word: word, lambda word: {"": word}])
def test_what_differs_in_no_field_that_has_a_name_is_not_ignored(data: Callable[[str], Any]) -> None:
    def saying(word: str) -> Recorded:
        return story().poll(4.0, 5.0, events=[(CHATS, data(word))])

    told = both(saying("one"), saying("two"))
    assert told.scenario.ignore == []
    assert loads(dumps(told.scenario)) == told.scenario
    assert told.notes == ("the data of chats differs; it is as a.mitm has it",)
