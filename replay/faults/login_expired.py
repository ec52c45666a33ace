"""`login-expired`: the server wants to know again who somebody is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

import msgspec

from replay.faults.fault import Act, Fault, Forget, LogOut, Seam, Strike
from replay.wire import Answer, Effect


class LoginExpired(Fault):
    """The agent's login is void, and its clients are forgotten.

    Requests with its old session cookie are refused in the API's words, and the cookie is taken back. Whoever
    comes without it, or with credentials and no cookie, is let in again.
    """

    status: Annotated[int, msgspec.Meta(ge=400, le=599)] = 403
    """HTTP status of the refusal; Genesys has 403, others 401."""

    seams: ClassVar[frozenset[Seam]] = frozenset({"request", "event", "meta"})
    metas: ClassVar[tuple[str, ...]] = ("connect", "subscribe", "unsubscribe")
    decides: ClassVar[str] = "the answer"
    observed: ClassVar[str] = (
        "403 with statusCode 20 until it has logged in again, and `402::Unknown client`."
    )

    @property
    def refuses(self) -> bool:
        """Who is not logged in gets nothing done."""
        return True

    def answer(self, answer: Answer, strike: Strike) -> Sequence[Effect]:
        """The refusal."""
        body = msgspec.json.encode(strike.profile.not_logged_in())
        taken_back = (pair for pair in answer.headers if pair[0] == "Set-Cookie")
        headers = (("Content-Type", "application/json;charset=UTF-8"), *taken_back)
        return [msgspec.structs.replace(answer, status=self.status, headers=headers, body=body)]

    def acts(self, strike: Strike) -> Sequence[Act]:  # noqa: ARG002
        """Logged out."""
        return [LogOut(status=self.status), Forget()]
