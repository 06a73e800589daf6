"""From what a user typed to what is sent: values in the place of `{name}`, attachments, the pieces."""

from __future__ import annotations

import bisect
import builtins
import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from g4f_nb import settings
from g4f_nb.calls import Address
from g4f_nb.errors import InvalidParameterError
from g4f_nb.masking import keys_found_once
from g4f_nb.prompting import failures
from g4f_nb.prompting.attachments import attached
from g4f_nb.prompting.context import Piece, characters, part_tokens, text_piece
from g4f_nb.prompting.interpolation import Field, fields, formatted, hides, scope_of, value_of
from g4f_nb.prompting.limits import one_line
from g4f_nb.prompting.naming import GIVEN, HISTORY, LAST_ERROR, is_users, users_names
from g4f_nb.prompting.summaries import sendable, summarize
from g4f_nb.prompting.summary import Summary
from g4f_nb.secret import MASK

_SHOWN = 60
# A name alone in braces, right behind which nothing of code or LaTeX stands.
_UNKNOWN = re.compile(r"(?<![\\{$\w}])\{([A-Za-z_]\w{2,})\}(?!\})")
_LATEX = re.compile(r"(?:\\[A-Za-z]+(?:\{[^{}\n]*\})*|[\w)}\]]\^)$")
_FENCE = re.compile(r"(?ms)^ {0,3}(`{3,}|~{3,}).*?(?:^ {0,3}\1|\Z)")
_CLOSE = 0.75
# Characters before a place that tell whether it is in LaTeX.
_NEARBY = 500
_RESULT = re.compile(r"_{1,3}(?!\w)")


@dataclass(frozen=True, slots=True)
class Composed:
    """What is sent for a prompt.

    `content` is that of a message: a text, or parts where there is more than text. `shown` is what was
    typed. `text` is the same content for a model that takes text only: a line stands for each picture.
    `pieces` tell what is in it, and `notices` what its user should know before it is sent.
    """

    content: str | list[dict[str, Any]] = field(repr=False)
    shown: str
    text: str = field(repr=False)
    pieces: tuple[Piece, ...]
    notices: tuple[str, ...] = ()


def compose(
    text: str,
    namespace: Mapping[str, Any],
    *,
    attach: Iterable[Any] = (),
    raw: bool = False,
    budget: int | None = None,
    model: str | None = None,
    error: BaseException | None = None,
) -> Composed:
    """Put the user's values into a prompt, as they are now; every error comes before anything is sent.

    `attach` holds paths, addresses and names of variables as texts, or values. With `raw` the text stays as
    it is typed. `budget` is about how many tokens one value may have (the setting `value_tokens`). `error`
    is what `{last_error}` means, else it is the last one that the interpreter has shown.
    """
    scope = scope_of(namespace)
    # From here on only the copy is seen, whose repr shows no value.
    del namespace
    with keys_found_once():
        return _composed(text, scope, attach, raw=raw, budget=budget, model=model, error=error)


def _composed(
    text: str, scope: dict[str, Any], attach: Iterable[Any], *, raw: bool, budget: int | None,
    model: str | None, error: BaseException | None,
) -> Composed:  # fmt: skip
    failed = error if error is not None else failures.last_error()
    if failed is not None:
        scope.setdefault(LAST_ERROR, failed)
    composing = _Composing(scope, budget or settings.current().value_tokens, model)
    composing.attach([Address.of(item) for item in attach])
    if raw:
        composing.typed = text
        composing.text = text
    else:
        composing.read(text)
    return composing.done(text)


