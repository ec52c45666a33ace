from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.capture.leaks import Finder
from replay.capture.pseudonyms import Pseudonyms
from replay.capture.rules import load_rules
from replay.capture.shapes import Shapes

from .test_pseudonyms import JSON, KEY, body, scalars


@pytest.fixture
def pseudonyms() -> Pseudonyms:
    return Pseudonyms(KEY)


def told(pseudonyms: Pseudonyms, document: object) -> Any:
    return json.loads(body(pseudonyms, json.dumps(document)))


def test_what_is_personal_keeps_its_shape(pseudonyms: Pseudonyms) -> None:
    said = {
        "nickname": "Marat McDonald-Ünal",
        "emailAddress": "marat.m@corp.co.uk",
        "phoneNumber": "+49 (30) 123-45 67",
        "text": "Hello, Mrs. JONES! It is 5 o'clock...",
        "userData": {"Age": 42, "Limit": -12.5e3, "Vip": True, "Note": None, "Empty": "", "Zip": "01067"},
    }
    heard = told(pseudonyms, said)

    def shape(text: str) -> str:
        letters = re.sub(r"[^\W\d_]", lambda found: "A" if found[0].isupper() else "a", text)
        return re.sub(r"[0-9]", "0", letters)

    for name in ("nickname", "phoneNumber", "text"):
        assert shape(heard[name]) == shape(said[name])  # type: ignore[arg-type]
        assert heard[name] != said[name]
    assert re.fullmatch(r"[a-z]{5}\.[a-z]@[a-z]+\.example\.com", heard["emailAddress"])
    data = heard["userData"]
    assert [type(each) for each in data.values()] == [int, float, bool, type(None), str, str]
    assert (data["Vip"], data["Empty"], data["Zip"][0]) == (True, "", "0")
    assert data["Age"] != 42
    assert 10_000 <= -data["Limit"] < 100_000


def test_a_word_has_one_pseudonym_however_it_is_cased_and_wherever_it_stands(pseudonyms: Pseudonyms) -> None:
    heard = told(
        pseudonyms, {"firstName": "Sandra", "text": "ask SANDRA or sandra@corp.com", "title": "Sandra's"}
    )

    name = heard["firstName"]
    assert heard["text"].split()[1] == name.upper()
    assert heard["text"].split()[3].startswith(name.lower() + "@")
    assert heard["title"] == f"{name}'s"


def test_the_story_stays(pseudonyms: Pseudonyms) -> None:
    said = {
        "channel": "/v2/me/chats",
        "data": {
            "messageType": "ChatStateChangeMessage",
            "referenceId": 17,
            "chat": {
                "id": "0000Na9B26EF002X",
                "state": "Chatting",
                "capabilities": ["Accept", "Reject"],
                "uri": "http://localhost:8080/api/v2/chats/0000Na9B26EF002X",
                "participants": [{"type": "Agent", "participantId": "009052C5E743004C", "visibility": "All"}],
                "userData": {
                    "ContactId": "0000Wa9CAM6W00J",
                    "Session": "5f2a6c0d-9b1e-4c37-a8d4-0be6127f93c1",
                    "At": "2014-01-02 14:23:18.000-0800",
                    "DispositionCode": "IssueResolved",
                },
            },
            "timestampSeconds": 1389261492035,
            "metrics": {"eventProcessing": {"serverGenerationTimestamp": 1769554666968}},
        },
    }

    assert told(pseudonyms, said) == said


def test_what_is_attached_is_hidden_whatever_it_is_called(pseudonyms: Pseudonyms) -> None:
    said = {"State": "Bavaria", "Type": "Widow", "Status": "ill", "Deep": {"er": ["Sepsis", 7712345]}}
    heard = told(pseudonyms, {"userData": said})["userData"]

    assert [heard[name] == said[name] for name in said] == [False] * 4
    assert isinstance(heard["Deep"]["er"][1], int)


