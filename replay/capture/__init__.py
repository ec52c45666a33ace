"""Outside to Exchange: the mitmproxy addon, and readers of what it and others wrote."""
