"""How long distilling takes."""

from __future__ import annotations

from time import process_time

import msgspec

from replay.distil import only_story

from .recorded import Recorded, event


def recording(exchanges: int) -> Recorded:
    """As many exchanges, of which a third are operations: each with a chat of its own."""
    recorded = Recorded(headers=(("Authorization", "Basic YTpi"),)).shaken()
    for number in range(exchanges // 3):
        chat, at = f"0000Na9B26{number:06d}", 1.0 + number
        recorded.poll(at - 0.5, at, events=[event("Invited", chat=chat)])
        recorded.accept(at + 0.1, chat=chat, said={"statusCode": 0, "referenceId": number})
        recorded.poll(at, at + 0.2, events=[event("Chatting", chat=chat, referenceId=number)])
    return recorded


def seconds_for(exchanges: int) -> float:
    """CPU seconds that a recording of that size takes."""
    recorded = recording(exchanges).exchanges
    began = process_time()
    told = only_story(recorded, name="many", together=True)
    took = process_time() - began
    assert len(told.scenario.steps) == exchanges // 3 * 3
    assert msgspec.json.encode(told.scenario.steps[0])
    return took


if __name__ == "__main__":
    for size in (1_000, 10_000):
        print(size, round(seconds_for(size), 2))
