"""The fixture `simulator` in tests of every kind."""

from __future__ import annotations

import gc
import threading
from pathlib import Path

import pytest

import replay
from replay.server.simulated import Simulated

from .conftest import Run

ROOT = Path(__file__).parents[2]

OWN = """
version: 1
name: own
session:
  - {id: me, request: GET /me, respond: {body: "NAME"}}
steps:
  - {id: hello, push: /a, after: start + 1s, data: hello}
"""


def test_sync_and_async_tests_each_have_a_simulator_of_their_own(run: Run) -> None:
    result = run(
        """
        pytestmark = pytest.mark.replay("accept-chat", speed="max")

        def test_sync(simulator):
            agent = Agent(simulator.url, simulator.cometd_url)
            agent.start()
            agent.accept(agent.until("Invited")["id"], nickname="Ann")

            assert simulator.wait_for("accept").step == "accept"
            assert simulator.agent().ordinal == 1

        @pytest.mark.asyncio
        async def test_async(simulator):
            assert simulator.journal == []
            asked = asyncio.create_task(asyncio.to_thread(Agent(simulator.url, "").get, "/api/v2/me"))

            assert (await simulator.wait_for("me")).step == "me"
            assert (await asked)["statusCode"] == 0

        @pytest.mark.anyio
        async def test_anyio(simulator):
            asked = asyncio.create_task(asyncio.to_thread(Agent(simulator.url, "").get, "/api/v2/me"))
            await simulator.wait_for("me")
            await asked

        @pytest.fixture
        def anyio_backend():
            return "asyncio"
        """
    )

    result.assert_outcomes(passed=3)


def test_a_clock_moved_by_hand_and_faults_are_there_in_sync_and_async_tests(run: Run) -> None:
    result = run(
        """
        import urllib.error

        pytestmark = pytest.mark.replay("accept-chat", clock="manual")

        def test_sync(simulator):
            before = simulator.clock.now()
            simulator.clock.advance("90s")
            assert simulator.clock.now() == before + 90

        @pytest.mark.asyncio
        async def test_async(simulator):
            before = simulator.clock.now()
            await simulator.clock.advance("90s")
            assert simulator.clock.now() == before + 90

        @pytest.mark.replay(clock="real")
        def test_fault(simulator):
            with simulator.fault("status", where={"step": "me"}, status=503) as fault:
                with pytest.raises(urllib.error.HTTPError, match="503"):
                    Agent(simulator.url, "").get("/api/v2/me")
                assert (fault.struck, [each.name for each in simulator.faults]) == (1, [fault.name])
            assert simulator.faults == []
        """
    )

    result.assert_outcomes(passed=3)


def test_the_marker_is_among_those_that_pytest_lists(run: Run) -> None:
    result = run("", "--markers")

    result.stdout.fnmatch_lines(
        ["@pytest.mark.replay(?scenarios, *): the scenarios that the fixture `simulator`*"]
    )


def test_the_nearest_marker_wins_and_the_rest_is_taken_from_those_around_it(run: Run) -> None:
    result = run(
        """
        pytestmark = pytest.mark.replay("accept-chat", seed=1)

        def chat(simulator):
            agent = Agent(simulator.url, simulator.cometd_url)
            agent.start()
            return agent.until("Invited")["id"]

        seen = {}

        @pytest.mark.parametrize("name", ["module",
            pytest.param("parameter", marks=pytest.mark.replay(seed=2))])
        def test_module(simulator, name):
            seen[name] = chat(simulator)

        @pytest.mark.replay(seed=2)
        class TestClass:
            def test_class(self, simulator):
                seen["class"] = chat(simulator)

            @pytest.mark.replay(variables={"chat": "mine"})
            def test_function(self, simulator):
                seen["function"] = chat(simulator)

        def test_all():
            assert seen["class"] == seen["parameter"] != seen["module"]
            assert seen["function"] == "mine"
        """,
        conftest="""
        @pytest.fixture(scope="session")
        def replay_config():
            return {"speed": "max", "seed": 7}
        """,
    )

    result.assert_outcomes(passed=5)


