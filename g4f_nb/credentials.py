"""Where a key comes from, and to which host it may go.

The order: what the call gives, what the class says, the environment, `.env` in the working folder, the
system's keyring (extra `keyring`), the secrets of Colab or Kaggle, what was typed for this session. A key is
bound to an origin (scheme, host and port) and goes nowhere else.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from urllib.parse import urlsplit

from g4f_nb.errors import InvalidParameterError
from g4f_nb.key_places import (
    FoundKey,
    found_before,
    in_colab,
    in_dotenv,
    in_either,
    in_environment,
    in_kaggle,
    in_keyring,
)
from g4f_nb.newest import Newest
from g4f_nb.secret import Secret, shown_address

Hosts = frozenset[tuple[str, str, int]]

TYPED = "%g4f key, for this session"
_DEFAULT_PORTS = {"http": 80, "https": 443}
_typed: dict[tuple[str, Hosts], Secret] = {}
_sent: Newest[Secret, None] = Newest(100)


def find_key(names: Iterable[str], *, hosts: Hosts = frozenset()) -> FoundKey | None:
    """Look for the first of these variables that is set, one kind of place after the other.

    A key that was typed for this session is found by whoever says that it will go to `hosts` only.
    """
    names = tuple(names)
    for look in (in_environment, in_dotenv, in_keyring, in_colab, in_kaggle):
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
    _typed[name, hosts] = secret


def keep_sent(secrets: Iterable[Secret]) -> None:
    """Remember what headers of a user's class or row sent, for whoever takes keys out of texts."""
    for secret in secrets:
        if secret not in _sent:
            _sent[secret] = None


def forget_sent() -> None:
    """Drop what headers have sent, as another kernel would begin."""
    _sent.clear()


def forget_typed(name: str | None = None) -> list[str]:
    """Drop what was typed under this name, or everything; gives the names that are gone."""
    gone = [key for key in _typed if name in (None, key[0])]
    for key in gone:
        del _typed[key]
    return sorted({key[0] for key in gone})


def in_sight(names: Iterable[str], *, dotenv: bool = True) -> list[Secret]:
    """Every key of these names that is there without asking anybody; all that were typed, found or sent."""
    found = (each.secret for each in found_before())
    return [*in_either(tuple(names), dotenv=dotenv), *found, *_typed.values(), *list(_sent)]


def typed_places() -> list[tuple[str, Hosts]]:
    """What was typed in this session: under which name, and for which hosts."""
    return list(_typed)


def any_typed() -> bool:
    """Whether any key was typed in this session."""
    return bool(_typed)


def typed_key(name: str, hosts: Hosts) -> FoundKey | None:
    """The key that was typed under this name, if it was meant for all of these hosts."""
    for (kept_as, meant_for), secret in _typed.items():
        if kept_as == name and hosts and hosts <= meant_for:
            return FoundKey(secret, TYPED)
    return None


@functools.lru_cache(maxsize=256)
def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of an address: what a key is bound to."""
    scheme, host, port, fault = _parts(url)
    if fault:
        raise InvalidParameterError(f"{shown_address(url)!r} is no web address: {fault}")
    if host.startswith("@"):
        raise InvalidParameterError(
            f"the address {shown_address(url)!r} holds a user name or password, which every message and log "
            "would show: give the key with api_key= or headers="
        )
    return scheme, host, port


def _parts(url: str) -> tuple[str, str, int, str]:
    """Scheme, host (with an `@` before it where there is a user), port, and what is wrong with them."""
    # In a frame of its own, for what is raised of it must not show the parts: one may be a password.
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme.lower(), parts.hostname or "", parts.port
        fault = "" if scheme in _DEFAULT_PORTS and host else "it must begin with http:// or https://"
        fault = fault or ("its host holds a blank" if any(map(str.isspace, host)) else "")
        # `urlsplit` leaves line ends and tabs out, wherever they stand.
        fault = fault or ("" if url.isprintable() else "it holds a line end or another sign that none has")
        # What follows it is never sent, and neither would be the path that is put behind it.
        fault = fault or ("nothing after its '#' would be sent: leave that out" if "#" in url else "")
    except ValueError as error:
        # What urlsplit says repeats parts of the address, which may be parts of a password.
        return "", "", 0, ("its host or port is malformed" if "@" in url else str(error)) + _LIKE
    if fault:
        return "", "", 0, fault + _LIKE
    user = "@" if "@" in parts.netloc else ""
    return scheme, user + host.lower().rstrip("."), port or _DEFAULT_PORTS[scheme], ""


_LIKE = ", like http://localhost:8000/v1"
