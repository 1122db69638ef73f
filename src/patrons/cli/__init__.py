"""The `patrons` command."""
