"""Lines for the user are written once, and to whom nothing was told yet, again."""

from __future__ import annotations

import pytest

from g4f_nb import notices


@pytest.mark.parametrize("turn", ["first", "second"])
def test_a_line_is_written_once(capsys, turn):
    """A process tells it once; whoever begins anew, as each test does, is told again."""
    for _ in range(3):
        notices.tell("the same")
    notices.tell_login("Somewhere", "https://login.example")
    notices.tell_login("Somewhere", "https://login.example")
    told = ["g4f_nb: the same", "g4f_nb: Somewhere waits for your login: https://login.example"]
    assert capsys.readouterr().err.splitlines() == told
    notices.forget()
    notices.tell("the same")
    assert capsys.readouterr().err == "g4f_nb: the same\n"
