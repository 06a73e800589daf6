"""What IPython would take for something else: `%chat what is pandas?`, and `%%chat --help` without a cell."""

from __future__ import annotations

import re
import tokenize

from g4f_nb.cells.parsing import NOT_HELP

# A line of its own or the right side of an assignment, of whatever is assigned to.
_QUESTION = re.compile(r"""^(\s*(?:[\w.,:\s\[\]()'"*|-]+=\s*)?%chat\s.*\?)(\s*)$""")


# A head without a body; `%%chat?` is IPython's.
_HEAD = re.compile(r"(\s*)%%(chat|g4f)(?!\?)\b(.*)", re.DOTALL)
# Behind `%g4f` stands a command, behind `%%g4f` what stands behind `%%chat`.
_FLAGS = re.compile(r"\s+-(?!-help\b|h\b)")


def take_lone_head(lines: list[str]) -> list[str]:
    """`%%chat why is the sky blue`, with nothing below it, is `%chat …`: IPython would ask for a body."""
    head = _HEAD.fullmatch(lines[0]) if lines else None
    if head is None or any(line.strip() for line in lines[1:]):
        return lines
    magic = "chat" if _FLAGS.match(head[3]) else head[2]
    return [f"{head[1]}%{magic}{head[3]}", *lines[1:]]


# Or a terminal would think the cell complete before anybody could type its body.
take_lone_head.has_side_effects = True  # type: ignore[attr-defined]  # IPython's word for it


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
    try:
        from IPython.core.inputtransformer2 import make_tokens_by_line
    except ImportError:
        # Not documented: without it no line is known to be within a text.
        return set()
    tokens = (token for line in make_tokens_by_line(lines) for token in line)
    spans = [
        (token.start[0], token.end[0])
        for token in tokens
        if token.type != tokenize.NEWLINE and token.end[0] > token.start[0] and token.string.strip()
    ]
    return {number for first, last in spans for number in range(first, last)}
