"""How a notebook shows a conversation: its last turns, as Markdown that is safe anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from g4f_nb.controls import clean
from g4f_nb.conversations.keyless import Mask, keyless_turn
from g4f_nb.conversations.turns import Turn
from g4f_nb.errors import shorten
from g4f_nb.showing.formats import fenced
from g4f_nb.showing.inert import safe_text
from g4f_nb.showing.markdown import safe_markdown
from g4f_nb.showing.parts import folded

# What is shown is saved with the notebook: the file of a long conversation is made by `save`.
_MOST = 20
_LONGEST_LINE, _LONGEST_TITLE = 100, 60


def title_of(turns: Sequence[Turn]) -> str:
    """What a dialogue is about: the beginning of its first question, `""` as long as there is none."""
    return shorten(" ".join(turns[0].shown.split()), _LONGEST_TITLE) if turns else ""


def transcript(title: str, turns: Sequence[Turn], mask: Mask) -> dict[str, str]:
    """The MIME bundle of a conversation; `title` says what it is, `mask` takes the keys out of its texts."""
    title, left = mask(title), max(0, len(turns) - _MOST)
    shown = [keyless_turn(turn, mask) for turn in turns[-_MOST:]]
    return {"text/plain": "\n".join(_plain(title, shown)), "text/markdown": _markdown(title, shown, left)}


def _plain(title: str, turns: Sequence[Turn]) -> Iterator[str]:
    yield title
    for turn in turns:
        yield f"  You: {_line(turn.typed)}"
        mark = " [stopped early]" if turn.partial and turn.text else ""
        yield f"  {_who(turn)}: {_line(turn.text or turn.error or 'nothing')}{mark}"


def _markdown(title: str, turns: Sequence[Turn], left: int) -> str:
    parts = [f"**{safe_text(title)}**"]
    if left:
        parts.append(f"<sub>the {left} before these are not shown</sub>")
    said = ""
    for turn in turns:
        asked = turn.typed
        # Math that one text opened would go on in the next, so each knows what stands before it.
        parts += [_name("You"), safe_markdown(asked, after=said)]
        said += asked
        if turn.expanded:
            parts.append(folded("As it was sent", safe_markdown(fenced(turn.expanded, "text"), after=said)))
        parts += [_name(_who(turn)), safe_markdown(turn.text, after=said)]
        said += turn.text
        marks = ["stopped early"] * turn.partial + [turn.error] * bool(turn.error)
        parts += [f"<sub>{safe_text(' · '.join(filter(None, marks)))}</sub>"] if marks else []
    return "\n\n".join(filter(None, parts))


def _name(text: str) -> str:
    return f'<sub style="opacity:.7"><b>{safe_text(text)}</b></sub>'


def _who(turn: Turn) -> str:
    return turn.model or (turn.reply.provider if turn.reply is not None else None) or "the model"


def _line(text: str) -> str:
    # In a terminal, control characters are commands.
    return shorten(" ".join(clean(text).split()), _LONGEST_LINE)
