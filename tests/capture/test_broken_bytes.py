"""Any cut and any wrong byte: what is not hit is read, and nothing ends in a traceback."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from replay.capture import flow_file
from replay.capture.recording import Recording, open_recording
from replay.errors import RecordingError
from replay.exchange import Exchange

from .proxies import DATA

RANDOM = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
FLOWS = b"".join((DATA / f"{name}_cometdjs9_java.mitm").read_bytes() for name in ("lp", "ws"))
HAR = (DATA / "lp_cometdjs9_java.har").read_bytes()

ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)

Bare = list[Exchange]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "recording"


def bare(recording: Recording) -> Bare:
    """Without their numbers, which tell of their neighbours."""
    return [msgspec.structs.replace(each, number=1) for each in recording.exchanges]


def read(path: Path, content: bytes) -> Bare:
    path.write_bytes(content)
    try:
        recording = open_recording(path)
        found = bare(recording)
        notes = recording.notes
    except RecordingError as error:
        said = str(error)
        assert "\n" not in said
        assert str(path) in said
        return []
    assert len(recording.exchanges) == len(found)
    assert all(str(path) in note and "\n" not in note for note in notes)
    return found


@cache
def known(content: bytes) -> tuple[Exchange, ...]:
    """What it holds as long as nothing is wrong with it."""
    with tempfile.TemporaryDirectory() as folder:
        return tuple(read(Path(folder) / "recording", content))


def missing(whole: Iterable[Exchange], found: Iterable[Exchange]) -> Bare:
    left = list(found)
    lost = []
    for each in whole:
        if each in left:
            left.remove(each)
        else:
            lost.append(each)
    return lost


def places(content: bytes, path: Path) -> Iterator[tuple[int, int]]:
    """Where each flow begins, its length before it, and ends."""
    path.write_bytes(content)
    begin = 0
    with path.open("rb") as file:
        for flow in flow_file.flows(file, len(content)):
            assert isinstance(flow, flow_file.Flow)
            yield begin, flow.offset + flow.length + 1
            begin = flow.offset + flow.length + 1


@RANDOM
@given(st.integers(1, len(FLOWS)))
@example(1)
@example(len(FLOWS) - 1)
def test_a_flow_file_cut_anywhere_gives_every_flow_before_the_cut(path: Path, cut: int) -> None:
    before = sum(end <= cut for _, end in places(FLOWS, path))

    assert len(read(path, FLOWS[:cut])) == before


@RANDOM
@given(st.integers(0, len(FLOWS) - 1), st.binary(min_size=1, max_size=1))
@example(0, b"9")
@example(0, b"x")
@example(0, b" ")
@example(3, b"0")
@example(4, b"}")
def test_a_wrong_byte_costs_no_more_than_the_flow_it_hits(path: Path, at: int, byte: bytes) -> None:
    whole = known(FLOWS)

    found = read(path, FLOWS[:at] + byte + FLOWS[at + 1 :])

    if at == 0 and byte.strip() and not byte.isdigit():
        assert found == []  # by its first byte, blanks aside, it is no flow file
    else:
        assert len(missing(whole, found)) <= 1
        assert len(found) <= len(whole)


@RANDOM
@given(st.integers(0, len(FLOWS)), st.binary(max_size=40))
@example(0, b"")
def test_junk_anywhere_costs_no_more_than_the_flow_it_hits(path: Path, at: int, junk: bytes) -> None:
    whole = known(FLOWS)

    found = read(path, b"0:~" * (at == 0) + FLOWS[:at] + junk + FLOWS[at:])

    assert len(missing(whole, found)) <= 1


@RANDOM
@given(st.integers(0, len(FLOWS)), st.integers(0, 4000))
def test_a_hole_costs_no_more_than_the_flows_it_hits(path: Path, at: int, length: int) -> None:
    hit = sum(begin < at + length and end > at for begin, end in places(FLOWS, path))
    whole = known(FLOWS)

    found = read(path, b"0:~" + FLOWS[:at] + FLOWS[at + length :])

    assert len(missing(whole, found)) <= hit


@RANDOM
@given(st.integers(1, len(HAR)))
def test_a_har_cut_anywhere_gives_every_entry_before_the_cut_or_is_refused(path: Path, cut: int) -> None:
    whole = known(HAR)

    found = read(path, HAR[:cut])

    assert missing(found, whole) == []
    before = HAR[:cut].count(b'"startedDateTime"') - 1
    assert len(found) >= min(before, len(whole))


@RANDOM
@given(st.integers(1, len(HAR) - 1), st.binary(min_size=1, max_size=1))
@example(HAR.index(b'"entries"') + 1, b"x")
def test_a_wrong_byte_in_a_har_costs_no_more_than_the_entry_it_hits(path: Path, at: int, byte: bytes) -> None:
    whole = known(HAR)

    found = read(path, HAR[:at] + byte + HAR[at + 1 :])

    entries = HAR.index(b'"entries"')
    if at > entries + 12:
        assert len(missing(whole, found)) <= 1


@RANDOM
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    ),
    st.data(),
)
def test_a_field_of_a_wrong_type_costs_no_more_than_its_entry(
    path: Path, odd: object, data: st.DataObject
) -> None:
    whole = known(HAR)
    log = json.loads(HAR)
    at = log["log"]["entries"][data.draw(st.integers(0, len(whole) - 1))]
    while True:
        key = data.draw(st.sampled_from(sorted(at))) if isinstance(at, dict) else 0
        inner = at[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
            break
        at = inner
    at[key] = odd

    assert len(missing(whole, read(path, json.dumps(log).encode()))) <= 1


@pytest.mark.full
@pytest.mark.parametrize("content", [FLOWS, HAR], ids=["flows", "har"])
def test_every_cut_and_many_a_wrong_byte_cost_no_more_than_what_they_hit(path: Path, content: bytes) -> None:
    whole = known(content)
    begin = HAR.index(b'"entries"') + 12 if content is HAR else 1
    for at in range(begin, len(content), 11):
        found = read(path, content[:at])
        assert missing(found, whole) == []
        wrong = bytes([content[at] ^ 1 << at % 8])
        assert len(missing(whole, read(path, content[:at] + wrong + content[at + 1 :]))) <= 1, at
