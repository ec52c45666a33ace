"""What a client proves itself with is not in what is exported; all else is, as it was."""

from __future__ import annotations

import base64
from typing import Any

import msgspec

from replay.capture.credentials import Credentials
from replay.exchange import Exchange, Frame

JSON = ("Content-Type", "application/json")
CLIENT = "b96c678043c2697fa7fc2302f8"
SECRETS = {
    "password": "Sommer2014!",
    "cookie": "5ESSION0f0f0f0f0f0f",
    "token": "c5rf-70ken-0123456789",
    "bearer": "eyJhbGciOi.JIUzI1NiJ9",
    "client": CLIENT,
}


def exchange(**fields: Any) -> Exchange:
    whole: dict[str, Any] = {"number": 1, "method": "POST", "url": "http://gws/a", "began": 1.0, "sent": 1.0}
    return Exchange(**(whole | {"status": 200, "answered": 2.0, "ended": 2.0} | fields))


def without(*exchanges: Exchange) -> list[Exchange]:
    credentials = Credentials()
    for each in exchanges:
        credentials.learn_from(each)
        for frame in each.frames or ():
            credentials.learn_from_frame(frame)
    return [_without(each, credentials) for each in exchanges]


def _without(exchange: Exchange, credentials: Credentials) -> Exchange:
    frames = exchange.frames and tuple(map(credentials.without_in_frame, exchange.frames))
    return msgspec.structs.replace(credentials.without(exchange), frames=frames)


def authorization(user: str) -> tuple[str, str]:
    word = base64.b64encode(f"{user}:{SECRETS['password']}".encode()).decode()
    return "authorization", f"Basic {word}"


def connect(client: str) -> bytes:
    return msgspec.json.encode([{"channel": "/meta/connect", "clientId": client}])


def test_no_credential_is_left_wherever_it_stands() -> None:
    frames = (
        Frame(at=1.0, from_client=True, content=connect(CLIENT)),
        Frame(at=1.5, from_client=False, content=connect(CLIENT)),
    )
    cleaned = without(
        exchange(request_headers=(authorization("ann"),), response_body=SECRETS["password"].encode()),
        exchange(request_headers=(("cookie", f"JSESSIONID={SECRETS['cookie']}; a=b"),)),
        exchange(response_headers=(("Set-Cookie", f"JSESSIONID={SECRETS['cookie']}; Path=/"),)),
        exchange(request_headers=(("x-csrf-token", SECRETS["token"]),)),
        exchange(request_headers=(("authorization", f"Bearer {SECRETS['bearer']}"),)),
        exchange(request_headers=(JSON,), request_body=connect(CLIENT), response_body=connect(CLIENT)),
        exchange(url=f"http://gws/a?jsonp=f&message=%5B%7B%22clientId%22%3A%22{CLIENT}%22%7D%5D"),
        exchange(
            request_headers=(JSON,),
            request_body=msgspec.json.encode({"userName": "ann", "password": SECRETS["password"]}),
        ),
        exchange(status=101, response_body=b"", frames=frames),
    )

    said = repr(cleaned)
    assert [name for name, secret in SECRETS.items() if secret in said] == []
    assert authorization("ann")[1] not in said


def test_what_proves_the_same_is_the_same_afterwards_and_what_does_not_is_not() -> None:
    one, again, other = without(
        exchange(request_body=connect(CLIENT)),
        exchange(response_body=connect(CLIENT)),
        exchange(request_body=connect(CLIENT[::-1])),
    )

    assert one.request_body == again.response_body
    assert one.request_body != other.request_body


def test_users_names_and_what_is_said_stay() -> None:
    texts = {
        "nickname": "Marat",
        "text": "Call +49 30 1234567",
        "email": "ann@example.com",
        "token": "t" * 20,
    }
    body = msgspec.json.encode(texts)
    (cleaned,) = without(exchange(request_headers=(authorization("ann"),), response_body=body))

    scheme, _, credentials = cleaned.request_header("authorization").partition(" ")
    assert (scheme, base64.b64decode(credentials)) == ("Basic", b"ann:redacted")
    assert cleaned.response_body == body


def test_what_a_client_says_stays_but_for_what_is_secret() -> None:
    said = {"operationName": "SendMessage", "text": "Hello Marat, +49 30 1234567", "pin": "8421-8421"}
    (cleaned,) = without(exchange(request_headers=(JSON,), request_body=msgspec.json.encode(said)))

    told = msgspec.json.decode(cleaned.request_body)
    assert told | {"pin": ""} == said | {"pin": ""}
    assert told["pin"] != said["pin"]


def test_what_is_too_large_to_be_gone_through_is_left_out() -> None:
    large = b"[%s]" % b",".join([b"12345678"] * 8_000)
    frames = (Frame(at=1.0, from_client=True, content=large), Frame(at=1.0, from_client=False, content=large))
    one, other = without(exchange(request_body=large), exchange(status=101, frames=frames))

    said = [one.request_body, *(frame.content for frame in other.frames or ())]
    assert said == [b"(72001 bytes, left out)", b"(72001 bytes, left out)", large]


def test_a_token_that_an_answer_gave_and_a_header_brings_back_is_one_in_both() -> None:
    answer = msgspec.json.encode({"csrf": SECRETS["token"]})
    given, brought = without(
        exchange(response_body=answer), exchange(request_headers=(("x-csrf-token", SECRETS["token"]),))
    )

    assert msgspec.json.decode(given.response_body or b"") == {"csrf": brought.request_header("x-csrf-token")}
