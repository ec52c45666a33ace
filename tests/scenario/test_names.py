from __future__ import annotations

import pytest

from replay.scenario.load import loads

from .told import story, told

VARIABLES = "variables: {chat: {recorded: c}, nickname: {recorded: n}, other: {recorded: o}}"
ACCEPT = '{id: accept, request: "POST /${chat}", body: {nickname: "${nickname}"}}'


def data(text: str) -> str:
    return story(ACCEPT, f"{{id: b, push: /c, data: {text}}}", head=VARIABLES)


@pytest.mark.parametrize(
    "text", ["${chat}", "${base_url}/x", "${accept.chat}", "${accept.nickname}", "$${chatt}", "$"]
)
def test_what_names_something_is_good(text: str) -> None:
    assert loads(data(f'"{text}"'))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("${chatt}", "'${chatt}' names no variable"),
        ("x${c.chat}", "'${c.chat}' names no step 'c'"),
        ("x${b.chat}", "step 'b' has no variable 'chat'"),
        ("${accept.nick}", "'${accept.nick}' names no variable 'nick'"),
        ("${accept.other}", "step 'accept' has no variable 'other'"),
        ("${", "'${' is not closed by '}'; write '$${' for a literal '${'"),
        ("${a b}", "'${a b}' holds no variable's name; write '$${' for a literal '${'"),
    ],
)
def test_what_names_nothing_is_told(text: str, what: str) -> None:
    assert told(data(f'["{text}"]')) == [f"6:28: {what}"]


def test_names_are_looked_for_in_keys_paths_channels_headers_and_texts() -> None:
    text = story(
        '{id: a, request: "GET /${v}", respond: {headers: {X: "${w}"}, text: "${x}"}}',
        '{id: b, push: "/c/${y}", data: {"${z}": 1}}',
    )

    assert told(text) == [
        "4:20: '${v}' names no variable",
        "4:56: '${w}' names no variable",
        "4:71: '${x}' names no variable",
        "5:17: '${y}' names no variable",
        "5:43: '${z}' names no variable",
    ]
