"""What is sent, piece by piece, with estimated tokens: a table for `--show-context`, and whether it fits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from g4f_nb.costs.tokens import context_size, estimate_tokens, surely_takes
from g4f_nb.messages import content_text
from g4f_nb.prompting.limits import one_line, tokens_of
from g4f_nb.tables import Table

_SHOWN = 60
# More of them would hide what is new.
_MOST_EARLIER = 8
# What OpenAI's form of a dialogue adds to each message.
_A_MESSAGE = 3
# Where nobody has measured a model's tokenizer, its count may be a third more or less.
_UNSURE = 0.33


@dataclass(frozen=True, slots=True)
class Piece:
    """One part of what is sent: what kind, its name, how large it is, and about how many tokens.

    `tokens` is `None` where nobody can tell: of sound, films and documents.
    """

    kind: str
    name: str = ""
    size: str = ""
    tokens: int | None = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """Everything that goes out with one question; its table is shown by `--show-context`."""

    pieces: tuple[Piece, ...]
    model: str = ""

    @property
    def limit(self) -> int | None:
        """How many tokens the model takes; `None` where nobody knows."""
        return context_size(self.model) if self.model.strip() else None

    @property
    def tokens(self) -> int:
        """About how many tokens it has in all, as far as they can be told."""
        return sum(piece.tokens or 0 for piece in self.pieces)

    @property
    def warning(self) -> str | None:
        """What to say before sending, where the model hardly takes that much; `None` where it does."""
        if surely_takes(self.model, self.tokens):
            # Nobody looks up how much it is, which takes a while the first time.
            return None
        limit = self.limit
        if limit is None or self.tokens <= limit:
            return None
        largest = max(self.pieces, key=lambda piece: piece.tokens or 0)
        named = f"{largest.kind} {largest.name}".strip()
        sure = self.tokens > limit * (1 + _margin(self.model))
        fact = "more than" if sure else "perhaps more than"
        return (
            f"about {self.tokens:,} tokens are sent, {fact} the {limit:,} that "
            f"{self.model or 'the model'} takes; the largest piece is {named} with about "
            f"{largest.tokens or 0:,}: shorten it, begin a new conversation with --new, or take a "
            "model with a longer context"
        )

    def table(self) -> Table:
        """The pieces as rows, with the sum."""
        earlier = sum(piece.kind == "earlier" for piece in self.pieces)
        rows = tuple(
            (
                piece.kind,
                one_line(piece.name, _SHOWN),
                piece.size,
                "not known" if piece.tokens is None else f"{piece.tokens:,}",
                one_line(piece.note, _SHOWN),
            )
            for piece in (self.pieces if earlier <= _MOST_EARLIER else joined(self.pieces))
        )
        has_notes = any(row[-1] for row in rows)
        headings = ("piece", "name", "size", "tokens", "")
        limit = self.limit
        of = "" if limit is None else f" of the {limit:,} that {self.model or 'the model'} takes"
        return Table(
            rows if has_notes else tuple(row[:-1] for row in rows),
            headings if has_notes else headings[:-1],
            title="What is sent",
            note=f"about {self.tokens:,} tokens in all{of}; these are estimates",
        )

    def __repr__(self) -> str:
        return repr(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def context_of(
    pieces: Iterable[Piece],
    *,
    model: str = "",
    system: str | None = None,
    earlier: Sequence[Mapping[str, Any]] = (),
    tools: Sequence[Mapping[str, Any]] = (),
    mask: Callable[[str], str] = str,
) -> Context:
    """The context of one question: system prompt, tools and earlier messages before a prompt's own pieces.

    `model` is `"provider:model"`; where its size is not known, the context has no limit. `mask` takes out of
    what was said before what shall not be shown.
    """
    made: list[Piece] = []
    if system:
        made.append(Piece("system", one_line(system, _SHOWN), characters(system), tokens_of(system, model)))
    if tools:
        counted = int(estimate_tokens("", model, tools=tools))
        made.append(Piece("tools", ", ".join(_tool_name(tool) for tool in tools), f"{len(tools)}", counted))
    made.extend(_earlier(message, model, mask) for message in earlier)
    made.extend(pieces)
    return Context(tuple(made), model)


def joined(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """The same with earlier messages in one piece, for a short list."""
    old = [piece for piece in pieces if piece.kind == "earlier"]
    if len(old) <= 1:
        return tuple(pieces)
    one = replace(
        old[0], name=f"{len(old)} messages", size="", tokens=sum(piece.tokens or 0 for piece in old)
    )
    at = pieces.index(old[0])
    return (*pieces[:at], one, *(piece for piece in pieces[at:] if piece.kind != "earlier"))


def text_piece(kind: str, name: str, text: str, *, model: str | None = None, note: str = "") -> Piece:
    """The piece that a text is."""
    return Piece(kind, name, characters(text), tokens_of(text, model) if text else 0, note)


def part_tokens(part: Mapping[str, Any], model: str | None = None) -> int | None:
    """About how many tokens a part of a message has; `None` of what has no rule."""
    if part.get("type") not in ("text", "image_url"):
        return None
    empty = [{"role": "user", "content": ""}]
    return int(estimate_tokens([{"role": "user", "content": [part]}], model)) - int(
        estimate_tokens(empty, model)
    )


def characters(text: str) -> str:
    """The length of a text, as a table shows it."""
    return f"{len(text):,} character{'' if len(text) == 1 else 's'}"


def _earlier(message: Mapping[str, Any], model: str, mask: Callable[[str], str]) -> Piece:
    text = content_text(message.get("content"))
    calls = ", ".join(_tool_name(call) for call in message.get("tool_calls") or ())
    said = mask(text) or (f"(calls {calls})" if calls else "")
    tokens = int(estimate_tokens([message], model)) - _A_MESSAGE
    return Piece("earlier", f"{message.get('role', '')}: {one_line(said, _SHOWN)}", characters(text), tokens)


def _tool_name(tool: Mapping[str, Any]) -> str:
    function = tool.get("function")
    named = function if isinstance(function, Mapping) else tool
    return str(named.get("name") or "a tool")


def _margin(model: str) -> float:
    return estimate_tokens("", model).margin or _UNSURE
