"""The recipe for Node's own test runner, and what it says at three in the morning."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from tests.road.software import PATIENCE, ROOT, Process, node

from .recipe import EXAMPLES, REPLAY, change, commands, copied, run

pytestmark = pytest.mark.live

ALONE = "node --test --test-name-pattern='three events'"


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    node()
    return copied("node", tmp_path)


def test_the_recipe_passes_as_its_readme_runs_it(recipe: Path) -> None:
    install, packages, test = commands(recipe / "README.md")
    assert (install, packages) == ("pip install gws-replay", "npm ci")

    code, said = run(test, recipe)

    assert code == 0, said
    assert "pass 3" in said


@pytest.mark.full
def test_a_request_that_is_no_step_fails_with_what_to_change(recipe: Path) -> None:
    change(recipe / "agent.mjs", "'Accept', nickname", "'Accept', nickName: nickname")

    code, said = run(ALONE, recipe)

    assert code == 1
    assert ": rename body.nickName to body.nickname: then it is 'accept' of chat#1" in said
    assert "ann: accept: nobody has asked POST /api/v2/me/chats/" in said
    assert "Accept: HTTP 404" in said


@pytest.mark.full
def test_what_the_scenario_expects_in_vain_fails_a_test_that_passes(recipe: Path) -> None:
    change(recipe / "chat.yaml", "\nsteps:", "\nexpect: [{step: accept, times: 1}]\nsteps:")

    code, said = run("node --test --test-name-pattern='typed by hand'", recipe)

    assert code == 1
    assert "accept was expected, and has not been answered: nobody has asked POST" in said


@pytest.mark.full
def test_a_test_that_passes_fails_all_the_same_if_a_request_was_no_step(recipe: Path) -> None:
    heard = "await next();\n"
    change(recipe / "chat.test.mjs", heard, heard + "await fetch(`${simulator.url}/favicon.ico`);\n")

    code, said = run("node --test --test-name-pattern='typed by hand'", recipe)

    assert code == 1
    assert "GET /favicon.ico: no step is like GET /favicon.ico" in said


@pytest.mark.full
def test_a_scenario_that_is_wrong_fails_with_its_line(recipe: Path) -> None:
    change(recipe / "chat.yaml", "push: /v2/me/chats", "pusch: /v2/me/chats")

    code, said = run(ALONE, recipe)

    assert code == 1
    assert "chat.yaml:13:5: unknown key 'pusch' in step 'invited'." in said
    assert "Did you mean 'push'?" in said


@pytest.mark.full
def test_without_the_program_the_failure_says_how_to_get_it(recipe: Path) -> None:
    code, said = run(ALONE, recipe, REPLAY="no-such-program")

    assert code == 1
    assert "no-such-program does not start (spawn no-such-program ENOENT): pip install gws-replay" in said


@pytest.mark.full
def test_a_server_that_ends_on_the_way_has_the_last_word(recipe: Path) -> None:
    program = recipe / "dying"
    script = "#!/bin/sh\necho http://127.0.0.1:9\necho 'no memory left' >&2\nexit 3\n"
    program.write_text(script, encoding="utf-8")
    program.chmod(0o755)

    code, said = run(ALONE, recipe, REPLAY=str(program))

    assert code == 1
    assert "replay serve ended with 3:\n    no memory left" in said


@pytest.mark.full
def test_a_run_that_is_broken_off_leaves_no_server_behind(recipe: Path) -> None:
    program = recipe / "noted"
    program.write_text(f'#!/bin/sh\necho $$ > pid\nexec {REPLAY} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    with (recipe / "chat.test.mjs").open("a", encoding="utf-8") as tests:
        tests.write("story('hangs', () => { console.log('hangs'); return new Promise(() => {}); });\n")
    begin = ["env", f"--chdir={recipe}", f"PYTHONPATH={ROOT}", f"REPLAY={program}"]
    tests_under_way = Process(*begin, node(), "--test", "--test-name-pattern=hangs")
    tests_under_way.word("hangs")
    server = (recipe / "pid").read_text(encoding="ascii").strip()

    assert tests_under_way.stop(signal.SIGTERM) == 1
    subprocess.run(["tail", f"--pid={server}", "-f", "/dev/null"], check=True, timeout=PATIENCE)


def test_both_recipes_for_javascript_have_one_helper() -> None:
    helper, scenario = ((EXAMPLES / "node" / name).read_bytes() for name in ("simulator.mjs", "chat.yaml"))

    assert (EXAMPLES / "playwright" / "simulator.mjs").read_bytes() == helper
    assert (EXAMPLES / "playwright" / "chat.yaml").read_bytes() == scenario
