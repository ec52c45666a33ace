"""How distilling bears large recordings: `python -m tests.size`."""
