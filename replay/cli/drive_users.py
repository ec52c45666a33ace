"""As whom `drive` comes: numbered users, a pattern of the environment, or a file of them."""

from __future__ import annotations

import csv
import re
import ssl
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from replay.cli.credentials import HEADER, PASSWORD, USER, accesses
from replay.drive.access import Access, Hidden, by_name
from replay.drive.crowd import Caller
from replay.errors import UsageError

NUMBER = "{n}"
"""What stands for the number of an agent, from 1, in what the environment says."""


def callers(
    environment: Mapping[str, str],
    users: Path | None,
    *,
    agents: int,
    roles: Sequence[str],
    trust: ssl.SSLContext | bool,
    hidden: Hidden,
) -> list[Caller]:
    """Everybody who comes, those who play one story together as one.

    Args:
        environment: `REPLAY_USER` and `REPLAY_PASSWORD`, or `REPLAY_AUTHORIZATION`, as `verify` takes them,
            with `{n}` for the agent's number.
        users: A file of users and passwords (CSV) instead.

    Raises:
        UsageError: there are too few, or all would be one.
    """
    if agents % len(roles):
        fitting = max(len(roles), agents // len(roles) * len(roles))
        names = " and ".join(roles)
        several = f"--agents {agents}: {names} play this story together, {len(roles)} agents a chat"
        raise UsageError(several, help=f"Write --agents {fitting}.")
    stories = agents // len(roles)
    if users is not None:
        logins = _read(users, agents, hidden)
        of_story = [logins[at : at + len(roles)] for at in range(0, agents, len(roles))]
        return [_caller([_with(by_name(*login), trust) for login in each]) for each in of_story]
    given = {name: value for name, value in environment.items() if _says_who(name) and value}
    if not given:
        return [
            _caller([_with(by_name(f"{role or 'agent'}{n}"), trust) for role in roles])
            for n in _from(stories)
        ]
    who = {name: value for name, value in given.items() if name.startswith((USER, HEADER))}
    for name, value in who.items():
        if stories > 1 and NUMBER not in value:
            what = f"{name} is one login, and {agents:,} agents that are one user are one agent"
            raise UsageError(what, help=f"Write {NUMBER} in it for the agent's number, or use --users FILE.")
    found = []
    for n in _from(stories):
        of_agent = {name: value.replace(NUMBER, str(n)) for name, value in given.items()}
        found.append(_caller(list(accesses(of_agent, roles, trust, hidden).values())))
    return found


def are_numbered(environment: Mapping[str, str], users: Path | None) -> bool:
    """Whether agents may come under any name, since nobody has said as whom."""
    return users is None and not any(_says_who(name) and value for name, value in environment.items())


def unknown(
    come: Sequence[Caller], knows: Callable[[str], bool], *, trust: ssl.SSLContext | bool
) -> list[Caller]:
    """Those who come, with the number of this run behind their names where a server knows any of them.

    What a session may ask once, and chats that are still under way there, belong to who came before.
    """
    ordinal = 1
    names = [list(caller.names) for caller in come]
    while any(knows(name) for group in names for name in group):
        ordinal += 1
        names = [[f"{name}-{ordinal}" for name in caller.names] for caller in come]
    if ordinal == 1:
        return list(come)
    return [_caller([_with(by_name(name), trust) for name in group]) for group in names]


def _says_who(name: str) -> bool:
    return any(re.fullmatch(rf"{each}(_\w+)?", name) for each in (HEADER, USER, PASSWORD))


def _caller(accesses_: list[Access]) -> Caller:
    return Caller(accesses=accesses_, names=[access.user for access in accesses_])


def _from(stories: int) -> range:
    return range(1, stories + 1)


def _with(access: Access, trust: ssl.SSLContext | bool) -> Access:
    return Access(user=access.user, authorization=access.authorization, trust=trust)


def _read(path: Path, agents: int, hidden: Hidden) -> list[tuple[str, str]]:
    """Users and passwords; lines that are empty or begin with # are none."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.reader(file) if row and not row[0].startswith("#")]
    except OSError as error:
        raise UsageError(f"--users {path} cannot be read: {error.strerror or error}") from None
    except (UnicodeDecodeError, csv.Error):
        raise UsageError(
            f"--users {path} is no CSV in UTF-8", help="A line an agent: user,password."
        ) from None
    found = []
    for number, row in enumerate(rows, 1):
        user, password = row[0].strip(), row[1].strip() if len(row) > 1 else ""
        if not user or ":" in user or not f"{user}{password}".isprintable() or len(row) > 2:
            raise UsageError(
                f"--users {path}: entry {number} is no user", help="A line an agent: user,password."
            )
        hidden.learn(password)
        found.append((user, password))
    if len({user for user, _ in found}) < len(found):
        raise UsageError(f"--users {path} names a user twice", help="Agents that are one user are one agent.")
    if len(found) < agents:
        raise UsageError(f"--users {path} has {len(found):,} users, and --agents wants {agents:,}")
    return found[:agents]
