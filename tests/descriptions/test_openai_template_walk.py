"""The description of the original's `OpenaiTemplate`, walked through in its order."""

from __future__ import annotations

import shutil
from pathlib import Path


def test_every_name(walk, tmp_path):
    """Each attribute, method, parameter and error that it names, in a script and in a notebook."""
    _bring_the_proxy(tmp_path)
    walk("openai_template_names")


def test_every_example(walk, tmp_path):
    """Each of the eight runs as it was written, against a local server and a local proxy."""
    _bring_the_proxy(tmp_path)
    walk("openai_template_examples")


def _bring_the_proxy(folder):
    shutil.copy(Path(__file__).parent.parent / "local_proxy.py", folder)
