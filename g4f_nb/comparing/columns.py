"""The columns of a result, in their order, with types that survive Parquet, Excel and CSV."""

from __future__ import annotations

import math
import numbers
import sys
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from g4f_nb.comparing.packing import BLOCK, Texts, can_pack
from g4f_nb.controls import clean
from g4f_nb.errors import G4FError, InvalidParameterError
from g4f_nb.kept.records import Record, count, text

if TYPE_CHECKING:
    import pandas as pd

_TEXT, _WHOLE, _REAL = "string", "Int64", "Float64"
_NAN = float("nan")
# Texts that are another one in each row.
_LONG = ("answer", "request_key", "request_id")
# Those that are one of a few.
_ALIKE = ("finish_reason", "model_returned", "price_source", "price_date", "status", "error_type")
# So many texts become a part of a column at a time.
_AT_ONCE = 2000

# What tells one cell from another, before the varied parameters and the data.
PLACE: Mapping[str, str] = {
    "run_id": _TEXT,
    "cell_id": _TEXT,
    "row": _WHOLE,
    "repeat": _WHOLE,
    "provider": _TEXT,
    "model": _TEXT,
    "prompt_id": _TEXT,
}
# What became of it.
OUTCOME: Mapping[str, str] = {
    "answer": _TEXT,
    "parsed": _TEXT,
    "parse_error": _TEXT,
    "finish_reason": _TEXT,
    "queued_s": _REAL,
    "ttft_s": _REAL,
    "latency_s": _REAL,
    "total_s": _REAL,
    "tokens_per_s": _REAL,
    "started_at": "datetime64[ns, UTC]",
    "in_tokens": _WHOLE,
    "out_tokens": _WHOLE,
    "reasoning_tokens": _WHOLE,
    "cached_tokens": _WHOLE,
    "cost_usd": _REAL,
    "price_source": _TEXT,
    "price_date": _TEXT,
    "status": _TEXT,
    "error_type": _TEXT,
    "error": _TEXT,
    "http_status": _WHOLE,
    "attempts": _WHOLE,
    "cached": "boolean",
    "model_returned": _TEXT,
    "request_id": _TEXT,
    "request_key": _TEXT,
}
NAMES = tuple(OUTCOME)


class _Lists(dict[str, Any]):
    """A list a column; one that nothing is known of takes no room."""

    def __init__(self, rows: int) -> None:
        super().__init__()
        self.rows = rows

    def __missing__(self, name: str) -> list[Any]:
        return [None] * self.rows


@dataclass(slots=True)
class Outcomes:
    """The values of one result, a list a column; a row that has no outcome yet is empty."""

    rows: int
    lists: dict[str, Any]
    # Of a large result: how many rows of each block of texts are not done yet.
    _open: list[int] | None = None

    @classmethod
    def empty(cls, rows: int) -> Outcomes:
        """So many rows of which nothing is known."""
        lists = _Lists(rows)
        lists["status"] = [None] * rows
        if rows <= _AT_ONCE or not can_pack():
            return cls(rows, lists)
        return cls(rows, lists, [min(BLOCK, rows - begin) for begin in range(0, rows, BLOCK)])

    def put(self, position: int, record: Mapping[str, Any]) -> None:
        """What became of one cell."""
        lists = self.lists
        ends = self._open is not None and "status" in record and lists["status"][position] is None
        for name, value in record.items():
            if name not in lists:
                if value is None:
                    continue
                lists[name] = self._empty(name)
            values = lists[name]
            values[position] = _NAN if value is None and type(values) is array else value
        if ends and self._open is not None:
            block = position // BLOCK
            self._open[block] -= 1
            if not self._open[block]:
                self._pack(block)

    def record(self, position: int) -> Record:
        """One row, without what is missing."""
        row = {name: values[position] for name, values in self.lists.items()}
        # Of times, what is missing is no number.
        return {
            name: value
            for name, value in row.items()
            if value is not None and not (type(value) is float and math.isnan(value))
        }

    def pack(self) -> None:
        """Nothing more comes: what is not packed yet is."""
        for block in range(len(self._open or ())):
            self._pack(block)

    def _pack(self, block: int) -> None:
        for name in _LONG:
            if name in self.lists:
                self.lists[name].pack(block)

    def _empty(self, name: str) -> Any:
        """A column without a value; times take eight bytes a row, and not thirty-two."""
        if name in _LONG and self._open is not None:
            return Texts(self.rows)
        if OUTCOME[name] == _TEXT or OUTCOME[name] in (_WHOLE, "boolean"):
            return [None] * self.rows
        return array("d", [_NAN]) * self.rows


def check_free(names: Iterable[str], taken: Iterable[str], *, what: str) -> None:
    """Refuse a user's column that would stand where a result column does."""
    clash = sorted(set(names) & set(taken))
    if clash:
        raise InvalidParameterError(
            f"{what} {clash[0]!r} has the name of a result column: rename it, or give prefix= for the "
            "result columns, like prefix='llm_'"
        )


def series(name: str, values: Any) -> pd.Series[Any]:
    """One column of a result in its type."""
    import pandas as pd

    if isinstance(values, array):
        import numpy as np

        values = np.frombuffer(values, dtype=float).copy() if values else []
    elif isinstance(values, Texts):
        return pd.Series(values.column(), name=name)
    kind = OUTCOME.get(name) or PLACE[name]
    if kind.startswith("datetime"):
        seconds = pd.to_datetime(pd.array(values, dtype="Float64"), unit="s", utc=True)
        return pd.Series(seconds).dt.as_unit("ns")
    if kind == _TEXT and len(values) > _AT_ONCE:
        # Put together from parts, which costs no copy: made at once, long texts take their room twice over.
        parts = range(0, len(values), _AT_ONCE)
        return pd.concat(
            [pd.Series(values[at : at + _AT_ONCE], dtype=kind, name=name) for at in parts], ignore_index=True
        )
    made: pd.Series[Any] = pd.Series(values, dtype=kind, name=name)
    return made


def from_error(error: BaseException) -> Record:
    """What a failure gives for its row."""
    return {
        "error_type": type(error).__name__,
        "error": _said(error),
        "http_status": count(error.status) if isinstance(error, G4FError) else None,
    }


def shown(value: Any) -> Any:
    """A varied parameter as it stands in a column: numbers, texts and truth as they are, the rest as text."""
    if value is None or isinstance(value, bool | numbers.Number):
        return value
    return text(value)


def shared(record: Record) -> Record:
    """This record, which was read, with texts that are alike in many rows once in memory."""
    for name in _ALIKE:
        value = record.get(name)
        if type(value) is str:
            record[name] = sys.intern(value)
    return record


def _said(error: BaseException) -> str:
    try:
        return text(clean(str(error))) or type(error).__name__
    except Exception:  # noqa: BLE001  # an exception that cannot be shown is still that row's
        return type(error).__name__
