"""The second description of the original's `base_provider`, walked through in its order."""

from __future__ import annotations

import subprocess
import sys

from walking import steps_of


def test_every_name(walk):
    """What it names beyond the first one, with the same signatures, in a script and in a notebook."""
    walk("base_provider_second_names")


def test_every_example(walk):
    """Each of the fourteen runs as it was written, once its imports are changed."""
    walk("base_provider_second_examples")


def test_a_type_checker_takes_the_examples(tmp_path):
    """The aliases for messages and results fit what providers of one's own are annotated with."""
    for number, step in enumerate(steps_of("base_provider_second_examples")):
        code = step.code.partition("\nassert ")[0]
        if not step.awaits:
            names = "AbstractProvider, AsyncGeneratorProvider, AsyncProvider"
            types = "from typing import AsyncGenerator, Generator\nfrom g4f_nb.typing import Messages\n"
            head = f"from g4f_nb.providers import {names}\n{types}messages: Messages = []\n"
            (tmp_path / f"example_{number}.py").write_text(head + code, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-incremental", "--disable-error-code=no-redef", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout
