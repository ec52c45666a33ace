"""Scenarios in pytest: the marker `replay`, and fixtures that play it. Nothing is autouse.

What is imported here is loaded into every run of pytest where the package is installed: nothing but pytest.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from replay.fixtures.lending import Lent
    from replay.fixtures.wanted import Wanted
    from replay.server.simulated import Simulated

MODES = ("none", "once", "new", "all")

MARKER = (
    "replay(*scenarios, speed=1, clock='real', seed=0, faults=[], ...): the scenarios that the fixture"
    " `simulator` plays to this test, by name or as files, and how; it takes the keywords of replay.serve."
)

LENT: pytest.StashKey[list[Lent]] = pytest.StashKey()
"""What a test, or a session, has been lent."""

ENDED: pytest.StashKey[list[Lent]] = pytest.StashKey()
"""What it had been lent until its fixtures were taken down just now."""

CONFIG: pytest.StashKey[Any] = pytest.StashKey()
"""Of a session: the `replay_config` that its simulator has."""

SAID: pytest.StashKey[list[str]] = pytest.StashKey()
"""What there is to say of files that have been written since the latest report."""

PASSED, FAILED = pytest.StashKey[bool](), pytest.StashKey[bool]()
"""Of a session: whether a test that had its simulator passed, and whether one did not. Of a test likewise."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("replay", "scenarios of a Genesys chat server")
    group.addoption(
        "--replay-mode",
        choices=MODES,
        default="none",
        help="What becomes of what no scenario has: 'none' records nothing; 'once' records scenarios that are"
        " missing; 'new' also asks the real server for requests that no step is, and adds the steps; 'all'"
        " records all anew. Where CI is set nothing is recorded.",
    )
    group.addoption(
        "--replay-upstream",
        metavar="URL",
        default=os.environ.get("REPLAY_UPSTREAM", ""),
        help="The real server that is recorded; REPLAY_UPSTREAM when not given.",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)


def pytest_report_header(config: pytest.Config) -> str | None:
    asked = config.getoption("--replay-mode")
    if asked == "none":
        return None
    if _is_ci():
        return f"replay: CI is set, so nothing is recorded: --replay-mode none instead of {asked}"
    return f"replay: mode {asked}, {config.getoption('--replay-upstream') or 'no upstream named'}"


def _is_ci() -> bool:
    return os.environ.get("CI", "").lower() not in ("", "0", "false", "no")


@pytest.fixture(scope="session")
def replay_config() -> dict[str, Any]:
    """Defaults for the marker `replay`, for a project to override in its conftest.py.

    Beside the marker's keywords: `scenario` is played where no marker names one, `scenarios` is the folder
    they are in, `upstream` the real server that is recorded.
    """
    return {}


@pytest.fixture
def simulator(
    request: pytest.FixtureRequest,
    replay_config: dict[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Simulated]:
    """A server of the scenarios that the marker `replay` names, for this test alone."""
    with _in_words(request.node):
        from replay.fixtures.wanted import of_test  # noqa: PLC0415

        wanted = of_test(request.node, replay_config)
    yield from _lent(request, wanted, request.node.path.parent, tmp_path_factory)


@pytest.fixture(scope="session")
def simulator_session(
    request: pytest.FixtureRequest,
    replay_config: dict[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Simulated]:
    """A server of `replay_config["scenario"]`, for all tests that use it."""
    request.session.stash[CONFIG] = replay_config
    with _in_words():
        from replay.fixtures.wanted import of_session  # noqa: PLC0415

        wanted = of_session(replay_config)
    yield from _lent(request, wanted, request.config.rootpath, tmp_path_factory)


def _lent(
    request: pytest.FixtureRequest, wanted: Wanted, beside: Path, folders: pytest.TempPathFactory
) -> Iterator[Simulated]:
    config, node = request.config, request.node
    where = node if isinstance(node, pytest.Item) else None
    with _in_words(where):
        from replay.fixtures.lending import Recording, lend  # noqa: PLC0415
        from replay.fixtures.places import Places  # noqa: PLC0415

        how = Recording(
            mode="none" if _is_ci() else config.getoption("--replay-mode"),
            upstream=config.getoption("--replay-upstream"),
            is_ci=_is_ci(),
        )
        places = Places(beside=beside, root=config.rootpath, folder=wanted.folder)
        lent = lend(wanted, places, how, lambda: folders.mktemp("replay"))
    node.stash.setdefault(LENT, []).append(lent)
    node.stash[PASSED] = node.stash[FAILED] = False
    yield lent.lent
    node.stash[LENT].remove(lent)
    node.stash.setdefault(ENDED, []).append(lent)
    with _in_words(where):
        lent.close()


@contextmanager
def _in_words(item: pytest.Item | None = None) -> Iterator[None]:
    """What is wrong with what was asked for is said where it was asked, without a traceback."""
    from replay.errors import ReplayError  # noqa: PLC0415

    try:
        yield
    except ReplayError as error:
        said = f"{error}"
        if item is not None:
            file, line, _ = item.location
            said = f"{file}:{(line or 0) + 1}: {said}"
        raise pytest.fail.Exception(said, pytrace=False) from None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, Any, Any]:
    """A simulator of the session has one `replay_config`: who has another would be played something else."""
    __tracebackhide__ = True
    result = yield
    if _shares(item):
        first = item.session.stash.get(CONFIG, None)
        if getattr(item, "funcargs", {}).get("replay_config", first) != first:
            with _in_words(item):
                from replay.errors import UsageError  # noqa: PLC0415

                raise UsageError(
                    "simulator_session has another replay_config, that of the first test that used it",
                    help="Use 'simulator' here, or set replay_config once, in the rootdir's conftest.py.",
                )
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, Any, Any]:
    """What a test has brought about is written once its other fixtures have been taken down too, and well."""
    __tracebackhide__ = True
    is_good = False
    try:
        result = yield
        is_good = True
    finally:
        for node in (item, item.session):
            if is_good or node not in _lenders(item):
                _keep(node)
    return result