def test_a_scenario_is_found_beside_the_test_then_in_the_projects_folders_then_in_the_package(
    run: Run, pytester: pytest.Pytester
) -> None:
    for folder in (".", "scenarios", "kept"):
        pytester.mkdir(folder) if folder != "." else None
        name = f"{folder}/own.yaml" if folder != "." else "beside.yaml"
        pytester.path.joinpath(name).write_text(OWN.replace("NAME", folder), encoding="utf-8")
    pytester.path.joinpath("scenarios/other.yml").write_text(OWN.replace("NAME", "other"), encoding="utf-8")

    result = run(
        """
        @pytest.mark.parametrize(("scenario", "says"), [
            pytest.param("", says, marks=pytest.mark.replay(name))
            for name, says in [("beside.yaml", "."), ("own", "kept"), ("other", "other")]
        ])
        def test_own(simulator, scenario, says):
            assert Agent(simulator.url, "").get("/me") == says

        @pytest.mark.replay("accept-chat.yaml")
        def test_of_the_package(simulator):
            assert Agent(simulator.url, "").get("/api/v2/me")["user"]["userName"] == "agent1"

        def test_of_the_project(simulator):
            assert Agent(simulator.url, "").get("/me") == "."
        """,
        conftest="""
        @pytest.fixture(scope="session")
        def replay_config():
            return {"scenarios": "kept", "scenario": "beside"}
        """,
    )

    result.assert_outcomes(passed=5)


def test_what_is_wrong_with_a_marker_is_said_where_it_stands(run: Run, pytester: pytest.Pytester) -> None:
    pytester.mkdir("folder.yaml")
    result = run(
        """
        @pytest.mark.replay("accept-chat", spede="max")
        def test_keyword(simulator): ...

        @pytest.mark.replay("acept-chat")
        def test_name(simulator): ...

        def test_none(simulator): ...

        @pytest.mark.replay("accept-chat", speed="fast")
        def test_value(simulator): ...

        @pytest.mark.replay("accept-chat", faults=[{"name": "f", "fault": "latncy"}])
        def test_fault(simulator): ...

        @pytest.mark.replay("accept-chat", port=8090)
        def test_port(simulator): ...

        @pytest.mark.replay(7)
        def test_type(simulator): ...

        @pytest.mark.replay("accept-chat", variables=["nickname"])
        def test_kind(simulator): ...

        @pytest.mark.replay("a" * 5000)
        def test_no_name_of_a_file(simulator): ...

        @pytest.mark.replay("folder.yaml")
        def test_folder(simulator): ...
        """
    )

    result.assert_outcomes(errors=10)
    text = result.stdout.str()
    for said in (
        "test_it.py:5: @pytest.mark.replay does not take 'spede'. Did you mean 'speed'?",
        "test_it.py:8: there is no scenario 'acept-chat'. Did you mean 'accept-chat'? It was looked for"
        f" in the rootdir {pytester.path}, scenarios/, and among those that come with the package.",
        "test_it.py:11: nobody says which scenario is played. To name one, write"
        ' @pytest.mark.replay("NAME.yaml") above it.',
        "test_it.py:13: speed is a number above 0 (2 is twice as fast) or 'max', not 'fast'",
        "test_it.py:16: ",
        "test_it.py:19: @pytest.mark.replay does not take 'port'.",
        "test_it.py:22: 7 is no scenario.",
        "test_it.py:25: 'variables' must be a mapping of names to values, not ['nickname']",
        "test_it.py:28: there is no scenario 'aaaa",
        "test_it.py:31: there is no scenario 'folder.yaml'. It was looked for in",
    ):
        assert f"\n{said}" in text
    assert "Traceback" not in text
    assert "site-packages" not in text


