"""The description of the original's `Berlin`, walked through in its order."""

from __future__ import annotations


def test_every_name(walk):
    """Each is there and does what was decided for it, in a script and in a notebook."""
    walk("berlin_names")


def test_every_example(walk):
    """Both run as they were written, against a server and a proxy of this machine."""
    walk("berlin_examples")
