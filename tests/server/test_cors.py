"""Pages of other origins: preflights, answers they may read, and what they may not touch."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from .conftest import Loop
from .running import Running, run

PAGE = "https://gadgets.example"
ASKS = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}

RECORDED = """
cometd: {path: /cometd, transports: [long-polling]}
steps:
  - id: cross
    request: GET /cross
    respond: {headers: {Access-Control-Allow-Origin: "https://long.ago", X-Chat: "1"}, body: [1]}
"""


async def sent(
    running: Running, method: str, path: str, headers: Mapping[str, str]
) -> tuple[int, dict[str, str]]:
    """The status of an answer, and those of its headers that are about origins."""
    url = running.server.url + path
    async with running.http.request(method, url, headers=headers) as response:
        await response.read()
        about = {
            name: ", ".join(response.headers.getall(name))
            for name in response.headers
            if name == "Vary" or name.startswith("Access-Control-")
        }
        return response.status, about


@pytest.mark.parametrize(
    "path", ["/cometd", "/cometd/", "/cometd/handshake", "/where", "/greet/x", "/nobody/knows/this"]
)
def test_a_preflight_is_answered_for_every_path(loop: Loop, path: str) -> None:
    async def main() -> None:
        async with Running() as running:
            asks = ASKS | {"Access-Control-Request-Headers": "content-type,x-csrf-token"}

            assert await sent(running, "OPTIONS", path, asks) == (
                204,
                {
                    "Access-Control-Allow-Origin": PAGE,
                    "Access-Control-Allow-Credentials": "true",
                    "Access-Control-Allow-Methods": "POST, GET, PUT, DELETE, OPTIONS, PATCH",
                    "Access-Control-Allow-Headers": "content-type,x-csrf-token",
                    "Access-Control-Max-Age": "600",
                    "Vary": "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
                },
            )

    run(main(), loop)


def test_a_preflight_touches_no_scenario(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running:
            await sent(running, "OPTIONS", "/where", ASKS)
            assert sum(running.server.stage.simulator.journal.counts.values()) == 0

    run(main(), loop)


def test_a_method_out_of_the_ordinary_is_allowed_as_asked(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running:
            asks = ASKS | {"Access-Control-Request-Method": "REPORT"}
            _, about = await sent(running, "OPTIONS", "/where", asks)
            assert about["Access-Control-Allow-Methods"].endswith(", PATCH, REPORT")

    run(main(), loop)


def test_a_page_of_the_contact_centre_may_call_a_simulator_on_loopback(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running:
            asks = ASKS | {"Access-Control-Request-Private-Network": "true"}
            _, about = await sent(running, "OPTIONS", "/where", asks)
            assert about["Access-Control-Allow-Private-Network"] == "true"

    run(main(), loop)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/where", 200),
        ("GET", "/nobody/knows/this", 404),
        ("POST", "/cometd", 500),
        ("PUT", "/cometd", 400),
        ("GET", "/cometd?jsonp=x", 500),
        ("GET", "/cometd?jsonp=alert(1)", 400),
        ("OPTIONS", "/cometd", 200),
        ("OPTIONS", "/where", 404),
    ],
)
@pytest.mark.parametrize("origin", [PAGE, "http://127.0.0.1:3000", "null"])
def test_a_page_may_read_refusals_too(loop: Loop, method: str, path: str, status: int, origin: str) -> None:
    async def main() -> None:
        async with Running() as running:
            got, about = await sent(running, method, path, {"Origin": origin, "Authorization": "Basic eA=="})
            exposed = about.pop("Access-Control-Expose-Headers", "")
            assert about == {
                "Access-Control-Allow-Origin": origin,
                "Access-Control-Allow-Credentials": "true",
                "Vary": "Origin",
            }
            assert got == status
            assert "Set-Cookie" not in exposed

    run(main(), loop)


def test_a_body_that_is_too_large_is_refused_in_words_a_page_can_read(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running:
            head = "POST /where HTTP/1.1\r\nHost: h\r\nOrigin: null\r\nContent-Length: 5000000\r\n\r\n"
            answer = await running.raw(head.encode())
            assert answer.startswith(b"HTTP/1.1 413 ")
            assert b"Access-Control-Allow-Origin: null\r\n" in answer

    run(main(), loop)


def test_what_was_recorded_about_origins_gives_way_to_the_live_one(loop: Loop) -> None:
    async def main() -> None:
        async with Running(RECORDED) as running:
            _, about = await sent(running, "GET", "/cross", {"Origin": PAGE})
            assert about["Access-Control-Allow-Origin"] == PAGE
            assert about["Access-Control-Expose-Headers"] == "Content-Type, X-Chat"

    run(main(), loop)


def test_without_an_origin_nothing_is_said_about_origins(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running:
            assert await sent(running, "GET", "/where", {}) == (200, {})
            assert await sent(running, "OPTIONS", "/cometd", {}) == (200, {})

    run(main(), loop)


@pytest.mark.parametrize("path", ["/__replay", "/__replay/", "/__replay/reset"])
def test_no_page_of_another_origin_steers_the_simulator(loop: Loop, path: str) -> None:
    async def main() -> None:
        async with Running() as running:
            for method, headers in (("OPTIONS", ASKS), ("POST", {"Origin": PAGE})):
                _, about = await sent(running, method, path, headers)
                assert about == {}

    run(main(), loop)


def test_an_origin_that_is_no_utf_8_breaks_nothing(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running:
            answer = await running.raw(b"GET /cometd HTTP/1.1\r\nHost: h\r\nOrigin: http://\xe4\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 400 ")

    run(main(), loop)
