"""Cookies as the page that asked needs them."""

from __future__ import annotations

CROSS_SITE = "; Secure; SameSite=None"


def for_page(cookie: str, base_url: str) -> str:
    """A cookie of ours, sent along from pages of other sites too where the connection is one of TLS.

    Browsers take `SameSite=None` from https alone; without it, a page of another site on http has no cookies.
    """
    return cookie + CROSS_SITE if base_url.startswith("https://") else cookie
