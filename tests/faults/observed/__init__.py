"""Every fault and every preset as real clients observe it: one table, for tests, docs and a demo."""
