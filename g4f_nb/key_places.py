"""The places that may hold a key, one function each: what they have under one name.

The environment and `.env` are asked each time. The others answer slowly (a service of the system, a browser,
a request), so what they said counts for a minute, or until `look_again`.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import os
import stat
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from g4f_nb.environment import variable, variables
from g4f_nb.errors import InvalidParameterError, MissingRequirementsError
from g4f_nb.newest import Newest
from g4f_nb.secret import Secret

KEYRING_SERVICE = "g4f_nb"
IN_KEYRING = " in the keyring"
_COUNTS_FOR = 60.0
_said: Newest[tuple[str, str], tuple[float, FoundKey | None]] = Newest(1000)


@dataclass(frozen=True, slots=True)
class FoundKey:
    """A key and the name of the place it was found in."""

    secret: Secret
    source: str


def look_again() -> None:
    """Forget what the slow places said: somebody was told that a key is missing, and may bring it now."""
    _said.clear()


def found_before() -> list[FoundKey]:
    """The keys that the slow places have given so far."""
    return [found for _, found in list(_said.values()) if found is not None]


def _slow(look: Callable[[str], FoundKey | None]) -> Callable[[str], FoundKey | None]:
    @functools.wraps(look)
    def looked(name: str) -> FoundKey | None:
        at, found = _said.get((look.__name__, name), (0.0, None))
        if not at or time.monotonic() - at > _COUNTS_FOR:
            found = look(name)
            _said[look.__name__, name] = (time.monotonic(), found)
        return found

    return looked


def _found(secret: Secret | None, source: str) -> FoundKey | None:
    return None if secret is None else FoundKey(secret, source)


def in_environment(name: str) -> FoundKey | None:
    """The environment's variable of that name."""
    secret = Secret.of(variable(name))
    return _found(secret, f"the environment variable {name}")


def in_dotenv(name: str) -> FoundKey | None:
    """`.env` in the working folder, and in no other; it is read, not loaded into the environment."""
    return _found(_dotenv().get(name), f"{name} in .env")


def in_either(names: tuple[str, ...], *, dotenv: bool = True) -> list[Secret]:
    """What the environment and `.env` have under all these names; one look for all of them."""
    given = [Secret.of(value) for value in variables(names) if value]
    written = _dotenv() if dotenv else {}
    return [secret for secret in (*given, *map(written.get, names)) if secret is not None]


def _dotenv() -> Mapping[str, Secret]:
    try:
        stamp = os.stat(".env")  # noqa: PTH116  # asked at every call
    except OSError:
        return {}
    if not stat.S_ISREG(stamp.st_mode):
        # A named pipe would hold up whoever opens it.
        return {}
    folder = os.getcwd()  # noqa: PTH109  # as above
    return _read_dotenv(folder, stamp.st_mtime_ns, stamp.st_size)


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


@_slow
def in_keyring(name: str) -> FoundKey | None:
    """The system's keyring, where the extra `keyring` is installed and a keyring is there and open."""
    keyring = _keyring()
    if keyring is None:
        return None
    try:
        secret = Secret.of(keyring.get_password(KEYRING_SERVICE, name))
    except keyring.errors.KeyringError:
        return None
    return _found(secret, name + IN_KEYRING)


def has_keyring() -> bool:
    """Whether there is a keyring that would keep a key; one that only refuses has no priority."""
    keyring = _keyring()
    return keyring is not None and keyring.get_keyring().priority > 0


def save_in_keyring(name: str, secret: Secret) -> str:
    """Write a key into the system's keyring; gives that keyring's name."""
    keyring = needed_keyring()
    try:
        keyring.set_password(KEYRING_SERVICE, name, secret.reveal())
        failed = None
    except keyring.errors.KeyringError as error:
        # Only its name and words: its frames hold the key.
        failed = f"{type(error).__name__}: {error}"
    if failed is not None:
        raise MissingRequirementsError(
            f"the keyring did not take the key ({failed}): unlock it or install one, or set {name} in the "
            "environment or in a file .env"
        )
    look_again()
    return str(keyring.get_keyring().name)


def delete_from_keyring(name: str) -> bool:
    """Take a key out of the system's keyring; `False` if none was in it."""
    keyring = _keyring()
    if keyring is None:
        return False
    look_again()
    try:
        if keyring.get_password(KEYRING_SERVICE, name) is None:
            return False
        keyring.delete_password(KEYRING_SERVICE, name)
    except keyring.errors.KeyringError:
        return False
    return True


def _keyring() -> Any | None:
    if "keyring" not in sys.modules and importlib.util.find_spec("keyring") is None:
        return None
    import keyring
    import keyring.errors

    return keyring


def needed_keyring() -> Any:
    """The system's keyring; an error that names the extra where it is not installed."""
    keyring = _keyring()
    if keyring is None:
        raise MissingRequirementsError(
            'keeping a key in the keyring needs the extra "keyring": pip install "g4f_nb[keyring]"'
        )
    return keyring


@_slow
def in_colab(name: str) -> FoundKey | None:
    """The secrets of Google Colab that this notebook may read."""
    if "google.colab" not in sys.modules:
        return None
    userdata: Any = importlib.import_module("google.colab.userdata")
    # "Not there" and "this notebook may not read it" both mean: look elsewhere.
    try:
        secret = Secret.of(userdata.get(name))
    except (userdata.SecretNotFoundError, userdata.NotebookAccessError):
        return None
    return _found(secret, f"the Colab secret {name}")


@_slow
def in_kaggle(name: str) -> FoundKey | None:
    """The secrets of Kaggle that are attached to this notebook."""
    if variable("KAGGLE_KERNEL_RUN_TYPE") is None or importlib.util.find_spec("kaggle_secrets") is None:
        return None
    client: Any = importlib.import_module("kaggle_secrets").UserSecretsClient()
    try:
        secret = Secret.of(client.get_secret(name))
    except Exception:  # noqa: BLE001  # the client raises whatever its back end does; all mean "no key here"
        return None
    return _found(secret, f"the Kaggle secret {name}")
