"""Any value as a prompt has it: the one place that knows which kind is told by whom."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from g4f_nb.files.kinds import media_type_of
from g4f_nb.masking import mask_values
from g4f_nb.prompting.arrays import array
from g4f_nb.prompting.code import code
from g4f_nb.prompting.failures import failure
from g4f_nb.prompting.foreign import foreign
from g4f_nb.prompting.limits import cut, fits, room_for
from g4f_nb.prompting.naming import home_of, is_a, kind_of, shape_of
from g4f_nb.prompting.pictures import picture
from g4f_nb.prompting.plain import literal, short
from g4f_nb.prompting.speaking import has_made_repr, has_own_str, said_by, speaks
from g4f_nb.prompting.summary import Summary
from g4f_nb.prompting.tabular import table
from g4f_nb.prompting.veiling import veiled
from g4f_nb.reply import Reply
from g4f_nb.secret import Secret

_KINDS: tuple[Callable[[Any, int], Summary | None], ...] = (table, picture, array, foreign, code)
_HEAD = 400
_FEW = 12
_KEY = 40
_TABLES = frozenset({"pandas", "geopandas", "polars", "numpy", "torch"})
# What is written as it is, however long a text: it is what the user wants to be read.
_WORDS = (str, Reply, bool, float, complex, os.PathLike, Secret)


def summarize(value: Any, budget: int, namespace: Mapping[str, Any] | None = None) -> Summary:
    """What a prompt says of a value, within about so many tokens; keys that are known here are masked.

    Nothing is consumed, computed or loaded for it, and nothing that a value's own class does ends it: what
    cannot be read is said to be so.
    """
    try:
        with _quiet():
            made = _made(value, budget, namespace)
    except (Exception, SystemExit) as error:  # noqa: BLE001  # a user's own class may raise anything
        made = Summary(f"{kind_of(value)}, which cannot be read: {type(error).__name__}")
    return _masked(made)


def _made(value: Any, budget: int, namespace: Mapping[str, Any] | None) -> Summary:
    if isinstance(value, _WORDS) or value is None:
        return Summary.of_text(str(value))
    if isinstance(value, int):
        return Summary.of_text(_integer(value))
    if isinstance(value, BaseException):
        return failure(value, budget, namespace)
    for kind in _KINDS:
        made = kind(value, budget)
        if made is not None:
            return made
    return _other(value, budget)


def _other(value: Any, budget: int) -> Summary:
    """What is of no kind that is told in a way of its own."""
    if isinstance(value, bytes | bytearray | memoryview):
        return _bytes(bytes(value[: room_for(budget)]), len(value), budget)
    if isinstance(value, Mapping | AbstractSet | list | tuple) or home_of(value) == "collections":
        return _container(value, budget)
    if hasattr(value, "read") and hasattr(value, "close"):
        return Summary(f"{type(value).__name__}, which is not read for a prompt: attach it, or what it gives")
    if isinstance(value, Iterator):
        return Summary(f"{type(value).__name__}, whose values are not taken for a prompt: make a list of it")
    if is_a(value, "IPython", "TextDisplayObject") and isinstance(value.data, str):
        # What a cell has shown as Markdown or HTML is meant as its text.
        return Summary.of_text(value.data)
    return _object(value, budget)


def _integer(value: int) -> str:
    try:
        return str(int(value)) if type(value) is not int and not speaks(value) else str(value)
    except ValueError:
        # Python refuses to write more digits than that.
        return f"<int of {value.bit_length():,} bits>"


def _container(value: Any, budget: int) -> Summary:
    parts = _tables_in(value, budget)
    if parts:
        return Summary(kind_of(value), "\n".join(parts))
    text, was_cut = literal(value, budget)
    if not was_cut:
        return Summary.of_text(text)
    return Summary(f"{kind_of(value)}, shortened", text)


def _tables_in(value: Any, budget: int) -> list[str]:
    """A few tables or arrays together, as of the sheets of a file: each is told as it would be alone."""
    if not isinstance(value, dict | list | tuple) or not 0 < len(value) <= _FEW:
        return []
    pairs = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    if not any(_is_table(item) for _, item in pairs):
        return []
    share = budget // len(pairs)
    return [_made(veiled(key, item), share, None).named(f"[{_key(key)}]") for key, item in pairs]


def _key(key: Any) -> str:
    shown = short(key, _KEY)
    return repr(shown) if isinstance(key, str) else shown


def _is_table(value: Any) -> bool:
    return bool(shape_of(value)) and home_of(value) in _TABLES


def _bytes(beginning: bytes, length: int, budget: int) -> Summary:
    kind = media_type_of(beginning)
    if kind == "text/plain":
        return Summary(f"{length:,} bytes of text", cut(beginning.decode("utf-8-sig", "replace"), budget))
    return Summary(f"{length:,} bytes" + (f", {kind}" if kind else "") + f": {short(beginning, 80)}")


def _object(value: Any, budget: int) -> Summary:
    """Of any other class: what it says of itself as text, else its attributes."""
    made = hasattr(type(value), "__repr_args__") or (has_made_repr(value) and not has_own_str(value))
    if speaks(value) and not made:
        text = said_by(value, room_for(budget), plain=True)
        return (
            Summary.of_text(text) if fits(text, budget) else Summary(type(value).__name__, cut(text, budget))
        )
    text, was_cut = literal(value, budget)
    documented = "" if made else (type(value).__doc__ or "").strip().partition("\n")[0]
    if not was_cut and not documented:
        return Summary.of_text(text)
    head = f"{type(value).__name__} object" + (f": {documented[:_HEAD]}" if documented else "")
    return Summary(head, text)


def sendable(text: str) -> str:
    """A value's text without keys, and without halves of surrogate pairs, which cannot be sent."""
    return mask_values(text).encode(errors="replace").decode()


def _masked(made: Summary) -> Summary:
    return Summary(
        sendable(made.head), sendable(made.body), whole=made.whole, fence=made.fence, media=made.media
    )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """A user who asks about a table does not want to hear what numpy thinks of its numbers."""
    numpy = sys.modules.get("numpy")
    calm = numpy.errstate(all="ignore") if numpy is not None else contextlib.nullcontext()
    with warnings.catch_warnings(), calm:
        warnings.simplefilter("ignore")
        yield
