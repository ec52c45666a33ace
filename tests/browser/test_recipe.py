"""The recipe for Playwright, in Debian's Chromium."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.recipes.recipe import EXAMPLES, change, commands, copied, run

pytestmark = pytest.mark.live


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    return copied("playwright", tmp_path)


def test_the_recipe_passes_as_its_readme_runs_it_and_leaves_nothing(recipe: Path) -> None:
    install, packages, test = commands(recipe / "README.md")
    assert (install, packages) == ("pip install gws-replay", "npm ci")

    code, said = run(f"{test} -- --output ../results", recipe, CI="true")

    assert code == 0, said
    assert "2 passed" in said
    assert {each.name for each in recipe.iterdir()} == {
        each.name for each in (EXAMPLES / "playwright").iterdir() if each.name != "test-results"
    }


@pytest.mark.full
def test_a_page_that_asks_what_is_no_step_fails_with_what_to_change(recipe: Path) -> None:
    change(recipe / "desk" / "desk.js", ", nickname: 'Marat'", ", nickName: 'Marat'")
    change(recipe / "playwright.config.mjs", "15_000", "1_000")

    code, said = run("npx playwright test --output ../results -g 'click accepts'", recipe)

    assert code == 1
    assert ": rename body.nickName to body.nickname: then it is 'accept' of chat#1" in said
    assert "#1: accept: nobody has asked POST /api/v2/me/chats/" in said


@pytest.mark.full
def test_a_server_that_cannot_start_fails_with_its_own_words(recipe: Path) -> None:
    change(recipe / "chat.yaml", "push: /v2/me/chats", "pusch: /v2/me/chats")

    code, said = run("npx playwright test --output ../results -g 'click accepts'", recipe)

    assert code == 1
    assert "chat.yaml:13:5: unknown key 'pusch' in step 'invited'." in said
