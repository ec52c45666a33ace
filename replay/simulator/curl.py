"""Commands that a person can paste into a shell: a request put right, or a call to control."""

from __future__ import annotations

import shlex
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from replay.plan.timeline import Ask
from replay.plan.values import as_text, render
from replay.simulator.plays import Play
from replay.simulator.wording import is_secret

LONGEST = 2000
"""Characters of a command; a longer one is not shown, since half of it would be wrong."""

_CAPTURED = 120
"""Characters of what a client made up that are put into a command."""

_PATH = "/:@!$&'()*+,;=~"


def asked(play: Play, ask: Ask, *, base_url: str, captures: dict[str, Any], sign: str = "") -> str:
    """The request that is this ask now, with what the client sent where the ask leaves that open.

    Args:
        sign: Arguments that say whose it is, as a shell takes them.
    """

    def lookup(name: str) -> Any:
        known = play.bound_for(ask, base_url)
        value = captures.get(name) if name not in known and not is_secret(name) else None
        if value is None or isinstance(value, dict | list) or len(as_text(value)) > _CAPTURED:
            value = play.lookup(name, base_url, role=ask.role)
        return "x" if value is None else value

    query = [(key, as_text(render(value, lookup))) for key, value in ask.query]
    url = base_url + quote(ask.path.render(lookup), safe=_PATH) + (f"?{urlencode(query)}" if query else "")
    body = None if ask.body is msgspec.UNSET else render(ask.body, lookup)
    return _line(ask.method, url, body, has_body=ask.body is not msgspec.UNSET, sign=sign)


class Control(msgspec.Struct, frozen=True):
    """How the simulator is steered."""

    where: str
    """A path on the host that a client dialled, or a URL."""
    sign: str = ""
    """Arguments that say who calls, as a shell takes them."""

    def called(self, base_url: str, path: str, body: Any) -> str:
        """A call to control."""
        where = base_url + self.where if self.where.startswith("/") else self.where
        return _line("POST", f"{where}/{path}", body, has_body=True, sign=self.sign)


def _line(method: str, url: str, body: Any, *, has_body: bool, sign: str = "") -> str:
    words = ["curl", "-X", method, url]
    if url.startswith("https:"):
        words.insert(1, "-k")
    if method == "HEAD":
        words[words.index("-X") : words.index("-X") + 2] = ["-I"]
    if has_body:
        words += ["-H", "Content-Type: application/json", "--data-raw", msgspec.json.encode(body).decode()]
    line = shlex.join(words) + (f" {sign}" if sign else "")
    return line if len(line) <= LONGEST else ""
