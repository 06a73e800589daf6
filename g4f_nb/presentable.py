"""What an answer looks like, and what is read out of it: repr, cost, code, tables; keys are not shown.

The value itself knows neither HTML nor Markdown nor prices: layers above hand down how.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from io import StringIO
from typing import TYPE_CHECKING, Any, ClassVar, Self

from g4f_nb.prices import Cost

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block of an answer."""

    language: str
    code: str


# What is no text for the eyes: what is sent on, the options, and bytes, in which no key could be read.
_NOT_SHOWN = ("messages", "asked_with", "images", "audio")
# Characters; so many of a text are in the one-line repr, and no key is longer than that.
_SHOWN, _LONGEST_KEY = 60, 4_000


class Presentable:
    """The side of a `Reply` that faces a reader."""

    # Set from the top layer: how a notebook shows a reply, and what is read out of its text. The value
    # itself knows neither HTML nor Markdown.
    view: ClassVar[Callable[[Any], dict[str, str]] | None] = None
    extract: ClassVar[Callable[[str, str], Any]]
    # What it cost, likewise: prices are looked up above.
    costing: ClassVar[Callable[[Any], Cost | None]]
    # And what takes the keys out of its texts that are known above; no text is changed where there are none.
    masking: ClassVar[Callable[[Any], Callable[[str], str]]]
    # The options that it was asked with, for one may be a key; never copied, written or shown.
    asked_with: tuple[Mapping[str, Any], ...] = ()

    if TYPE_CHECKING:
        _text: StringIO
        _text_at: int | None
        _reasoning: StringIO
        _reasoning_at: int | None
        settled_cost: Cost | None
        provider: str | None
        model: str | None
        partial: bool
        cached: bool

        @property
        def text(self) -> str:
            """As the model said it."""

        @property
        def reasoning(self) -> str:
            """Likewise."""

    @property
    def cost(self) -> float | None:
        """What the answer cost in US dollars; `None` if the price is not known, or the tokens are not."""
        made = self.settled_cost or type(self).costing(self)
        return None if made is None else made.usd

    @property
    def price_source(self) -> str | None:
        """Which table the cost is by."""
        made = self.settled_cost or type(self).costing(self)
        return None if made is None else made.source

    @property
    def price_date(self) -> str | None:
        """How new that table is, as far as it says."""
        made = self.settled_cost or type(self).costing(self)
        return None if made is None else made.date

    @property
    def code(self) -> str:
        """The code of the answer: its fenced blocks in the language of the first one; `""` if it has none."""
        return type(self).extract(self.text, "code")  # type: ignore[no-any-return]

    @property
    def blocks(self) -> list[Block]:
        """Every fenced block of the answer, with its language."""
        return type(self).extract(self.text, "blocks")  # type: ignore[no-any-return]

    @property
    def json(self) -> Any:
        """The first JSON object or list of the answer, whatever stands around it; `None` if there is none."""
        return type(self).extract(self.text, "json")

    @property
    def tables(self) -> list[pd.DataFrame]:
        """Every table of the answer, in Markdown or as a fenced block of CSV."""
        return type(self).extract(self.text, "tables")  # type: ignore[no-any-return]

    def __str__(self) -> str:
        return self.text

    def __len__(self) -> int:
        return len(self.text)

    def __bool__(self) -> bool:
        # An empty answer is still an answer: `if reply` must not depend on its length.
        return True

    def as_shown(self) -> Self:
        """The same as it may be shown: without the keys that are known here. `text` stays what was said."""
        mask, found = type(self).masking(self), False

        def masked(text: str) -> str:
            nonlocal found
            made = mask(text)
            found = found or made != text
            return made

        shown = self._changed(masked)
        return shown if found else self

    def _changed(self, change: Callable[[str], str]) -> Self:
        """A copy of which each text is changed, round by round."""
        made = copy.copy(self)
        made.asked_with = self.asked_with
        parts = {
            name: _through(value, change) for name, value in vars(self).items() if name not in _NOT_SHOWN
        }
        if self._text_at:
            # No key goes across the blank line between two rounds.
            parts["_text"], parts["_text_at"] = _joined(self.text, self._text_at, change)
        if self._reasoning_at:
            parts["_reasoning"], parts["_reasoning_at"] = _joined(self.reasoning, self._reasoning_at, change)
        vars(made).update(parts)
        return made

    def __getstate__(self) -> dict[str, Any]:
        # Neither a copy nor another process gets what may be a key.
        return {name: value for name, value in vars(self).items() if name != "asked_with"}

    def __repr__(self) -> str:
        text = self.text[: _SHOWN + _LONGEST_KEY]
        text = type(self).masking(self)(text)
        shown = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
        how = ", partial=True" * self.partial + ", cached=True" * self.cached
        return f"Reply({shown!r}, provider={self.provider!r}, model={self.model!r}{how})"

    def __rich_repr__(self) -> Iterator[Any]:
        """How rich sets it out: the whole text, and what is known beside it."""
        shown = self.as_shown()
        yield shown.text
        yield "provider", shown.provider
        yield "model", shown.model
        for name in ("reasoning", "tool_calls", "usage", "finish_reason", "partial", "cached"):
            if value := getattr(shown, name):
                yield name, value

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        del include, exclude
        view = type(self).view
        return {"text/plain": self.as_shown().text} if view is None else view(self)


def _through(value: Any, change: Callable[[str], str]) -> Any:
    """The same with each of its texts changed."""
    made: Any = value
    if isinstance(value, str):
        made = change(value)
    elif isinstance(value, StringIO):
        made = text_of(change(value.getvalue()))
    elif isinstance(value, Presentable):
        made = value._changed(change)  # noqa: SLF001  # one of us
    elif type(value) in (tuple, list):
        made = type(value)(_through(each, change) for each in value)
    elif type(value) is dict:
        made = {_through(name, change): _through(each, change) for name, each in value.items()}
    elif is_dataclass(value) and type(value).__module__.startswith("g4f_nb."):
        parts = {each.name: _through(getattr(value, each.name), change) for each in fields(value)}
        made = replace(value, **parts)  # type: ignore[type-var]
    return made


def _joined(text: str, at: int, mask: Callable[[str], str]) -> tuple[StringIO, int]:
    """Both parts of a text masked, and where the second one begins."""
    before = mask(text[:at])
    return text_of(before + mask(text[at:])), len(before)


def text_of(text: str) -> StringIO:
    """A text that goes on."""
    made = StringIO()
    made.write(text)
    return made
