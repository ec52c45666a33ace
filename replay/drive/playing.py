"""An agent, or all the roles of a story, played against a server: ours, a real one, or a proxy before it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import aiohttp

from replay.drive.access import Access, Hidden, by_name
from replay.drive.agent import Agent, unreachable
from replay.drive.answer import Tokens
from replay.drive.http import in_words, opened
from replay.drive.outcome import Outcome, index_of
from replay.drive.watch import Watch
from replay.errors import SurroundingsError
from replay.plan.timeline import Timeline
from replay.verify.role import Company, Role


async def play(
    timeline: Timeline,
    target: str,
    *,
    transport: str = "long-polling",
    patience: float = 15.0,
    user: str = "",
    role: str = "",
    access: Access | None = None,
    hidden: Hidden | None = None,
    watch: Watch | None = None,
    goes_on: bool = False,
) -> Outcome:
    """Plays one agent's part to its end; where the steps name several, others have to play theirs.

    Args:
        target: Where the server is: `http://host:port`.
        patience: Seconds without anything new after which the agent gives up.
        user: Who it says it is, in `Authorization`; agents that play at the same time need each a name.
        role: The name of the role; the first one when empty.
        access: With what it comes, instead of a user's name alone.
        hidden: Learns what may stand in no report.
        watch: Is told how far it is.
        goes_on: It plays on without an event that does not come, once the story has begun.

    Raises:
        SurroundingsError: the server cannot be reached.
        UsageError: there is no such role.
    """
    target = target.rstrip("/")
    part = Role(timeline, target, role=index_of(timeline, role))
    access = access or by_name(user)
    agent = Agent(timeline, target, part, patience, [], access=access, watch=watch, goes_on=goes_on)
    return await _play(agent, transport, hidden or Hidden())


async def play_together(
    timeline: Timeline,
    target: str,
    *,
    transports: Mapping[str, str] | None = None,
    patience: float = 15.0,
    users: Mapping[str, str] | None = None,
    accesses: Mapping[str, Access] | None = None,
    hidden: Hidden | None = None,
    watches: Mapping[str, Watch] | None = None,
    goes_on: bool = False,
) -> dict[str, Outcome]:
    """Plays all roles of a story at once, each as an agent of its own; returns what each saw, by role.

    A request is made once all above it in the story has been seen by whoever it is for.

    Args:
        target: Where the server is: `http://host:port`.
        transports: Connection types by role; long-polling for those it does not name.
        patience: Seconds without anything new for anybody after which all give up.
        users: Who each role says it is, in `Authorization`; it bears the role's name if not given.
        accesses: With what each role comes, instead of a user's name alone.
        hidden: Learns what may stand in no report.
        watches: Are told how far each role is.
        goes_on: They play on without events that do not come, once the story has begun.

    Raises:
        SurroundingsError: the server cannot be reached.
    """
    company, fellows, target = Company(), list[Agent](), target.rstrip("/")
    parts = [Role(timeline, target, role=at, company=company) for at in range(len(timeline.roles))]
    comes = accesses or {
        role: by_name((users or {}).get(role, "" if users else role)) for role in timeline.roles
    }
    plays = [
        _play(
            Agent(
                timeline,
                target,
                part,
                patience,
                fellows,
                access=comes[role],
                watch=(watches or {}).get(role),
                goes_on=goes_on,
            ),
            (transports or {}).get(role, "long-polling"),
            hidden or Hidden(),
        )
        for role, part in zip(timeline.roles, parts, strict=True)
    ]
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each) for each in plays]
    except* SurroundingsError as failed:
        unreachable = failed
    else:
        return {role: task.result() for role, task in zip(timeline.roles, tasks, strict=True)}
    raise SurroundingsError(str(unreachable.exceptions[0]))


async def _play(agent: Agent, transport: str, hidden: Hidden) -> Outcome:
    async with opened(agent.access, hidden, Tokens.of(agent.scenario)) as http:
        try:
            return await agent.run(http, transport)
        except aiohttp.ClientError as error:
            raise unreachable(agent.target, in_words(error)) from None
        finally:
            await agent.close()
