from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from replay.capture.recording import open_recording
from replay.errors import RecordingError

from .proxies import DATA


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "{} is empty: nothing was recorded."),
        (b"hello", "{} is neither a mitmproxy flow file nor a HAR."),
        (b"123", "{} ends in the middle of its first flow."),
        (b"12 bottles of beer", "{} is neither a mitmproxy flow file nor a HAR."),
        (b"3:abc,", "{} is neither a mitmproxy flow file nor a HAR."),
        (b"99999999999:abc", "{} ends in the middle of its first flow."),
        (b'{"a": 1}', "{} is neither a mitmproxy flow file nor a HAR."),
        (b'{"log": {"entries"', "{} is not a whole HAR: its JSON breaks off or is wrong."),
        (b'{"log": {"entries": []}}', "{} is a HAR without an entry that can be used."),
        (b'{"\xff', "{} is neither a mitmproxy flow file nor a HAR."),
        (b"14:7:version;1:7#}", "{} was written by a mitmproxy older than 9 (flow format 7);"),
    ],
)
def test_what_is_no_recording_is_refused_in_a_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "x.mitm"
    path.write_bytes(content)

    with pytest.raises(RecordingError) as caught:
        open_recording(path)

    assert str(caught.value).startswith(sentence.format(path))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_and_a_directory_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"nowhere\.mitm does not exist\.$"):
        open_recording(tmp_path / "nowhere.mitm")
    with pytest.raises(RecordingError, match=r" is a directory, not a recording\.$"):
        open_recording(tmp_path)


def test_the_content_decides_who_reads_it(tmp_path: Path) -> None:
    for name in ("lp_cometdjs9_java.har", "lp_cometdjs9_java.mitm"):
        path = tmp_path / "recording"
        path.write_bytes((DATA / name).read_bytes())

        recording = open_recording(path)

        assert recording.path == path
        assert [each.number for each in recording.exchanges] == list(range(1, 11))


def test_flow_files_are_read_without_mitmproxy() -> None:
    program = (
        "import sys, pathlib; from replay.capture.recording import open_recording;"
        f"open_recording(pathlib.Path({str(DATA / 'lp_cometdjs9_java.mitm')!r}));"
        "sys.exit('mitmproxy' in sys.modules)"
    )
    root = DATA.parents[1]

    assert subprocess.run([sys.executable, "-c", program], cwd=root, check=False).returncode == 0
