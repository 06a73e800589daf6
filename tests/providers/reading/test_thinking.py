from __future__ import annotations

from time import process_time

import pytest

from g4f_nb.chunks import Reasoning
from g4f_nb.providers.reading.thinking import ThinkSplitter


def _split(text, size):
    """Thought and answer of a text that comes in pieces: the splitter is asked until it is over."""
    splitter, parts = ThinkSplitter(), []
    for at in range(0, len(text), size):
        piece = text[at : at + size]
        parts += [piece] if splitter.over else splitter.feed(piece)
    parts += splitter.flush()
    thought = "".join(part.text for part in parts if isinstance(part, Reasoning))
    return thought, "".join(part for part in parts if not isinstance(part, Reasoning))


@pytest.mark.parametrize("space", ["", " ", "\n\n", " " * 1000])
@pytest.mark.parametrize("size", [1, 3, 5000])
def test_white_space_before_the_tag_is_dropped(space, size):
    """Cut anywhere, up to the bound."""
    assert _split(f"{space}<think>hm</think>\n4", size) == ("hm", "\n4")


@pytest.mark.parametrize("size", [1, 7, 5000])
def test_after_too_much_white_space_all_is_answer(size):
    """A tag that comes later is text, and nothing is lost."""
    text = " " * 1001 + "<think>hm</think>4"
    assert _split(text, size) == ("", text)


@pytest.mark.parametrize("text", ["  ", " \n<thi", "<", "\t<think", " <thx", "  a", "<b", " < think>", ""])
@pytest.mark.parametrize("size", [1, 2, 100])
def test_held_text_comes_out_as_it_came(text, size):
    """White space too, when the text goes on otherwise or ends."""
    assert _split(text, size) == ("", text)


def test_held_text_comes_out_once():
    """Asked again, there is none."""
    splitter = ThinkSplitter()
    assert [part for char in " \n<th" for part in splitter.feed(char)] == []
    assert splitter.flush() == [" \n<th"]
    assert splitter.flush() == []


def test_many_small_pieces_of_white_space_are_soon_shown():
    """The first past the bound brings all."""
    splitter = ThinkSplitter()
    assert [part for _ in range(1000) for part in splitter.feed(" ")] == []
    assert splitter.feed(" ") == [" " * 1001]
    assert splitter.over


@pytest.mark.clock
def test_many_small_pieces_are_cheap():
    """Held text is not joined anew with each piece, even where nobody looks at `over`."""
    splitter = ThinkSplitter()
    began = process_time()
    for _ in range(200_000):
        splitter.feed(" ")
    assert process_time() - began < 5
