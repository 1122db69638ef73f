"""One customer in a millisecond, without pandas."""
