"""Real CometD clients on every transport they have, in fair weather and through trouble."""
