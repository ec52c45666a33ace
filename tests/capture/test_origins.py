from __future__ import annotations

import pytest

from replay.capture.origins import (
    Origin,
    Origins,
    cookie_to_client,
    cookies_to_server,
    is_text,
    parse,
    to_upstream,
)

UPSTREAM = Origin("https", "gws.corp", 443)
PROXY = Origin("http", "localhost", 8091)


def told(text: str) -> str:
    return Origins().to_client(text.encode(), upstream=UPSTREAM, dialled=PROXY).decode()


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ('{"uri":"https://gws.corp/me"}', '{"uri":"http://localhost:8091/me"}'),
        ('{"uri":"https://GWS.corp:443/me"}', '{"uri":"http://localhost:8091/me"}'),
        (r'{"uri":"https:\/\/gws.corp\/me"}', r'{"uri":"http:\/\/localhost:8091\/me"}'),
        ("wss://gws.corp/cometd", "ws://localhost:8091/cometd"),
        ("/login?next=https%3A%2F%2Fgws.corp%2Fme", "/login?next=http%3A%2F%2Flocalhost%3A8091%2Fme"),
        # By its prefix, whatever the host.
        ('"http://internal:8090/api/v2/chats/1"', '"http://localhost:8091/api/v2/chats/1"'),
        (r'"http:\/\/internal:8090\/api\/v2\/me"', r'"http:\/\/localhost:8091\/api\/v2\/me"'),
        ('"http://internal:8090/api/v2"', '"http://localhost:8091/api/v2"'),
        ("https://gws.corp", "http://localhost:8091"),
    ],
)
def test_the_servers_own_urls_lead_to_the_proxy(said: str, heard: str) -> None:
    assert told(said) == heard


@pytest.mark.parametrize(
    "said",
    [
        "https://gws.corp:8443/me",
        "https://gws.corp.example/me",
        "https://my-gws.corp/me",
        "https://user:pw@gws.corp/me",
        "https://gws.corp@elsewhere/me",
        "http://internal:8090/api/v20",
        "http://elsewhere/",
        "https://",
    ],
)
def test_other_urls_stay(said: str) -> None:
    assert told(said) == said


def test_the_proxys_urls_become_what_the_server_called_itself() -> None:
    origins = Origins()
    asked = b'{"uri":"http://localhost:8091/api/v2/me"}'

    before = origins.to_server(asked, upstream=UPSTREAM, dialled=PROXY)
    origins.to_client(b"http://internal:8090/api/v2/me", upstream=UPSTREAM, dialled=PROXY)
    after = origins.to_server(asked, upstream=UPSTREAM, dialled=PROXY)

    assert before == b'{"uri":"https://gws.corp/api/v2/me"}'
    assert after == b'{"uri":"http://internal:8090/api/v2/me"}'
    assert repr(origins) == "<Origins named http://internal:8090>"


def test_headers_that_are_compared_with_host_name_the_upstream() -> None:
    assert to_upstream(b"http://127.0.0.1:8091", upstream=UPSTREAM, dialled=PROXY) == b"https://gws.corp"


def test_without_a_prefix_no_foreign_host_is_taken_for_the_server() -> None:
    origins = Origins("/")

    assert origins.to_client(b"http://a/b https://gws.corp/", upstream=UPSTREAM, dialled=PROXY) == (
        b"http://a/b http://localhost:8091/"
    )


@pytest.mark.parametrize(
    ("set_cookie", "over_http", "over_https"),
    [
        ("a=1; Path=/; HttpOnly", "a=1; Path=/; HttpOnly", "a=1; Path=/; HttpOnly"),
        ("a=1; Domain=corp; Secure; SameSite=None", "a=1", "a=1; Secure; SameSite=None"),
        ("a=1;secure;SameSite=Lax", "a=1; SameSite=Lax", "a=1; secure; SameSite=Lax"),
        ("__Host-a=1; Secure; Path=/", "replay.Host-a=1; Path=/", "__Host-a=1; Secure; Path=/"),
    ],
)
def test_cookies_are_accepted_from_the_proxy(set_cookie: str, over_http: str, over_https: str) -> None:
    assert cookie_to_client(set_cookie, secure=False) == over_http
    assert cookie_to_client(set_cookie, secure=True) == over_https


def test_renamed_cookies_go_back_under_their_names() -> None:
    assert cookies_to_server("b=2; replay.Host-a=1; replay.Secure-c=3") == "b=2; __Host-a=1; __Secure-c=3"


def test_an_origin_is_read_and_written() -> None:
    assert str(parse("HTTP://[::1]:8090/x")) == "http://[::1]:8090"
    assert parse("/relative") is None


def test_urls_are_looked_for_in_text_only() -> None:
    assert is_text("application/json;charset=utf-8", b"")
    assert is_text("", b' [{"a":1}]')
    assert not is_text("image/png", b"{")
