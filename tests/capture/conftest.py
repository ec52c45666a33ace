from __future__ import annotations

import warnings

with warnings.catch_warnings():
    # mitmproxy and its dependencies call each other by names that are no longer liked.
    warnings.simplefilter("ignore", DeprecationWarning)
    import mitmproxy.addons
    import mitmproxy.io  # noqa: F401
