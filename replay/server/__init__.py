"""Effects to aiohttp: the thin shell around the simulator."""
