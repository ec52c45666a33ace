"""Recordings are read from the disk, as often as somebody goes through them, and are never held whole."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from replay.capture.recording import open_recording
from replay.errors import RecordingError

from .proxies import DATA

FLOWS = DATA / "lp_cometdjs9_java.mitm"
HAR = DATA / "lp_cometdjs9_java.har"


@pytest.mark.parametrize("path", [FLOWS, HAR])
def test_exchanges_may_be_gone_through_again_and_side_by_side(path: Path) -> None:
    exchanges = open_recording(path).exchanges

    pairs = list(zip(exchanges, exchanges, strict=True))

    assert len(pairs) == len(exchanges) == 10
    assert all(one == other for one, other in pairs)
    assert [one.number for one, _ in pairs] == list(range(1, 11))


@pytest.mark.parametrize("path", [FLOWS, HAR])
def test_progress_goes_from_nothing_to_all_and_never_back(path: Path) -> None:
    told: list[tuple[int, int]] = []
    recording = open_recording(path, lambda done, total: told.append((done, total)))
    assert told[-1] == (path.stat().st_size, 2 * path.stat().st_size)

    list(recording.exchanges)

    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1] == (2 * path.stat().st_size, 2 * path.stat().st_size)


def test_notes_are_the_same_whoever_read_the_exchanges_before() -> None:
    path = DATA / "har" / "firefox-long-polling.har"
    read, unread = open_recording(path), open_recording(path)
    for _ in range(2):
        list(read.exchanges)
    next(iter(unread.exchanges))

    assert read.notes == unread.notes
    assert len(read.notes) == 2


def test_a_recording_that_went_away_meanwhile_is_said(tmp_path: Path) -> None:
    path = tmp_path / "x.mitm"
    path.write_bytes(FLOWS.read_bytes())
    recording = open_recording(path)
    path.unlink()

    with pytest.raises(RecordingError, match="cannot be read: No such file or directory"):
        list(recording.exchanges)


def test_memory_does_not_grow_with_what_is_read(tmp_path: Path) -> None:
    def peak(times: int) -> int:
        path = tmp_path / f"{times}.mitm"
        path.write_bytes(FLOWS.read_bytes() * times)
        tracemalloc.start()
        for _ in open_recording(path).exchanges:
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    few, many = peak(10), peak(40)

    # 300 flows more, of 2.4 kB each; a hundred bytes of each are kept, twice that while they are sorted.
    assert many - few < 300 * 200