class _Composing:
    """One prompt while it is put together."""

    def __init__(self, scope: dict[str, Any], budget: int, model: str | None) -> None:
        self._scope, self._budget, self._model = scope, budget, model
        self._attached: list[tuple[str, Summary]] = []
        # What is too long for its place, by its expression: it stands below the prompt.
        self._below: dict[str, Summary] = {}
        self._values: list[Piece] = []
        self._notices: dict[str, None] = {}
        self._fences: list[tuple[int, int]] | None = None
        self.typed = ""
        self.text = ""

    def attach(self, items: Iterable[Any]) -> None:
        """Put these before the prompt."""
        self._attached += [attached(item, self._scope, self._budget) for item in items]

    def read(self, text: str) -> None:
        """Put values into the places of a text."""
        made: list[str] = []
        typed: list[str] = []
        taken: list[tuple[int, int]] = []
        at = 0
        for each in fields(text, self._knows):
            typed.append(text[at : each.start])
            made += text[at : each.start], each.before, self._in_place(each, text), each.after
            taken.append((each.start, each.end))
            at = each.end
        made.append(text[at:])
        typed.append(text[at:])
        self.text, self.typed = "".join(made), "".join(typed)
        self._notice_near_names(text, taken)

    def _knows(self, name: str) -> bool:
        return is_users(name, self._scope) or name == LAST_ERROR

    def _in_place(self, place: Field, text: str) -> str:
        if place.literal:
            return place.source
        if _is_latex(text[max(0, place.start - _NEARBY) : place.start]):
            self._notices[
                f"{{{place.source}}} stands where LaTeX has braces, and your variable was put in: "
                f"{{{{{place.source}}}}} sends it as typed"
            ] = None
        elif self._is_in_code(place, text):
            self._notices[
                f"{{{place.source}}} stands in code, and your variable was put in: "
                f"{{{{{place.source}}}}} sends it as typed"
            ] = None
        # A value stands in no variable here: a traceback that prints them must show none.
        if not place.plain:
            written = sendable(formatted(place, self._value_of(place)))
            self._values.append(text_piece("value", place.expression, written, model=self._model))
            return written
        return self._put(place.expression, self._value_of(place), alone=_is_alone(place, text))

    def _is_in_code(self, place: Field, text: str) -> bool:
        """Whether it stands in a line of fenced code with more in it: a template or an f-string, perhaps."""
        if self._fences is None:
            self._fences = [found.span() for found in _FENCE.finditer(text)]
        return _is_within(self._fences, place.start) and not _is_alone(place, text)

    def _value_of(self, place: Field) -> Any:
        if place.expression.partition(".")[0] == LAST_ERROR and LAST_ERROR not in self._scope:
            raise InvalidParameterError(
                f"{{{place.source}}} in the prompt has no value: no cell has failed yet. Write "
                f"{{{{{place.source}}}}} (or use --raw) to send it as it stands; nothing was sent"
            )
        if _RESULT.match(place.expression) and not self._scope.get("Out", True):
            raise InvalidParameterError(
                f"{{{place.source}}} in the prompt has no value: no cell has given a result yet; nothing was "
                "sent"
            )
        value = value_of(place, self._scope)
        if not hides(place.expression, value):
            return value
        self._notices[
            f"{{{place.source}}} goes by the name of a secret, and {MASK} is sent: to send it all the same, "
            f"give it a name of its own (word = {place.expression}) and write {{word}}"
        ] = None
        return MASK

    def _put(self, name: str, value: Any, *, alone: bool) -> str:
        """What stands in the place of a value; a long one has its place below, unless its line is its own."""
        if name in self._below:
            return f"`{name}`"
        made = summarize(value, self._budget, self._scope)
        if made.media is None and (made.whole or not made.body or alone):
            written = made.in_place(name) if alone or made.whole else made.head
            self._values.append(_value_piece(name, made, written, self._model))
            return written
        self._below[name] = made
        self._values.append(_value_piece(name, made, made.named(name), self._model))
        return f"`{name}`"

    def _notice_near_names(self, text: str, taken: Sequence[tuple[int, int]]) -> None:
        """A slip of the pen in a name is sent as typed, and told."""
        names = [*users_names(self._scope)]
        told: set[str] = set()
        missing: dict[str, None] = {}
        code = self._fences or [found.span() for found in _FENCE.finditer(text)]
        for found in _UNKNOWN.finditer(text):
            if found[1] in told or _is_within(taken, found.start()) or _is_within(code, found.start()):
                continue
            told.add(found[1])
            near = difflib.get_close_matches(found[1], names, n=1, cutoff=_CLOSE)
            if near:
                self._notices[f"{{{found[1]}}} is sent as typed, for you have no such variable: "
                              f"did you mean {{{near[0]}}}?"] = None  # fmt: skip
            elif _is_in_prose(text, found):
                missing[f"{{{found[1]}}}"] = None
        if missing:
            # After a restart, say, whose cells were not all run again.
            are = "is" if len(missing) == 1 else "are"
            self._notices[
                f"{_listed([*missing])} {are} sent as typed, for you have no such variable: if one was "
                "meant, run its cell first"
            ] = None

    def done(self, shown: str) -> Composed:
        """The content with attachments before the prompt, and what is too long for its place below."""
        parts: list[dict[str, Any]] = []
        texts: list[str] = []
        pieces = [text_piece("prompt", one_line(shown, _SHOWN), self.typed, model=self._model), *self._values]
        for name, made in self._attached:
            pieces.append(_value_piece(name, made, made.named(name), self._model, kind="attachment"))
            _add(parts, texts, made, f"{name}:\n\n{made.body}" if made.whole else made.named(name))
        if self.text.strip() or not self._attached:
            # Some services refuse a part without a text in it.
            _add(parts, texts, None, self.text)
        for name, made in self._below.items():
            _add(parts, texts, made, made.named(name))
        whole = "\n\n".join(text.strip("\n") if len(texts) > 1 else text for text in texts)
        return Composed(
            content=_joined(parts) if any(part["type"] != "text" for part in parts) else whole,
            shown=shown,
            text=whole,
            pieces=tuple(pieces),
            notices=tuple(self._notices),
        )


