"""`status`: a request is answered with an HTTP status instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

import msgspec

from replay.faults.fault import Fault, Seam, Strike
from replay.scenario.headers import wrong_name, wrong_value
from replay.wire import Answer, Effect


class Status(Fault):
    """A request is answered with an HTTP status, as by a proxy or a server in trouble."""

    status: Annotated[int, msgspec.Meta(ge=200, le=599)] = 503
    """The status: 503, 502, 401, 403, …"""
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    """Sent along: `Retry-After`, …"""
    text: str = ""
    """The body."""
    processed: bool = False
    """Whether what was asked is done all the same: its events come."""

    seams: ClassVar[frozenset[Seam]] = frozenset({"request", "meta"})
    http: ClassVar[bool] = True
    example: ClassVar[Mapping[str, Any]] = {"status": 503, "headers": {"Retry-After": "5"}}
    decides: ClassVar[str] = "the answer"
    observed: ClassVar[str] = "The status and the body instead of the answer."

    def __post_init__(self) -> None:
        for name, value in self.headers.items():
            if what := wrong_name(name) or wrong_value(name, value):
                raise ValueError(what)

    @property
    def refuses(self) -> bool:
        """Unless it is to be done all the same."""
        return not self.processed

    def answer(self, answer: Answer, strike: Strike) -> Sequence[Effect]:  # noqa: ARG002
        """The status instead."""
        headers = (("Content-Type", "text/plain;charset=UTF-8"), *self.headers.items())
        return [msgspec.structs.replace(answer, status=self.status, headers=headers, body=self.text.encode())]
