"""The field for a key, as a view speaks to it; no kernel, no browser."""

from __future__ import annotations

import json
import logging
import sys
import threading

import pytest
from rich.traceback import Traceback

from g4f_nb import credentials
from g4f_nb.errors import ProviderNotWorkingError
from g4f_nb.providers.models.model import Model
from g4f_nb.providers.registry import resolve
from g4f_nb.testing import serve
from g4f_nb.widgets import KeyPrompt

KEY = "planted4711planted4711"


class Recorded(KeyPrompt):
    """A prompt whose messages are kept."""

    def __init__(self, *given):
        self.sent = []
        super().__init__(*given)

    def send(self, content, buffers=None):  # noqa: ARG002  # the signature of ipywidgets
        """Keep a message instead of sending it."""
        self.sent.append(json.loads(json.dumps(content)))

    def type(self, text, *, save=False):
        """Act as a view in which somebody typed this."""
        buffers = [memoryview(text.encode())]
        self._handle_custom_msg({"type": "key", "view": "v", "save": save}, buffers)
        assert buffers == []


@pytest.fixture
def prompt(places):
    """Make prompts; what was typed goes with the test."""
    del places
    yield Recorded
    credentials.forget_typed()


def everything(prompt):
    """All that a prompt shows, keeps or sends, as text."""
    state = {name: str(value) for name, value in prompt.get_state().items()}
    parts = {name: repr(value) for name, value in vars(prompt).items()}
    return json.dumps([state, parts, prompt.sent, repr(prompt), prompt._repr_mimebundle_()], default=repr)


def test_a_typed_key_is_used_for_its_host_alone(prompt):
    """It says beforehand where the key goes, and the next call to that host has it."""
    asked = prompt("groq")
    assert (asked._title, asked.ready, asked._kept) == ("Key for Groq", False, False)
    assert asked.place == "It will go to https://api.groq.com and nowhere else."
    asked.type(KEY)
    assert (asked.ready, asked._kept, asked.problem) == (True, True, "")
    assert asked.told == "The key is kept for this session; it goes to https://api.groq.com and nowhere else."
    assert resolve("groq:x").missing is None
    assert resolve("groq:x", api_base="http://127.0.0.1:9/v1").key is None
    assert asked.sent == [{"type": "done"}]


@pytest.mark.parametrize("text", [KEY, f"{KEY} {KEY}", f"GROQ_API_KEY={KEY}", f"{KEY}é", KEY * 500])
def test_no_part_of_a_key_is_anywhere(prompt, text, caplog):
    """Taken or refused: not in state, messages, parts, repr, or a log at its most talkative."""
    with caplog.at_level(logging.DEBUG):
        asked = prompt("groq")
        asked.type(text)
    assert KEY not in everything(asked) + caplog.text
    assert KEY[:6] not in everything(asked) + caplog.text


def test_a_keyring_that_fails_shows_no_key(prompt, pocket):
    """An error whose words and frames hold the key is told by its kind alone."""

    def fail(service, username, password):
        raise OSError(f"cannot write {password}")

    pocket.set_password = fail
    asked = prompt("groq")
    raised = []
    sys.excepthook, before = (lambda *error: raised.append(Traceback.extract(*error))), sys.excepthook
    try:
        asked.type(KEY, save=True)
    finally:
        sys.excepthook = before
    assert raised == []
    assert asked.problem.startswith("the key was not kept (OSError)")
    assert KEY not in everything(asked)


def test_a_key_that_is_none_is_refused_with_the_reason(prompt):
    """And the field can be used again."""
    asked = prompt("groq")
    asked.type("a b")
    assert "holds a blank" in asked.problem
    assert not asked.ready
    asked.type(KEY)
    assert (asked.problem, asked.ready) == ("", True)


def test_the_keyring_is_offered_where_there_is_one(prompt, pocket):
    """With the box ticked the key is for later sessions, too; Forget takes it out again."""
    asked = prompt("groq")
    assert asked._keyring
    asked.type(KEY, save=True)
    assert asked.told.startswith("The key is in a pocket, as GROQ_API_KEY")
    assert KEY in pocket.held.values()
    asked._handle_custom_msg({"type": "forget", "view": "v"}, [])
    assert (pocket.held, asked.ready, asked._kept) == ({}, False, False)
    assert asked.told == "Forgotten for Groq: the keyring's."
    pocket.priority = 0
    assert not prompt("groq")._keyring


def test_a_key_that_is_there_already_is_told(prompt, places):
    """From the environment it is not ours to forget."""
    places.environment("GROQ_API_KEY", KEY)
    asked = prompt("groq")
    assert (asked.ready, asked._kept) == (True, False)
    assert asked.told == "There is one already: the environment variable GROQ_API_KEY."


def test_a_server_of_one_s_own_is_named(prompt):
    """The key of an `nb.Model` with an address goes to that address."""
    with serve() as server:
        asked = prompt(Model("OpenaiTemplate:echo", api_base=server.api_base))
        assert server.api_base.removesuffix("/v1") in asked.place
        asked.type(KEY)
        assert resolve("OpenaiTemplate:echo", api_base=server.api_base).missing is None


def test_who_takes_no_key_is_not_asked_for_one():
    """The error says that it can be asked as it is."""
    with pytest.raises(ProviderNotWorkingError, match="takes no key"):
        KeyPrompt("demo")


def test_ready_can_be_observed_from_any_thread(prompt):
    """Whoever waits for a key hears of it, also where the kernel hears views on another thread."""
    asked, heard = prompt("groq"), []
    asked.observe(lambda change: heard.append(change.new), "ready")
    thread = threading.Thread(target=asked.type, args=(KEY,))
    thread.start()
    thread.join()
    assert heard == [True]


@pytest.mark.parametrize("message", [{}, {"type": "key"}, {"type": "key", "save": 1}, {"type": "nonsense"}])
def test_messages_of_no_known_form_are_ignored(prompt, message):
    """A view of another version does no harm."""
    asked = prompt("groq")
    asked._handle_custom_msg(message, [])
    assert not asked.ready
