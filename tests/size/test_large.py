"""A sample of what `python -m tests.size` measures in full."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from replay.capture.recording import open_recording
from replay.distil import read

from .__main__ import main
from .large import pages, write


def peak(path: Path) -> tuple[int, int]:
    """How many stories, and the bytes held at most while they were found."""
    list(open_recording(path).exchanges)  # what is made once for all is made before
    tracemalloc.start()
    told = read(open_recording(path).exchanges, recording=path.name)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return len(told.stories), most


def test_memory_does_not_grow_with_pages_of_others(tmp_path: Path) -> None:
    path = tmp_path / "x.mitm"
    chats = write(path, 0.2, redacted=True)
    few = peak(path)
    pages(path, 100)
    many = peak(path)

    assert few[0] == many[0] == chats
    # Two megabytes more, of which no more than a kilobyte a page is held.
    assert many[1] - few[1] < 100_000


@pytest.mark.live
@pytest.mark.parametrize("kind", ["recorded", "foreign"])
def test_a_megabyte_is_distilled_within_the_bound(
    kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["size", kind, "0.5"])

    assert main() == 0, capsys.readouterr().out
