"""A real IPython shell with the extension, and a server that its cells ask."""

from __future__ import annotations

import atexit

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from g4f_nb.conversations.shelf import shelf
from g4f_nb.providers.models.model import set_used
from g4f_nb.testing import serve


@pytest.fixture(scope="module")
def one_shell(quick_garbage):
    config = Config()
    config.HistoryManager.hist_file = ":memory:"
    shell = InteractiveShell.instance(config=config, colors="nocolor")
    yield shell
    atexit.unregister(shell.atexit_operations)
    shell.atexit_operations()
    InteractiveShell.clear_instance()


@pytest.fixture
def shell(one_shell):
    one_shell.reset(new_session=False)
    assert one_shell.run_cell("%load_ext g4f_nb").success
    yield one_shell
    one_shell.run_cell("%unload_ext g4f_nb")
    for each in shelf().all:
        shelf().remove(each)
    set_used(None)


@pytest.fixture(scope="module")
def server():
    with serve() as server:
        yield server


@pytest.fixture
def asked(shell, server):
    """A way to run a cell against the server; what it received, and the reply."""
    shell.run_cell("import g4f_nb as nb")
    shell.user_ns["BASE"] = server.api_base
    shell.run_cell("def model(name): return nb.Model(f'OpenaiTemplate:{name}', api_base=BASE)")
    shell.run_cell("upper, echo, cut, json_model = map(model, ('upper', 'echo', 'cut', 'json'))")

    def run(line, cell="hello", *, ok=True):
        before = len(server.requests)
        result = shell.run_cell(f"%%chat {line}\n{cell}", store_history=True)
        assert result.success == ok, result.error_in_exec
        return server.requests[before:], result

    return run
