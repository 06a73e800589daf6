"""Which host a class talks to, and which key may go there.

The base: the call's, the class's own, the row's variable in the environment, the row. The key: the call's,
the class's own, the row's variables, what was typed for this session. A class's base and key are inherited as
a pair from the nearest class that sets a base, never from the bare template; a row's key goes to the row's
hosts and nowhere else.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from g4f_nb.calls import Address, Host
from g4f_nb.credentials import Hosts, any_typed, find_key, origin, typed_key
from g4f_nb.environment import variable, variables
from g4f_nb.errors import InvalidParameterError, MissingAuthError, ProviderNotWorkingError
from g4f_nb.key_places import FoundKey, look_again
from g4f_nb.newest import Newest
from g4f_nb.providers.services.rows import Row
from g4f_nb.secret import Secret

CHAT_PATH = "/chat/completions"
# Decisions for local servers and the like, without keys: a small request spends a twentieth on them.
_keyless: Newest[tuple[Any, ...], Host] = Newest(256)


def find_host(
    cls: Any, *, api_base: str | None, api_endpoint: str | None, api_key: str | Secret | None
) -> Host:
    """Decide for one call of one class; raises before anything is sent if a needed key is missing."""
    memo = _memo(cls, api_base) if api_key is api_endpoint is None else None
    known = None if memo is None else _keyless.get(memo)
    if known is not None:
        return known
    host = _decided(cls, api_base=api_base, api_endpoint=api_endpoint, api_key=api_key)
    if host.missing is not None:
        raise MissingAuthError(host.missing, provider=cls.__name__)
    row: Row | None = cls.row
    # Where a key might still turn up, in `.env` or a keyring, it is looked for again each time.
    if (
        memo is not None
        and host.secret is None
        and not (row and _origins(host.base, host.chat_url) & _row_origins(row))
    ):
        _keyless[memo] = host
    return host


def look_up_host(
    cls: Any,
    /,
    *,
    api_base: str | None = None,
    api_endpoint: str | None = None,
    api_key: str | Secret | None = None,
) -> Host:
    """`find_host` for who wants to see: a missing key is told in the result, and where it is looked for."""
    secret = Secret.of(api_key)
    del api_key
    host = _decided(cls, api_base=api_base, api_endpoint=api_endpoint, api_key=secret)
    targets = _origins(host.base, host.chat_url)
    return replace(host, key_names=_key_names(cls, _owner(cls), targets), key_hosts=targets)


def _decided(
    cls: Any, *, api_base: str | None, api_endpoint: str | None, api_key: str | Secret | None
) -> Host:
    owner = _owner(cls)
    base, endpoint, chosen_by = _address(cls, owner, api_base=api_base, api_endpoint=api_endpoint)
    targets = _origins(base, endpoint)
    secret, source = Secret.of(api_key), "api_key="
    del api_key
    if secret is None:
        found = _key(cls, owner, targets)
        if found is None:
            missing, no_key = _without_key(cls, base, endpoint)
            if missing is not None:
                look_again()
            return Host(base=base, chat_url=endpoint, chosen_by=chosen_by, missing=missing, no_key=no_key)
        secret, source = found.secret, found.source
    if not secret.reveal().isprintable():
        raise InvalidParameterError(
            f"the key from {source} holds a line end or another character that no key has: copy it again",
            provider=cls.__name__,
        )
    return Host(base=base, chat_url=endpoint, secret=secret, key_source=source, chosen_by=chosen_by)


# Keys that open more than models: having one does not say that its service shall be asked.
_MANY_DOORS = frozenset({
    "GOOGLE_API_KEY", "AZURE_API_KEY", "GITHUB_TOKEN", "GITHUB_API_KEY", "HF_TOKEN", "HUGGINGFACE_API_KEY",
    "WANDB_API_KEY", "DATABRICKS_TOKEN",
})  # fmt: skip


def key_of(row: Row) -> FoundKey | None:
    """The key that a call of this row would find, whoever makes it."""
    return _key_of(row, row.api_key_env)


def dedicated_key_of(row: Row) -> FoundKey | None:
    """The same, where finding it says that its owner means this service."""
    if not row.dedicated:
        return None
    return _key_of(row, [name for name in row.api_key_env if name not in _MANY_DOORS])


def _key_of(row: Row, names: Iterable[str]) -> FoundKey | None:
    try:
        given = base_from_environment(row)
    except InvalidParameterError:
        return None  # No call goes to an address that is none, so no key does; the call itself will say it.
    return find_key(names, hosts=_origins(row.api_base if given is None else given[0]))


def _memo(cls: Any, api_base: str | None) -> tuple[Any, ...] | None:
    """All that a call to an address of its own depends on, if no key is in sight; such are decided once."""
    row: Row | None = cls.row
    if not api_base or cls.api_key is not None or row is None or any_typed():
        return None
    names = (*row.api_base_env, row.api_host_env or "", *row.api_key_env)
    if any(variables(names)):
        return None
    return cls, api_base, cls.api_base, cls.api_endpoint, cls.needs_auth, row.api_base, row.needs_auth


def key_names(row: Row | None) -> tuple[str, ...]:
    """The variables that may hold this row's key."""
    return row.api_key_env if row else ()


