"""The client side: an agent that plays its part of a scenario against a server."""
