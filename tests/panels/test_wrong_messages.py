"""What a front end of another version says, or nobody's: each field of each message, wrong."""

from __future__ import annotations

import pytest
from fake_view import Recorded
from hearing import Comparing

import g4f_nb as nb

DEMO = "Demo:demo-fast"
JUNK = (5, 1.5, True, [], ["x"], {}, {"a": 1})
# What is said, and the fields that it needs; what may be left out may also be `None`.
CHAT = [
    ({"type": "hello", "view": "v"}, ("view",)),
    ({"type": "bye", "view": "v"}, ("view",)),
    ({"type": "ask", "view": "v", "request": "r", "text": "Hello", "turn": "t"}, ("request", "text")),
    ({"type": "again", "request": "r", "turn": "t"}, ("request",)),
    ({"type": "continue", "request": "r"}, ("request",)),
    ({"type": "stop", "request": "r"}, ("request",)),
    ({"type": "look", "view": "v", "what": "names", "text": "d"}, ("view", "what")),
    ({"type": "change", "do": "drop", "id": "t"}, ("do",)),
    ({"type": "change", "do": "rename", "id": "c", "value": "x"}, ("do", "value")),
    ({"type": "change", "do": "system", "value": "x"}, ("do", "value")),
    ({"type": "change", "do": "code", "value": "x"}, ("do", "value")),
    ({"type": "change", "do": "load", "value": "x.md"}, ("do", "value")),
]
COMPARE = [
    ({"type": "hello", "view": "v"}, ("view",)),
    ({"type": "ask", "view": "v", "request": "r", "text": "Hello"}, ("view", "request", "text")),
    ({"type": "vote", "choice": "left"}, ("choice",)),
    ({"type": "text", "view": "v", "side": "s"}, ("view", "side")),
    ({"type": "diff", "view": "v", "one": "s", "other": "t"}, ("view", "one", "other")),
    ({"type": "stop", "side": "s"}, ()),
    ({"type": "go", "to": 0}, ("to",)),
    ({"type": "add", "view": "v", "request": "r", "model": "Demo:demo"}, ("view", "request", "model")),
    ({"type": "remove", "column": "c"}, ("column",)),
    ({"type": "again", "column": "c"}, ("column",)),
    ({"type": "key", "column": "c"}, ("column",)),
    ({"type": "providers", "view": "v"}, ("view",)),
    ({"type": "models", "view": "v", "provider": "Demo"}, ("view", "provider")),
]


def wrong(messages):
    """Give every message with one field that cannot be meant."""
    for message, needed in messages:
        for name, value in message.items():
            junk = [each for each in JUNK if type(each) is not type(value)]
            for each in [*junk, *([None] if name in needed else [])]:
                if name in needed or name in ("turn", "side", "id", "text"):
                    yield {**message, name: each}
            yield {**message, "type": None}


@pytest.fixture
def chat():
    """A chat panel in which something was said."""
    chat = Recorded(DEMO)
    chat.ask("Hello")
    assert chat.wait(10)
    yield chat
    chat.close()


def test_a_chat_panel_ignores_what_cannot_be_meant(chat):
    """Nothing is asked, changed or said, and nothing raised."""
    talk = chat.conversation
    before = (talk.turns, talk.name, talk.system, chat.last_code, chat.parameters, chat.conversations)
    chat.sent.clear()
    for message in wrong(CHAT):
        chat.say(**message)
        assert not chat.busy, message
    for values in ({"temperature": 5}, {"temperature": None}, ["temperature"]):
        chat.say(type="change", view="v", do="parameters", value=values)
    after = (talk.turns, talk.name, talk.system, chat.last_code, chat.parameters, chat.conversations)
    assert (after, chat.sent) == (before, [])


def test_a_comparing_panel_ignores_what_cannot_be_meant():
    """Likewise."""
    panel = Comparing([DEMO])
    panel.ask("Hello")
    assert panel.wait(10)
    panel.sent.clear()
    for message in wrong(COMPARE):
        panel.say(**message)
        assert not panel.busy, message
    assert (panel.sent, panel.problem, panel.models, len(panel.results)) == ([], "", [DEMO], 1)
    panel.close()


def test_fields_ignore_what_cannot_be_meant():
    """A picker fetches nothing, and a prompt for a key takes none."""
    picker, prompt = nb.ModelPicker(DEMO), nb.KeyPrompt("groq")
    for junk in (
        None,
        *JUNK,
        {"type": ["key"]},
        {"type": "key", "save": "yes"},
        {"type": "models", "view": 5},
    ):
        for widget in (picker, prompt):
            buffers = [memoryview(b"planted4711planted4711")]
            widget._handle_custom_msg(junk, buffers)
            assert (picker.value, prompt.ready) == (DEMO, False)
