"""`%g4f key` in a real kernel: a password box asks, and what is typed there is nowhere but in the request."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.kernel
KEY = "gsk_planted0123456789"


def _texts(messages):
    return "".join(each["content"]["text"] for each in messages if each["msg_type"] == "stream")


@pytest.fixture
def loaded(kernel):
    """The kernel with the extension, and without any key at the end."""
    assert kernel.run("%reload_ext g4f_nb").error is None
    assert kernel.run("import g4f_nb as nb").error is None
    yield kernel
    kernel.run("%g4f key --forget\n%unload_ext g4f_nb")


def test_a_password_box_asks_and_nothing_shows_the_key(loaded):
    """Not the output, not the input and output histories, no variable; the provider has it."""
    messages = loaded.watch("%g4f key groq", KEY)
    asked = next(each["content"] for each in messages if each["msg_type"] == "input_request")
    assert asked == {"prompt": "Key for Groq at https://api.groq.com: ", "password": True}
    assert "kept for this session" in _texts(messages)
    found = loaded.run("repr(nb.resolve('groq'))").value
    assert "%g4f key, for this session" in found
    places = "repr((In, Out, _, __, ___, _ih, _i, _ii, list(get_ipython().user_ns.items())))"
    history = "list(get_ipython().history_manager.get_tail(1000, raw=True, output=True, include_latest=True))"
    shown = loaded.run(f"{places} + repr({history})").value
    assert KEY not in shown
    assert KEY not in repr(messages)


def test_a_key_that_can_be_none_is_refused_in_one_line(loaded):
    """Without what was typed."""
    messages = loaded.watch("%g4f key groq", "planted planted")
    error = next(each["content"] for each in messages if each["msg_type"] == "error")
    assert "that is no key" in error["evalue"]
    assert len(error["traceback"]) == 1
    assert "planted" not in repr(messages)


def test_an_interrupted_prompt_keeps_nothing(loaded):
    """One line says so, and the kernel is as good as before."""
    messages = loaded.watch("%g4f key groq", None)
    error = next(each["content"] for each in messages if each["msg_type"] == "error")
    assert error["traceback"] == ["Stopped."]
    assert "none — set GROQ_API_KEY" in loaded.run("repr(nb.resolve('groq'))").value


def test_a_notebook_that_a_program_runs_is_told(loaded):
    """Nbclient and its like take no input: the cell fails with what to do, and does not hang."""
    result = loaded.run("%g4f key groq")
    assert result.error == "NobodyTypesError"
    assert "nobody can type a key here" in result.trace
