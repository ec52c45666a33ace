"""What a server says of what happens, line by line, for people and for programs that collect such lines."""
