"""What is wrong with an answer, as an error that is counted."""

from __future__ import annotations

from typing import Any

from replay.plan.timeline import Ask
from replay.plan.values import readable

LONGEST = 160
"""Characters of what a server says about it: enough for a sentence."""


def wrong(ask: Ask, status: int, body: Any) -> tuple[str, str]:
    """An answer with another status than its step, as an error's sort and example."""
    expected = ask.replies[0].status
    example = f"{ask.method} {readable(ask.path)} was answered {status}, not {expected}"
    said = said_in(body)
    return f"status {status}", f"{example}: {said}" if said else example


def said_in(body: Any) -> str:
    """What the server gives as its reason, as GWS does in `statusMessage`; empty where it gives none."""
    said = body.get("statusMessage") if isinstance(body, dict) else None
    if not isinstance(said, str):
        return ""
    words = " ".join(said.split())
    return words if len(words) <= LONGEST else f"{words[:LONGEST]}…"
