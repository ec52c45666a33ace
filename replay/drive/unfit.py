"""Answers by which a server cannot be played to, in words: no login, another API, somebody else's page."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec

from replay.bayeux.messages import MalformedError, decode
from replay.drive.access import Access
from replay.drive.answer import Answer
from replay.drive.wrong import said_in
from replay.plan.timeline import Ask

UNAUTHORIZED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
_LATER = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}


def refusal(access: Access, what: str, status: int) -> str:
    """That the server does not let one in.

    Args:
        what: The request, as `GET /api/v2/me`.
    """
    if not access.authorization:
        return f"the target wants a login, {what} was answered {status}, and no credentials are set"
    return f"the target refused the login of {access.user}, {what} was answered {status}"


def unfit_answer(access: Access, ask: Ask, what: str, answer: Answer) -> str:
    """Why a session that is answered so has not begun; empty if it may have."""
    reply = ask.replies[0]
    if answer.status in UNAUTHORIZED and reply.status not in UNAUTHORIZED:
        return refusal(access, what, answer.status)
    if answer.status >= 300 > reply.status:
        said = said_in(_json(answer.body))
        return f"{what} was answered {_told(answer)}, not {reply.status}{said and f': {said}'}"
    if reply.body is not msgspec.UNSET and _json(answer.body) is None:
        return f"{what} was answered {_told(answer)}, which is not JSON"
    return ""


def unfit_cometd(access: Access, path: str, answer: Answer) -> str:
    """Why there is no CometD where a handshake is answered so; empty if it may be there another time."""
    what = f"the handshake at {path}"
    if answer.status in UNAUTHORIZED:
        return refusal(access, what, answer.status)
    if answer.status not in _LATER and (300 <= answer.status < 500 or answer.status == 200):
        return f"there is no CometD at {path}: the handshake was answered {_told(answer)}"
    return ""


def _told(answer: Answer) -> str:
    """Status, kind, and where it sends one."""
    kind = f" with {answer.kind}" if answer.kind and answer.kind != "application/json" else ""
    return f"{answer.status}{kind}{f', to {answer.location}' if answer.location else ''}"


def _json(body: bytes) -> Any:
    """The value; None where it is none, or null."""
    try:
        return decode(body)
    except MalformedError:
        return None
