"""Thousands of agents on one server: a client that costs little, and an eye on what the server keeps."""
