"""Where clients find Bayeux: the CometD paths of scenarios, and how each is to behave."""

from __future__ import annotations

from collections.abc import Iterable

from replay.bayeux.settings import Settings
from replay.plan.timeline import Timeline
from replay.registry import DIALECTS, EXTENSIONS, TRANSPORTS, resolve
from replay.scenario.durations import parse_duration


def mounts_of(timelines: Iterable[Timeline], *, queue: int) -> dict[str, Settings]:
    """The settings of each path; of one that several scenarios name, the first says them.

    Args:
        queue: Events that may wait for one client.
    """
    found: dict[str, Settings] = {}
    for timeline in timelines:
        path = timeline.scenario.cometd.path.rstrip("/") or "/"
        if path not in found:
            found[path] = _settings(timeline, queue)
    return found


def _settings(timeline: Timeline, queue: int) -> Settings:
    cometd = timeline.scenario.cometd
    return Settings(
        timeout=timeline.timeout,
        interval=timeline.interval,
        max_interval=timeline.max_interval,
        connection_types=tuple(cometd.transports or TRANSPORTS),
        dialect=resolve(DIALECTS, cometd.dialect),
        extensions=tuple(resolve(EXTENSIONS, name)() for name in cometd.extensions),
        connect_only=cometd.connect_only,
        sessions_per_browser=cometd.sessions_per_browser,
        multi_session_interval=parse_duration(cometd.multi_session_interval),
        trust_client_id=cometd.trust_client_id,
        queue_limit=queue,
    )
