"""The YAML a person reads and edits: its model, and how it is loaded, checked and written."""
