"""Two models' answers side by side in one text: what one has and the other has not."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from g4f_nb.errors import InvalidParameterError
from g4f_nb.judging.asked import questions
from g4f_nb.judging.candidates import Candidates
from g4f_nb.presenting.sheets import text

if TYPE_CHECKING:
    import pandas as pd

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
# So many words are compared one by one; longer texts line by line, for comparing takes time squared.
_MOST_WORDS = 4000
_STYLE = """
.g4f-diff{font:14px/1.5 system-ui,sans-serif;margin:0 0 1em;color:var(--jp-ui-font-color1,#1d1d1f)}
.g4f-diff p{margin:.2em 0}
.g4f-diff .g4f-words{white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:isolate;padding:.4em .7em;
border-left:3px solid var(--jp-border-color2,#d5d5d8)}
.g4f-diff del{background:#f8d0cd;color:#5d1410}
.g4f-diff ins{background:#cdebd0;color:#10401a;text-decoration:none}
"""
Piece = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """The answers of two models to one prompt; pieces are ("same" | "gone" | "new", words)."""

    question: str
    pieces: Sequence[Piece]

    @property
    def text(self) -> str:
        """`[-gone-]` and `{+new+}`, as wdiff writes it."""
        around = {"same": "{}", "gone": "[-{}-]", "new": "{{+{}+}}"}
        return "".join(around[kind].format(words) for kind, words in self.pieces)

    @property
    def html(self) -> str:
        """The same as HTML without any markup of the answers'."""
        tags = {"same": "{}", "gone": "<del>{}</del>", "new": "<ins>{}</ins>"}
        return "".join(tags[kind].format(text(words)) for kind, words in self.pieces)


class Differences:
    """All prompts to which two models gave different answers; shows itself in a notebook."""

    def __init__(self, names: tuple[str, str], found: Sequence[Difference], same: int) -> None:
        self.names = names
        self.found = list(found)
        self.same = same

    def __len__(self) -> int:
        return len(self.found)

    def __iter__(self) -> Iterator[Difference]:
        return iter(self.found)

    def __getitem__(self, at: int) -> Difference:
        return self.found[at]

    @property
    def text(self) -> str:
        """All of them as text."""
        return "\n\n".join([self._told, *(f"{each.question}\n{each.text}" for each in self.found)])

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        one, other = map(text, self.names)
        head = f"<p><del>{one}</del> <ins>{other}</ins>: {text(self._told.partition(': ')[2])}</p>"
        parts = (
            f'<p><b dir="auto">{text(each.question)}</b></p>'
            f'<div class="g4f-words" dir="auto">{each.html}</div>'
            for each in self.found
        )
        # MathJax shall find no formula in what a model wrote.
        root = '<div class="g4f-diff tex2jax_ignore mathjax_ignore">'
        return f"<style>{_STYLE}</style>{root}{head}{''.join(parts)}</div>"

    @property
    def _told(self) -> str:
        count = len(self.found)
        return (
            f"{self.names[0]} and {self.names[1]}: {count} answer{'s' * (count != 1)} differ"
            f"{'s' * (count == 1)}, {self.same} {'is' if self.same == 1 else 'are'} the same"
        )


def diff(
    frame: pd.DataFrame, one: str | None = None, other: str | None = None, *, question: str | None = None
) -> Differences:
    """Compare the answers of two models, the first two of the result if none are named."""
    candidates = Candidates.of(frame)
    order = candidates.order
    if (one is None or other is None) and len(order) < 2:  # noqa: PLR2004  # two are compared
        raise InvalidParameterError("there is one model in this result: a difference needs two")
    first = order[0] if one is None else candidates.named(one)
    second = next(name for name in order if name != first) if other is None else candidates.named(other)
    asked = questions(candidates.names, question)
    labels = candidates.label.tolist()
    answers = candidates.names["answer"]
    found, same = [], 0
    for pair in candidates.meetings():
        by_label = {labels[at]: at for at in pair}
        if by_label.keys() != {first, second} or answers.iloc[list(pair)].isna().any():
            continue
        left, right = (str(answers.iloc[by_label[name]]) for name in (first, second))
        if left == right:
            same += 1
        else:
            found.append(Difference(asked[pair[0]], pieces(left, right)))
    return Differences((first, second), found, same)


def pieces(left: str, right: str) -> list[Piece]:
    """What two texts have in common, and what only one of them has, in the order of reading."""
    both = [_WORDS.findall(each) for each in (left, right)]
    if max(map(len, both)) > _MOST_WORDS:
        both = [each.splitlines(keepends=True) for each in (left, right)]
    old, new = both
    gone, added = "", ""
    made: list[Piece] = []
    steps = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    for number, (what, old_from, old_to, new_from, new_to) in enumerate(steps):
        left, right = "".join(old[old_from:old_to]), "".join(new[new_from:new_to])
        # Blanks alone between two changes would only cut one change into pieces.
        if what == "equal" and (left.strip() or number in (0, len(steps) - 1)):
            made += _changed(gone, added)
            made.append(("same", left))
            gone, added = "", ""
        else:
            gone, added = gone + left, added + right
    return made + _changed(gone, added)


def _changed(gone: str, added: str) -> list[Piece]:
    return [(kind, words) for kind, words in (("gone", gone), ("new", added)) if words]
