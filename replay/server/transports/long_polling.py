"""Batches in the body of a POST, replies in its answer."""

from __future__ import annotations

from urllib.parse import parse_qs

from aiohttp import web

from replay.server.exchanges import exchange
from replay.server.requests import base_url_of, batch_of, body_of, headers_of
from replay.server.stage import Stage
from replay.wire import Polled

FORM = "application/x-www-form-urlencoded"
MAX_FIELDS = 1_000


class LongPolling:
    """`long-polling` of the CometD reference."""

    def takes(self, request: web.BaseRequest) -> bool:
        """Every POST: the path below the mount never decides anything, the messages do."""
        return request.method == "POST"

    async def serve(self, request: web.BaseRequest, mount: str, stage: Stage) -> web.StreamResponse:
        """Answers when the engine does."""
        body = _batch(request, await body_of(request))
        return await exchange(
            request,
            stage,
            lambda number: Polled(
                exchange=number,
                mount=mount,
                transport="long-polling",
                headers=headers_of(request),
                body=body,
                base_url=base_url_of(request),
                target=request.raw_path,
            ),
        )


def _batch(request: web.BaseRequest, body: bytes) -> bytes:
    """The messages, also of a form's field `message` (Bayeux 1.0, 4.2.1).

    What is JSON is taken as such whatever it calls itself: curl calls every body a form.
    """
    if request.content_type != FORM or body.lstrip()[:1] in {b"[", b"{", b""}:
        return body
    try:
        fields = parse_qs(body.decode("utf-8", "surrogateescape"), max_num_fields=MAX_FIELDS)
    except ValueError:
        raise web.HTTPBadRequest(text=f"The form has more than {MAX_FIELDS} fields.") from None
    return batch_of(fields.get("message", []))
