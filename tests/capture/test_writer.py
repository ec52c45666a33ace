from __future__ import annotations

from pathlib import Path

import pytest

from replay.capture import writer
from replay.capture.writer import Writer

from .proxies import room_for


def test_what_was_written_is_in_the_file_at_once(tmp_path: Path) -> None:
    flows = Writer(tmp_path / "deep" / "down" / "x.mitm")

    flows.write(b"one")
    flows.write(b"two")

    assert flows.path.read_bytes() == b"onetwo"
    assert flows.path.stat().st_mode & 0o777 == 0o600
    flows.close()


def test_a_full_disk_is_said_once_and_nothing_is_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    flows = Writer(tmp_path / "x.mitm")
    flows.write(b"one")

    with room_for(5):
        flows.write(b"second")
        flows.write(b"third")
        held = flows.path.read_bytes()
    flows.write(b"fourth")
    flows.close()

    assert held == b"one"
    assert flows.path.read_bytes() == b"onesecondthirdfourth"
    assert [record.getMessage() for record in caplog.records] == [
        f"{flows.path} cannot be written: File too large;"
        " the traffic goes on, and each exchange tries again.",
        f"{flows.path} is being written again; nothing was lost.",
    ]


def test_a_disk_that_stays_full_loses_the_oldest_beyond_the_backlog(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "BACKLOG_BYTES", 10)
    flows = Writer(tmp_path / "x.mitm")

    with room_for(0):
        for flow in (b"first", b"second", b"third"):
            flows.write(flow)
        flows.close()

    assert flows.unwritten == 3
    assert flows.lost == 2
    assert caplog.messages[-1] == f"{flows.path} lacks 3 exchanges: File too large."


def test_a_folder_that_cannot_be_made_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("in the way")
    flows = Writer(tmp_path / "folder" / "x.mitm")

    opened = flows.open()
    flows.write(b"one")
    (tmp_path / "folder").unlink()
    flows.write(b"two")
    flows.close()

    assert not opened
    assert flows.path.read_bytes() == b"onetwo"


def test_an_older_recording_of_that_name_is_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "x.mitm"
    for flow in (b"first", b"second", b"third"):
        flows = Writer(path)
        flows.write(flow)
        flows.close()

    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == {
        "x.1.mitm": b"first",
        "x.2.mitm": b"second",
        "x.mitm": b"third",
    }
    assert caplog.messages[0] == f"{path} was there already; it is now x.1.mitm."


def test_a_recording_of_nothing_leaves_no_file(tmp_path: Path) -> None:
    flows = Writer(tmp_path / "x.mitm")
    flows.open()
    flows.close()
    flows.close()
    flows.write(b"too late")

    assert list(tmp_path.iterdir()) == []


def test_what_is_no_file_is_not_moved_away(tmp_path: Path) -> None:
    flows = Writer(tmp_path)

    assert not flows.open()
    assert flows.trouble == "it is not a file"
    assert repr(flows) == f"<Writer {tmp_path} 0 bytes, it is not a file>"


def test_two_recordings_are_never_written_to_one_file(tmp_path: Path) -> None:
    path = tmp_path / "x.mitm"
    one, other = Writer(path), Writer(path)
    # At once: nothing is in it yet that would be moved out of the way.
    assert one.open()
    assert not other.open()
    other.write(b"second")
    one.write(b"first")
    one.close()
    other.close()

    assert other.trouble == ""
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == {
        "x.1.mitm": b"first",
        "x.mitm": b"second",
    }


def test_what_goes_on_with_a_file_cuts_off_what_another_left_behind(tmp_path: Path) -> None:
    path = tmp_path / "x.mitm"
    path.write_bytes(b"wholehal")

    flows = Writer(path, size=5)
    flows.write(b"next")
    flows.close()

    assert path.read_bytes() == b"wholenext"
