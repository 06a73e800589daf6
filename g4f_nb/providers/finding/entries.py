"""One provider that can be named: what is known of it before its class is loaded."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from g4f_nb.providers.base import AbstractProvider
from g4f_nb.providers.services.rows import Row

PACKAGE = "g4f_nb"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Known:
    """A provider that can be named; its class is loaded when it is called for.

    `name` is its class's, `short` what people type; `source` says who brought it; `fault` why it cannot be
    used, which `load` raises. Loading a `foreign` one runs another package's code.
    """

    name: str
    source: str
    load: Callable[[], type[AbstractProvider]] = field(repr=False)
    row: Row | None = None
    short: str = ""
    fault: str | None = None
    foreign: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Under which names it is found."""
        return tuple(filter(None, (self.name, self.short)))


def fold(name: str) -> str:
    """What of a name counts when it is looked up: `LM Studio` is `lm-studio` is `lmstudio`."""
    return re.sub(r"[-_.\s]", "", name).lower()


def by_name(found: Iterable[Known]) -> dict[str, Known]:
    """A table to look names up in; the first of a name counts."""
    table: dict[str, Known] = {}
    for known in found:
        for name in known.names:
            table.setdefault(fold(name), known)
    return table
