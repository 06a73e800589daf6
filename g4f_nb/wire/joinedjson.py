"""JSON values one behind the other, however they are joined or torn apart: one at a time, as bytes.

A line end between them means nothing, and none is needed. What begins like no object and no list is given by
the line, for whoever reads to complain of. Pure, and each byte is looked at once.
"""

from __future__ import annotations

import re

from g4f_nb.wire.sse import DEFAULT_LIMIT, too_long

_SOMETHING = re.compile(rb"[^\s]")
_IN_TEXT = re.compile(rb'["\\]')
_STRUCTURE = re.compile(rb'["{}\[\]]')


class JoinedJson:
    """Takes pieces of any size with `feed`; `flush` gives what is not whole at the end."""

    def __init__(self, *, limit: int = DEFAULT_LIMIT) -> None:
        self._limit = limit
        self._pending: list[bytes] = []
        self._size = 0
        self._depth = 0
        self._in_text = False
        self._escaped = False
        self._stray = False

    def feed(self, piece: bytes) -> list[bytes]:
        """Take the next piece and give the values that it completes."""
        values: list[bytes] = []
        begin = at = 0
        while at < len(piece):
            if not self._depth and not self._stray:
                found = _SOMETHING.search(piece, at)
                if found is None:
                    begin = len(piece)
                    break
                begin = at = found.start()
                self._stray = piece[at : at + 1] not in (b"{", b"[")
                if not self._stray:
                    self._depth, at = 1, at + 1
            at = self._line_end(piece, at) if self._stray else self._value_end(piece, at)
            if not self._depth and not self._stray:
                values.append(b"".join([*self._pending, piece[begin:at]]))
                self._pending, self._size, begin = [], 0, at
        if begin < len(piece):
            self._pending.append(piece[begin:])
            self._size += len(piece) - begin
            if self._size > self._limit:
                raise too_long(self._limit)
        return values

    def flush(self) -> bytes:
        """What is left at the end: a value that is not whole, or a last line that is none."""
        rest = b"".join(self._pending)
        self._pending = []
        return rest

    @property
    def torn(self) -> bool:
        """Whether a value has begun and not ended."""
        return self._depth > 0

    def _line_end(self, piece: bytes, at: int) -> int:
        end = piece.find(b"\n", at)
        if end < 0:
            return len(piece)
        self._stray = False
        return end + 1

    def _value_end(self, piece: bytes, at: int) -> int:
        """Go on until the value ends, or the piece does."""
        while at < len(piece) and self._depth:
            if self._escaped:
                self._escaped, at = False, at + 1
                continue
            found = (_IN_TEXT if self._in_text else _STRUCTURE).search(piece, at)
            if found is None:
                return len(piece)
            at = found.end()
            match found[0]:
                case b'"':
                    self._in_text = not self._in_text
                case b"\\":
                    self._escaped = True
                case b"{" | b"[":
                    self._depth += 1
                case _:
                    self._depth -= 1
        return at