def base_from_environment(row: Row | None) -> tuple[str, str] | None:
    """A base address that the environment gives for this row, and the variable's name; `.env` never does."""
    if row is None:
        return None
    for name in row.api_base_env:
        if value := _address_in(name):
            return _checked(Address.of(value.rstrip("/")), name), name
    if row.api_host_env and (value := _address_in(row.api_host_env)):
        return _checked(Address.of(_base_of_host(value, row)), row.api_host_env), row.api_host_env
    return None


def _address_in(name: str) -> str:
    """What a variable holds, as an `Address`: with a password in it, no traceback shall show it."""
    return Address.of((variable(name) or "").strip())


def _checked(base: str, name: str) -> str:
    """This address, if it is one; the error says which variable to mend."""
    try:
        origin(base)
    except InvalidParameterError as error:
        said = str(error)
    else:
        return base
    raise InvalidParameterError(f"the environment variable {name}: {said}")


def is_home(row: Row, host: Host) -> bool:
    """Whether a call goes to the row's own hosts: its base, or where its variable says."""
    return _origins(host.base, host.chat_url) <= _row_origins(row)


def join(base: str, path: str) -> str:
    """An address below a base, without a double slash; a query of the base stays at the end."""
    base, mark, query = base.partition("?")
    return Address.of(base.rstrip("/") + path + mark + query)


def _owner(cls: Any) -> Any:
    """The nearest class that sets a base; the bare template sets none."""
    for klass in cls.__mro__:
        own = vars(klass)
        if "bare" in own:
            break
        # A row sets one even where only a variable knows it.
        if own.get("api_base") or own.get("api_endpoint") or own.get("row") is not None:
            return klass
    return None


def _address(cls: Any, owner: Any, *, api_base: str | None, api_endpoint: str | None) -> tuple[str, str, str]:
    path: str = getattr(cls, "chat_path", CHAT_PATH)
    if api_endpoint:
        return (
            Address.of(api_base or api_endpoint.removesuffix(path)),
            Address.of(api_endpoint),
            "api_endpoint=",
        )
    if api_base:
        return Address.of(api_base), join(api_base, path), "api_base="
    row: Row | None = cls.row
    # No name for the class's whole dictionary: it may hold a key, and tracebacks can show locals.
    holder = cls if owner is None else owner
    class_base = Address.of(vars(holder).get("api_base") or "")
    class_endpoint = Address.of(vars(holder).get("api_endpoint") or "")
    if class_endpoint:
        return (
            class_base or Address.of(class_endpoint.removesuffix(path)),
            class_endpoint,
            f"{cls.__name__} itself",
        )
    from_row = row is not None and class_base == row.api_base
    if class_base and not from_row:
        return class_base, join(class_base, path), f"{cls.__name__} itself"
    if owner is None and not vars(cls).get("bare"):
        raise ProviderNotWorkingError(
            f"{cls.__name__} has no address: set api_base on the class, or pass api_base=",
            provider=cls.__name__,
        )
    given = base_from_environment(row)
    if given is not None:
        return given[0], join(given[0], path), f"the environment variable {given[1]}"
    base = Address.of(class_base or (row.api_base if row else ""))
    if not base:
        raise ProviderNotWorkingError(_missing_base(cls, row), provider=cls.__name__)
    return base, join(base, path), "the provider's own address"


def _key_names(cls: Any, owner: Any, targets: Hosts) -> tuple[str, ...]:
    """Where a key for these hosts is looked for: a row's variables, at its own hosts.

    A class of the user's own, with an address of its own, has no variable: its name stands for it.
    """
    row: Row | None = cls.row
    at_home = (
        row is not None and (owner is not None or vars(cls).get("bare")) and targets <= _row_origins(row)
    )
    return row.api_key_env if row is not None and at_home else (cls.__name__,)


