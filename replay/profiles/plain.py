"""Any CometD service of which nothing is known beforehand."""

from __future__ import annotations

from replay.profiles.genesys import PROFILE as _GENESYS
from replay.profiles.profile import Profile, kebab


def _not_found(sentence: str) -> tuple[int, dict[str, object]]:
    return 404, {"error": sentence}


PROFILE = Profile(
    name="plain",
    api_prefix="/",
    operation_field="",
    reference_field="",
    session_cookie="replay-session",
    ids=tuple(shape for shape in _GENESYS.ids if shape.make in {"uuid", "hex-id", "lookalike"}),
    id_fields=frozenset({"id"}),
    client_fields=frozenset(),
    time_fields=frozenset(),
    push_name=lambda channel, _data: kebab(channel.rpartition("/")[2]),
    not_found=_not_found,
    failure=lambda code, sentence: {"error": sentence, "code": code},
    not_logged_in=lambda: {"error": "Access denied"},
)
