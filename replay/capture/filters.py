"""What is to be recorded: globs for hosts, paths and channels."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Callable, Iterable

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[\s,]*")
_CALL = re.compile(rb"\s*(?:/\*\*/)?\s*[\w.$]+\(", re.ASCII)


def wrong(kind: str, pattern: str) -> str:
    """What is wrong with a pattern for a `host`, `path` or `channel`: half a sentence, empty if nothing."""
    if not pattern.strip():
        return "it is empty"
    if kind == "host" and "/" in pattern:
        return "a host is meant, without scheme and path, such as gws or *.corp.example:8090"
    if kind == "path" and not pattern.startswith(("/", "*", "?", "[")):
        return f"a path begins with a slash, such as /{pattern}"
    if kind == "channel" and not pattern.startswith(("/", "*", "?", "[")):
        return f"a channel begins with a slash, such as /{pattern}"
    if pattern.count("[") != pattern.count("]"):
        return "a bracket is not closed; a bracket that is meant is written [[]"
    return ""


def matcher(patterns: Iterable[str], *, any_case: bool = False) -> Callable[[str], bool] | None:
    """Whether a text matches one of the globs; None without globs, when everything is meant."""
    translated = [fnmatch.translate(pattern) for pattern in patterns]
    if not translated:
        return None
    whole = re.compile("|".join(f"(?:{each})" for each in translated), re.IGNORECASE if any_case else 0)
    return lambda text: whole.match(text) is not None


def only_channels(body: bytes, wanted: Callable[[str], bool]) -> tuple[bytes, int]:
    """The Bayeux messages of a body that are on wanted channels, and how many are left out.

    What the protocol says of itself (`/meta/…`) stays, and so does all that is not Bayeux. What stays keeps
    its bytes.
    """
    if b'"channel"' not in body:
        return body, 0
    call = _CALL.match(body)
    head, text = (body[: call.end()], body[call.end() :]) if call else (b"", body)
    try:
        return _filtered(head, text.decode(), wanted) or (body, 0)
    except ValueError:
        return body, 0


def _filtered(head: bytes, text: str, wanted: Callable[[str], bool]) -> tuple[bytes, int] | None:
    start = len(text) - len(text.lstrip())
    if text[start : start + 1] == "{":
        message, end = _DECODER.raw_decode(text, start)
        return None if _stays(message, wanted) else (head + b"[]" + text[end:].encode(), 1)
    if text[start : start + 1] != "[":
        return None
    kept: list[str] = []
    left_out = 0
    at = _end(_SPACE, text, start + 1)
    while text[at : at + 1] != "]":
        message, end = _DECODER.raw_decode(text, at)
        if _stays(message, wanted):
            kept.append(text[at:end])
        else:
            left_out += 1
        at = _end(_SPACE, text, end)
    if not left_out:
        return None
    return head + f"[{','.join(kept)}{text[at:]}".encode(), left_out


def _stays(message: object, wanted: Callable[[str], bool]) -> bool:
    channel = message.get("channel") if isinstance(message, dict) else None
    return not isinstance(channel, str) or channel.startswith("/meta/") or wanted(channel)


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    assert match is not None
    return match.end()
