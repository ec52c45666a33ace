from __future__ import annotations

import pytest

from replay.scenario.model import RequestStep, Variable, is_set, repeat_of


@pytest.mark.parametrize(
    ("request_line", "repeat", "meant"),
    [
        ("GET /", None, "last"),
        ("HEAD /", None, "last"),
        ("POST /", None, "once"),
        ("GET /", "cycle", "cycle"),
    ],
)
def test_what_a_request_gets_again_depends_on_its_method_unless_said(
    request_line: str, repeat: str | None, meant: str
) -> None:
    assert repeat_of(RequestStep(id="a", request=request_line, repeat=repeat)) == meant  # type: ignore[arg-type]


def test_null_is_given_and_absence_is_not() -> None:
    assert (is_set(Variable(recorded=None).recorded), is_set(Variable().recorded)) == (True, False)
