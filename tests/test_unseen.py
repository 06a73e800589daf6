"""A key whose letters stand apart by what no reader sees is masked, whole and while it comes in pieces."""

from __future__ import annotations

import time

import pytest

from g4f_nb.secret import MASK, Secret, mask_given
from g4f_nb.untold import Untold

KEY = "sk_live-Zq7Xk29pLmWv83tR5"
BROKEN = {
    "emphasis": "sk_live-Zq7**Xk29p**LmWv83tR5",
    "letter by letter": "*".join(KEY),
    "struck": "sk_live-Zq7~~Xk29~~pLmWv83tR5",
    "code": "sk_live-`Zq7Xk29p`LmWv83tR5",
    "escaped": r"sk\_live-Zq7*Xk2*9pLmWv83tR5",
    "without its underscore": "sk**live-Zq7Xk29pLmWv83tR5**",
    "math": "sk_live-$Zq7Xk2$9pLmWv83tR5",
    "a link": "sk_live-[Zq7Xk29p](https://example.org/a?b=c)LmWv83tR5",
    "a link elsewhere": "[sk_live-Zq7][1][Xk29pLmWv83tR5][2]",
    "no width": "sk_live\u200b-Zq7X\u2060k29pLm\ufeffWv83tR5",
    "a soft hyphen": "sk_live-Zq7Xk29\u00adpLmWv83tR5",
    "accents": "\u0336".join(KEY),
    "a code of no width": "sk_live-Zq7&zwnj;Xk29p&#8203;LmWv&#x200B;83tR5",
    "a coded code": "sk_live-Zq7&amp;zwnj;Xk29pLmWv83tR5",
    "letters as codes, too": "sk_live-Zq7**Xk&#50;9p**LmWv83tR5",
    "only its beginning": "sk_live-Zq**7Xk29p**",
    "only its end": "x29p**LmWv83tR5**",
}


PIECES = [KEY[at : at + 5] for at in range(0, len(KEY), 5)]
RENDERED = {
    "titles": "".join(f'[{piece}](http://a "t")' for piece in PIECES),
    "brackets in addresses": "".join(f"[{piece}](http://a/(x))" for piece in PIECES),
    "escaped brackets": "".join(rf"[{piece}](http://a\(c)" for piece in PIECES),
    "blanks": "".join(f"[{piece}]( http://a )" for piece in PIECES),
    "long addresses": "".join(f"[{piece}](http://a/{'x' * 501})" for piece in PIECES),
    "addresses in angles": "".join(f"[{piece}](<http://a b>)" for piece in PIECES),
    "references": "".join(rf"[{piece}][x\]]" for piece in PIECES),
    "tags": "<sub></sub>".join(PIECES),
    "groups of a formula": "$\\mathrm{" + "{}".join(PIECES) + "}$",
    "commands of a formula": "$" + "\\!".join(f"\\mathrm{{{piece}}}" for piece in PIECES) + "$",
    "words of a formula": "\\(" + "".join(f"\\text{{{piece}}}" for piece in PIECES) + "\\)",
    "colours of a formula": "$" + "".join(f"\\textcolor{{red}}{{{piece}}}" for piece in PIECES) + "$",
    "comments of a formula": "$$\\mathrm{" + "%x\n".join(PIECES) + "}$$",
    "blanks of a formula": "$" + " ".join(PIECES) + "$",
}


def _letters(text):
    return "".join(each for each in text if each.isascii() and each.isalnum())


@pytest.mark.parametrize("how", BROKEN)
def test_a_key_in_pieces_is_masked(how):
    """Whatever stands between its letters; what stands around it stays."""
    shown = mask_given(f"**It** is {BROKEN[how]}, [so](http://a.b).", Secret(KEY))
    assert MASK in shown
    assert shown.startswith("**It** is ")
    assert shown.endswith(", [so](http://a.b).")
    for start in range(len(_letters(KEY)) - 7):
        assert _letters(KEY)[start : start + 8] not in _letters(shown)


@pytest.mark.parametrize("how", RENDERED)
def test_a_key_that_is_seen_once_rendered_takes_its_paragraph_along(how):
    """Where its letters end in the text is for each parser to say; what stands around stays."""
    shown = mask_given(f"It is:\n\n{RENDERED[how]}\n\n[So](http://a.b).", Secret(KEY))
    assert shown == f"It is:\n\n{MASK}\n\n[So](http://a.b)."


@pytest.mark.parametrize("how", BROKEN)
def test_also_while_it_comes(how):
    """However an answer is cut: what was given is what the whole masked is, or less of it."""
    keys = [Secret(KEY), Secret("gsk0123456789ABCDEFghijkl")]
    untold = Untold(keys)
    text = f"**It** is {BROKEN[how]} , so."
    whole = _letters(mask_given(text, *keys))
    for size in (1, 3, 7):
        given, at = "", 0
        for end in [*range(size, len(text), size), len(text)]:
            told = end if end == len(text) else untold.begins(text[:end])
            if told > at:
                given += mask_given(text[at:told], *keys)
                at = told
        assert _letters(given) == whole


def test_what_is_no_key_stays():
    """Text that only has such marks, and a key's letters among others."""
    text = "**bold** `code` [link](http://a.b/Zq7) \u200b \u0336x &zwnj; &lt; $a_1$ sk_live **Zq7** Xk29p"
    assert mask_given(text, Secret(KEY)) == text


def test_marks_do_not_wait():
    """While an answer comes, what is bold or a link is shown at once if no key begins in it."""
    untold = Untold([Secret("gsk0123456789ABCDEFghijkl")])
    for text in ("**bold** ", "x `code`, ", "[so](a.b)!", "你\u200b好"):
        assert untold.begins(text) == len(text)


@pytest.mark.clock
@pytest.mark.parametrize("piece", ["*", "[", "](", "][", "\\*", "&zwnj;", "\u200b", "&amp;", "a*", "](a)"])
def test_no_marks_take_long(piece):
    """Whatever a server repeats without end."""
    begin = time.monotonic()
    text = piece * 100_000
    mask_given(f"{text}sk_live-", Secret(KEY))
    Untold([Secret(KEY)]).begins(text)
    assert time.monotonic() - begin < 5
