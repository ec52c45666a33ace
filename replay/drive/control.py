"""`replay.Control`: a running server looked at and steered from another program, over its control calls."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import httpx
import msgspec

from replay.entries import Entry
from replay.errors import ControlError, Problem, SurroundingsError, UsageError
from replay.server.control.terms import PREFIX, Token
from replay.server.control.values import (
    Agents,
    ClockRead,
    Deleted,
    Expectations,
    Health,
    Misses,
    Offered,
    Pushed,
    Refused,
    ResetDone,
    Rules,
    Scenarios,
)
from replay.simulator.switching import Standing
from replay.simulator.waiting import AgentState

PATIENCE = 10.0
"""Seconds that a server gets to say something."""

T = TypeVar("T")


class Control:
    """Calls to one server. A context manager; each call raises what is wrong with it.

    with replay.Control("http://127.0.0.1:8090") as control:
        control.push(step="chatting", agent="#1")

    Raises:
        ControlError: the server refuses a call; carries its status, what is wrong, and what to do.
        SurroundingsError: nobody answers there, or no server of ours.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        patience: float = PATIENCE,
        verify: ssl.SSLContext | bool = True,
    ) -> None:
        """Calls nobody yet.

        Args:
            url: Where the server is steered, as `control_url` says; where it listens will do, if its
                `--control-prefix` is the usual one.
            token: Its `--admin-token`.
            patience: Seconds that it gets to say something; moving its clock may take as long as it likes.
            verify: How its certificate is checked; a context that trusts it if it has signed it itself.

        Raises:
            UsageError: this is no URL of a server, or no token.
        """
        self.url = _checked(url)
        if token is not None:
            Token(token)
        self._patience = patience
        # Proxies of the environment are for what is far away.
        self._http = httpx.Client(
            headers={} if token is None else {"Authorization": f"Bearer {token}"},
            timeout=patience,
            verify=verify,
            trust_env=False,
        )

    def __enter__(self) -> Control:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends its connections."""
        self._http.close()

    # What there is

    def health(self) -> Health:
        """That it serves, and what."""
        return self._ask("GET", "health", Health)

    def ready(self) -> bool:
        """Whether clients may come."""
        try:
            self._said("GET", "ready")
        except ControlError as error:
            if error.status == httpx.codes.SERVICE_UNAVAILABLE:
                return False
            raise
        return True

    def scenarios(self) -> Scenarios:
        """What is played, step by step."""
        return self._ask("GET", "scenarios", Scenarios)

    def agents(self, *, after: int = 0, limit: int = 1000, find: str = "") -> Agents:
        """Agents in order of appearance: those after an ordinal, with something in their name."""
        return self._ask("GET", "agents", Agents, query={"after": after, "limit": limit, "find": find})

    def agent(self, name: str | int) -> AgentState:
        """What one agent waits for; by the name that the journal has for it, or its ordinal."""
        return self._ask("GET", f"agents/{_segment(str(name))}", AgentState)

    def journal(self, *, agent: str = "", kind: str = "", since: int = 0) -> Iterator[Entry]:
        """What happened, in order, read while it comes; `since` is the number of the last entry known."""
        with self._open("GET", "journal", {"agent": agent, "kind": kind, "since": since}) as response:
            rest = b""
            for chunk in response.iter_bytes():
                # Strings may hold what else ends a line.
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    yield self._read(line, Entry)

    def har(self) -> bytes:
        """The journal as HAR, which `distil` reads."""
        return self._said("GET", "journal", query={"format": "har"}, is_long=True)

    def misses(self, *, agent: str = "", since: int = 0, limit: int = 1000) -> Misses:
        """Requests that matched no step, each with the nearest, and events that nobody was given."""
        return self._ask("GET", "misses", Misses, query={"agent": agent, "since": since, "limit": limit})

    def expectations(
        self,
        step: str = "",
        *,
        times: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
        agent: str = "",
    ) -> Expectations:
        """What is expected, and whether it is so now; of one step, when that is named."""
        given = {"step": step, "times": times, "at_least": at_least, "at_most": at_most, "agent": agent}
        query = {name: value for name, value in given.items() if value not in {None, ""}}
        return self._ask("GET", "expectations", Expectations, query=query)

    def metrics(self) -> str:
        """Counts and lateness, as Prometheus reads them."""
        return self._said("GET", "metrics").decode()

    # What is done

    def offer(self, scenario: str = "", agent: str = "") -> Offered:
        """Begins another play; either may be left out where there is only one."""
        return self._ask("POST", "plays", Offered, body=_given(scenario=scenario, agent=agent))

    def push(
        self,
        channel: str = "",
        data: Any = msgspec.UNSET,
        *,
        step: str = "",
        play: str = "",
        agent: str = "",
    ) -> Pushed:
        """Pushes an event now: any data on a channel, or a step of a play."""
        said = _given(channel=channel, step=step, play=play, agent=agent)
        if data is not msgspec.UNSET:
            said["data"] = data
        return self._ask("POST", "events", Pushed, body=said)

    def clock(self) -> ClockRead:
        """What the plays go by, and how far it has come."""
        return self._ask("GET", "clock", ClockRead)

    def advance(self, duration: str | float) -> ClockRead:
        """Moves a clock that is moved by hand; returns when all that was due meanwhile has happened."""
        return self._ask("POST", "clock", ClockRead, body={"advance": duration}, is_long=True)

    def reset(self, *what: str) -> ResetDone:
        """Lets `journal`, `agents` or `faults` be as at the beginning; all of them if none is named."""
        return self._ask("POST", "reset", ResetDone, body={"what": what} if what else {})

    # Faults

    def faults(self, name: str = "") -> list[Standing]:
        """Rules, foremost first, and how often they struck: all of them, or those of a name."""
        return self._ask("GET", f"faults/{_segment(name)}" if name else "faults", Rules).faults

    def put_up(self, fault: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> list[Standing]:
        """Puts up a fault, a list of them, or `{"preset": NAME}`, before all other rules."""
        return self._ask("POST", "faults", Rules, body=fault).faults

    def change(self, name: str, **changes: Any) -> list[Standing]:
        """Changes a rule: `on`, `chance`, single `settings`, `ttl`; None takes one back to its default."""
        return self._ask("PATCH", f"faults/{_segment(name)}", Rules, body=changes).faults

    def take_down(self, name: str) -> list[str]:
        """Takes down what was put up at run time under a name; the names that are gone."""
        return self._ask("DELETE", f"faults/{_segment(name)}", Deleted).deleted

    def clear(self) -> list[str]:
        """Takes down all that was put up at run time; the names that are gone."""
        return self._ask("DELETE", "faults", Deleted).deleted

    # How

    def _ask(self, method: str, path: str, answer: type[T], **asked: Any) -> T:
        return self._read(self._said(method, path, **asked), answer)

    def _said(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        is_long: bool = False,
    ) -> bytes:
        with self._open(method, path, query or {}, body=body, is_long=is_long) as response:
            return response.read()

    @contextmanager
    def _open(
        self, method: str, path: str, query: Mapping[str, Any], *, body: Any = None, is_long: bool = False
    ) -> Iterator[httpx.Response]:
        """An answer that is no refusal, which is still to be read."""
        asked: dict[str, Any] = {"params": {key: value for key, value in query.items() if value != ""}}
        if body is not None:
            asked["content"] = msgspec.json.encode(body)
            asked["headers"] = {"Content-Type": "application/json"}
        if is_long:
            asked["timeout"] = httpx.Timeout(self._patience, read=None)
        try:
            with self._http.stream(method, f"{self.url}/{path}", **asked) as response:
                if not response.is_success:
                    raise self._refused(response.status_code, response.read())
                yield response
        except httpx.ConnectError as error:
            what = f"nobody answers at {self.url}: {error}. Start it by 'replay serve'."
            raise SurroundingsError(what) from None
        except httpx.TimeoutException:
            what = f"{self.url} has said nothing for {self._patience:g} s"
            raise SurroundingsError(what) from None
        except httpx.TransportError as error:
            raise SurroundingsError(f"{self.url} has broken off: {error}") from None

    def _refused(self, status: int, said: bytes) -> ControlError:
        error = self._read(said, Refused).error
        problems = (Problem(file=each.at, what=each.what, help=each.help) for each in error.problems)
        return ControlError(status, error.what, help=error.help, problems=problems)

    def _read(self, said: bytes, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(said, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError):
            what = f"what answers at {self.url} is no server of this version of ours"
            raise SurroundingsError(f"{what}: it says {said[:60]!r}") from None


def _checked(url: str) -> str:
    """Where a server is steered, without a slash at the end."""
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good or parts.query or parts.fragment:
        raise UsageError(f"'{url}' is no URL of a server", help="It is like http://127.0.0.1:8090.")
    return url.rstrip("/") if parts.path.strip("/") else url.rstrip("/") + PREFIX


def _segment(name: str) -> str:
    return quote(name, safe="")


def _given(**said: str) -> dict[str, Any]:
    return {key: value for key, value in said.items() if value}