def test_pairs_of_name_and_value_are_known_by_what_they_are_called(pseudonyms: Pseudonyms) -> None:
    said = [
        {"name": "FirstName", "value": "Sandra"},
        {"key": "password", "value": "x1"},
        {"name": "a", "value": "b"},
    ]
    told(pseudonyms, said)
    heard = told(pseudonyms, {"attributes": said, "title": "Sandra"})

    assert heard["attributes"][0] == {"name": "FirstName", "value": heard["title"]} != said[0]
    assert heard["attributes"][1]["value"] == pseudonyms.of(b"x1").decode()
    assert heard["attributes"][2] == said[2]


def test_an_address_as_the_name_of_a_field_is_hidden(pseudonyms: Pseudonyms) -> None:
    heard = told(pseudonyms, {"ann@corp.com": "online", "email": "ann@corp.com", "@x": 1})

    assert list(heard) == [heard["email"], "email", "@x"]
    assert heard["email"] != "ann@corp.com"


def test_the_domain_of_an_address_is_no_name(pseudonyms: Pseudonyms) -> None:
    told(pseudonyms, {"userName": "marat.agent@genesys.com"})
    heard = told(pseudonyms, {"uri": "http://gws.genesys.com/api/v2/users/marat"})

    assert heard["uri"].startswith("http://gws.genesys.com/api/v2/users/")
    assert not heard["uri"].endswith("marat")


def test_where_the_api_is_mounted_is_no_person(pseudonyms: Pseudonyms) -> None:
    assert pseudonyms.target(b"/genesys/cometd") == b"/genesys/cometd"
    heard = told(pseudonyms, {"userName": "genesys", "path": "/users/genesys", "title": "Genesys"})

    assert heard["userName"] != "genesys"
    assert (heard["path"], heard["title"]) == ("/users/genesys", "Genesys")
    assert pseudonyms.target(b"/genesys/cometd/connect") == b"/genesys/cometd/connect"


def test_words_of_the_protocol_stay_where_they_are_no_names(pseudonyms: Pseudonyms) -> None:
    heard = told(
        pseudonyms, {"nickname": "Agent Ready", "about": "the agent is Ready", "uri": "/api/v2/agent"}
    )

    assert heard["nickname"] != "Agent Ready"
    assert (heard["about"], heard["uri"]) == ("the agent is Ready", "/api/v2/agent")


def test_an_answer_tells_what_the_request_asked_for(pseudonyms: Pseudonyms) -> None:
    def message(content: bytes) -> dict[str, Any]:
        return {"headers": (), "trailers": None, "content": content}

    asked = {"path": b"/search?q=Berencsizy", **message(b"")}
    said = message(b'{"title": "of Berencsizy", "lastName": "Berencsizy"}')
    clean = pseudonyms.clean({"request": asked, "response": said, "websocket": None})

    name = json.loads(clean["response"]["content"])["lastName"]
    assert clean["request"]["path"].decode() == f"/search?q={name}"
    assert json.loads(clean["response"]["content"])["title"] == f"of {name}"


def test_another_with_the_same_key_goes_on_where_one_stopped(pseudonyms: Pseudonyms) -> None:
    told(pseudonyms, {"lastName": "Berencsizy", "token": "tok-abcdef-123", "subject": "A broken thing"})
    news = pseudonyms.news()
    another = Pseudonyms(KEY, rules=load_rules())
    another.recall(news)
    said = {"title": "Berencsizy, tok-abcdef-123, A broken thing"}

    assert told(another, said) == told(pseudonyms, said) != said
    assert pseudonyms.news() == []


@pytest.mark.parametrize(
    "said",
    [
        'callback({"firstName": "Sandra"})',
        'data: {"firstName": "Sandra"}\n\n',
        '{"a": [{"firstName": "Sandra", "b',
        "<p:firstName x='1'>Sandra</p:firstName>",
        '--b\r\nContent-Disposition: form-data; name="firstName"\r\n\r\nSandra\r\n--b--\r\n',
    ],
)
def test_names_are_found_where_there_is_no_whole_json(pseudonyms: Pseudonyms, said: str) -> None:
    name = told(pseudonyms, {"firstName": "Sandra"})["firstName"]

    assert body(Pseudonyms(KEY, rules=load_rules()), said) == said.replace("Sandra", name)


