"""Raw rows in, answers out."""
