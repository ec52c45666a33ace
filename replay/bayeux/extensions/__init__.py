"""What CometD servers add to the protocol through `ext`; one extension a file."""
