"""What a tool returned, as the model is told it: compact text, whatever kind of value it is."""

from __future__ import annotations

import collections.abc
import dataclasses
import datetime as dt
import enum
from collections.abc import Callable
from functools import partial
from typing import Any

import orjson

from g4f_nb.errors import shorten, sort_of
from g4f_nb.secret import redact

NOTHING = "(done; it returned nothing)"
Mask = Callable[[str], str]
_ROWS, _ITEMS = 50, 200
_COMPLAINT = 500
_LONGEST_KEY = 4_000


def result_text(value: Any, limit: int, mask: Mask = redact, *, of_all: Mask | None = None) -> str:
    """A value as text of at most so many characters; what was left out is said.

    `mask` takes the keys out of the words that a class has for its values, `of_all` out of the whole text.
    """
    # Half of a surrogate pair, as in names of files that are no UTF-8, cannot be sent.
    text = _text(value, mask).encode(errors="replace").decode()
    # Before it is cut, for the cut may go through a key; but not all of what nobody will read.
    shown = text[: limit + _LONGEST_KEY] if of_all is None else of_all(text[: limit + _LONGEST_KEY])
    if len(text) <= limit:
        return shown
    return f"{shown[:limit]}\n… (cut: {limit:,} of {len(text):,} characters)"


def json_text(value: Any) -> str:
    """A value as JSON, whatever it is made of."""
    return orjson.dumps(value, default=_plain, option=_OPTIONS).decode()


def complaint(error: BaseException, mask: Mask = redact) -> str:
    """An exception in one short line: no traceback, whose lines and locals are nobody's business."""
    words = " ".join(mask(_represented(error)).split()).encode(errors="replace").decode()
    return shorten(f"{type(error).__name__}: {words}" if words else type(error).__name__, _COMPLAINT)


def _text(value: Any, mask: Mask) -> str:
    if value is None:
        return NOTHING
    if isinstance(value, str):
        return value
    shown = _table(value) or _array(value) or _picture(value)
    if shown is not None:
        return shown
    try:
        return orjson.dumps(value, default=partial(_plain, mask=mask), option=_OPTIONS).decode()
    except (TypeError, ValueError, RecursionError):
        return mask(_represented(value))


_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_PASSTHROUGH_DATACLASS


def _table(value: Any) -> str | None:
    """A DataFrame or Series, of pandas or whoever has the same: its size, and its first rows as CSV."""
    kind, shape = type(value).__name__, getattr(value, "shape", None)
    if kind not in ("DataFrame", "Series") or not isinstance(shape, tuple):
        return None
    head = value.head(_ROWS)
    if hasattr(head, "to_csv"):
        # An index that only counts says nothing.
        index = type(head.index).__name__ != "RangeIndex"
        csv = head.to_csv(index=index) if kind == "DataFrame" or index else head.to_csv(index=False)
    elif hasattr(head, "write_csv"):
        csv = head.write_csv()
    else:
        csv = str(head)
    size = f"{shape[0]} rows" + (f" x {shape[1]} columns" if len(shape) > 1 else "")
    cut = f"; the first {_ROWS} of them" if shape[0] > _ROWS else ""
    return f"{kind}, {size}{cut}:\n{str(csv).rstrip()}"


def _array(value: Any) -> str | None:
    if type(value).__name__ != "ndarray" or not hasattr(value, "dtype"):
        return None
    if value.size <= _ITEMS:
        return orjson.dumps(value.tolist(), default=str).decode()
    first = orjson.dumps(value.ravel()[:_ITEMS].tolist(), default=str).decode()
    size = "x".join(map(str, value.shape))
    return f"array of {value.dtype}, {size}; its first {_ITEMS} values: {first}"


def _picture(value: Any) -> str | None:
    """A figure or an image: models are told that it is there, for a tool's result is text."""
    kind = type(value)
    if kind.__module__.startswith("matplotlib") and hasattr(value, "savefig"):
        return f"(a figure was drawn: {len(value.axes)} axes; the user can see it)"
    if kind.__module__.startswith("PIL.") and hasattr(value, "size"):
        return f"(an image of {value.size[0]}x{value.size[1]} pixels)"
    return None


def _plain(value: Any, mask: Mask = redact) -> Any:  # noqa: PLR0911  # one line a kind
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    shown = _table(value) or _array(value) or _picture(value)
    if shown is not None:
        return shown
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, collections.abc.Mapping):
        return dict(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return f"({len(value)} bytes)"
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    if isinstance(value, collections.abc.Set | tuple | collections.abc.Sequence | collections.abc.ValuesView):
        return list(value)
    return mask(_represented(value))


def _represented(value: Any) -> str:
    try:
        return str(value)
    except Exception as error:  # noqa: BLE001  # a user's own __str__ may raise anything
        return f"{sort_of(value)} ({type(error).__name__} when it was to be shown)"
