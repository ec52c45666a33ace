"""Replies as a call in JavaScript: what a page of another origin loads with a script element."""

from __future__ import annotations

import msgspec

from replay.wire import Answer

_LINE_ENDS = ((b"\xe2\x80\xa8", rb"\u2028"), (b"\xe2\x80\xa9", rb"\u2029"))
"""JSON may hold these as they are; JavaScript before ES2019 ends a line, and with it the script."""

_OF_JSON = frozenset({"content-type", "x-content-type-options"})

_OF_SCRIPT = (("Content-Type", "text/javascript;charset=UTF-8"), ("X-Content-Type-Options", "nosniff"))


def wrapped(callback: str, answer: Answer) -> Answer:
    """An answer as a script that calls a function with it; what is no 200 stays so.

    The page sees a script or none: only where there is none does it hear of a failure.
    """
    if answer.status != 200:
        return answer
    headers = tuple(header for header in answer.headers if header[0].lower() not in _OF_JSON)
    return msgspec.structs.replace(answer, headers=headers + _OF_SCRIPT, body=_script(callback, answer.body))


def _script(callback: str, body: bytes) -> bytes:
    for raw, escaped in _LINE_ENDS:
        body = body.replace(raw, escaped)
    # The comment keeps a reply from being read as the beginning of a Flash file.
    return b"/**/" + callback.encode() + b"(" + body + b");"
