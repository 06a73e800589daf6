"""`<think>…</think>` at the head of an answer, told apart from the answer however it is cut."""

from __future__ import annotations

from g4f_nb.chunks import Chunk, Reasoning


class ThinkSplitter:
    """Turns a leading `<think>…</think>` into `Reasoning`, however it is cut; later ones are text."""

    _OPEN, _CLOSE = "<think>", "</think>"
    _MOST_SPACE = 1_000  # characters of white space held back before the tag; after more, there is none

    def __init__(self) -> None:
        self.over = False
        self._inside = False
        self._held = ""  # what may be the beginning of a tag
        self._space: list[str] = []  # white space before that
        self._spaces = 0

    def feed(self, text: str) -> list[str | Chunk]:
        """Take text; hold back only what may be the beginning of a tag, and some white space before it."""
        text = self._held + text
        self._held = ""
        if self._inside:
            return self._thinking(text)
        start = text.lstrip()
        space = len(text) - len(start)
        if space:
            self._space.append(text[:space])
            self._spaces += space
        if self._spaces <= self._MOST_SPACE:
            if start.startswith(self._OPEN):
                self._inside = True
                self._space.clear()
                return self._thinking(start[len(self._OPEN) :])
            if self._OPEN.startswith(start):
                self._held = start
                return []
        self.over = True
        return [self._all_space() + start]

    def _all_space(self) -> str:
        space = "".join(self._space)
        self._space.clear()
        return space

    def flush(self) -> list[str | Chunk]:
        """The text has ended: give what was held back."""
        held, self._held = self._all_space() + self._held, ""
        if not held:
            return []
        return [Reasoning(held)] if self._inside else [held]

    def _thinking(self, text: str) -> list[str | Chunk]:
        thought, tag, rest = text.partition(self._CLOSE)
        if tag:
            self.over, self._inside = True, False
            parts: list[str | Chunk] = [Reasoning(thought)] if thought else []
            return [*parts, rest] if rest else parts
        keep = next(
            (size for size in range(len(self._CLOSE) - 1, 0, -1) if text.endswith(self._CLOSE[:size])), 0
        )
        self._held = text[len(text) - keep :]
        thought = text[: len(text) - keep]
        return [Reasoning(thought)] if thought else []
