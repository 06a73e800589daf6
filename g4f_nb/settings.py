"""One place for options: a call's own value wins, then the notebook's, the environment's, the file's.

The file is `config.toml` in the config folder; the environment's names are `G4F_NB_` and the option in
capitals. The notebook layer is what `set_notebook_layer` was given (the magics hand their traitlets down).
`provider` and `model` are a pair: a layer that names a provider alone takes no model from a layer beneath.
"""

from __future__ import annotations

import os
import sys
import time
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_type_hints

from g4f_nb.environment import variable, variables
from g4f_nb.errors import InvalidParameterError

_PREFIX = "G4F_NB_"
_YES = {"1", "true", "yes", "on"}
_NO = {"0", "false", "no", "off"}


@dataclass(frozen=True, slots=True)
class Settings:
    """Every option with its default; `None` means "decide by the circumstances"."""

    provider: str | None = None
    model: str | None = None
    stream: bool | None = None
    door: str = "auto"
    timeout: float | None = 120.0
    connect_timeout: float = 30.0
    max_retries: int = 2
    max_event_bytes: int = 64 * 1024 * 1024
    store_days: float | None = None
    keep_conversations: bool = True
    value_tokens: int = 2_000


_NAMES = tuple(field.name for field in fields(Settings))
# What each option is, however its annotation is spelled; and whether it may be None.
_KINDS = {
    name: (next(each for each in kinds if each is not NoneType), NoneType in kinds)
    for name, hint in get_type_hints(Settings).items()
    for kinds in [get_args(hint) or (hint,)]
}
_VARIABLES = tuple(_PREFIX + name.upper() for name in _NAMES)
# How often to look whether the file has changed; variables are read each time.
_LOOK_AGAIN = 1.0
_notebook: dict[str, Any] = {}
# The answer of `current()`, with what it was made of: settings are read on every request.
_cached: tuple[object, Settings] | None = None
_looked: tuple[float, str | None, object] | None = None


def current() -> Settings:
    """The options in force now, the layers laid over each other."""
    global _cached  # noqa: PLW0603  # a memo, not state: the key below holds everything it depends on
    made_of = (environment, _, notebook) = (variables(_VARIABLES), _file_state(), _notebook)
    found = _cached
    if found is None or found[0] != made_of:
        layers = Settings()
        for source, values in _layers(environment, notebook):
            layers = _overlay(layers, values, source=source)
        _cached = found = (made_of, layers)
    return found[1]


def _layers(
    environment: tuple[str | None, ...], notebook: Mapping[str, Any]
) -> list[tuple[str, Mapping[str, Any]]]:
    file = config_folder() / "config.toml"
    given = {name: text for name, text in zip(_NAMES, environment, strict=True) if text not in (None, "")}
    return [(str(file), _read_file(file)), ("the environment", given), ("the notebook", notebook)]


def explained() -> list[tuple[str, Any, str]]:
    """Each option, its value, and which layer sets it."""
    settings, sources = Settings(), dict.fromkeys(_NAMES, "the default")
    for source, values in _layers(variables(_VARIABLES), _notebook):
        before, settings = settings, _overlay(settings, values, source=source)
        for name in _NAMES:
            if name in values or getattr(before, name) != getattr(settings, name):
                sources[name] = source
    return [(name, getattr(settings, name), sources[name]) for name in _NAMES]


def set_notebook_layer(values: Mapping[str, Any]) -> None:
    """Replace the notebook's layer; checked at once, so that a bad value is refused where it was set."""
    global _notebook  # noqa: PLW0603  # the layer itself
    given = {name: value for name, value in values.items() if value is not None}
    _overlay(Settings(), given, source="the notebook")
    # A new dict at once: another thread that looks meanwhile sees the old layer or the new one.
    _notebook = given


def config_folder() -> Path:
    """The private folder for this user's settings and logins; it is not made here."""
    chosen = os.environ.get(_PREFIX + "CONFIG_DIR")
    if chosen:
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming") / "g4f_nb"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "g4f_nb"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "g4f_nb"


def cache_folder() -> Path:
    """The private folder for answers and runs that can be had again for money; it is not made here."""
    chosen = os.environ.get(_PREFIX + "CACHE_DIR")
    if chosen:
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "g4f_nb" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "g4f_nb"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "g4f_nb"


def _file_state() -> object:
    """What tells one state of the file from another; looked at no more than once a second."""
    global _looked  # noqa: PLW0603  # a memo, like `_cached`
    now, folder = time.monotonic(), variable(_PREFIX + "CONFIG_DIR")
    if _looked is not None and now - _looked[0] < _LOOK_AGAIN and _looked[1] == folder:
        return _looked[2]
    try:
        stamp = (config_folder() / "config.toml").stat()
        state: object = (folder, stamp.st_mtime_ns, stamp.st_size)
    except OSError:
        state = (folder, None, None)
    _looked = (now, folder, state)
    return state


def _read_file(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidParameterError(f"{file} cannot be read ({error}): mend it or delete it") from error


def _overlay(settings: Settings, values: Mapping[str, Any], *, source: str) -> Settings:
    checked: dict[str, Any] = {}
    for name in _NAMES:
        if name in values:
            checked[name] = _checked(name, values[name], source)
    unknown = set(values) - set(_NAMES)
    if unknown:
        raise InvalidParameterError(
            f"{source} sets {min(unknown)!r}, which is no option: the options are {', '.join(_NAMES)}"
        )
    if checked.get("provider") is not None and checked.get("model") is None:
        # The model of another layer would go to a provider that it was not meant for.
        checked["model"] = None
    return replace(settings, **checked)


def _checked(name: str, value: Any, source: str) -> Any:
    if name == "door" and value not in ("auto", "caller", "own"):
        raise InvalidParameterError(f"{source} sets door to {value!r}: it must be auto, caller or own")
    try:
        return _converted(name, value)
    except (TypeError, ValueError, OverflowError) as error:
        kind, may_be_none = _KINDS[name]
        expected = f"{kind.__name__} | None" if may_be_none else kind.__name__
        raise InvalidParameterError(f"{source} sets {name} to {value!r}: expected {expected}") from error


def _converted(name: str, value: Any) -> Any:
    kind, may_be_none = _KINDS[name]
    text = value.strip().lower() if isinstance(value, str) else None
    if text == "none" and may_be_none:
        return None
    if kind is bool:
        if isinstance(value, bool) or text in _YES | _NO:
            return value if isinstance(value, bool) else text in _YES
        raise ValueError(value)
    if kind in (int, float):
        if isinstance(value, bool):
            raise TypeError(value)
        made = kind(value)
        # A limit of nothing would refuse everything; `nan` would compare with nothing.
        if not made >= (0 if name == "max_retries" else 1e-9) or (made != value and text is None):
            raise ValueError(value)
        return made
    if text is None:
        raise ValueError(value)
    return value
