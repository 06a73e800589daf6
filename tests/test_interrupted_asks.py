"""An interrupt of a plain call leads to what had arrived, and shows the user's own lines."""

from __future__ import annotations

import pytest

import g4f_nb as nb
from g4f_nb.interrupts import tell_where


def stop() -> str:
    """Stop it all, as a user does."""
    raise KeyboardInterrupt


def _ask():
    return nb.ask("Call the tool stop", "Demo:demo-fast", tools=[stop])


def _read():
    return list(nb.stream("Call the tool stop", "Demo:demo-fast", tools=[stop]))


@pytest.mark.parametrize("ask", [_ask, _read])
def test_an_interrupt_is_shown_with_the_users_lines_and_where_the_answer_is(ask):
    """No frame of ours; the reply is in the exception, and a note says so."""
    with pytest.raises(KeyboardInterrupt) as caught:
        ask()
    error = caught.value
    assert error.reply.partial
    assert [call.name for call in error.reply.tool_calls] == ["stop"]
    try:
        raise error
    except KeyboardInterrupt:
        lines = "\n".join(error._render_traceback_())
    assert f"in {ask.__name__}" in lines
    assert "asking.py" not in lines
    assert lines.endswith("KeyboardInterrupt\nNothing had arrived yet.")


@pytest.mark.parametrize(
    ("shell", "words"), [(None, "attribute `reply`"), (object(), "sys.last_value.reply")]
)
def test_where_what_had_arrived_is_told(monkeypatch, shell, words):
    """In the exception; in a notebook, where nobody has caught it, in `sys.last_value`."""
    monkeypatch.setattr("g4f_nb.frontend.shell", lambda: shell)
    reply, error = nb.Reply(), KeyboardInterrupt()
    reply.add("half of")
    tell_where(error, reply)
    assert words in error.__notes__[0]
