"""Named rules that rewrite effects; one fault a file."""
