"""The one command for all set-up: which tests it runs, together, apart and beside each other."""

from __future__ import annotations

import importlib.util
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def dev():
    """`dev.py` as a module; it stands beside the package, not in it."""
    spec = importlib.util.spec_from_file_location("dev", ROOT / "dev.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_what_depends_on_the_version_is_there(dev):
    """A renamed file is not silently left out on the other Python."""
    assert [name for name in dev.VERSIONED if not (ROOT / "tests" / name).exists()] == []


def test_marked_tests_are_found_wherever_they_are(dev):
    """No file with a test of a kernel or a browser is left out by the command that runs them apart."""
    assert "tests/browser" in dev.marked("browser")
    kernels = dev.marked("kernel")
    assert {"tests/descriptions", "tests/kernel/test_kernel.py"} <= set(kernels)
    assert all((ROOT / place).exists() for place in kernels)


def test_rows_of_commands_run_at_the_same_time(dev, capfd):
    """Each says all of its own when it has ended; one that fails ends its row only, and is the status."""
    wait = "import time; print('begun', flush=True); time.sleep(0.6); print('{}')"
    tracks = dev.Beside([
        [["-c", wait.format("one")], ["-c", "raise SystemExit(3)"], ["-c", "print('never said')"]],
        [["-c", wait.format("two")]],
    ])  # fmt: skip
    began = time.monotonic()
    assert dev.beside(sys.executable, tracks) == 3
    assert time.monotonic() - began < 60
    said = capfd.readouterr().out
    assert "begun\none\n" in said
    assert "begun\ntwo\n" in said
    assert "\nnever said" not in said
