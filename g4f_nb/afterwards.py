"""What is to be done once another package has been loaded, without loading it for that."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType


def after_import(name: str, done: Callable[[], None]) -> None:
    """Call `done` as soon as the package `name` has been imported by anybody; at once if it has been."""
    if name in sys.modules and getattr(sys.modules[name].__spec__, "_initializing", False) is False:
        done()
        return
    # A module that is loaded anew says it again: one is enough.
    for each in sys.meta_path[:]:
        if isinstance(each, _Waiting) and each.is_about(name, done):
            sys.meta_path.remove(each)
    sys.meta_path.insert(0, _Waiting(name, done))


class _Waiting:
    """Stands in the way of one import until that is done; the others find the package as they always do."""

    def __init__(self, name: str, done: Callable[[], None]) -> None:
        self._name = name
        self._done = done
        self._looking = False

    def is_about(self, name: str, done: Callable[[], None]) -> bool:
        """Whether it waits for the same, to do the same."""
        mine = (self._name, self._done.__module__, self._done.__qualname__)
        return mine == (name, done.__module__, done.__qualname__)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Nothing of its own; what the others find is told to say when it is loaded."""
        del path, target
        if name != self._name or self._looking:
            return None
        # It stays until the package is loaded: others ask only whether there is one.
        self._looking = True
        try:
            found = find_spec(name)
        finally:
            self._looking = False
        loader = found.loader if found is not None else None
        if loader is None or not hasattr(loader, "exec_module"):
            return found
        load, before = loader.exec_module, vars(loader).get("exec_module")

        def load_and_tell(module: ModuleType) -> None:
            # The loader stays itself: others ask it for resources.
            if before is None:
                # Not `del`: whoever runs a loader a second time finds it as it was, too.
                vars(loader).pop("exec_module", None)
            else:
                # Somebody else waits for it, too.
                loader.exec_module = before  # type: ignore[method-assign]
            if self in sys.meta_path:
                sys.meta_path.remove(self)
            load(module)
            self._done()

        loader.exec_module = load_and_tell  # type: ignore[method-assign]  # of this one loader alone
        return found
