"""Answers that are kept: the same question gets the same answer, and nothing is sent."""
