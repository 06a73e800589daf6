"""Every way of asking decides by the same rules: which server is asked, and for which model."""

from __future__ import annotations

import asyncio
import atexit
import contextlib

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import g4f_nb as nb
from g4f_nb import settings
from g4f_nb.errors import MissingAuthError, ModelNotFoundError, NoProviderError
from g4f_nb.providers import Groq, OpenRouter
from g4f_nb.testing import serve


@pytest.fixture(scope="module")
def shell():
    config = Config()
    config.HistoryManager.hist_file = ":memory:"
    shell = InteractiveShell.instance(config=config, colors="nocolor")
    shell.run_cell("%load_ext g4f_nb")
    yield shell
    shell.run_cell("%unload_ext g4f_nb")
    atexit.unregister(shell.atexit_operations)
    shell.atexit_operations()
    InteractiveShell.clear_instance()


@pytest.fixture(scope="module")
def groq():
    with serve() as server:
        yield server


@pytest.fixture(scope="module")
def router():
    with serve() as server:
        yield server


@pytest.fixture(autouse=True)
def _two_services(monkeypatch, tmp_path, groq, router):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GROQ_API_KEY", "k")
    monkeypatch.setenv("GROQ_BASE_URL", groq.api_base)
    monkeypatch.setattr(Groq, "default_model", "upper")
    # Its address is written on the class: its key is not sent there.
    monkeypatch.setattr(OpenRouter, "api_base", router.api_base)
    groq.requests.clear()
    router.requests.clear()
    yield
    nb.use(None)
    settings.set_notebook_layer({})


def _panel(model):
    panel = nb.ChatPanel(model)
    panel.ask("hello")
    assert panel.wait(10)
    panel.close()
    if panel.error is not None:
        raise panel.error


def _cell(shell, model):
    result = shell.run_cell(f"%%chat {'-m ' + model if model else ''}\nhello")
    if result.error_in_exec is not None:
        raise result.error_in_exec


WAYS = {
    "ask": lambda shell, model: nb.ask("hello", model),
    "ask_async": lambda shell, model: asyncio.run(nb.ask_async("hello", model)),
    "a Model": lambda shell, model: nb.ask("hello", nb.Model(model) if model else None),
    "compare": lambda shell, model: nb.compare("hello", [model], progress=False, cache="off"),
    "a panel": lambda shell, model: _panel(model),
    "a cell": _cell,
}
NAMES = [
    ("groq:echo", "groq", "echo"),
    ("GROQ:echo", "groq", "echo"),
    ("Groq", "groq", "upper"),
    ("groq:org/echo:free", "groq", "org/echo:free"),
    ("openrouter:echo", "router", "echo"),
    ("echo", "groq", "echo"),
    ("llama3:8b", "groq", "llama3:8b"),
]


def _asked(groq, router):
    return [
        (name, request.body["model"])
        for name, server in (("groq", groq), ("router", router))
        for request in server.requests
        if request.body
    ]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("name", "server", "model"), NAMES)
def test_a_name_means_the_same_everywhere(way, name, server, model, shell, groq, router):
    """`provider:model`, a provider, a model of the provider in use, a colon that belongs to the model."""
    nb.use("groq")
    # The test server does not know every name; who was asked for what is the question.
    with contextlib.suppress(ModelNotFoundError):
        WAYS[way](shell, name)
    assert _asked(groq, router)[:1] == [(server, model)]


UPPER = "openrouter:upper"
ORDER = [
    ("nb.use", lambda patch: nb.use("openrouter:echo"), ("router", "echo")),
    (
        "the notebook",
        lambda patch: settings.set_notebook_layer({"model": "openrouter:upper"}),
        ("router", "upper"),
    ),
    ("the environment", lambda patch: patch.setenv("G4F_NB_MODEL", "openrouter:leak"), ("router", "leak")),
    ("the only key", lambda patch: None, ("groq", "upper")),
]


@pytest.mark.parametrize("way", [way for way in WAYS if way != "compare"])
@pytest.mark.parametrize("at", range(len(ORDER)), ids=[name for name, _, _ in ORDER])
def test_who_answers_where_nobody_is_named(way, at, shell, groq, router, monkeypatch):
    """What is in use, the settings of the notebook, of the environment, the only key: each over the next."""
    for _, choose, _ in reversed(ORDER[at:]):
        choose(monkeypatch)
    with contextlib.suppress(MissingAuthError):
        WAYS[way](shell, None)
    assert _asked(groq, router)[:1] == [ORDER[at][2]]


def test_only_a_panel_and_a_terminal_s_cell_fall_to_demo(shell, monkeypatch, capsys):
    """Where no key is set; what a program calls is told to name somebody."""
    monkeypatch.delenv("GROQ_API_KEY")
    for way in ("ask", "ask_async", "a Model"):
        with pytest.raises(NoProviderError, match="no provider is chosen"):
            WAYS[way](shell, None)
    with pytest.raises(nb.G4FError):
        nb.compare("hello", ["no-such-model"], progress=False, cache="off")
    panel = nb.ChatPanel()
    panel.ask("hello")
    assert panel.wait(20)
    panel.close()
    assert panel.value.provider == "Demo"
    assert "no model behind it" in capsys.readouterr().err
    assert shell.run_cell("%%chat -o said\nhello").success
    assert shell.user_ns["said"].provider == "Demo"


def test_a_call_on_a_class_never_splits(groq):
    """There a name is a model, whatever stands before its colon."""
    with contextlib.suppress(ModelNotFoundError):
        list(Groq.create_completion("groq:echo", [{"role": "user", "content": "hello"}]))
    assert groq.requests[0].body["model"] == "groq:echo"
