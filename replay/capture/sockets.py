"""Joins the segments in which our recorder writes a WebSocket, or an answer that is a stream."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from replay.capture.losses import Loss, Losses
from replay.exchange import Exchange

HEADLESS = Loss("WebSocket", "WebSockets", "recorded without its beginning")
HOLED = Loss("WebSocket", "WebSockets", "recorded with a part missing in the middle")
TAILLESS = Loss("WebSocket", "WebSockets", "recorded without its end")


def joined(parts: Sequence[tuple[int, Exchange]], losses: Losses) -> Exchange:
    """One exchange with the messages of all segments, in the order of their parts.

    Each segment repeats the request and its answer; when and how the socket closed only the last one knows.
    """
    found = dict(sorted(parts, key=lambda part: part[0]))
    numbers = list(found)
    first, last = found[numbers[0]], found[numbers[-1]]
    if first.frames is None:
        body = b"".join(part.response_body or b"" for part in found.values())
        return msgspec.structs.replace(first, response_body=body, ended=last.ended, failure=last.failure)
    frames = tuple(frame for part in found.values() for frame in part.frames or ())
    name = f"{first.method} {first.url}"
    if numbers[0] != 0:
        losses.add(HEADLESS, name)
    if numbers[-1] - numbers[0] >= len(numbers):
        losses.add(HOLED, name)
    if last.ended is None:
        losses.add(TAILLESS, name)
    return msgspec.structs.replace(first, frames=frames, ended=last.ended, failure=last.failure)
