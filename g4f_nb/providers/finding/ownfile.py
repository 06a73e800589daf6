"""The user's own `providers.toml` in the config folder: the catalog's keys, read when it is needed.

A table that is wrong is a provider that says so when it is called for; the others work. An address in this
file is the user's own choice, so the key that stands beside it goes there.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from g4f_nb.errors import G4FError, InvalidParameterError
from g4f_nb.providers.catalog import make_class
from g4f_nb.providers.finding.entries import Known
from g4f_nb.providers.services.rows import Row, make_row
from g4f_nb.settings import config_folder

FILE = "providers.toml"
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]", "::1")


def own_file() -> Path:
    """Where the file is, whether it is there or not."""
    return config_folder() / FILE


def in_own_file() -> tuple[Sequence[Known], str | None]:
    """The providers in the file, and why it cannot be read as a whole."""
    file = own_file()
    try:
        stamp = file.stat()
    except OSError:
        return (), None
    return _read(str(file), stamp.st_mtime_ns, stamp.st_size)


def own_row(name: str, values: Any, *, where: str) -> Row:
    """A row of the user's own: nothing is guessed from its key, and an address on this machine is local."""
    row = make_row(name, values, where=where)
    if row.module:
        raise InvalidParameterError(
            f"{where} has the key 'module', which names files of this package: "
            "a class of your own is given to nb.register"
        )
    given: dict[str, Any] = dict(values)
    given.setdefault("dedicated", False)
    given.setdefault("needs_auth", bool(row.api_key_env))
    given.setdefault("local", urlsplit(row.api_base).hostname in _LOOPBACK)
    return make_row(name, given, where=where)


# The classes stay the same as long as the file does.
@functools.lru_cache(maxsize=4)
def _read(file: str, _changed: int, _size: int) -> tuple[Sequence[Known], str | None]:
    try:
        tables = tomllib.loads(Path(file).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        # The original holds the text, which may hold a header with a key.
        return (), f"{file} cannot be read ({error}): mend it or delete it"
    return tuple(_known(file, name, values) for name, values in tables.items()), None


def _known(file: str, name: str, values: Any) -> Known:
    try:
        row = own_row(name, values, where=f"{file}, [{name}]")
    except G4FError as error:
        return faulty(name, source=file, fault=str(error))
    cls = make_class(row)
    return Known(name=row.class_name, short=name, source=file, load=lambda: cls, row=row)


def faulty(name: str, *, source: str, fault: str, short: str = "") -> Known:
    """A provider that cannot be used, and says why when it is called for."""

    def load() -> NoReturn:
        raise InvalidParameterError(fault)

    return Known(name=name, short=short, source=source, load=load, fault=fault)