def _key(cls: Any, owner: Any, targets: Hosts) -> FoundKey | None:
    """The key for a call that goes to these hosts (models here, chat there), and where it was found."""
    if targets <= _class_key_origins(cls, owner, cls.row):
        for klass in cls.__mro__:
            own = own_key(klass)
            if own is not None and (not vars(klass).get("bare") or klass is cls):
                return FoundKey(own, f"{klass.__name__}.api_key")
            if klass is owner:
                break
    names = _key_names(cls, owner, targets)
    if names == (cls.__name__,):
        return typed_key(cls.__name__, targets)
    return find_key(names, hosts=targets)


def own_key(klass: type) -> Secret | None:
    """The key that is written on this class itself."""
    try:
        return Secret.of(vars(klass).get("api_key"))
    except TypeError as error:
        said = str(error)
    raise InvalidParameterError(
        f"api_key on the class {klass.__name__}: {said}; write the key itself there, as a str",
        provider=klass.__name__,
    )


def _class_key_origins(cls: Any, owner: Any, row: Row | None) -> Hosts:
    """The hosts that a key written on the class was meant for."""
    if owner is None:
        if not vars(cls).get("bare") or row is None:
            return frozenset()
        owner = cls
    base, endpoint = vars(owner).get("api_base"), vars(owner).get("api_endpoint")
    own = _origins(base, endpoint)
    if row is not None and (not own or base == row.api_base):
        own |= _row_origins(row)
    return own


def _row_origins(row: Row) -> Hosts:
    given = base_from_environment(row)
    return _origins(row.api_base, None if given is None else given[0])


@functools.lru_cache(maxsize=128)
def _origins(*addresses: str | None) -> Hosts:
    return frozenset(origin(address) for address in addresses if address)


def _needs_key(row: Row | None, base: str) -> bool:
    # Where only a variable knows the address, it is at home there.
    return (
        row is not None and row.needs_auth and origin(base) in (_origins(row.api_base) or _row_origins(row))
    )


def _missing_base(cls: Any, row: Row | None) -> str:
    names = (*row.api_base_env, *filter(None, [row.api_host_env])) if row else ()
    way = f"set the environment variable {' or '.join(names)}, or pass" if names else "pass"
    return f"{cls.__name__} has an address of its own for every customer: {way} api_base="


def _without_key(cls: Any, base: str, endpoint: str) -> tuple[str | None, str]:
    """What to do about it, if a key is needed at this host; and why there is none, in a few words."""
    row: Row | None = cls.row
    names = key_names(row)
    at_home = row is not None and _origins(base, endpoint) <= _row_origins(row)
    if not cls.needs_auth and not _needs_key(row, endpoint):
        if row is not None and names and not at_home:
            return None, f"none — {names[0]} goes to {row.label}'s own address only; api_key= goes here"
        return None, "none needed"
    if not at_home:
        names = ()
    if not names:
        return (
            f"{cls.__name__} needs a key: pass api_key=, or set api_key on the class beside its api_base; "
            f"in a notebook, %g4f key {cls.__name__} asks for it"
        ), "none — pass api_key="
    return (
        f"{cls.__name__} needs a key and none was found: set the environment variable {names[0]} (or write "
        f"{names[0]}=… into a file .env in this folder; in a notebook, %g4f key {cls.__name__} asks for it), "
        'then run this again; without any key, "Demo" answers offline'
    ), f"none — set {names[0]}"


def _base_of_host(value: str, row: Row) -> str:
    """What a server listens on, like `OLLAMA_HOST`: `0.0.0.0`, `host`, `host:port` or an address."""
    scheme, mark, rest = value.rpartition("://")
    local = row.local and bool(row.api_base)
    scheme = scheme if mark else "http" if local else "https"
    host, _, path = rest.partition("/")
    name, colon, port = host.rpartition(":")
    if not colon or host.endswith("]"):
        name, port = host, "" if mark or not local else str(origin(row.api_base)[2])
    if local and name in ("0.0.0.0", "", "[::]"):  # noqa: S104  # read, not bound: "all addresses" is reached locally
        name = "127.0.0.1"
    path = f"/{path.rstrip('/')}" if path else ""
    tail = "" if path.endswith(row.api_path) else row.api_path
    return f"{scheme}://{name}{':' if port else ''}{port}{path.rstrip('/')}{tail}"
