"""`--continue`: the rest of an answer is written by whoever wrote the half of it."""

from __future__ import annotations

import pytest

import g4f_nb as nb
from g4f_nb.conversations.sending import GO_ON
from g4f_nb.errors import InvalidParameterError
from g4f_nb.testing import serve


def _failed(shell, code):
    result = shell.run_cell(code)
    assert not result.success
    return result.error_in_exec


def test_the_rest_comes_from_who_wrote_the_half(asked, server):
    """With its address and options, whatever answers where nobody is named."""
    with serve() as other:
        nb.use("OpenaiTemplate:upper", api_base=other.api_base)
        asked("-m cut -t 0.5 --seed 7 -s 'be brief'", "tell me", ok=False)
        (sent,), _ = asked("--continue", "", ok=False)
        assert not other.requests
    assert (sent.body["model"], sent.body["temperature"], sent.body["seed"]) == ("cut", 0.5, 7)
    said = [message["content"] for message in sent.body["messages"]]
    assert (said[0], said[1], said[-1]) == ("be brief", "tell me", GO_ON)
    (sent,), _ = asked("--continue -t 0.9", "", ok=False)
    assert (sent.body["model"], sent.body["temperature"], sent.body["seed"]) == ("cut", 0.9, 7)


def test_of_several_the_one_that_had_begun(asked, shell):
    """Not the first of --fallback, which had failed."""
    shell.run_cell("refused = model('error-401')")
    asked("-m refused --fallback cut,echo", "tell me", ok=False)
    sent, _ = asked("--continue", "", ok=False)
    assert [each.body["model"] for each in sent] == ["cut"]


def test_who_is_named_goes_on(asked):
    """-m says whom, as everywhere."""
    asked("-m cut", "tell me", ok=False)
    (sent,), _ = asked("-m upper --continue", "")
    assert sent.body["model"] == "upper"


def test_a_fork_goes_on_likewise(asked, shell):
    """It begins as the conversation does."""
    asked("-m cut -n trip", "tell me", ok=False)
    shell.run_cell("%g4f fork copy trip")
    (sent,), _ = asked("-n copy --continue", "", ok=False)
    assert sent.body["model"] == "cut"


def test_what_is_whole_is_not_gone_on_with(asked, shell, server):
    """With words as without them: they would be an ordinary question."""
    asked("-m echo", "hello")
    before = len(server.requests)
    for line in ("%chat --continue", "%chat --continue in French"):
        error = _failed(shell, line)
        assert isinstance(error, InvalidParameterError)
        assert "nothing in the conversation 'main' broke off" in str(error)
    assert len(server.requests) == before


@pytest.mark.parametrize("words", ["", " in French"])
def test_what_has_an_answer_after_it_is_told(asked, shell, server, words):
    """That something broke off is true, and that it is no longer the last."""
    asked("-m cut", "tell me all", ok=False)
    asked("-m echo", "hello")
    before = len(server.requests)
    told = str(_failed(shell, f"%chat --continue{words}"))
    assert "the answer to 'tell me all' broke off, but another question" in told
    assert len(server.requests) == before


def test_an_answer_that_broke_off_says_where_it_is(asked, shell, capsys):
    """As after a stop: the half of it, and how to have the rest; the history says why it ends there."""
    capsys.readouterr()
    asked("-m cut -n trip", "tell me", ok=False)
    shown = capsys.readouterr().out
    assert "The half of the answer is kept in `_`; %chat -n trip --continue goes on with it." in shown
    half = shell.user_ns["_"]
    assert half.partial
    table = shell.run_cell("%g4f history trip").result
    answer = table.rows[0][2]
    assert "[broke off: " in answer
    assert "[stopped]" not in answer
    capsys.readouterr()
    asked("-p OpenaiTemplate -m error-401 --api-base http://127.0.0.1:9/v1 --set max_retries=0", ok=False)
    assert "goes on with it" not in capsys.readouterr().out


def test_what_one_should_know_is_told_without_an_answer_on_the_screen(asked, capsys):
    """--quiet hides the answer, and no notice about it."""
    asked("-m echo --quiet -o kept", "hello")
    asked("-m echo --quiet", "what is {keptt}?")
    said = capsys.readouterr()
    assert "did you mean {kept}?" in said.err
