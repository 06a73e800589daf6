"""The second description of the original's `base_provider`, walked through in its order."""

from __future__ import annotations


def test_every_name(walk):
    """What it names beyond the first one, with the same signatures, in a script and in a notebook."""
    walk("base_provider_second_names")


def test_every_example(walk):
    """Each of the fourteen runs as it was written, once its imports are changed."""
    walk("base_provider_second_examples")
