"""Providers that other installed packages bring: the entry points of the group `g4f_nb.providers`.

    [project.entry-points."g4f_nb.providers"]
    mybox = "mybox.provider:MyBox"

Their names are read from the packages' metadata; a class is imported when its name is called for.
"""

from __future__ import annotations

import functools
import importlib.metadata
import inspect
import os
import sys
from collections.abc import Sequence

from g4f_nb.errors import ProviderNotWorkingError
from g4f_nb.providers.base import AbstractProvider
from g4f_nb.providers.finding.entries import Known

GROUP = "g4f_nb.providers"


def from_packages() -> Sequence[Known]:
    """The providers of all packages that are installed now, none of them imported."""
    return _scan(tuple(map(_state, sys.path)))


def _state(folder: str) -> tuple[str, int]:
    """What changes when a package is installed: scanning takes milliseconds, looking does not."""
    try:
        return folder, os.stat(folder or ".").st_mtime_ns  # noqa: PTH116  # looked at for every unknown name
    except OSError:
        return folder, 0


@functools.lru_cache(maxsize=1)
def _scan(_folders: tuple[tuple[str, int], ...]) -> Sequence[Known]:
    return tuple(map(_known, importlib.metadata.entry_points(group=GROUP)))


def _known(point: importlib.metadata.EntryPoint) -> Known:
    package = point.dist.name if point.dist else point.module
    source = f"the package {package}"
    return Known(name=point.name, source=source, load=lambda: _load(point, package), foreign=True)


def _load(point: importlib.metadata.EntryPoint, package: str) -> type[AbstractProvider]:
    try:
        cls = point.load()
    except Exception as error:  # noqa: BLE001  # whatever another package's import does, it is reported
        fault = f"{type(error).__name__}: {error}"
    else:
        if inspect.isclass(cls) and issubclass(cls, AbstractProvider):
            return cls
        fault = f"{point.value} is no provider class"
    raise ProviderNotWorkingError(
        f"the provider {point.name!r} of the package {package} cannot be loaded ({fault}): "
        f"update or uninstall {package}",
        provider=point.name,
    )
