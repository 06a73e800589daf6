"""What a notebook keeps of answers side by side: tables of text, within limits."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from html import escape

from g4f_nb.conversations.keyless import Mask
from g4f_nb.errors import shorten
from g4f_nb.masking import masker
from g4f_nb.panels.beside import LONGEST_HTML, LONGEST_PLAIN, as_lines, invitation
from g4f_nb.panels.round import Round
from g4f_nb.panels.side import Side
from g4f_nb.panels.side_by_side import letter_name
from g4f_nb.secret import Secret
from g4f_nb.showing.rendering import safe_html

_EARLIER = "<p><small>Earlier prompts are not kept here: panel.results has them.</small></p>\n"
# Attributes, for GitHub leaves no style.
_CELL = 'align="left" valign="top" dir="auto"'


class KeptColumns:
    """The tables of one panel's prompts; each answer is rendered once."""

    def __init__(self, secrets: Callable[[], Iterable[Secret]] = tuple) -> None:
        # What the models were asked with, which no notebook shall keep.
        self._secrets = secrets
        self._html: dict[str, str] = {}

    def of(self, rounds: Sequence[Round], title: str) -> tuple[str, str]:
        """The latest prompts as HTML and as text; where there is none yet, what it is."""
        if not any(each.is_settled for each in rounds):
            return invitation(title, "Nothing was asked yet.")
        html, plain, room = [], [], LONGEST_HTML
        mask = masker(self._secrets())
        there = {side.id for round_ in rounds for side in round_.sides.values()}
        # One that was asked again has another side in its place.
        self._html = {id_: made for id_, made in self._html.items() if id_ in there}
        for round_ in reversed(rounds):
            if not round_.is_settled:
                continue
            block = self._round(round_, mask)
            room -= len(block)
            if room < 0:
                html.append(_EARLIER)
                break
            html.append(block)
            plain.append(mask(_plain(round_)))
        text = shorten("\n\n".join(reversed(plain)), LONGEST_PLAIN)
        return "".join(reversed(html)), text

    def _round(self, round_: Round, mask: Mask) -> str:
        question = shorten(mask(round_.question), 2_000)
        asked = f'<blockquote dir="auto">{as_lines(question)}</blockquote>\n'
        shown = round_.shown
        heads = _row([escape(name) for name in _names(round_)], tag="th")
        answers = _row([self._answer(side, mask) for side in shown])
        facts = _row([f"<small>{escape(_facts(round_, side))}</small>" for side in shown])
        return f"{asked}<table><thead>{heads}</thead><tbody>{answers}{facts}</tbody></table>\n"

    def _answer(self, side: Side, mask: Mask) -> str:
        if side.id not in self._html:
            text = shorten(mask(side.text), LONGEST_HTML // 4)
            html = f"<pre>{escape(text)}</pre>"
            with contextlib.suppress(Exception):
                html = safe_html(text, formulas=False)
            self._html[side.id] = html
        error = _error(side)
        return self._html[side.id] + (f"<p><b>Error:</b> {as_lines(mask(error))}</p>" if error else "")


def pair_html(question: str, sides: Sequence[Side], names: Sequence[str], mask: Mask) -> str:
    """Two answers to one prompt, beside each other."""
    asked = f'<blockquote dir="auto">{as_lines(shorten(mask(question), 2_000))}</blockquote>\n'
    heads = _row([escape(name) for name in names], tag="th")
    answers = _row([safe_html(shorten(mask(side.text), LONGEST_HTML // 4), formulas=False) for side in sides])
    return f"{asked}<table><thead>{heads}</thead><tbody>{answers}</tbody></table>\n"


def score_html(score: Iterable[tuple[str, int, int, int]], told: Sequence[str]) -> str:
    """Who won how often, and what is said about it."""
    heads = "".join(f"<th>{word}</th>" for word in ("model", "won", "tied", "lost"))
    rows = "".join(
        f"<tr><td>{escape(name)}</td>{''.join(f'<td>{count}</td>' for count in counts)}</tr>"
        for name, *counts in score
    )
    lines = "".join(f"<p>{escape(line)}</p>" for line in told)
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    return lines + (table if rows else "")


def _row(cells: Iterable[str], *, tag: str = "td") -> str:
    made = "".join(f"<{tag} {_CELL}>{cell}</{tag}>" for cell in cells)
    return f"<tr>{made}</tr>"


def _names(round_: Round) -> list[str]:
    if round_.hides_names:
        return [letter_name(at) for at in range(len(round_.shown))]
    return [side.name for side in round_.shown]


def _facts(round_: Round, side: Side) -> str:
    item = side.item()
    if item is None:
        return ""
    facts = [] if round_.hides_names else item["facts"]
    return " · ".join(filter(None, [item["mark"], *facts]))


def _error(side: Side) -> str | None:
    item = side.item()
    return None if item is None else item["error"]


def _plain(round_: Round) -> str:
    parts = [f"> {shorten(round_.question, 500)}"]
    for name, side in zip(_names(round_), round_.shown, strict=True):
        error = _error(side)
        parts.append(f"{name}:\n{shorten(side.text, 1_500)}" + (f"\nError: {error}" if error else ""))
    return "\n\n".join(parts)
