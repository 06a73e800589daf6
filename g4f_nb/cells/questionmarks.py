"""`%chat what is pandas?` is a question to a model, while `%chat?` asks IPython for help."""

from __future__ import annotations

import re
import tokenize

from IPython.core.inputtransformer2 import make_tokens_by_line

from g4f_nb.cells.parsing import NOT_HELP

# A line of its own or the right side of an assignment, of whatever is assigned to.
_QUESTION = re.compile(r"""^(\s*(?:[\w.,:\s\[\]()'"*|-]+=\s*)?%chat\s.*\?)(\s*)$""")


def keep_question_marks(lines: list[str]) -> list[str]:
    """Let questions reach the magic; IPython would read any line that ends in `word?` as a wish for help."""
    if not lines or lines[0].lstrip().startswith("%%"):
        return lines
    found = [number for number, each in enumerate(lines) if _QUESTION.match(each)]
    if not found:
        return lines
    inside = _lines_in_strings(lines)
    return [
        _QUESTION.sub(rf"\1{NOT_HELP}\2", each) if number in found and number not in inside else each
        for number, each in enumerate(lines)
    ]


def _lines_in_strings(lines: list[str]) -> set[int]:
    """The numbers of the lines that begin within a text of several lines; those are the user's own."""
    tokens = (token for line in make_tokens_by_line(lines) for token in line)
    spans = [
        (token.start[0], token.end[0])
        for token in tokens
        if token.type != tokenize.NEWLINE and token.end[0] > token.start[0] and token.string.strip()
    ]
    return {number for first, last in spans for number in range(first, last)}