def _add(parts: list[dict[str, Any]], texts: list[str], made: Summary | None, text: str) -> None:
    parts.append({"type": "text", "text": text})
    if made is not None and made.media is not None:
        parts.append(made.media.part())
        text = f"{text} (it cannot be shown to you)"
    texts.append(text)


def _joined(parts: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Texts that follow each other as one: some servers want no more than one beside a picture."""
    made: list[dict[str, Any]] = []
    for part in parts:
        if part["type"] == "text" and made and made[-1]["type"] == "text":
            made[-1] = {"type": "text", "text": f"{made[-1]['text'].rstrip()}\n\n{part['text']}"}
        else:
            made.append(part)
    return made


def _value_piece(name: str, made: Summary, text: str, model: str | None, *, kind: str = "value") -> Piece:
    if made.media is None:
        return text_piece(kind, name, text, model=model, note="" if made.whole else made.head)
    size = "by its address" if made.media.url else f"{len(made.media.data):,} bytes"
    tokens = part_tokens(made.media.part(), model)
    return Piece(kind, name, size or characters(text), tokens, made.head)


def _is_in_prose(text: str, found: re.Match[str]) -> bool:
    """Whether a place stands as a word does: not in a name, a formula, a path or a line of code."""
    start, end = found.span()
    line = text[text.rfind("\n", 0, start) + 1 : start]
    around = line[-1:].strip("\"'“«(") + text[end : end + 1].strip(".,;:!?)\"'”»")
    known = found[1] in GIVEN or found[1] in HISTORY or hasattr(builtins, found[1])
    return not around.strip() and not known and line.count("`") % 2 == 0 and not _is_latex(line.rstrip())


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _is_latex(before: str) -> bool:
    """Whether braces right behind this text would be LaTeX's: a command's, an exponent's, a subscript's."""
    line = before.rpartition("\n")[2]
    return _LATEX.search(line) is not None or (line.endswith("_") and line.count("$") % 2 == 1)


def _is_alone(place: Field, text: str) -> bool:
    """Whether its line holds nothing else."""
    before, after = place.start - 1, place.end
    # Blank by blank: the line may be as long as the prompt, and hold a thousand places.
    while before >= 0 and text[before] != "\n" and text[before].isspace():
        before -= 1
    while after < len(text) and text[after] != "\n" and text[after].isspace():
        after += 1
    return (before < 0 or text[before] == "\n") and text[after : after + 1] in ("", "\n")


def _is_within(spans: Sequence[tuple[int, int]], at: int) -> bool:
    """Whether a place is in one of these, which follow each other."""
    found = bisect.bisect_right(spans, at, key=lambda span: span[0]) - 1
    return found >= 0 and at < spans[found][1]
