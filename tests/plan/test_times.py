"""Times inside events: each keeps its own format, all move by one constant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.plan.times import shift, shift_fields
from replay.scenario.times import epoch_of, is_time, written_like

HOUR = 3600.0


@pytest.mark.parametrize(
    ("written", "moved"),
    [
        ("2014-01-02T14:23:20.171-0800", "2014-01-02T15:23:20.171-0800"),
        ("2014-01-02T14:23:20.171-08:00", "2014-01-02T15:23:20.171-08:00"),
        ("2014-01-02T14:23:20Z", "2014-01-02T15:23:20Z"),
        ("2014-01-02T14:23:20.000+0000", "2014-01-02T15:23:20.000+0000"),
        ("2014-01-02 14:23:20", "2014-01-02 15:23:20"),
        ("2014-01-02T14:23:20.123456789Z", "2014-01-02T15:23:20.123456789Z"),
        ("2014-12-31T23:59:59.999+0530", "2015-01-01T00:59:59.999+0530"),
        (1388701400, 1388705000),
        (1388701400171, 1388705000171),
    ],
)
def test_a_time_moves_in_the_format_it_has(written: Any, moved: Any) -> None:
    assert shift(written, HOUR) == moved


@pytest.mark.parametrize(
    ("seconds", "moved"),
    [
        (0.0004, "2014-01-02T14:23:20.171Z"),
        (0.829, "2014-01-02T14:23:21.000Z"),
        (-0.172, "2014-01-02T14:23:19.999Z"),
        (-86400.0, "2014-01-01T14:23:20.171Z"),
        (378_000_000.5, "2025-12-25T14:23:20.671Z"),
    ],
)
def test_no_digit_of_a_second_is_invented_or_lost(seconds: float, moved: str) -> None:
    assert shift("2014-01-02T14:23:20.171Z", seconds) == moved


@pytest.mark.parametrize(
    "value",
    [
        "",
        "yesterday",
        "2014-01-02",
        "2014-13-02T14:23:20Z",
        "2014-01-02T14:23:60Z",
        "2014-01-02T14:23:20+99:99",
        "9999-12-31T23:59:59Z",
        "2014-01-02T14:23:20Z and more",
        17,
        999_999_999,
        10**30,
        True,
        1388701400.5,
        None,
    ],
)
def test_what_is_no_time_stays_as_it_is(value: Any) -> None:
    assert shift(value, HOUR) == value


def test_only_the_named_fields_move_at_whatever_depth() -> None:
    stamp = "2014-01-02T14:23:20Z"
    value = {"at": stamp, "other": stamp, "list": [{"at": 1388701400}, [{"at": {"at": stamp}}]]}

    assert shift_fields(value, {"at"}, HOUR) == {
        "at": "2014-01-02T15:23:20Z",
        "other": stamp,
        "list": [{"at": 1388705000}, [{"at": {"at": stamp}}]],
    }


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("1970-01-01T00:00:00Z", 0.0),
        ("1970-01-01T01:00:00.5+0100", 0.5),
        ("2014-01-02T14:23:20.171-08:00", 1388701400.171),
        ("2014-01-02T14:23:20", 1388672600.0),
        ("2014-02-30T14:23:20Z", None),
        ("2014-01-02T14:23:20+99:99", None),
        ("now", None),
    ],
)
def test_a_written_time_is_seconds_since_1970(written: str, seconds: float | None) -> None:
    assert epoch_of(written) == seconds


@given(
    moment=st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2200, 1, 1)),  # noqa: DTZ001
    seconds=st.integers(-(10**8), 10**8),
    zone=st.sampled_from(["Z", "+0000", "-08:00", "+0545"]),
)
def test_a_time_moved_is_that_much_later_whatever_its_zone(moment: datetime, seconds: int, zone: str) -> None:
    written = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}{zone}"

    before, after = epoch_of(written), epoch_of(shift(written, seconds))

    assert before is not None
    assert after is not None
    assert abs(after - before - seconds) < 1e-5
    assert shift(shift(written, seconds), -seconds) == written
    assert datetime.fromtimestamp(after, UTC) - datetime.fromtimestamp(before, UTC) - timedelta(
        seconds=seconds
    ) < timedelta(milliseconds=1)


FORMS = {
    "2014-01-02T14:23:18.000-0800": 0.001,
    "2014-01-09 11:58:12.035+0200": 0.001,
    "2014-01-02T14:23:18Z": 1,
    "2014-01-02T14:23:18.123456789+05:30": 0.000001,
    "2014-01-02T14:23:18.1": 0.1,
    "2014-01-0214:23:18": 1,
    1388701398: 1,
    1388701398000: 0.001,
}
"""With the seconds that the last digit stands for, or the last that is told."""


def read(written: Any) -> float:
    if isinstance(written, str):
        return epoch_of(written) or 0.0
    return float(written) / (1000 if written > 10**11 else 1)


@given(form=st.sampled_from(list(FORMS)), micro=st.integers(1_000_000_000_000_000, 9_000_000_000_000_000))
def test_a_moment_is_written_in_any_form_and_read_as_the_same_but_for_what_no_digit_says(
    form: Any, micro: int
) -> None:
    written = written_like(form, micro / 1_000_000)

    assert is_time(written)
    assert len(str(written)) == len(str(form))
    assert -2e-6 < micro / 1_000_000 - read(written) < FORMS[form] + 2e-6


@pytest.mark.parametrize("form", [each for each in FORMS if "123456789" not in str(each)])
def test_a_time_is_its_own_form(form: Any) -> None:
    assert written_like(form, read(form)) == form


@pytest.mark.parametrize("value", ["noon", "", "2014-01-02", 12, 1388701398.5, True, None, []])
def test_what_is_no_time_is_known(value: Any) -> None:
    assert not is_time(value)


def test_a_date_that_no_calendar_has_leaves_a_time_as_it_was() -> None:
    assert written_like("2014-01-02T14:23:18Z", 1e13) == "2014-01-02T14:23:18Z"
