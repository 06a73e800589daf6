"""A key that comes in pieces: wherever it is cut, nothing of it is given before it can be masked."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from g4f_nb.secret import MASK, Secret, mask_given
from g4f_nb.untold import Untold

KEY = "planted/Key+0123456789abcdef=="
PLAIN = "gsk0123456789ABCDEFghijkl"
FORMS = {
    "as it is": KEY,
    "in capitals": KEY.upper(),
    "in an address": quote(KEY, safe=""),
    "as JSON": KEY.replace("/", "\\/"),
    "as HTML": KEY.replace("+", "&#43;"),
    "in base64": base64.b64encode(f"user:{KEY}".encode()).decode(),
    "its beginning": KEY[:15] + "…",
    "its end": "x" + KEY[12:],
    "another one": PLAIN,
}


def _told(pieces, keys):
    """What is given piece by piece, as a screen would show it."""
    untold, text, at, said = Untold(keys), "", 0, []
    for number, piece in enumerate(pieces):
        text += piece
        end = len(text) if number == len(pieces) - 1 else untold.begins(text)
        if end > at:
            said.append(mask_given(text[at:end], *keys))
            at = end
    return said


@pytest.mark.parametrize("form", FORMS)
def test_wherever_it_is_cut(form):
    """In two pieces, in pieces of any length, letter by letter: what is given is what the whole masked is."""
    keys = [Secret(KEY), Secret(PLAIN)]
    text = f"The key is {FORMS[form]}, and that is it."
    whole = mask_given(text, *keys)
    assert MASK in whole
    for size in (1, 2, 3, 5, 8, 13):
        assert "".join(_told([text[at : at + size] for at in range(0, len(text), size)], keys)) == whole
    for at in range(len(text)):
        assert "".join(_told([text[:at], text[at:]], keys)) == whole


@given(st.lists(st.sampled_from(["sk", "-", "key", "1", " ", "ke", "y1", "sk-key1", "23", "中", "%2D", "."])))
def test_any_text_of_parts_of_a_key(parts):
    """The key itself is never among what was given, and what follows does not change that."""
    keys = [Secret("sk-key123")]
    assert "sk-key123" not in "".join(_told([*parts, ""], keys))


def test_nothing_waits_where_no_key_begins():
    """Words, sentences, other scripts; without keys nothing at all; of a key only as much as is one."""
    untold = Untold([Secret(PLAIN)])
    for text in ("", "hello ", "Why.", "你好世界", "привет", "word" * 10_000 + "!"):
        assert untold.begins(text) == len(text), text
    assert untold.begins("it is gsk01") == len("it is ")
    assert untold.begins("zgsk01") == 1
    assert Untold([]).begins("gsk01") == 5
    assert len("x " * 50) + 10_000 - Untold([Secret(KEY)]).begins("x " * 50 + "/" * 10_000) <= 4_000


def test_a_short_key_is_one_where_it_stands_alone():
    """As in a whole text: `k3y` in `ak3ys` is none."""
    keys = [Secret("k3y")]
    text = "ak3ys k3y (k3y) k3y."
    for at in range(len(text)):
        assert "".join(_told([text[:at], text[at:]], keys)) == mask_given(text, *keys)


def test_a_password_may_have_blanks():
    """And letters of any script."""
    keys = [Secret("mein Paßwort ist lang")]
    text = "Es heißt: mein Paßwort ist lang! Und weiter."
    for at in range(len(text)):
        assert "".join(_told([text[:at], text[at:]], keys)) == mask_given(text, *keys)


def test_it_shows_no_key():
    """It is made of nothing else."""
    assert "0123" not in repr(Untold([Secret(PLAIN)])) + repr(Untold([Secret(PLAIN)])._runs)
