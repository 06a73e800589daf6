"""What goes by the name of a password or key is `***` in a prompt, for nobody has asked for it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from g4f_nb.secret import MASK

_SECRET = re.compile(
    r"(?im)passw|passphrase|secret|credential|authorization|cookie|(?:api|access|private|auth)[_-]?key"
    r"|(?:access|auth|refresh|bearer|api)[_-]?token|^[A-Z0-9_]+_(?-i:KEY|TOKEN)$"
)


def veiled(name: object, value: Any) -> Any:
    """A value that goes by the name of a password or key: `***`, for nobody has asked for it."""
    return MASK if is_secret_name(name) and not _says_nothing(value) else value


def _says_nothing(value: Any) -> bool:
    """Whether it is empty, or only says that there is a secret or none, or is no value but code."""
    if isinstance(value, str | bytes | bytearray | list | tuple | dict | set | frozenset):
        return len(value) == 0
    return value is None or isinstance(value, bool) or callable(value)


def is_secret_name(name: object) -> bool:
    """Whether what goes by this name is surely a secret; a `token` or `key` alone may be anything."""
    if isinstance(name, bytes):
        name = name.decode("latin-1")
    if isinstance(name, tuple):
        # A label of several levels.
        return any(map(is_secret_name, name))
    return isinstance(name, str) and _SECRET.search(name) is not None


def any_secret_name(names: Iterable[object]) -> bool:
    """Whether one of many names may be a secret's; quickly, for a table has many."""
    return _SECRET.search("\n".join(map(_name, names))) is not None


def _name(name: object) -> str:
    if isinstance(name, tuple):
        return "\n".join(map(_name, name))
    return name.decode("latin-1") if isinstance(name, bytes) else name if isinstance(name, str) else ""
