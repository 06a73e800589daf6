"""`GrowingAnswer`: who puts the steps together has the whole, and each thing was sent once."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from g4f_nb.chunks import Reasoning
from g4f_nb.reply import Reply
from g4f_nb.showing.growing import GrowingAnswer
from g4f_nb.showing.rendering import safe_html

KEY = "sk-planted4711planted4711"
TEXT = (
    "# Title\n\nA 😀 *paragraph* that is\nlong.\n\n- one\n- two\n\n"
    "```python\nx = 1\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
)


class View:
    """What a page shows: it appends, keeps and replaces as told, and counts as JavaScript does."""

    def __init__(self):
        self.finished, self.open, self.thoughts = "", "", ""

    def take(self, growth):
        """Take a step in."""
        told = growth.as_json()
        self.finished += "".join(told.get("finished", ()))
        kept = self.open.encode("utf-16-le")[: 2 * told.get("keep", 0)].decode("utf-16-le")
        self.open = kept + told["open"]
        self.thoughts += told.get("reasoning", "")


@given(st.lists(st.integers(0, len(TEXT)), max_size=12))
def test_the_steps_add_up_however_the_text_is_cut(cuts):
    """A view that took all steps, and one that came later, show what the whole text is as HTML."""
    view, growing, reply = View(), GrowingAnswer(), Reply()
    edges = [0, *sorted(cuts), len(TEXT)]
    for start, end in pairwise(edges):
        reply.add(TEXT[start:end])
        growth = growing.grow(reply)
        assert (growth is None) == (start == end)
        if growth is not None:
            view.take(growth)
        assert (view.finished, view.open) == ("".join(growing.finished), growing.open)
    view.take(growing.grow(reply, last=True))
    assert (view.finished, view.open) == (safe_html(TEXT), "")
    assert growing.html == safe_html(TEXT)


def test_a_long_answer_is_sent_once():
    """Twice as long is about twice as much: what is finished does not come again."""
    sent = []
    for many in (100, 200):
        growing, reply, size = GrowingAnswer(), Reply(), 0
        for number in range(many):
            reply.add(f"paragraph {number}\n\n")
            size += len(str(growing.grow(reply).as_json()))
        sent.append(size)
    assert sent[1] < 2.2 * sent[0]


def test_reasoning_is_told_once():
    """With the step after it came; a view that comes later reads what was told, and not more."""
    growing, reply, view = GrowingAnswer(), Reply(), View()
    reply.add(Reasoning("first "))
    view.take(growing.grow(reply))
    reply.add(Reasoning("second"))
    assert growing.reasoning == "first "
    view.take(growing.grow(reply))
    assert view.thoughts == growing.reasoning == "first second"


def test_something_stands_in_until_the_text_comes():
    """A login that is waited for is shown where the text will be, and gone with its first word."""
    growing, reply, view = GrowingAnswer(), Reply(), View()
    view.take(growing.stand_in("<p>log in</p>"))
    assert growing.stand_in("<p>log in</p>") is None
    assert view.open == "<p>log in</p>"
    reply.add("hello")
    view.take(growing.grow(reply))
    assert view.open == "<p>hello</p>\n"
    view.take(growing.still())
    assert view.open == "<p>hello</p>\n"


def test_no_key_is_in_any_step():
    """Not even where it comes in two pieces."""
    growing, reply, sent = GrowingAnswer(), Reply(), ""
    reply.asked_with = ({"api_key": KEY},)
    for piece in ("my key is ", KEY[:9], KEY[9:], " and that is all"):
        reply.add(piece)
        growth = growing.grow(reply)
        sent += "" if growth is None else growth.open
    growing.grow(reply, last=True)
    assert KEY not in sent + growing.html + growing.text
    assert "and that is all" in growing.text


def test_another_end_than_was_seen_is_the_end():
    """What is recorded of an answer counts, also where more or less of it was streamed."""
    growing, reply, view = GrowingAnswer(), Reply(), View()
    reply.add("the beginning")
    view.take(growing.grow(reply))
    view.take(growing.end("the beginning and the end", reply))
    assert view.finished == "<p>the beginning and the end</p>\n"
