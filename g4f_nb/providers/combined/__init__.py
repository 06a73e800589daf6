"""Several providers as one: the first that answers, the fastest, or the same one again."""
