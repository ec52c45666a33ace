"""Which replicas a control call is for: it may be made to any of them.

What changes how all play is done here first, then everywhere: what is refused here is not asked of others.
What is about an agent is done where that agent is. What is looked at is this replica's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from aiohttp import web

from replay.errors import NoSuchError, NotNowError, Problem, UsageError
from replay.server.control.call import Call, RefusedError
from replay.server.control.passing import PASSED, Passing, Told, problem_of
from replay.server.control.values import Agents, Deleted, Pushed
from replay.simulator.switching import NoSuchRuleError
from replay.simulator.waiting import AgentState

_NUMBER = re.compile(r"#?\d+", re.ASCII)
"""An agent's number, which each replica counts for itself."""
_ALONE = f"Call those that have not by themselves, with the header '{PASSED}: 1': then it goes no further."
_GONE = f"Call those that answer by themselves, with the header '{PASSED}: 1'."


class NotEverywhereError(RefusedError):
    """Some replicas have done it, and some have not; or not every one could be asked."""

    def __init__(self, what: str, problems: Sequence[Problem], *, help: str) -> None:  # noqa: A002
        super().__init__(502, what, help=help)
        self.problems = tuple(problems)


class Peers:
    """Answers calls, here and at other replicas."""

    def __init__(self, urls: Sequence[str]) -> None:
        """Args:
            urls: Of the other replicas; there may be none.

        Raises:
            UsageError: one is no URL of a server.
        """
        self._passing = Passing(urls)

    async def answer(self, call: Call) -> Any:
        """What a call comes to: what its handler says, what others say, or both.

        Raises:
            ReplayError: it is refused, here or where it belongs, or was not done everywhere.
        """
        if not self._passing.urls:
            return await call.route.handler(call)
        self._passing.check_apart(call)
        if PASSED in call.request.headers:
            return await call.route.handler(call)
        match call.route.reach:
            case "everywhere":
                return await self._everywhere(call, lenient=call.route.method == "DELETE")
            case "agent":
                return await self._where(call, await _agent_in(call))
            case "agents":
                return await self._wherever(call)
            case "here":
                return await call.route.handler(call)

    async def _wherever(self, call: Call) -> Any:
        name = await _agent_in(call)
        if name:
            return await self._where(call, name)
        if call.said.get("play"):
            # Each replica counts its plays for itself.
            return await call.route.handler(call)
        return await self._everywhere(call, lenient=True)

    async def _everywhere(self, call: Call, *, lenient: bool) -> Any:
        """Here, then everywhere.

        Args:
            lenient: It is enough that one has what is named.
        """
        answers: list[Any] = []
        refusal: UsageError | None = None
        try:
            answers.append(await call.route.handler(call))
        except (NoSuchError, NoSuchRuleError, NotNowError) as error:
            if not lenient:
                raise
            refusal = error
        told = await self._passing.ask(call, body=call.said, answer=call.route.answer)
        answers += [each.value for each in told if each.is_done]
        failed = [each for each in told if not each.is_done and not (lenient and each.lacks_it)]
        if failed:
            did = ["this replica"] if refusal is None else []
            raise _not_everywhere(failed, [*did, *(each.url for each in told if each.is_done)])
        if not answers:
            assert refusal is not None
            raise refusal
        return _merged(answers)

    async def _where(self, call: Call, name: str) -> Any:
        """Where this agent is; where the only one is, if it has no name."""
        if not name:
            return await self._where_the_only_one_is(call)
        agents = call.stage.simulator.agents
        try:
            own = agents.named(name)
        except NoSuchError:
            own = None
        if _NUMBER.fullmatch(name) or (own is not None and own.clients):
            return await call.route.handler(call)
        path = f"agents/{quote(name, safe='')}"
        told = await self._passing.ask(call, method="GET", path=path, answer=AgentState)
        known = [each for each in told if each.is_done]
        # Who has gone elsewhere when its replica was lost may be known at both.
        connected = [each for each in known if each.value.clients]
        if connected or (own is None and known):
            return await self._relayed(call, (connected or known)[0].url)
        lost = [each for each in told if not each.is_done and not each.lacks_it]
        if own is None and lost:
            what = f"no agent is called '{name}' here, and not every replica can be asked"
            raise NotEverywhereError(what, [*map(problem_of, lost)], help=_GONE)
        return await call.route.handler(call)

    async def _where_the_only_one_is(self, call: Call) -> Any:
        told = await self._passing.ask(call, method="GET", path="agents?limit=0", answer=Agents)
        lost = [each for each in told if not each.is_done]
        if lost:
            what = "it is not said which agent is meant, and not every replica can be asked who is there"
            raise NotEverywhereError(what, [*map(problem_of, lost)], help="Name the agent.")
        there = {each.url: each.value.total for each in told if each.value.total}
        own = len(call.stage.simulator.agents.all)
        if not there or (own == 0 and len(there) == 1):
            return await (self._relayed(call, next(iter(there))) if there else call.route.handler(call))
        what = f"there are {own + sum(there.values())} agents on {len(there) + (own > 0)} replicas"
        raise UsageError(f"{what}: say which is meant", help="Name it as the journal does.")

    async def _relayed(self, call: Call, url: str) -> web.Response:
        """What the replica says that it belongs to."""
        (told,) = await self._passing.ask(call, [url], body=call.said)
        if not told.status:
            raise NotEverywhereError(f"{url} has the agent, and cannot be asked", [problem_of(told)], help="")
        return web.Response(status=told.status, body=told.body, content_type="application/json")


async def _agent_in(call: Call) -> str:
    """The agent that a call names; what else is wrong with the call, its handler says."""
    if call.route.body is None:
        return call.name
    return str((await call.body()).agent)


def _not_everywhere(failed: Sequence[Told], did: Sequence[str]) -> NotEverywhereError:
    done = f"done by {_listed(did)}" if did else "done nowhere"
    what = f"not done by {_listed(each.url for each in failed)}: {failed[0].why}; {done}"
    return NotEverywhereError(what, [*map(problem_of, failed)], help=_ALONE)


def _listed(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _merged(answers: Sequence[Any]) -> Any:
    """One answer of those of all replicas: what concerns each agent or rule once, else the first."""
    first = answers[0]
    if isinstance(first, Deleted):
        return Deleted(deleted=list(dict.fromkeys(name for each in answers for name in each.deleted)))
    if isinstance(first, Pushed):
        return Pushed(told=[one for each in answers for one in each.told])
    return first
