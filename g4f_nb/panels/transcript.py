"""What a notebook keeps of a chat panel: the conversation as plain, safe HTML, in an output of its own.

It has a limit: a notebook is no archive, `panel.save(…)` is.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Container, Iterable, Iterator
from html import escape
from typing import Any

from g4f_nb.conversations.keyless import Mask, keyless_turn
from g4f_nb.conversations.turns import Turn
from g4f_nb.errors import shorten
from g4f_nb.masking import masker
from g4f_nb.panels.beside import LONGEST_HTML, LONGEST_PLAIN, Beside, Bundle, as_lines, invitation
from g4f_nb.panels.calls import cards_of
from g4f_nb.panels.items import attached, links_of, mark_of, speed
from g4f_nb.secret import Secret
from g4f_nb.showing.rendering import facts, safe_html


class Transcript:
    """The transcript of one panel, on the page wherever the panel was shown."""

    def __init__(
        self, mark: str, secrets: Callable[[], Iterable[Secret]] = tuple, *, model: Callable[[], str] = str
    ) -> None:
        self._beside = Beside(mark)
        self._model = model
        # What the conversation was asked with, which no notebook shall keep.
        self._secrets = secrets
        self.mark = self._beside.mark
        self._html: dict[str, tuple[Any, str]] = {}

    def show(self, turns: Iterable[Turn]) -> None:
        """Publish it as an output of the cell that runs now."""
        self._beside.publish(self._bundle(tuple(turns)))

    def update(self, turns: Iterable[Turn], *, here: bool = False) -> None:
        """Bring it up to date; `here` as a message of the cell that runs now, which is all nbclient reads."""
        if self._beside.is_shown:
            self._beside.renew(self._bundle(tuple(turns)), here=here)

    def keep(self, turns: Container[str]) -> None:
        """Let go of all turns but these; what it shows of them stays on the page."""
        for key in tuple(self._html):
            if key not in turns:
                self._html.pop(key, None)

    def _bundle(self, turns: tuple[Turn, ...]) -> Bundle:
        if not turns:
            named = f" · {name}" if (name := self._model()) else ""
            return self._beside.bundle(*invitation(f"Chat panel{named}", "Nothing was asked yet."))
        blocks: list[str] = []
        left, room = 0, LONGEST_HTML
        mask = masker(self._secrets())
        for turn in reversed(turns):
            block = self._block(turn, mask)
            if len(block) > room:
                left = len(turns) - len(blocks)
                break
            room -= len(block)
            blocks.append(block)
        if left and not blocks:
            blocks.append(_cut_short(keyless_turn(turns[-1], mask)))
            left -= 1
        parts = [_earlier(left)] if left else []
        body = "".join([*parts, *reversed(blocks)])
        return self._beside.bundle(body, mask(_plain(turns)))

    def _block(self, turn: Turn, mask: Mask) -> str:
        kept = self._html.get(turn.id)
        if kept is not None and kept[0] == (turn.reply, turn.error):
            return kept[1]
        made = "".join(_parts(keyless_turn(turn, mask)))
        self._html[turn.id] = ((turn.reply, turn.error), made)
        return made


def _parts(turn: Turn) -> Iterator[str]:
    if not turn.continues:
        files = "".join(f" <code>{escape(name)}</code>" for name in attached(turn))
        yield f'<blockquote dir="auto">{as_lines(turn.shown)}{files}</blockquote>\n'
    reply = turn.reply
    if reply is not None:
        for card in cards_of(reply, over=True):
            call = f"{card.name}({', '.join(card.arguments.splitlines())})"
            result = f" → {escape(shorten(card.result, 200))}" if card.result else ""
            yield f"<p><code>{escape(call)}</code>{result}</p>\n"
        text = reply.text or reply.refusal or ""
        with contextlib.suppress(Exception):
            text = safe_html(text, formulas=False)
        yield f'<div dir="auto">{text}{links_of(reply)}</div>\n'
        said = [mark_of(turn, reply), *facts(reply), *speed(reply)]
        yield f"<p><small>{escape(' · '.join(filter(None, said)))}</small></p>\n"
    if turn.error is not None:
        yield f"<p><b>Error:</b> {as_lines(turn.error)}</p>\n"


def _cut_short(turn: Turn) -> str:
    text = shorten(turn.text, LONGEST_HTML // 2)
    return (
        f'<blockquote dir="auto">{as_lines(shorten(turn.shown, LONGEST_HTML // 4))}</blockquote>\n'
        f"<pre>{escape(text)}</pre><p><small>Too long to be kept here whole.</small></p>\n"
    )


def _earlier(count: int) -> str:
    words = "One earlier turn is" if count == 1 else f"{count} earlier turns are"
    return f"<p><small>{words} not kept here: panel.save(…) keeps all.</small></p>\n"


def _plain(turns: tuple[Turn, ...]) -> str:
    lines: list[str] = []
    room = LONGEST_PLAIN
    for turn in reversed(turns):
        said = [turn.text] if turn.text else []
        said += [f"Error: {turn.error}"] if turn.error is not None else []
        block = shorten("\n".join([f"> {turn.shown}", *said]), LONGEST_PLAIN // 2)
        room -= len(block)
        if room < 0:
            lines.append("…")
            break
        lines.append(block)
    return "\n\n".join(reversed(lines))
