"""Where a walk goes: through a script, and through the cells of a real notebook kernel."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from real_kernel import start, user_env
from walking import in_a_script, in_cells, steps_of

TESTS = Path(__file__).resolve().parent.parent


@pytest.fixture(params=["script", pytest.param("cells", marks=pytest.mark.kernel)])
def walk(request, tmp_path):
    """A function that runs the steps of a walk one after another."""
    env = user_env(tmp_path)
    # A walk may start the proxy that the tests have.
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(TESTS), env.get("PYTHONPATH")]))
    if request.param == "script":
        yield lambda name: in_a_script(steps_of(name), env=env, folder=tmp_path)
        return
    kernel = start(env)
    yield lambda name: in_cells(steps_of(name), kernel=kernel, folder=tmp_path)
    kernel.shutdown()
