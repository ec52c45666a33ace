"""A user of Locust's that plays the client's part of a scenario."""

from __future__ import annotations

import logging
import sys
from functools import partial
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

import gevent
from locust import User, events, task
from locust.env import Environment
from locust.exception import StopTest, StopUser
from locust.runners import WorkerRunner

from replay.drive.answer import Tokens
from replay.drive.locust.finishing import Finishing
from replay.drive.locust.http import Http
from replay.drive.locust.numbers import Numbers, numbers_of
from replay.drive.locust.options import ARGUMENTS, Setting, add_arguments, settle
from replay.drive.locust.player import Player
from replay.drive.locust.rows import COMETD, SESSION, FailureError, Rows
from replay.drive.locust.target import offer
from replay.drive.part import Part
from replay.errors import ReplayError

log = logging.getLogger("replay")

BETWEEN = 1.0
"""Seconds between two stories of a user: also a server that refuses all is not asked without end."""
FOR_GOOD = 1e6
"""As long as any run."""


class ScenarioUser(User):
    """Plays a scenario again and again: session, CometD and a story, or several, then goodbye.

    Derive from it in a locustfile. What it plays is said by Locust's arguments (`--replay-scenario FILE`), or
    for this class alone by `replays = {"scenario": "chat.yaml", "transport": "websocket"}`.

    Each answer and each event is a row of Locust's statistics, named by its step.
    """

    abstract = True
    replays: ClassVar[dict[str, str]] = {}
    """Arguments of its own, by name, without `replay-`."""

    _number = 0
    """Its own among all; 0 while it has none."""
    _plays = 0
    _sessions = 0

    def on_start(self) -> None:
        """Gets its number."""
        try:
            self._setting = setting_of(self.environment, type(self))
            self._number = numbers[self.environment].take()
        except ReplayError as error:
            log.error("%s", error)
            raise StopUser from None

    def on_stop(self) -> None:
        """Its number is free again."""
        if self._number:
            numbers[self.environment].give(self._number)

    def wait_time(self) -> float:
        """Seconds until its next story; one that is done waits for the end of the run."""
        return FOR_GOOD if self._plays == self._setting.plays else BETWEEN

    @task
    def play(self) -> None:
        """One session."""
        setting = self._setting
        chats = min(setting.chats, setting.plays - self._plays) if setting.plays else setting.chats
        self._sessions += 1
        self._plays += chats
        rows = Rows(self.environment.events.request, self.context())
        try:
            access = setting.access(self._number, self._sessions)
        except ReplayError as error:
            rows.add(COMETD, SESSION, None, failure=FailureError("no login", str(error)))
            finishing[self.environment].done()
            raise StopUser from None
        driving = setting.driving
        target, story = driving.base_url, driving.timeline.name
        part = Part(driving, name=access.user, transport=setting.transport)
        another = partial(offer, target, story, access.user, setting.trust)
        http = Http(target, access, Tokens.of(driving.timeline.scenario))
        player = Player(part, driving, http, transport=setting.transport, rows=rows, offer=another)
        player.play(chats)
        if self._plays == setting.plays:
            finishing[self.environment].done()


numbers: WeakKeyDictionary[Environment, Numbers] = WeakKeyDictionary()
finishing: WeakKeyDictionary[Environment, Finishing] = WeakKeyDictionary()
settings: WeakKeyDictionary[Environment, dict[type[User], Setting]] = WeakKeyDictionary()


def setting_of(environment: Environment, user: type[ScenarioUser]) -> Setting:
    """What users of a class are to do.

    Raises:
        UsageError: the arguments are wrong.
        ScenarioError: the scenario is.
    """
    known = settings.setdefault(environment, {})
    if user not in known:
        options = environment.parsed_options
        given = {
            name: getattr(options, f"replay_{name}", default) for name, (default, _) in ARGUMENTS.items()
        }
        known[user] = settle(given | user.replays, user.host or environment.host)
    return known[user]


def _check(environment: Environment) -> None:
    """All that can be wrong is said before a user comes."""
    settings.pop(environment, None)
    for user in environment.user_classes:
        if issubclass(user, ScenarioUser):
            setting_of(environment, user)


def _add_arguments(parser: Any) -> None:
    add_arguments(parser)


def _initialized(environment: Environment, **_: Any) -> None:
    numbers[environment] = numbers_of(environment)
    finishing[environment] = Finishing(environment)
    if isinstance(environment.runner, WorkerRunner):
        # Arguments come from the master, with the test.
        return
    if environment.web_ui is not None:
        # There they may still be changed.
        return
    try:
        _check(environment)
    except ReplayError as error:
        sys.stderr.write(f"locust: {error}\n")
        sys.exit(error.exit_code)


def _started(environment: Environment, **_: Any) -> None:
    try:
        _check(environment)
    except ReplayError as error:
        if not isinstance(environment.runner, WorkerRunner):
            # Said on Locust's page: no worker is told of it, and Locust logs why.
            hub = gevent.get_hub()
            hub.NOT_ERROR = (*hub.NOT_ERROR, StopTest)
            raise StopTest(str(error)) from None
        # Its machine lacks what the master's has.
        log.error("%s", error)
        environment.process_exit_code = error.exit_code
        gevent.spawn(environment.runner.quit)


events.init_command_line_parser.add_listener(_add_arguments)
events.init.add_listener(_initialized)
events.test_start.add_listener(_started)