@pytest.mark.parametrize(
    "piece", [b" ", b"a", b"a.", b"\\", b"a%3A", b'name="token" ', b"x=1&", b"+1 ", b"<a "]
)
def test_long_bodies_of_one_thing_over_and_over_take_no_long_time(
    pseudonyms: Pseudonyms, piece: bytes
) -> None:
    told(pseudonyms, {"lastName": "Berencsizy"})
    long = piece * (60_000 // len(piece)) + b' %3A "x'

    assert pseudonyms.body(long, b"text/plain") is not None
    assert [*Finder()._body(long, "", "body")] == []


@pytest.mark.parametrize("charset", ["latin-1", "utf-16"])
def test_other_charsets_are_cleaned_and_kept(pseudonyms: Pseudonyms, charset: str) -> None:
    said = "<user>Jörg<password>CANARY-1</password><firstName>Jörg</firstName>ü</user>"
    cleaned = pseudonyms.body(said.encode(charset), f"text/xml; charset={charset}".encode())

    assert cleaned is not None
    heard = cleaned.decode(charset)
    assert "Jörg" not in heard.replace("<user>Jörg", "")
    assert "CANARY" not in heard
    assert heard.endswith("ü</user>")


@pytest.mark.parametrize(
    "said",
    [
        "http://x/?next=https%3A%2F%2Fy%2F%3Faccess_token%3Dtok-abcdef",
        "http://x/?next=https%253A%252F%252Fy%252F%253Ftoken%253Dtok-abcdef",
        "go/https%3A%2F%2Fuser%3Atok-abcdef%40y%2F",
        "http://x/?a=%7B%22password%22%3A%22tok-abcdef%22%7D",
        "https://ann:tok-abcdef@x/",
    ],
)
def test_a_credential_is_found_in_a_url_in_a_url(said: str) -> None:
    fresh = Pseudonyms(KEY, rules=load_rules())

    heard = told(fresh, {"uri": said, "a": ["b"]})

    assert "tok-abcdef" not in heard["uri"]
    assert heard["uri"][:8] == said[:8]
    in_path = fresh.target(b"/" + said.encode())
    assert b"tok-abcdef" not in in_path


persons = st.sampled_from(
    ["nickname", "text", "userData", "emailAddress", "phoneNumber", "b", "type", "name"]
)
stories = st.recursive(
    scalars | st.floats(allow_nan=False, allow_infinity=False) | st.text(min_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(persons, inner, max_size=4),
    max_leaves=12,
)


def types(value: object) -> object:
    if isinstance(value, dict):
        return {name: types(inner) for name, inner in value.items()}
    return [types(each) for each in value] if isinstance(value, list) else type(value)


@pytest.mark.parametrize("digits", ["𑵐", "٣٤", "४२१०"])
def test_digits_of_any_script_become_others(digits: str) -> None:
    replaced = Shapes(KEY).text(digits)

    assert (len(replaced), replaced.isdecimal(), replaced == digits) == (len(digits), True, False)


@given(stories, st.booleans())
def test_json_stays_json_of_the_same_types(document: object, ascii_only: bool) -> None:
    said = json.dumps(document, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")

    cleaned = Pseudonyms(KEY).body(said, JSON)

    assert cleaned is not None
    assert types(json.loads(cleaned.decode("utf-8", "surrogatepass"))) == types(document)


@given(st.text(min_size=1), st.text(min_size=1))
def test_equal_texts_are_equal_and_a_part_of_words_is_a_part(one: str, other: str) -> None:
    shapes = Shapes(KEY)

    assert shapes.text(one) == Shapes(KEY).text(one)
    assert len(shapes.text(one)) == len(one) or "@" in one or "://" in one
    assert shapes.text(f"{one} : {other}") == f"{shapes.text(one)} : {shapes.text(other)}" or re.search(
        r"[\d(@]", one + other
    )


@given(key=st.binary(min_size=1, max_size=8), length=st.integers(1, 3))
def test_small_numbers_stay_apart_and_none_stays_itself(key: bytes, length: int) -> None:
    numbers = [str(number) for number in range(10 ** (length - 1), 10**length)]
    shapes = Shapes(key)

    made = [shapes.digits(number) for number in numbers]

    assert sorted(made) == sorted(numbers)
    assert all(pseudonym != number for pseudonym, number in zip(made, numbers, strict=True))
