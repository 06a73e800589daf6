"""Tool calls put together from the fragments that a stream sends, whichever way it numbers them."""

from __future__ import annotations

from io import StringIO
from typing import Any

import orjson

from g4f_nb.chunks import ToolCall
from g4f_nb.providers.reading.lenient import string


class ToolFragments:
    """Joins the fragments of each call by its index; id and name come whole, arguments in pieces."""

    __slots__ = ("_calls", "_renewed")

    def __init__(self) -> None:
        self._calls: dict[tuple[int, int], _Call] = {}
        self._renewed: dict[int, int] = {}

    def __bool__(self) -> bool:
        return bool(self._calls)

    def add(self, fragments: list[Any]) -> None:
        """Take the fragments of one delta, or the calls of a whole message."""
        for position, fragment in enumerate(fragments):
            if isinstance(fragment, dict):
                self._add(position, fragment)

    def whole(self) -> tuple[ToolCall, ...]:
        """All calls, in the order of their index."""
        return tuple(self._calls[place].whole() for place in sorted(self._calls))

    def _add(self, position: int, fragment: dict[str, Any]) -> None:
        index = fragment.get("index")
        if type(index) is not int:
            index = position
        function = fragment.get("function")
        if not isinstance(function, dict):
            function = {}
        own_id, name = string(fragment.get("id")), string(function.get("name"))
        arguments = string(function.get("arguments"))
        known = self._calls.get((index, self._renewed.get(index, 0)))
        if known is None or known.is_another(own_id, name, arguments):
            # Some services give every call of an answer the same index, or none.
            if known is not None:
                self._renewed[index] = self._renewed.get(index, 0) + 1
            known = self._calls[index, self._renewed.get(index, 0)] = _Call()
        known.id = known.id or own_id
        known.name = known.name or name
        known.arguments.write(arguments)
        extra = fragment.get("extra_content")
        if isinstance(extra, dict):
            known.extra = {**(known.extra or {}), **extra}


class _Call:
    """A call whose fragments are still coming in."""

    __slots__ = ("arguments", "extra", "id", "name")

    def __init__(self) -> None:
        self.id = ""
        self.name = ""
        self.arguments = StringIO()
        self.extra: dict[str, Any] | None = None

    def is_another(self, own_id: str, name: str, arguments: str) -> bool:
        """Whether a fragment under the same index begins another call."""
        if own_id and self.id:
            return own_id != self.id
        if not name or not self.name:
            return False
        # Without ids: another name, or the same one again after arguments that are whole already.
        return name != self.name or (arguments.startswith("{") and _is_whole(self.arguments.getvalue()))

    def whole(self) -> ToolCall:
        return ToolCall(self.id, self.name, self.arguments.getvalue(), self.extra)


def _is_whole(arguments: str) -> bool:
    try:
        return isinstance(orjson.loads(arguments), dict)
    except orjson.JSONDecodeError:
        return False
