"""Where the scenario is that a test names: beside it, in the project, in the library."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay import library
from replay.fixtures.lending import _own
from replay.fixtures.places import MissingError, Places


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    """A project with a scenario of its own, and a library with others."""
    for name in ("library/chat/accept", "library/desk", "project/scenarios/desk"):
        path = tmp_path / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.setattr(library, "folder", lambda: tmp_path / "library")
    return Places(beside=tmp_path / "project" / "tests", root=tmp_path / "project")


@pytest.mark.parametrize("name", ["chat/accept", "chat/accept.yaml", Path("chat/accept")])
def test_a_test_may_name_a_scenario_of_the_library_by_its_path_there(places: Places, name: object) -> None:
    assert places.find(name) == library.folder() / "chat" / "accept.yaml"


def test_the_projects_own_comes_before_the_librarys(places: Places) -> None:
    assert places.find("desk") == places.root / "scenarios" / "desk.yaml"


def test_a_name_that_there_is_not_says_the_nearest_of_all_there_are(places: Places) -> None:
    for name in ("chat/acept", "chat/acept.yaml"):
        with pytest.raises(MissingError, match="Did you mean 'chat/accept'"):
            places.find(name)
    with pytest.raises(MissingError, match="Did you mean 'desk'"):
        places.find("desk.yml")


def test_what_is_learned_of_a_scenario_of_the_library_becomes_the_projects_own(places: Places) -> None:
    found = places.find("chat/accept")
    assert isinstance(found, Path)
    assert _own(found, places) == places.root / "scenarios" / "chat" / "accept.yaml"
    own = places.find("desk")
    assert isinstance(own, Path)
    assert _own(own, places) == own
