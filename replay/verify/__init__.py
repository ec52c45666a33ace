"""What was seen, held against what the scenario says."""
