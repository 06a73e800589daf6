"""Where a key comes from, and to which host it may go.

The order: what the call gives, what the class says, the environment, `.env` in the working folder, the
system's keyring (extra `keyring`), the secrets of Colab or Kaggle, what was typed for this session. A key is
bound to an origin (scheme, host and port) and goes nowhere else.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import os
import stat
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from g4f_nb.environment import variable
from g4f_nb.errors import InvalidParameterError
from g4f_nb.secret import Secret, shown_address

Hosts = frozenset[tuple[str, str, int]]

KEYRING_SERVICE = "g4f_nb"
_DEFAULT_PORTS = {"http": 80, "https": 443}
_typed: dict[str, tuple[Secret, Hosts]] = {}


@dataclass(frozen=True, slots=True)
class FoundKey:
    """A key and the name of the place it was found in."""

    secret: Secret
    source: str


def find_key(names: Iterable[str], *, hosts: Hosts = frozenset()) -> FoundKey | None:
    """Look for the first of these variables that is set, one kind of place after the other.

    A key that was typed for this session is found by whoever says that it will go to `hosts` only.
    """
    names = tuple(names)
    for look in (_in_environment, _in_dotenv, _in_keyring, _in_colab, _in_kaggle):
        for name in names:
            found = look(name)
            if found is not None:
                return found
    for name in names:
        found = typed_key(name, hosts)
        if found is not None:
            return found
    return None


def keep_typed(name: str, secret: Secret, hosts: Hosts) -> None:
    """Keep a key under a variable's name until the process ends, for calls to these hosts."""
    _typed[name] = (secret, hosts)


def forget_typed(name: str) -> bool:
    """Drop what was typed; `False` if nothing was."""
    return _typed.pop(name, None) is not None


def any_typed() -> bool:
    """Whether any key was typed in this session."""
    return bool(_typed)


def typed_key(name: str, hosts: Hosts) -> FoundKey | None:
    """The key that was typed under this name, if it was meant for all of these hosts."""
    secret, meant_for = _typed.get(name, (None, frozenset()))
    if secret is None or not hosts or not hosts <= meant_for:
        return None
    return FoundKey(secret, "%g4f key, for this session")


@functools.lru_cache(maxsize=256)
def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of an address: what a key is bound to."""
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme.lower(), parts.hostname or "", parts.port
        fault = "" if scheme in _DEFAULT_PORTS and host else "it begins with http:// or https://"
    except ValueError as error:
        # What urlsplit says repeats parts of the address, which may be parts of a password.
        fault = "its host or port is malformed" if "@" in url else str(error)
    if fault:
        raise InvalidParameterError(
            f"{shown_address(url)!r} is no web address: {fault}, like http://localhost:8000/v1"
        )
    if "@" in parts.netloc:
        raise InvalidParameterError(
            f"the address {shown_address(url)!r} holds a user name or password, which every message and log "
            "would show: give the key with api_key= or headers="
        )
    return scheme, host.lower().rstrip("."), port or _DEFAULT_PORTS[scheme]


def _found(secret: Secret | None, source: str) -> FoundKey | None:
    return None if secret is None else FoundKey(secret, source)


def _in_environment(name: str) -> FoundKey | None:
    secret = Secret.of(variable(name))
    return _found(secret, f"the environment variable {name}")


def _in_dotenv(name: str) -> FoundKey | None:
    try:
        stamp = os.stat(".env")  # noqa: PTH116  # asked at every call
    except OSError:
        return None
    if not stat.S_ISREG(stamp.st_mode):
        # A named pipe would hold up whoever opens it.
        return None
    folder = os.getcwd()  # noqa: PTH109  # as above
    secret = _read_dotenv(folder, stamp.st_mtime_ns, stamp.st_size).get(name)
    return _found(secret, f"{name} in .env")


@functools.lru_cache(maxsize=1)
def _read_dotenv(folder: str, _changed: int, _size: int) -> Mapping[str, Secret]:
    import dotenv

    try:
        values = dotenv.dotenv_values(Path(folder) / ".env", interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        # The original is dropped: it holds the bytes, and with them the keys.
        reason = "it is no UTF-8 text" if isinstance(error, UnicodeDecodeError) else error.strerror
        values = None
    if values is None:
        raise InvalidParameterError(f".env cannot be read ({reason}): mend it or delete it")
    found = {name: Secret.of(value) for name, value in values.items()}
    return {name: secret for name, secret in found.items() if secret is not None}


def _in_keyring(name: str) -> FoundKey | None:
    if "keyring" not in sys.modules and importlib.util.find_spec("keyring") is None:
        return None
    import keyring
    import keyring.errors

    try:
        secret = Secret.of(keyring.get_password(KEYRING_SERVICE, name))
    except keyring.errors.KeyringError:
        return None
    return _found(secret, f"{name} in the keyring")


def _in_colab(name: str) -> FoundKey | None:
    if "google.colab" not in sys.modules:
        return None
    userdata: Any = importlib.import_module("google.colab.userdata")
    # "Not there" and "this notebook may not read it" both mean: look elsewhere.
    try:
        secret = Secret.of(userdata.get(name))
    except (userdata.SecretNotFoundError, userdata.NotebookAccessError):
        return None
    return _found(secret, f"the Colab secret {name}")


def _in_kaggle(name: str) -> FoundKey | None:
    if variable("KAGGLE_KERNEL_RUN_TYPE") is None or importlib.util.find_spec("kaggle_secrets") is None:
        return None
    client: Any = importlib.import_module("kaggle_secrets").UserSecretsClient()
    try:
        secret = Secret.of(client.get_secret(name))
    except Exception:  # noqa: BLE001  # the client raises whatever its back end does; all mean "no key here"
        return None
    return _found(secret, f"the Kaggle secret {name}")
