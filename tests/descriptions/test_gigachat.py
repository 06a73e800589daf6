"""The description of the original's `GigaChat`, walked through in its order."""

from __future__ import annotations


def test_every_name(walk):
    """Each is there and does what was decided for it, in a script and in a notebook."""
    walk("gigachat_names")


def test_every_example(walk):
    """Each of the three runs as it was written, against servers of this machine."""
    walk("gigachat_examples")
