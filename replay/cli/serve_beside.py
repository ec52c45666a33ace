"""What `replay serve` has running beside its server, where it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any

from replay.cli.serve_options import Asked
from replay.errors import UsageError
from replay.server.logs.logs import Logs
from replay.server.runner import Server
from replay.server.watching import Watching


def check_beside(asked: Asked) -> None:
    """Sees whether what was asked for goes together.

    Raises:
        UsageError: it does not.
    """
    if asked.watch and not asked.files:
        raise UsageError("there is no file to watch: name a FILE beside --watch")
    if asked.upstream is not None:
        from replay.capture.preflight import parse_upstream  # noqa: PLC0415  takes a moment to import

        parse_upstream(asked.upstream)
        if asked.unmatched != "forward":
            raise UsageError("--upstream is for what no step is: write --unmatched forward beside it")
    elif asked.unmatched == "forward":
        raise UsageError("--unmatched forward needs --upstream: the URL of the real server")


def beside(server: Server, asked: Asked, logs: Logs) -> Iterator[AbstractAsyncContextManager[Any]]:
    """What is to be entered once the server is open."""
    if asked.watch:
        yield Watching(server, say=partial(logs.say, "watch"))
    if asked.upstream is not None:
        from replay.capture.preflight import parse_upstream  # noqa: PLC0415  takes a moment to import
        from replay.server.forwarding import Forwarder  # noqa: PLC0415
        from replay.server.learning import Learner  # noqa: PLC0415

        learner = Learner(server, dict(enumerate(asked.files)), partial(logs.say, "forward"))
        yield learner
        yield Forwarder(server, parse_upstream(asked.upstream), learner.take)
