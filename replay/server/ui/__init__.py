"""The page that shows what happens: live under the control prefix, or still, as a file of its own.

Its parts are joined into one file that fetches nothing from outside; a policy names script and style by
their hashes, so that nothing that came with the data can run.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import msgspec

from replay import registry

SCRIPTS = (
    "dom.js",
    "store.js",
    "api.js",
    "list.js",
    "drawing.js",
    "timeline.js",
    "moving.js",
    "entry.js",
    "journal.js",
    "agents.js",
    "waiting.js",
    "misses.js",
    "dialogs.js",
    "faults.js",
    "stream.js",
    "main.js",
)
"""In the order in which they build on each other."""
STYLES = ("theme.css", "page.css", "lists.css", "panels.css", "narrow.css")
MARK = "<!--{}-->"
"""Where the frame has a part put in."""


class Page(NamedTuple):
    """A page, and what it may do."""

    html: bytes
    policy: str
    """Value of `Content-Security-Policy`."""


@cache
def live_page() -> Page:
    """The page that asks a running server."""
    # Slow to import, and not needed by a page that is a file.
    from replay.faults.reference import example  # noqa: PLC0415

    faults: list[dict[str, Any]] = []
    for name in registry.FAULTS:
        kind = registry.resolve(registry.FAULTS, name)
        does = (kind.__doc__ or "").partition("\n\n")[0]
        written: dict[str, Any] = msgspec.to_builtins(example(name, kind))
        written.pop("name")
        faults.append({"name": name, "does": " ".join(does.split()), "example": written})
    return _page({"known": {"faults": faults, "presets": list(registry.PRESETS)}}, connects="'self'")


def still_page(data: Any, title: str) -> bytes:
    """A page that holds what it shows, and works from a file.

    Args:
        data: `{"entries", "head", "planned"}`, as values that become JSON.
    """
    return _page({"still": data}, title=title, connects="'none'", says_policy=True).html


def _page(data: dict[str, Any], *, connects: str, title: str = "replay", says_policy: bool = False) -> Page:
    script = '(() => {\n"use strict";\n' + "\n".join(map(_part, SCRIPTS)) + "\n})();\n"
    style = "\n".join(map(_part, STYLES))
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_hash(script)}'",
            f"style-src '{_hash(style)}'",
            f"connect-src {connects}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    parts = {
        "policy": f'<meta http-equiv="Content-Security-Policy" content="{policy}">' if says_policy else "",
        "title": _as_text(title),
        "style": f"<style>{style}</style>",
        "script": f"<script>{script}</script>",
    }
    html = _part("page.html")
    for name, part in parts.items():
        html = html.replace(MARK.format(name), part, 1)
    held = b"".join(
        b'<script type="application/json" id="%b">%b</script>' % (name.encode(), _as_data(value))
        for name, value in data.items()
    )
    # Last: what it holds may look like a mark.
    before, mark, after = html.encode().rpartition(MARK.format("data").encode())
    assert mark
    return Page(before + held + after, policy)


def _part(name: str) -> str:
    return (files(__name__) / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _as_text(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;")


def _as_data(value: Any) -> bytes:
    """JSON that does not end the element it stands in, whatever its texts say."""
    encoded = msgspec.json.encode(value).replace(b"<", b"\\u003c")
    return encoded.replace("\u2028".encode(), b"\\u2028").replace("\u2029".encode(), b"\\u2029")
