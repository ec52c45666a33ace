"""`wrong-content-type`: an answer does not say what it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from replay.faults.fault import Fault, Seam, Strike
from replay.wire import Answer, Effect


class WrongContentType(Fault):
    """An answer says that it is something else, as behind a proxy with a login page of its own."""

    type: str = "text/html;charset=UTF-8"
    """What it says that it is."""

    seams: ClassVar[frozenset[Seam]] = frozenset({"request", "meta"})
    http: ClassVar[bool] = True
    observed: ClassVar[str] = "The same body under another Content-Type; cometd.js does not look at it."

    def __post_init__(self) -> None:
        if any(not " " <= character <= "~" for character in self.type):
            raise ValueError(f"'{self.type}' is no content type")

    def answer(self, answer: Answer, strike: Strike) -> Sequence[Effect]:  # noqa: ARG002
        """With another type."""
        others = tuple(pair for pair in answer.headers if pair[0].lower() != "content-type")
        return [msgspec.structs.replace(answer, headers=(*others, ("Content-Type", self.type)))]
