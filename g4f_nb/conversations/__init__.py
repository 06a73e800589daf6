"""Dialogues that go on: turns in a tree, sent again as far as they fit, saved, kept and had again."""