def _keep(node: pytest.Item | pytest.Session) -> None:
    if node.stash.get(PASSED, False) and not node.stash[FAILED]:
        with _in_words(node if isinstance(node, pytest.Item) else None):
            said = [sentence for lent in node.stash.get(ENDED, []) for sentence in lent.keep()]
        node.stash.setdefault(SAID, []).extend(said)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """A test whose body has passed fails if what was expected has not happened."""
    __tracebackhide__ = True
    try:
        result = yield
    finally:
        # What a failed test has expected is no matter of the next one that shares its simulator.
        unmet = [said for _, lent in _all_lent(item) if (said := lent.unmet())]
    if unmet:
        # Where all is hidden pytest says so.
        __tracebackhide__ = False
        raise pytest.fail.Exception("\n".join(unmet), pytrace=False)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Beneath a test that failed stands what its simulators have to say."""
    report = yield
    was_told = report.when == "teardown" and item.stash.get(FAILED, False)
    for node, lent in _all_lent(item):
        node.stash[PASSED] |= report.when == "call" and report.passed
        node.stash[FAILED] |= report.failed
        if report.failed and call.excinfo is not None and not was_told:
            diagnosis = lent.diagnosis()
            # A wait that was in vain has said it already, beneath what it waited for.
            first = "\n\n" + diagnosis.partition("\n")[0]
            if first not in f"{call.excinfo.value}":
                report.sections.append(("replay", diagnosis))
    if report.when == "teardown":
        for _, lent in _all_lent(item):
            # What its fixtures have expected that failed, or too late, is no matter of the next test.
            lent.unmet()
        said = [sentence for node in (item, item.session) for sentence in node.stash.get(SAID, [])]
        for node in (item, item.session):
            node.stash[SAID], node.stash[ENDED] = [], []
        # A report takes what plugins add, and brings it from other processes too.
        vars(report)["replay_said"] = said
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says which files were written."""
    reports = [report for each in terminalreporter.stats.values() for report in each]
    said = [sentence for report in reports for sentence in getattr(report, "replay_said", ())]
    if said:
        terminalreporter.section("replay")
        for sentence in said:
            terminalreporter.line(sentence)


def _all_lent(item: pytest.Item) -> list[tuple[pytest.Item | pytest.Session, Lent]]:
    """What a test has been lent, and to whom it was."""
    kinds = (LENT, ENDED)
    return [(node, lent) for node in _lenders(item) for kind in kinds for lent in node.stash.get(kind, [])]


def _lenders(item: pytest.Item) -> list[pytest.Item | pytest.Session]:
    """To whom it is lent what a test has: to it, or to the session."""
    return [item, item.session] if _shares(item) else [item]


def _shares(item: pytest.Item) -> bool:
    return "simulator_session" in getattr(item, "fixturenames", ())
