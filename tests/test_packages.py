"""What goes out: the source distribution, with all that its own tests need, and the wheel built from it."""

from __future__ import annotations

import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[1]
OURS_ALONE = {".gitignore", ".ci/run"}
"""For who works in the repository."""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution, where somebody has unpacked it."""
    folder = tmp_path_factory.mktemp("sdist")
    (built,) = SdistBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    with tarfile.open(built) as archive:
        archive.extractall(folder, filter="data")
    (found,) = (each for each in folder.iterdir() if each.is_dir())
    return found


def names(wheel: str) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_a_source_distribution_has_all_that_is_in_the_repository(unpacked: Path) -> None:
    if (ROOT / "PKG-INFO").exists():
        pytest.skip("this is one, unpacked: there is no repository to compare with")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    kept = {name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()}

    assert sorted(name for name in kept - OURS_ALONE if not (unpacked / name).exists()) == []


def test_the_wheel_of_a_source_distribution_is_that_of_the_repository(unpacked: Path, tmp_path: Path) -> None:
    here, there = (
        names(next(WheelBuilder(str(root)).build(directory=str(tmp_path / name), versions=["standard"])))
        for name, root in (("here", ROOT), ("there", unpacked))
    )

    assert here == there
    assert {
        "replay/py.typed",
        "replay/library/accept-chat.yaml",
        "replay/cli/starter/conftest.py.txt",
    } <= here
