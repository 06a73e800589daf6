"""What is sent as a table, and what is said where it does not fit."""

import sys

import pytest

from g4f_nb.errors import InvalidParameterError
from g4f_nb.prompting.composing import compose
from g4f_nb.prompting.context import Piece, context_of, joined
from g4f_nb.prompting.mentions import candidates, mentions

TOOL = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}


def test_everything_that_goes_out_is_a_row():
    """System prompt, tools, earlier turns, the prompt, values and attachments, with sizes and a sum."""
    pieces = compose("{x} <b>", {"x": "y" * 10}, attach=[b"hello"]).pieces
    made = context_of(
        pieces, model="openai:gpt-4o-mini", system="Be brief.", tools=[TOOL],
        earlier=[{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}],
    )  # fmt: skip
    assert [piece.kind for piece in made.pieces] == [
        "system", "tools", "earlier", "earlier", "prompt", "value", "attachment",
    ]  # fmt: skip
    text = repr(made)
    assert "tools       add" in text
    assert "earlier     assistant: ho" in text
    assert f"about {made.tokens:,} tokens in all of the 128,000 that openai:gpt-4o-mini takes" in text
    assert "&lt;b&gt;" in made._repr_html_()
    assert "<b>" not in made._repr_html_().replace("<b>What is sent</b>", "")
    assert made.warning is None


def test_what_the_model_does_not_take_is_said_before_it_is_sent():
    """With the numbers, the largest piece and the way out; surely too long is told from perhaps."""
    long = context_of(compose("{x}", {"x": "word " * 200_000}).pieces, model="openai:gpt-4o-mini")
    assert long.warning.startswith("about ")
    assert (
        "more than the 128,000 that openai:gpt-4o-mini takes; the largest piece is value x with"
        in long.warning
    )
    assert "--new" in long.warning
    close = context_of([Piece("prompt", "p", "", 129_000)], model="openai:gpt-4o-mini")
    assert "perhaps more than" in close.warning


@pytest.mark.parametrize("model", ["", "Demo", "ollama:llama3.2"])
def test_where_nobody_knows_the_size_nothing_is_said(model):
    """No limit, no warning."""
    made = context_of([Piece("prompt", "p", "", 10**7)], model=model)
    assert (made.limit, made.warning) == (None, None)


def test_earlier_messages_can_be_one_row():
    """A long conversation does not hide what is new; its table does so by itself."""
    pieces = [
        Piece("system", "s"),
        *(Piece("earlier", str(at), "", 5) for at in range(40)),
        Piece("prompt", "p"),
    ]
    assert [(piece.kind, piece.name, piece.tokens) for piece in joined(pieces)] == [
        ("system", "s", 0), ("earlier", "40 messages", 200), ("prompt", "p", 0),
    ]  # fmt: skip


def test_the_table_of_a_long_conversation_is_short():
    """More than a few earlier messages are one row of it."""
    earlier = [{"role": "user", "content": f"number {at}"} for at in range(30)]
    text = repr(context_of([Piece("prompt", "p")], earlier=earlier))
    assert "30 messages" in text
    assert "number 7" not in text


def test_what_has_no_rule_is_not_counted_and_says_so():
    """Sound and documents have no known number of tokens."""
    assert "not known" in repr(context_of([Piece("attachment", "a.pdf", "9 bytes", None)]))


def test_variables_are_offered_by_their_beginning_and_with_their_kind():
    """Names that begin so come first; what IPython keeps, and hidden names, are not offered."""
    import pandas as pd

    names = {
        "sales": pd.DataFrame({"a": range(9)}),
        "all_sales": [1, 2],
        "s": "x",
        "_s": 1,
        "In": [],
        "exit": 2,
    }
    found = [(each.name, each.kind) for each in candidates("s", names)]
    assert found == [("s", "text"), ("sales", "DataFrame 9×1"), ("all_sales", "list of 2")]  # noqa: RUF001
    assert len(candidates("", {f"n{each}": each for each in range(500)})) == 50


def test_mentions_have_their_place():
    """Where each begins and ends in what was typed; addresses, decorators and code are left alone."""
    found = mentions("see @df. me@df.com\n```\n@app.get\n```\n`@n` @nobody (@n)", {"df": 1, "app": 1, "n": 3})
    assert [(each.name, each.start, each.end) for each in found] == [("df", 4, 7), ("n", 50, 52)]


def test_the_last_error_is_offered_where_there_was_one(monkeypatch):
    """By its name, with its kind; not where none was, and not that of a question which could not be asked."""
    monkeypatch.setattr(sys, "last_exc", None, raising=False)
    monkeypatch.setattr(sys, "last_value", KeyError("k"), raising=False)
    assert ("last_error", "KeyError") in [(each.name, each.kind) for each in candidates("last", {"a": 1})]
    assert [each.name for each in mentions("explain @last_error", {})] == ["last_error"]
    monkeypatch.setattr(sys, "last_value", InvalidParameterError("no key"), raising=False)
    assert candidates("last", {"a": 1}) == ()
    assert mentions("explain @last_error", {}) == ()


def test_a_call_of_a_tool_is_told():
    """A message without a text is not shown as an empty one."""
    call = {"id": "1", "type": "function", "function": {"name": "add", "arguments": "{}"}}
    made = context_of([], earlier=[{"role": "assistant", "content": None, "tool_calls": [call]}])
    assert made.pieces[0].name == "assistant: (calls add)"
