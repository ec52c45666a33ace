"""Sizes on the command line."""

from __future__ import annotations

import pytest

from replay.cli.sizes import parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [("1B", 1), ("500kB", 500_000), ("64MB", 64_000_000), ("1.5 gb", 1_500_000_000), ("64mb", 64_000_000)],
)
def test_a_size_is_a_number_and_a_unit(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "64", "MB", "-1MB", "0MB", "1e3MB", "64MiB", "64MB ", "٣MB"])
def test_what_is_no_size_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no size; a size is a number and a unit: 500kB, 64MB, 1GB"):
        parse_size(text)
