"""What a type checker says of code that uses the providers: one run of mypy, for it takes its time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from thorough import THOROUGH
from walking import steps_of

# Ten seconds where nobody else is at work.
pytestmark = pytest.mark.timeout(400)

ROOT = Path(__file__).resolve().parents[2]
# A user's own code is strict; the examples are as they were written, and most of them have no annotations.
# What is wrong in a package that is installed is not told.
CONFIG = """
[mypy]
strict = True
[mypy-g4f_nb.*]
follow_imports = silent
[mypy-examples.*]
check_untyped_defs = False
disallow_any_generics = False
disallow_incomplete_defs = False
disallow_subclassing_any = False
disallow_untyped_calls = False
disallow_untyped_decorators = False
disallow_untyped_defs = False
strict_equality = False
warn_return_any = False
disable_error_code = no-redef
"""
# Nine tenths of what is read are libraries that ours imports, of which nothing is asked here.
ALONE = """
[mypy-pandas.*,numpy.*,xarray.*,matplotlib.*,pyarrow.*,cryptography.*,IPython.*]
follow_imports = skip
follow_imports_for_stubs = True
"""
USE = """
from g4f_nb.providers import AzureOpenAI, Demo, GigaChat, Groq, OpenaiTemplate
chosen: list[type[OpenaiTemplate]] = [Groq, AzureOpenAI]
names: list[str] = Groq.get_models(api_key='k')
text: str = GigaChat.params + Demo.params
from g4f_nb.providers import Grok
"""
HEAD = """
from g4f_nb.providers import AbstractProvider, AsyncGeneratorProvider, AsyncProvider
from typing import AsyncGenerator, Generator
from g4f_nb.typing import Messages
messages: Messages = []
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What mypy says, a line an error."""
    folder = tmp_path_factory.mktemp("typed")
    config = (
        CONFIG
        if THOROUGH
        else CONFIG.replace("strict = True", "strict = True\nfollow_imports = skip") + ALONE
    )
    (folder / "mypy.ini").write_text(config, encoding="utf-8")
    (folder / "use.py").write_text(USE, encoding="utf-8")
    examples = folder / "examples"
    examples.mkdir()
    (examples / "__init__.py").touch()
    for number, step in enumerate(steps_of("base_provider_second_examples")):
        if not step.awaits:
            code = HEAD + step.code.partition("\nassert ")[0]
            (examples / f"example_{number}.py").write_text(code, encoding="utf-8")
    assert len(list(examples.glob("example_*.py"))) > 5
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-incremental", "."],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "MYPYPATH": str(ROOT)},
    )
    return [line for line in done.stdout.splitlines() if "error:" in line]


def test_type_checkers_know_every_class(told):
    """A user's `mypy --strict` takes the imports, and refuses a name that is not there."""
    (wrong,) = [line for line in told if line.startswith("use.py")]
    assert wrong.startswith('use.py:6: error: Module "g4f_nb.providers" has no attribute "Grok"')


def test_a_type_checker_takes_the_examples(told):
    """The aliases for messages and results fit what providers of one's own are annotated with."""
    assert [line for line in told if line.startswith("examples")] == []
    assert len(told) == 1
