"""The first description of the original's `base_provider`, walked through in its order."""

from __future__ import annotations


def test_every_name(walk):
    """Each is there under its own name and does what was decided for it, in a script and in a notebook."""
    walk("base_provider_first_names")


def test_every_example(walk):
    """Each of the fourteen runs as it was written, once its imports are changed."""
    walk("base_provider_first_examples")
