"""A scenario made ready to be played: triggers resolved, patterns and values compiled."""
