"""Every provider class, loaded on first use: `from g4f_nb.providers import OpenaiTemplate, Groq, Demo`.

What type checkers see is in `__init__.pyi`, which `python dev.py table` writes.
"""

from __future__ import annotations

import importlib
from typing import Any

from g4f_nb.providers.finding.homes import PARTS, PROVIDERS

_HOMES = PARTS | PROVIDERS


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(importlib.import_module(f"g4f_nb.providers.{_HOMES[name]}"), name)
    elif not name[:1].isupper():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    else:
        from g4f_nb.providers.finding.entries import PACKAGE
        from g4f_nb.providers.finding.known import look_up

        known = look_up(name)
        if known is None or known.name != name:
            raise AttributeError(f"module {__name__!r} has no provider {name!r}")
        value = known.load()
        if known.source != PACKAGE:
            # A session may register another under this name, a file may change.
            return value
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    from g4f_nb.providers.finding.known import everything

    return sorted({*PARTS, *(known.name for known in everything())})
