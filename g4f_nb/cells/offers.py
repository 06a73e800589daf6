"""What can be offered while a line is typed: providers, models, conversations, the user's own names, files.

A model list that is kept is used as it is. One that is not is fetched once, in the background, and waited for
no longer than a person notices; what fails is left alone for a while.
"""

from __future__ import annotations

import contextlib
import inspect
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import wait
from pathlib import Path
from typing import Any

from g4f_nb import settings
from g4f_nb.calls import Host
from g4f_nb.cells.named import is_model
from g4f_nb.errors import G4FError
from g4f_nb.listings.modeltable import bound_to
from g4f_nb.loops.ownloop import own_loop
from g4f_nb.newest import Newest
from g4f_nb.notices import unheard
from g4f_nb.prompting.naming import is_users, users_names
from g4f_nb.providers.finding.known import everything, look_up
from g4f_nb.providers.models.listing import models_at_hand
from g4f_nb.providers.models.model import Model, used
from g4f_nb.secret import Veiled

# Seconds: how long a first list is waited for, and how long one that did not come is left alone.
_PATIENCE, _AGAIN = 0.8, 60.0
# How long the server may be silent meanwhile.
_LONGEST = 10.0
_MOST = 400
# Whose tables answer at once.
_TABULAR = ("pandas", "numpy", "polars")
# When a list was asked for, by provider and address: nobody is asked at every key that is pressed.
_asked: Newest[tuple[str, str], float] = Newest(256)


def providers(names: Mapping[str, Any]) -> list[str]:
    """The providers as one writes them, and the classes of the user's."""
    return [*(known.short or known.name for known in everything()), *_models_of(names, classes=True)]


def models(
    fragment: str, names: Mapping[str, Any], *, provider: str | None, api_base: str | None
) -> list[str]:
    """The models of the provider that is named, in the fragment or before it; else whoever can be named."""
    left, colon, begun = fragment.partition(":")
    if colon and look_up(left) is not None:
        return [f"{left}:{name}" for name in _fitting(_listed(left, api_base), begun)]
    if provider is not None:
        chosen = names.get(provider, provider)
        return _fitting(_listed(chosen, api_base), fragment)
    if api_base is not None:
        return _fitting(_listed("OpenaiTemplate", api_base), fragment)
    named = [f"{known.short or known.name}:" for known in everything()]
    return _fitting([*_models_of(names), *_of_the_one_in_use(), *named], fragment)


def _of_the_one_in_use() -> list[str]:
    chosen, now = used(), settings.current()
    if chosen is not None:
        return _listed(chosen.provider, None)
    return _listed(now.provider, None) if now.provider else []


def _models_of(names: Mapping[str, Any], *, classes: bool = False) -> list[str]:
    return [name for name, value in own(names) if is_model(value) and (inspect.isclass(value) or not classes)]


def functions(names: Mapping[str, Any]) -> list[str]:
    """The user's functions, and lists of tools."""
    return [
        name
        for name, value in own(names)
        if inspect.isroutine(value) or type(value).__module__.startswith("g4f_nb.tool")
    ]


def types(names: Mapping[str, Any]) -> list[str]:
    """The user's types."""
    return [name for name, value in own(names) if inspect.isclass(value) and not is_model(value)]


def variables(names: Mapping[str, Any]) -> list[str]:
    """The user's variables, without modules."""
    return [name for name, value in own(names) if not inspect.ismodule(value)]


def attributes(path: str, names: Mapping[str, Any]) -> list[str] | None:
    """What can follow a name and a point, columns of a table first; `None` where looking would run code."""
    root, *steps = path.split(".")
    if not is_users(root, names):
        return None
    value = names[root]
    for step in steps:
        # A property may take its time; that of a table does not.
        found = getattr(value, step, None) if _is_table(value) else inspect.getattr_static(value, step, None)
        if found is None or inspect.isdatadescriptor(found):
            return None
        value = found
    try:
        given = getattr(value, "columns", ()) if _is_table(value) else ()
        columns = [each for each in given if isinstance(each, str)]
        there = dir(value)
    except Exception:  # noqa: BLE001  # whatever their objects raise
        return None
    return list(dict.fromkeys([name for name in columns if name in there] + there))


