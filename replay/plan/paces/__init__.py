"""What a pace is made of: how delays come about, and what is done to them; one a file."""
