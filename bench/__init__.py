"""The benchmark: `replay serve` beside what others have, in one run (`make bench`)."""