def _is_table(value: Any) -> bool:
    return type(value).__module__.partition(".")[0] in _TABULAR


def own(names: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What the user has defined, as prompts see it."""
    # Another thread may run a cell meanwhile.
    now = dict(names)
    for name in users_names(now):
        yield name, now[name]


def parameters(model: str | None, provider: str | None, names: Mapping[str, Any]) -> list[str]:
    """`name=` for every parameter that the provider of the line takes."""
    chosen: Any = names.get(provider or "", provider) or (model or "").partition(":")[0]
    cls = _class_of(chosen) or _class_of("openai")
    if cls is None:
        return []
    left_out = {"model", "messages", "stream", "tools", "media", "prompt", "timeout", "proxy"}
    return sorted(f"{name}=" for name in cls.get_parameters() if name not in left_out and "key" not in name)


def files(fragment: str) -> list[str]:
    """The files and folders that begin like this."""
    folder, _, begun = fragment.rpartition("/")
    place = Path(folder or ("/" if fragment.startswith("/") else ".")).expanduser()
    found = []
    with contextlib.suppress(OSError), os.scandir(place) as entries:
        for entry in entries:
            hidden = entry.name.startswith(".") and not begun.startswith(".")
            if entry.name.startswith(begun) and not hidden:
                written = f"{folder}/{entry.name}" if "/" in fragment else entry.name
                found.append(written + ("/" if entry.is_dir() else ""))
    return sorted(found)[:_MOST]


def _class_of(chosen: Any) -> Any:
    if inspect.isclass(chosen):
        return chosen
    if isinstance(chosen, Model):
        return _class_of(chosen.name if inspect.isclass(chosen.name) else chosen.name.partition(":")[0])
    known = look_up(chosen) if isinstance(chosen, str) else None
    with contextlib.suppress(G4FError, ImportError):
        return known.load() if known is not None and known.fault is None else None
    return None


def _listed(chosen: Any, api_base: str | None) -> list[str]:
    """The models of one provider, as far as they are known here or come at once."""
    cls = _class_of(chosen)
    if cls is None:
        return []
    try:
        return _listed_of(cls, api_base)
    except G4FError:
        return []


def _listed_of(cls: Any, api_base: str | None) -> list[str]:
    given = Veiled({"api_base": api_base} if api_base else {})
    host = cls.look_up_host(**given)
    known = list(getattr(cls, "models", None) or ())
    if host is not None and not known:
        kept = models_at_hand(host)
        if kept is None and host.missing is None and hasattr(cls, "get_models_async"):
            kept = _fetched(cls, host)
        known = kept or []
    row = getattr(cls, "row", None)
    more = [*(getattr(cls, "fallback_models", None) or ()), getattr(cls, "default_model", "")]
    more += list(row.context) if row is not None and not api_base else []
    return sorted(known) if known else list(dict.fromkeys(filter(None, more)))


def _fetched(cls: Any, host: Host) -> list[str] | None:
    """The list, if it comes at once; it is kept for the next key in any case."""
    now = time.monotonic()
    if now - _asked.get((cls.__name__, host.base), -_AGAIN) < _AGAIN:
        return None
    _asked[cls.__name__, host.base] = now
    with unheard():
        job = own_loop().submit(cls.get_models_async(**bound_to(host), timeout=_LONGEST))
    done, _ = wait({job.future}, timeout=_PATIENCE)
    if not done or job.future.exception() is not None:
        return None
    found: list[str] = job.future.result()
    return found


def _fitting(found: Iterable[str], fragment: str) -> list[str]:
    """Those that begin like this, then those that hold it: `lla` finds `meta-llama/llama-4`."""
    wanted, names = fragment.lower(), list(dict.fromkeys(found))
    first = [name for name in names if name.lower().startswith(wanted)]
    return [*first, *(name for name in names if name not in first and wanted in name.lower())][:_MOST]
