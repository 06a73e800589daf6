"""What everything in a stream that is not plain text has in common."""

from __future__ import annotations


class Chunk:
    """Base of everything in a stream that is not plain text; silent in `str`."""

    __slots__ = ()

    def __str__(self) -> str:
        return ""
