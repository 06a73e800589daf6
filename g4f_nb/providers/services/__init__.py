"""A service as data, and where it is: its row, its host, its key."""
