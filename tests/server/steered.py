"""A server that is steered over its control routes."""

from __future__ import annotations

import json
from typing import Any

from .running import Running

STORY = """
cometd: {path: /cometd}
variables: {name: {recorded: Ann}}
steps:
  - {id: hello, push: /a, after: start + 1s, data: hello}
  - {id: look, request: GET /look, respond: {after: 0s, body: seen}}
  - {id: other, request: GET /other, respond: {body: seen}}
"""


class Steered(Running):
    """With a client that speaks JSON."""

    def __init__(self, text: str = STORY, **settings: Any) -> None:
        super().__init__(text, **settings)

    async def call(
        self, method: str, path: str, value: Any = None, *, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """One call below `/__replay/`: its status and what it says."""
        said = {} if value is None else {"json": value}
        url = f"{self.server.control_url}/{path}"
        async with self.http.request(method, url, headers=headers, **said) as response:
            text = await response.text()
            assert response.content_type in {"application/json", "application/jsonl"}
            if response.content_type == "application/jsonl":
                return response.status, [json.loads(line) for line in text.splitlines()]
            return response.status, json.loads(text)

    async def refused(self, method: str, path: str, value: Any = None, **asked: Any) -> tuple[int, str, str]:
        """The status of a call that does not succeed, what is wrong, and what to do."""
        status, said = await self.call(method, path, value, **asked)
        error = said["error"]
        assert set(error) == {"what", "help", "problems"}
        return status, error["what"], error["help"]

    async def looks(self) -> tuple[int, str]:
        """What a client sees of the step."""
        async with self.http.get(self.server.url + "/look") as response:
            return response.status, await response.text()
