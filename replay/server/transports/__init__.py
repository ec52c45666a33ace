"""How Bayeux batches come in and go out; one transport a file."""
