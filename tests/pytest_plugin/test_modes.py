"""Tests that are run against the real server: what is recorded, what is added, and when nothing is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import replay
from replay.server.simulated import Simulated

from .conftest import Run

ROOT = Path(__file__).parents[2]
STORY = """
        @pytest.mark.replay("mine", speed="max")
        def test_story(simulator):
            agent = Agent(simulator.url, simulator.cometd_url)
            agent.start()
            simulator.expect("accept", times=1)
            agent.accept(agent.until("Invited")["id"], nickname="Ann")
            agent.until("Chatting")
            agent.send("disconnect")
"""


@pytest.fixture
def upstream() -> Iterator[Simulated]:
    """What stands for the real server."""
    with Simulated(replay.serve(ROOT / "scenarios" / "accept-chat.yaml", speed="max")) as simulated:
        yield simulated


def test_a_file_that_is_missing_is_an_error_that_says_how_to_record_it(run: Run) -> None:
    result = run(STORY)

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["test_it.py:5: *To record it: pytest --replay-mode once --replay-upstream URL."]
    )


def test_where_ci_is_set_nothing_is_recorded(run: Run) -> None:
    result = run(STORY, "--replay-mode", "all", environment={"CI": "true"})

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            "replay: CI is set, so nothing is recorded: --replay-mode none instead of all",
            "test_it.py:5: *Nothing is recorded where CI is set: record it elsewhere (pytest --replay-mode"
            " once --replay-upstream URL), and commit it.",
        ]
    )


def test_what_it_takes_to_record_is_said_when_it_is_not_there(run: Run) -> None:
    tests = """
        @pytest.mark.replay("mine")
        def test_one(simulator): ...

        @pytest.mark.replay("mine", "yours")
        def test_two(simulator): ...
    """

    nobody = run(tests, "--replay-mode", "once")
    down = run(tests, "--replay-mode", "all", environment={"REPLAY_UPSTREAM": "http://127.0.0.1:9"})
    wrong = run(tests, "--replay-mode", "all", "--replay-upstream", "gws:8090")

    nobody.stdout.fnmatch_lines(["test_it.py:5: --replay-mode once needs the real server. Name it by*"])
    nobody.stdout.fnmatch_lines(["test_it.py:8: one scenario is recorded at a time, and here are 2.*"])
    down.stdout.fnmatch_lines(["test_it.py:5: the upstream 127.0.0.1:9 refused the connection."])
    wrong.stdout.fnmatch_lines(["*: the upstream gws:8090 has to be an http or https URL, such as*"])
    for result in (nobody, down, wrong):
        result.assert_outcomes(errors=2)
        assert "Traceback" not in result.stdout.str()


def test_a_story_is_recorded_once_and_played_from_then_on(
    run: Run, pytester: pytest.Pytester, upstream: Simulated
) -> None:
    there = pytester.mkdir("scenarios").joinpath("mine.yaml")

    recorded = run(STORY, "--replay-mode", "once", environment={"REPLAY_UPSTREAM": upstream.url})
    played = run(STORY)

    recorded.assert_outcomes(passed=1)
    recorded.stdout.fnmatch_lines(["=* replay =*", "scenarios/mine.yaml is recorded: * steps"])
    played.assert_outcomes(passed=1)
    assert [step.id for step in replay.load(there).steps][:2] == ["invited", "accept"]
    assert b"Ann" not in there.read_bytes()


@pytest.mark.full
def test_what_is_recorded_of_a_test_that_fails_is_not_kept(
    run: Run, pytester: pytest.Pytester, upstream: Simulated
) -> None:
    pytester.path.joinpath("mine.yaml").write_text("as it was", encoding="utf-8")

    result = run(
        """
        @pytest.mark.replay("mine")
        def test_fails(simulator):
            Agent(simulator.url, simulator.cometd_url).start()
            for name in ("fault", "push", "clock", "wait_for", "journal"):
                with pytest.raises(Exception, match=f"'{name}' is not to be had while this test is recorded"):
                    getattr(simulator, name)
            assert not hasattr(simulator, "nonsense"), "this is no name of a simulator"
            assert simulator is None
        """,
        *("--replay-mode", "all", "--replay-upstream", upstream.url),
    )

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*assert <the real server, recorded> is None",
            "-* replay -*",
            "*since it failed, nothing of that is recorded",
        ]
    )
    assert pytester.path.joinpath("mine.yaml").read_text(encoding="utf-8") == "as it was"


@pytest.mark.full
def test_what_is_recorded_of_a_test_whose_other_fixtures_end_badly_is_not_kept(
    run: Run, pytester: pytest.Pytester, upstream: Simulated
) -> None:
    result = run(
        STORY,
        *("--replay-mode", "once", "--replay-upstream", upstream.url),
        conftest="""
        @pytest.fixture(autouse=True)
        def desk(simulator):
            yield
            raise RuntimeError("the desk has seen an error")
        """,
    )

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["-* replay -*", "*since it failed, nothing of that is recorded"])
    assert not list(pytester.path.rglob("mine.yaml"))


def test_what_no_step_is_becomes_one_at_the_end_of_the_file_if_the_test_passes(
    run: Run, pytester: pytest.Pytester, upstream: Simulated
) -> None:
    text = """\
version: 1
name: own  # my own words
steps:
  # A person has written this.
  - {id: me, request: GET /api/v2/me, respond: {body: mine}}
"""
    own, other = pytester.path.joinpath("own.yaml"), pytester.path.joinpath("other.yaml")
    own.write_text(text, encoding="utf-8")
    other.write_text(text.replace("own", "other", 1) + "about: the steps are not last\n", encoding="utf-8")
    tests = """
        def ready(simulator):
            agent = Agent(simulator.url, "")
            assert agent.get("/api/v2/me") == "mine"
            assert agent.post("/api/v2/me", {"operationName": "Ready"}) == {"statusCode": 0}

        @pytest.mark.replay("own")
        def test_ready(simulator):
            ready(simulator)

        @pytest.mark.replay("other")
        def test_ready_too(simulator):
            ready(simulator)

        @pytest.mark.replay("own")
        def test_fails(simulator):
            Agent(simulator.url, "").post("/api/v2/me", {"operationName": "StartContactCenterSession"})
            assert 0
    """

    grown = run(tests, "--replay-mode", "new", "--replay-upstream", upstream.url)
    played = run(tests, "-k", "ready")

    grown.assert_outcomes(passed=2, failed=1)
    grown.stdout.fnmatch_lines(
        [
            "own.yaml has 1 new step (ready): look at what they say",
            "other.yaml has 1 new step (ready): look at what they say; it is written anew, and what it held"
            " is kept as other.yaml~",
        ]
    )
    played.assert_outcomes(passed=2, deselected=1)
    assert own.read_text(encoding="utf-8").startswith(text)
    assert "my own words" in pytester.path.joinpath("other.yaml~").read_text(encoding="utf-8")
