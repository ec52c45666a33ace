"""The benchmark: `replay serve` beside two Bayeux servers of others, in one run (`make bench`)."""
