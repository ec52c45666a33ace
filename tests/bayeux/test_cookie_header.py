"""Reading a Cookie header, whatever stands in it."""

from __future__ import annotations

from replay.bayeux.cookies import pairs_in


def test_an_odd_cookie_hides_no_other() -> None:
    header = 'a[1]={"x": 1}; BAYEUX_BROWSER=abc; JSESSIONID="9f=="; broken'

    assert pairs_in(header) == [
        ("a[1]", '{"x": 1}'),
        ("BAYEUX_BROWSER", "abc"),
        ("JSESSIONID", "9f=="),
        ("broken", ""),
    ]
