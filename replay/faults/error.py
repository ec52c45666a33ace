"""`error`: the API says that an operation failed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

import msgspec

from replay.faults.fault import Fault, Seam, Strike
from replay.wire import Answer, Effect


class Error(Fault):
    """The API says that an operation failed, in its own words: `{statusCode: 4, statusMessage: …}`."""

    status: Annotated[int, msgspec.Meta(ge=100, le=599)] = 500
    """HTTP status."""
    code: int = 4
    """What the API calls the failure: `statusCode` of Genesys, 4 is an internal error."""
    message: str = "Internal error"
    """What it says of it."""
    processed: bool = False
    """Whether what was asked is done all the same: its events come."""

    seams: ClassVar[frozenset[Seam]] = frozenset({"request"})
    http: ClassVar[bool] = True
    decides: ClassVar[str] = "the answer"
    observed: ClassVar[str] = "The API's error body with its status instead of the answer."

    @property
    def refuses(self) -> bool:
        """Unless it is to be done all the same."""
        return not self.processed

    def answer(self, answer: Answer, strike: Strike) -> Sequence[Effect]:
        """The error body instead."""
        body = msgspec.json.encode(strike.profile.failure(self.code, self.message))
        headers = (("Content-Type", "application/json;charset=UTF-8"),)
        return [msgspec.structs.replace(answer, status=self.status, headers=headers, body=body)]
