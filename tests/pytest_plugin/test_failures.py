"""What a test prints that fails, and what makes it fail."""

from __future__ import annotations

import re
from textwrap import dedent

import pytest

from .conftest import Run
from .snapshots import HERE, MISTAKES, prepare, texts

OWN = """
version: 1
name: own
expect: [{step: ask, times: 1}]
steps: [{id: ask, request: GET /a, respond: {body: 1}}]
"""


def test_what_is_printed_of_a_typical_mistake_says_in_its_first_line_what_to_change(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    prepare(pytester.path)

    result = pytester.runpytest_inprocess("-p", "no:schemathesis", "-p", "no:asyncio", "-W", "error")

    result.assert_outcomes(failed=len(MISTAKES))
    kept = {name: (HERE / f"{name}.txt").read_text(encoding="utf-8") for name in MISTAKES}
    assert texts(result.stdout.str()) == kept, "write them again: python -m tests.pytest_plugin.snapshots"
    first = [re.split(r" replay -+\n", text)[1] for text in kept.values()]
    assert all(re.match(r"(ask|rename|subscribe|poll) ", line) for line in first)


def test_what_was_expected_and_has_not_happened_fails_the_test_itself(
    run: Run, pytester: pytest.Pytester
) -> None:
    pytester.path.joinpath("own.yaml").write_text(OWN, encoding="utf-8")

    result = run(
        """
        pytestmark = pytest.mark.replay("own")

        def test_of_the_scenario(simulator): ...

        def test_of_the_test(simulator):
            Agent(simulator.url, "").get("/a")
            simulator.expect("ask", times=0)

        def test_met(simulator):
            simulator.expect("ask")
            Agent(simulator.url, "").get("/a")

        def test_has_failed_already(simulator):
            assert not simulator.url

        def test_waited_in_vain(simulator):
            simulator.wait_for("ask", timeout="1ms")

        @pytest.mark.xfail(strict=True)
        def test_that_is_known_to_fail(simulator): ...

        @pytest.mark.asyncio
        async def test_does_not_await(simulator):
            simulator.wait_for("ask")

        def test_expects_much(simulator):
            for number in range(200):
                simulator.expect("ask", at_least=number // 2)
        """
    )

    result.assert_outcomes(failed=6, passed=1, xfailed=1)
    printed = result.stdout.str()
    assert re.search(
        r"_ test_of_the_scenario _+\nask was expected, and nobody has come to play own\n-+ replay", printed
    )
    assert re.search(r"_ test_of_the_test _+\n.*ask was expected never.*\n-+ replay", printed)
    assert "assert not " in _failure("test_has_failed_already", printed)
    assert "ask has not taken place within 1ms" in _failure("test_waited_in_vain", printed)
    assert " replay --" not in _failure("test_waited_in_vain", printed)
    assert _failure("test_does_not_await", printed).startswith(
        "simulator.wait_for(…) was not awaited: in an async test write 'await simulator.wait_for(…)'\n"
    )
    assert "never awaited" not in printed
    assert re.search(r"at least 49 times, .*\nand 50 more\n-+ replay", _failure("test_expects_much", printed))


def test_a_simulator_of_the_session_holds_each_test_to_what_it_expects_itself(run: Run) -> None:
    result = run(
        """
        def test_expects(simulator_session):
            simulator_session.expect("me", times=1)

        def test_expects_nothing(simulator_session): ...

        def test_without(): ...

        def test_fails_without():
            assert not 1

        def test_fails_with_both(simulator_session, simulator):
            assert simulator.url == simulator_session.url

        @pytest.fixture
        def fails(simulator_session):
            simulator_session.expect("accept")
            raise RuntimeError

        @pytest.fixture
        def late(simulator_session):
            yield
            simulator_session.expect("accept")

        def test_has_a_fixture_that_fails(fails): ...

        def test_is_not_held_to_that(late): ...

        def test_nor_to_that(simulator_session): ...
        """,
        conftest="""
        @pytest.fixture(scope="session")
        def replay_config():
            return {"scenario": "accept-chat", "speed": "max"}
        """,
    )

    result.assert_outcomes(failed=3, passed=4, errors=1)
    printed = result.stdout.str()
    assert _failure("test_expects", printed).count(" replay --") == 1
    assert _failure("test_fails_without", printed).count(" replay --") == 0
    assert _failure("test_fails_with_both", printed).count(" replay --") == 2


def test_a_fixture_that_fails_after_the_simulator_is_told_of_it_too(run: Run) -> None:
    result = run(
        """
        @pytest.fixture
        def agent(simulator):
            Agent(simulator.url, "").get("/api/v2/nothing")

        @pytest.mark.replay("accept-chat")
        def test_it(agent): ...
        """
    )

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["-* replay -*", "*GET /api/v2/nothing*"])


def test_a_fixture_that_fails_at_the_end_is_told_what_happened_once(run: Run) -> None:
    result = run(
        """
        pytestmark = pytest.mark.replay("accept-chat")

        @pytest.fixture
        def agent(simulator):
            yield Agent(simulator.url, "")
            assert 0, "at the end"

        def test_passes(agent):
            agent.get("/api/v2/me")

        def test_fails(agent):
            assert 0, "in the body"
        """
    )

    result.assert_outcomes(passed=1, failed=1, errors=2)
    printed = result.stdout.str()
    assert printed.count("- replay -") == 2
    result.stdout.fnmatch_lines(["*at the end", "-* replay -*", "*← me *answered 200"])


def test_a_test_that_hangs_does_not_show_the_plugin(run: Run) -> None:
    result = run(
        """
        import signal

        def ended(*_):
            raise RuntimeError("its time is over")

        @pytest.mark.asyncio
        @pytest.mark.replay("accept-chat")
        async def test_hangs(simulator):
            signal.signal(signal.SIGALRM, ended)
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            await simulator.wait_for("accept", timeout="60s")
        """
    )

    result.assert_outcomes(failed=1)
    printed = result.stdout.str()
    assert "its time is over" in printed
    assert "pytest_plugin.py" not in printed


def test_a_test_whose_replay_config_is_not_that_of_the_simulator_it_shares_is_told(
    run: Run, pytester: pytest.Pytester
) -> None:
    config = """
        @pytest.fixture(scope="session")
        def replay_config():
            return {{"scenario": "{}"}}
    """
    pytester.mkdir("other").joinpath("conftest.py").write_text(
        "import pytest\n" + dedent(config.format("chat/consult")), encoding="utf-8"
    )
    pytester.path.joinpath("other", "test_other.py").write_text(
        "def test_own(simulator): ...\ndef test_shared(simulator_session): ...\n", encoding="utf-8"
    )

    result = run(
        """
        def test_first(simulator_session): ...

        def test_second(simulator_session): ...
        """,
        "test_it.py",
        "other",
        conftest=config.format("accept-chat"),
    )

    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(
        ["other/test_other.py:2: simulator_session has another replay_config, that of the first test*"]
    )


def _failure(name: str, printed: str) -> str:
    found = re.search(rf"_+ {name} _+\n(.*?)(?=\n_{{5,}} |\n={{5,}} )", printed, re.DOTALL)
    assert found is not None, printed
    return found[1]
