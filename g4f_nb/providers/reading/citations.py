"""The pages that an answer rests on, gathered from whichever field a service names them in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from g4f_nb.chunks import Source

# In this order: where a service sends both, the markers in the text count the citations.
_FIELDS = ("citations", "search_results", "references", "web_search")
FIELDS = frozenset(_FIELDS)


class Citations:
    """Gathers pages in the order of their first mention, each once."""

    __slots__ = ("_titles",)

    def __init__(self) -> None:
        self._titles: dict[str, str | None] = {}

    def __bool__(self) -> bool:
        return bool(self._titles)

    def add_fields(self, frame: Mapping[str, Any]) -> None:
        """Take the lists that stand beside the choices (Perplexity, xAI, Z.ai) or in a message."""
        for name in _FIELDS:
            if frame.get(name):
                self.add(frame[name])

    def add(self, items: Any) -> None:
        """Take a list of addresses, of objects, or of OpenAI's annotations; the rest is left out."""
        for item in items if isinstance(items, list) else ():
            found = item.get("url_citation", item) if isinstance(item, dict) else item
            if isinstance(found, dict):
                self._note(_first(found, ("url", "link", "uri")), _first(found, ("title", "name")))
            else:
                self._note(found if isinstance(found, str) else None, None)

    def whole(self) -> tuple[Source, ...]:
        """Every page once."""
        return tuple(Source(url, title) for url, title in self._titles.items())

    def _note(self, url: str | None, title: str | None) -> None:
        if url:
            self._titles[url] = self._titles.get(url) or title


def _first(item: Mapping[str, Any], names: Iterable[str]) -> str | None:
    return next((item[name] for name in names if isinstance(item.get(name), str) and item[name]), None)
