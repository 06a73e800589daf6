"""Every provider that can be named: the package's, this session's, the user's file's, other packages'.

The package's are looked up first and need nothing but a dictionary; a user's file and the metadata of other
packages are read only for a name that is not among them.
"""

from __future__ import annotations

import difflib
import functools
import importlib
from collections.abc import Mapping, Sequence
from functools import partial

from g4f_nb.providers.base import AbstractProvider
from g4f_nb.providers.catalog import provider_of
from g4f_nb.providers.finding.entries import PACKAGE, Known, by_name, fold
from g4f_nb.providers.finding.homes import LAST, PROVIDERS
from g4f_nb.providers.finding.ownfile import faulty, in_own_file
from g4f_nb.providers.finding.plugins import from_packages
from g4f_nb.providers.services.rows import rows

# What `nb.register` was given, by what counts of its name.
registered: dict[str, Known] = {}


def look_up(name: str) -> Known | None:
    """The provider of that name, or `None`."""
    wanted = fold(name)
    found = _package().get(wanted)
    if found is None and wanted:
        found = by_name(_own()).get(wanted) if _own() else None
    return found


def everything() -> list[Known]:
    """All providers, each once, in the order of listings."""
    return [*dict.fromkeys(_package().values()), *_own()]


def nearest(name: str, *, most: int = 1, cutoff: float = 0.5) -> list[str]:
    """The names that were probably meant, the nearest first."""
    names = {fold(each): known.name for known in everything() for each in known.names}
    near = difflib.get_close_matches(fold(name), names, n=2 * most, cutoff=cutoff)
    return list(dict.fromkeys(names[each] for each in near))[:most]


def _own() -> Sequence[Known]:
    return _told_apart((*registered.values(), *in_own_file()[0], *from_packages()))


# A plain model's name is looked up here at every call.
@functools.lru_cache(maxsize=4)
def _told_apart(found: tuple[Known, ...]) -> Sequence[Known]:
    """The user's own; one whose name is taken says so when it is called for."""
    taken, told = dict(_package()), []
    for known in found:
        other = next((taken[fold(each)] for each in known.names if fold(each) in taken), None)
        if other is not None and known.fault is None:
            whose = f"the name {known.short or known.name!r} belongs to {other.name} of {other.source}"
            fault = f"{known.source}: {whose}: choose another"
            known = faulty(known.name, short=known.short, source=known.source, fault=fault)  # noqa: PLW2901
        for each in known.names:
            taken.setdefault(fold(each), known)
        told.append(known)
    return tuple(told)


@functools.cache
def _package() -> Mapping[str, Known]:
    found = [
        Known(name=name, source=PACKAGE, load=partial(_from_module, module, name))
        for name, module in PROVIDERS.items()
    ]
    last = [known for known in found if known.name in LAST]
    found = [known for known in found if known.name not in LAST]
    found += [
        Known(name=row.class_name, short=name, source=PACKAGE, load=partial(provider_of, name), row=row)
        for name, row in rows().items()
    ]
    return by_name([*found, *last])


def _from_module(module: str, name: str) -> type[AbstractProvider]:
    cls: type[AbstractProvider] = getattr(importlib.import_module(f"g4f_nb.providers.{module}"), name)
    return cls
