"""Libraries that take seconds to import, loaded by the first test that needs them: not by all who collect."""

from __future__ import annotations

import importlib


class Later:
    """Stands for a module until one of its names is asked for."""

    def __init__(self, name):
        self._name = name

    def __getattr__(self, name):
        if name.startswith("_"):
            # Whoever collects tests asks everything that it finds whether it is one.
            raise AttributeError(name)
        return getattr(importlib.import_module(self._name), name)