def test_faults_in_a_file_are_looked_for_where_scenarios_are(run: Run, pytester: pytest.Pytester) -> None:
    faults = "- {name: busy, fault: status, where: {step: me}}\n"
    pytester.mkdir("kept").joinpath("busy.yaml").write_text(faults, encoding="utf-8")

    result = run(
        """
        @pytest.mark.parametrize("given", [
            pytest.param(1, marks=pytest.mark.replay(faults="busy")),
            pytest.param(2, marks=pytest.mark.replay(faults=["busy.yaml"])),
        ])
        def test_it(simulator, given):
            assert [each.name for each in simulator.faults] == ["busy"]
        """,
        conftest="""
        @pytest.fixture(scope="session")
        def replay_config():
            return {"scenarios": "kept", "scenario": "accept-chat"}
        """,
    )

    result.assert_outcomes(passed=2)


def test_what_the_project_has_set_wrongly_is_said_too(run: Run) -> None:
    result = run(
        """
        def test_config(simulator): ...

        def test_session(simulator_session): ...
        """,
        conftest="""
        @pytest.fixture(scope="session")
        def replay_config():
            return {"scenrio": "accept-chat"}
        """,
    )

    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(
        ["test_it.py:5: replay_config does not take 'scenrio'. Did you mean 'scenario'?"]
    )
    result.stdout.fnmatch_lines(["replay_config does not take 'scenrio'. Did you mean 'scenario'?"])


def test_nothing_is_left_of_a_simulator_whatever_its_test_has_done(run: Run) -> None:
    with Simulated(replay.serve(ROOT / "scenarios" / "accept-chat.yaml")):
        # The loop of the first one opens what stays for all.
        pass
    before = _left()
    result = run(
        """
        import threading

        pytestmark = pytest.mark.replay("accept-chat", speed="max")
        kept = []

        @pytest.mark.parametrize("number", range(20))
        def test_many(simulator, number):
            Agent(simulator.url, "").get("/api/v2/me")

        def test_closes_its_loop(simulator):
            loop = asyncio.new_event_loop()
            asyncio.set_event_loop(loop)
            loop.close()
            asyncio.set_event_loop(None)
            kept.append(simulator)

        @pytest.mark.replay(clock="manual")
        def test_leaves_a_poll(simulator):
            agent = Agent(simulator.url, simulator.cometd_url)
            agent.start()
            agent.poll(advice={"timeout": 0})

            def hold():
                with pytest.raises(OSError):
                    while True:
                        agent.poll()

            holding = threading.Thread(target=hold)
            holding.start()
            kept.append(holding)
            while not simulator.agents[0].held_polls:
                threading.Event().wait(0.01)

        def test_leaves_somebody_waiting(simulator):
            kept.append(threading.Thread(target=lambda: kept.append(
                pytest.raises(Exception, simulator.wait_for, "history"))))
            kept[-1].start()

        def test_afterwards():
            simulator, holding, waiting = kept[:3]
            holding.join()
            waiting.join()
            [raised] = kept[3:]
            assert "closed" in str(raised.value)
            assert simulator.journal == []
            with pytest.raises(Exception, match="closed"):
                simulator.push("/v2/me/chats", {})
            with pytest.raises(Exception, match="closed"):
                simulator.wait_for("history")
        """
    )

    result.assert_outcomes(passed=24)
    # What tests before it have left may go meanwhile.
    assert [now for now, was in zip(_left(), before, strict=True) if now > was] == []


def _left() -> tuple[int, int]:
    """Threads, and descriptors of files and sockets."""
    gc.collect()
    return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))


def test_a_marker_says_how_the_api_says_things(run: Run) -> None:
    result = run(
        """
        def history(simulator):
            agent = Agent(simulator.url, simulator.cometd_url)
            agent.start()
            agent.accept(agent.until("Invited")["id"], nickname="Ann")
            while not any("messages" in event for event in agent.events):
                agent.poll()
            return next(event for event in agent.events if "messages" in event)

        @pytest.mark.replay("accept-chat", speed="max", settings={"chat_address": "path"})
        def test_path(simulator):
            found = history(simulator)
            assert found["chatPath"].startswith("/chats/0000") and "chatUri" not in found

        @pytest.mark.replay("accept-chat", settings={"chat_adress": "path"})
        def test_wrong(simulator):
            pass
        """
    )

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*the profile 'genesys' has no setting 'chat_adress'. Did you mean*"])
