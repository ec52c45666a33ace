from __future__ import annotations

from typing import Any

import pytest

from replay.capture.agents import Agents


def flow(
    *, user: str = "", cookie: str = "", sets: str = "", client: str = "", told: str = ""
) -> dict[str, Any]:
    """A flow with these signs of who asks."""
    headers = [(b"Authorization", user.encode())] if user else []
    headers += [(b"Cookie", f"lang=en; JSESSIONID={cookie}".encode())] if cookie else []
    answered = [(b"Set-Cookie", f"JSESSIONID={sets}; Path=/".encode())] if sets else []
    return {
        "request": {
            "headers": headers,
            "content": f'[{{"clientId": "{client}"}}]'.encode() if client else b"",
        },
        "response": {"headers": answered, "content": f'[{{"clientId":"{told}"}}]'.encode() if told else None},
        "websocket": None,
    }


@pytest.mark.parametrize(
    ("flows", "agents"),
    [
        ([flow()], 0),
        ([flow(user="Basic ann"), flow(user="Basic ann"), flow(user="Basic bob")], 2),
        # One logs in, goes on by the cookie, and then by the clientId alone.
        (
            [
                flow(user="Basic ann", sets="cookie-1"),
                flow(cookie="cookie-1", told="client-1"),
                flow(client="client-1"),
            ],
            1,
        ),
        # Taken for two until they turn out to be one.
        ([flow(cookie="cookie-1"), flow(client="client-1"), flow(cookie="cookie-1", client="client-1")], 1),
        ([flow(told="client-1"), flow(told="client-2")], 2),
        ([flow(cookie="cookie-1", sets="deleted"), flow(cookie="cookie-2", sets="deleted")], 2),
    ],
)
def test_signs_that_came_together_are_one_agents(flows: list[dict[str, Any]], agents: int) -> None:
    met = Agents()
    for each in flows:
        met.meet(each)
    assert met.count == agents
