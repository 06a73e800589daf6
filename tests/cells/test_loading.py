"""`%load_ext g4f_nb` takes at most 150 ms of a bare IPython, and prints nothing."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

LOAD = """
import time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
begin = time.process_time()
shell.run_line_magic("load_ext", "g4f_nb")
print("ms:", (time.process_time() - begin) * 1000)
"""
PROMISED = 150.0


@pytest.mark.clock
def test_the_extension_is_there_at_once(tmp_path):
    """As it is installed, compiled: the best of a few, for others may have work for this machine."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    env |= {"PYTHONPYCACHEPREFIX": str(tmp_path / "compiled"), "IPYTHONDIR": str(tmp_path / "ipython")}
    tries = []
    for _ in range(5):
        done = subprocess.run(
            [sys.executable, "-c", LOAD], env=env, capture_output=True, text=True, check=True
        )
        words = done.stdout.split()
        # Nothing but what this test prints itself.
        assert len(words) == 2
        assert done.stderr == ""
        tries.append(float(words[1]))
        # The first one compiles.
        if len(tries) > 1 and tries[-1] <= PROMISED:
            return
    assert min(tries) <= PROMISED, tries
