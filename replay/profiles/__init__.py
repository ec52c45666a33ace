"""What is particular to one API: its ids, secrets, identities and error bodies."""
