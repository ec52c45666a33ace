"""Cookies: read as they come, and set as the page that asked needs them."""

from __future__ import annotations

CROSS_SITE = "; Secure; SameSite=None"


def pairs_in(header: str) -> list[tuple[str, str]]:
    """Names and values of a `Cookie` header.

    Split by hand: http.cookies drops all of a line for one cookie that is not to its taste.
    """
    pairs = (pair.partition("=") for pair in header.split(";"))
    return [(name.strip(), value.strip().strip('"')) for name, _, value in pairs]


def for_page(cookie: str, base_url: str) -> str:
    """A cookie of ours, sent along from pages of other sites too where the connection is one of TLS.

    Browsers take `SameSite=None` from https alone; without it, a page of another site on http has no cookies.
    """
    return cookie + CROSS_SITE if base_url.startswith("https://") else cookie
