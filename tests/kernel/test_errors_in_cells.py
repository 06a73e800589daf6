"""What an error looks like: in a cell, in a function of the user's, in a script, in another process."""

from __future__ import annotations

import re
import subprocess

import pytest

from g4f_nb.testing import serve

pytestmark = pytest.mark.kernel
ASK = "nb.ask('hello', 'OpenaiTemplate:m', api_base='http://127.0.0.1:1/v1', max_retries=0)"


def _bare(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@pytest.fixture
def loaded(kernel):
    """The kernel with the extension."""
    assert kernel.run("%reload_ext g4f_nb\nimport g4f_nb as nb").error is None
    yield kernel
    kernel.run("%unload_ext g4f_nb")


def test_a_cell_shows_the_user_s_lines_and_one_sentence(loaded):
    """No frame of ours or of the transport; the sentence ends with the way out."""
    loaded.run(f"def mine():\n    return {ASK}")
    result = loaded.run("mine()")
    assert result.error == "ConnectionFailedError"
    trace = _bare(result.trace)
    assert "in mine" in trace
    assert "g4f_nb/" not in trace
    assert "aiohttp" not in trace
    last = trace.splitlines()[-1]
    assert last.startswith("ConnectionFailedError: nothing answers at 127.0.0.1:1")
    assert last.endswith("start the server there, or check api_base=")


def test_a_chat_cell_shows_one_sentence(loaded):
    """There is no line of the user's that the mistake is in."""
    result = loaded.run("%%chat -m groq:m\nhello")
    assert result.error == "MissingAuthError"
    (line,) = _bare(result.trace).splitlines()
    assert "set the environment variable GROQ_API_KEY" in line
    assert "%g4f key Groq asks for it" in line


def test_an_error_that_is_caught_is_the_user_s(loaded):
    """Its attributes, its text, and how it shows as a value."""
    code = f"try:\n    {ASK}\nexcept nb.G4FError as error:\n    kept = error\nkept"
    result = loaded.run(code)
    assert result.error is None
    assert "ConnectionFailedError" in result.value
    assert loaded.run("kept.provider, kept.model, kept.status").value == "('OpenaiTemplate', 'm', None)"


def test_a_script_ends_with_the_sentence(python):
    """Python's own traceback, whose last line is the error with its way out."""
    code = f"import g4f_nb as nb\ndef mine():\n    return {ASK}\nmine()"
    ran = subprocess.run([*python, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 1
    assert ran.stdout == ""
    last = ran.stderr.splitlines()[-1]
    assert last.startswith("g4f_nb.errors.ConnectionFailedError: nothing answers at 127.0.0.1:1")
    assert last.endswith("check api_base=")


CROSSING = """
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
import g4f_nb as nb

def broken(base):
    nb.ask("hello", "OpenaiTemplate:cut", api_base=base, max_retries=0)

if __name__ == "__main__":
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        error = pool.submit(broken, sys.argv[1]).exception(60)
    print(type(error).__name__, error.provider, error.model, repr(error.partial))
"""


def test_an_error_crosses_processes_whole(python, tmp_path):
    """As a pool of processes sends it back: what had arrived is not lost."""
    script = tmp_path / "crossing.py"
    script.write_text(CROSSING, encoding="utf-8")
    with serve() as server:
        command = [*python, str(script), server.api_base]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("StreamInterruptedError OpenaiTemplate cut 'This answer breaks off")
