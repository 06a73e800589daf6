"""What a notebook keeps of a panel: safe, small, and in two forms."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hostile_markdown import PAYLOADS

from g4f_nb.chunks import ToolCall, ToolCalls, ToolResult
from g4f_nb.conversations.turns import Turn
from g4f_nb.panels.beside import LONGEST_HTML, LONGEST_PLAIN
from g4f_nb.panels.transcript import Transcript
from g4f_nb.reply import Reply

TAGS = {"a", "b", "blockquote", "br", "code", "del", "div", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr"}
TAGS |= {
    "li",
    "ol",
    "p",
    "pre",
    "s",
    "small",
    "span",
    "strong",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
}


def turn(question, answer=None, *, number=0, error=None):
    """Make a settled turn."""
    reply = None
    if answer is not None:
        reply = Reply(provider="Demo", model="demo")
        reply.add(answer)
    now = datetime.now(UTC)
    return Turn(id=f"t{number}", prompt=question, shown=question, reply=reply, error=error, asked_at=now)


def bundle(*turns):
    """Give what would be put out for these turns."""
    return Transcript("0123456789")._bundle(turns)


def test_questions_answers_and_errors_are_there():
    """As HTML and as plain text; an empty one says what it is."""
    made = bundle(turn("One?", "**1**"), turn("Two?", error="It broke", number=1))
    assert "<strong>1</strong>" in made["text/html"]
    assert "It broke" in made["text/html"]
    assert made["text/plain"] == "> One?\n**1**\n\n> Two?\nError: It broke"
    assert bundle()["text/plain"] == "Chat panel\nNothing was asked yet. Run this cell to use it."
    assert "<b>Chat panel</b>" in bundle()["text/html"]


def test_calls_of_tools_are_lines():
    """What was called, with what, and what came of it."""
    one = turn("Add", "42")
    one.reply._text.seek(0)
    one.reply.add(ToolCalls((ToolCall("c1", "add", '{"a": 2}'),)))
    one.reply.add(ToolResult("c1", "add", "42"))
    assert "<code>add(a = 2)</code> → 42" in bundle(one)["text/html"]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_in_it_acts(payload):
    """As question, answer and error."""
    html = bundle(turn(payload, payload, error=payload))["text/html"]
    tags = set(re.findall(r"<([a-zA-Z!][^\s>/]*)", html.partition("<style>")[0]))
    assert tags <= TAGS
    assert not re.search(r"<[^>]* on\w+=|<[^>]*javascript:", html, re.IGNORECASE)


def test_a_long_conversation_is_cut_at_its_beginning():
    """The newest turns are kept, within the limits, and what is not there is said."""
    made = bundle(*(turn(f"Q{n}", "word " * 500, number=n) for n in range(50)))
    assert len(made["text/html"]) < LONGEST_HTML + 1_000
    assert len(made["text/plain"]) < LONGEST_PLAIN + 100
    assert "Q49" in made["text/html"]
    assert "Q10<" not in made["text/html"]
    assert "earlier turns are not kept here" in made["text/html"]
    huge = bundle(turn("Q", "word " * 50_000))
    assert len(huge["text/html"]) < LONGEST_HTML
    assert "Too long" in huge["text/html"]
