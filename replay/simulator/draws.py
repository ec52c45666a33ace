"""The one source of chance: draws keyed by what they are for, never drawn in sequence.

The same seed gives the same draws however many agents run and in whatever order their packets arrive.
"""

from __future__ import annotations

import random  # noqa: TID251  the one seeded source
from hashlib import blake2b

from replay.plan.paces.basis import Chance
from replay.scenario.delays import Delay, Distribution, sample


def draw(seed: int, *key: str | int) -> random.Random:
    """A source of its own for one purpose, named by `key`."""
    digest = blake2b(repr((seed, key)).encode(), digest_size=16).digest()
    return random.Random(int.from_bytes(digest, "big"))  # noqa: S311  repeatable, not secret


def token(seed: int, *key: str | int, length: int = 32) -> str:
    """An opaque name of lower-case letters and digits, as clientIds and cookies have."""
    return "".join(draw(seed, *key).choices("0123456789abcdefghijklmnopqrstuvwxyz", k=length))


def chance(seed: int, *key: str | int) -> Chance:
    """Sources for several purposes of one thing, which is named by `key`."""
    return lambda purpose: draw(seed, purpose, *key)


def delay_of(delay: Delay, seed: int, *key: str | int) -> float:
    """Seconds: those of a fixed delay, or one that is drawn by `key`."""
    if not isinstance(delay, Distribution):
        return delay
    return sample(delay, draw(seed, "delay", *key))
