"""On what terms a server is steered: under which path, by whom, and that no step of a story lies there."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote

import msgspec

from replay.errors import ScenarioError, UsageError
from replay.scenario.load import foremost, whole_of
from replay.scenario.model import RequestStep, Scenario
from replay.scenario.reader import Path as Place
from replay.scenario.walk import placed_steps

PREFIX = "/__replay"

_PREFIX = re.compile(r"(/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+)+")
_TOKEN = re.compile(r"[!-~]+")
_BEARER = "bearer "
_ELSEWHERE = "Move control elsewhere by --control-prefix."


class Token:
    """What a call has to say that may come from anywhere. It is shown nowhere, not by `repr` either."""

    def __init__(self, text: str) -> None:
        """Raises:
        UsageError: it could not be said in a header.
        """
        if not text.strip():
            raise UsageError("the admin token is empty", help="Leave it out, or make up a long one.")
        if not _TOKEN.fullmatch(text):
            what = "the admin token has characters that no header can say"
            raise UsageError(what, help="Make it of ASCII letters, digits and signs, without spaces.")
        self._text = text.encode()

    def is_said_in(self, authorization: str) -> bool:
        """Whether it is what this header says; how long that takes does not tell how much of it is right."""
        scheme, said = authorization[: len(_BEARER)], authorization[len(_BEARER) :]
        right = hmac.compare_digest(said.strip().encode("utf-8", "replace"), self._text)
        return right and scheme.lower() == _BEARER


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What control goes by, beside what is played."""

    prefix: str = PREFIX
    """Of all its paths."""
    token: Token | None = None
    """What every call says; without one only this machine may call."""
    listening: str = "127.0.0.1"
    """The host that the server was told to listen on."""
    peers: tuple[str, ...] = ()
    """URLs of other replicas."""
    files: Mapping[str, Path] = {}
    """Where scenarios were read from, by name, as far as that is known."""

    def __post_init__(self) -> None:
        if not _PREFIX.fullmatch(self.prefix):
            advice = f"It is a path without a '/' at its end, of letters, digits and '-._~': {PREFIX}."
            raise UsageError(f"control cannot be under '{self.prefix}'", help=advice)

    def cover(self, path: str) -> bool:
        """Whether a path belongs to control."""
        return path == self.prefix or path.startswith(self.prefix + "/")

    def check_apart(self, scenario: Scenario) -> None:
        """Lets a scenario pass that needs none of the paths of control.

        Raises:
            ScenarioError: it needs one; carries the place in the file, if that is known.
            UsageError: the same of one that is in no file.
        """
        found = list(self._shadowed(scenario))
        if not found:
            return
        file = self.files.get(scenario.name)
        if file is None:
            raise UsageError(f"in '{scenario.name}' {found[0][1]}", help=_ELSEWHERE)
        document = whole_of(file)
        problems = [document.problem(place, what, help=_ELSEWHERE) for place, what in found]
        raise ScenarioError(foremost(problems, str(file)))

    def _shadowed(self, scenario: Scenario) -> Iterator[tuple[Place, str]]:
        """What of a scenario nobody could reach, each with its place."""
        mount = scenario.cometd.path
        if self.cover(mount):
            yield ("cometd", "path"), f"'{mount}' is a path of control"
        elif self.prefix.startswith(mount + "/"):
            yield ("cometd", "path"), f"control would be at '{self.prefix}', which belongs to '{mount}'"
        for place, step in placed_steps(scenario):
            if isinstance(step, RequestStep):
                path = unquote(step.request.partition(" ")[2].partition("?")[0])
                if self.cover(path):
                    yield (*place, "request"), f"'{step.id}' asks for '{path}', which is a path of control"
