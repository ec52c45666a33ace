"""What a script may hold, and what is no script."""

from __future__ import annotations

import json

import pytest

from .conftest import Loop
from .running import Running, run

HANDSHAKE = '[{"channel":"/meta/handshake","id":"\u2028\u2029"}]'


async def got(running: Running, method: str = "GET", **query: str) -> tuple[int, str, str]:
    url = running.server.cometd_url + "/handshake"
    async with running.http.request(method, url, params=query) as response:
        return response.status, response.content_type, await response.text()


def test_the_answer_calls_the_function_that_was_named(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running:
            status, kind, script = await got(running, jsonp="_cometd.jsonp-0", message=HANDSHAKE)
            assert (status, kind) == (200, "text/javascript")
            assert script.startswith("/**/_cometd.jsonp-0([{")
            assert script.endswith("}]);")

    run(main(), loop)


@pytest.mark.parametrize("named", [{"jsonp": ""}, {}])
def test_a_function_without_a_name_is_called_as_cometd_calls_it(loop: Loop, named: dict[str, str]) -> None:
    async def main() -> None:
        async with Running() as running:
            _, _, script = await got(running, message=HANDSHAKE, **named)
            assert script.startswith("/**/jsonpcallback([")

    run(main(), loop)


@pytest.mark.parametrize("name", ["alert(1)//", "a b", "é", "a;b", "<script>", "x" * 65, "a\nb"])
def test_what_is_no_name_is_never_echoed(loop: Loop, name: str) -> None:
    async def main() -> None:
        async with Running() as running:
            assert await got(running, jsonp=name, message=HANDSHAKE) == (
                400,
                "text/plain",
                "The name of the callback is none.",
            )

    run(main(), loop)


def test_line_ends_that_only_json_allows_are_escaped(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running:
            _, _, script = await got(running, jsonp="f", message=HANDSHAKE)
            assert script.isascii()
            assert json.loads(script[len("/**/f(") : -len(");")])[0]["id"] == "\u2028\u2029"

    run(main(), loop)


@pytest.mark.parametrize(("message", "status"), [("[", 400), ("", 500), ("[]", 500), ("1", 400)])
def test_what_holds_no_messages_is_refused_so_that_the_page_hears_of_it(
    loop: Loop, message: str, status: int
) -> None:
    async def main() -> None:
        async with Running() as running:
            answer = await got(running, jsonp="f", message=message)
            assert (answer[0], answer[1]) == (status, "text/plain")

    run(main(), loop)


def test_messages_in_parameters_of_their_own_are_one_batch(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running:
            await running.join()
            ids = running.client_id
            one = json.dumps({"channel": "/b", "data": 1, "id": "1", "clientId": ids})
            more = json.dumps([{"channel": f"/{n}", "data": 1, "id": n, "clientId": ids} for n in "23"])
            query = [("jsonp", "f"), ("message", one), ("message", more)]
            async with running.http.get(running.server.cometd_url, params=query) as response:
                replies = json.loads((await response.text())[len("/**/f(") : -len(");")])
            assert [reply["id"] for reply in replies] == ["1", "2", "3"]
            async with running.http.get(
                running.server.cometd_url, params=[*query, ("message", "[")]
            ) as response:
                assert response.status == 400

    run(main(), loop)


def test_a_batch_as_long_as_a_url_may_be_is_taken(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running:
            long = json.dumps([{"channel": "/meta/handshake", "ext": {"x": "ü" * 1_000}}])
            status, _, _ = await got(running, jsonp="f", message=long)
            assert status == 200

    run(main(), loop)


def test_a_head_does_nothing(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running:
            assert (await got(running, "HEAD", jsonp="f", message=HANDSHAKE))[0] == 400
            assert running.server.stage.simulator.bayeux.clients == {}

    run(main(), loop)
