"""Drives scenarios from Locust: a `User` that plays the client's part, on gevent.

    from replay.drive.locust import ScenarioUser

    class Agent(ScenarioUser):
        pass

It runs in Locust's own process, in which nothing may use asyncio. What is here is imported when first asked
for, since importing Locust changes the process: its sockets become gevent's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from replay.drive.locust.user import ScenarioUser

__all__ = ["ScenarioUser"]

EXTRA = {"gevent", "geventhttpclient", "locust", "wsproto"}


def __getattr__(name: str) -> Any:
    """The class that users of Locust are derived from."""
    if name not in __all__:
        raise AttributeError(f"module 'replay.drive.locust' has no attribute '{name}'")
    from importlib import import_module  # noqa: PLC0415

    try:
        return getattr(import_module("replay.drive.locust.user"), name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in EXTRA:
            raise
        what = (
            f'driving with Locust needs {error.name}, which is not installed: pip install "gws-replay[load]"'
        )
        raise ModuleNotFoundError(what, name=error.name) from None
