"""Keys that a user types: asked for with a masked prompt, checked, kept for the session or in the keyring."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from g4f_nb.calls import Host
from g4f_nb.credentials import TYPED, Hosts, forget_typed, keep_typed, origin, typed_places
from g4f_nb.errors import InvalidParameterError, ProviderNotWorkingError
from g4f_nb.frontend import NobodyTypesError
from g4f_nb.key_places import (
    IN_KEYRING,
    delete_from_keyring,
    has_keyring,
    look_again,
    needed_keyring,
    save_in_keyring,
)
from g4f_nb.providers.finding.known import everything
from g4f_nb.providers.models.model import SECRETS, Model, Provider
from g4f_nb.providers.registry import choose
from g4f_nb.providers.services.hosts import key_of
from g4f_nb.secret import Secret, shown_address
from g4f_nb.tables import Table

_LONGEST = 8_192
_PLACEHOLDER = re.compile(r"(?i)your[\s_-].*|.*api[\s_-]?key[>\])}]*|[<$].*|.*(\.\.\.|\*\*\*|xxxx).*")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyNeed:
    """Whose key it is, where it would go, and whether it is there; never the key itself."""

    provider: str
    # The variable under which it is looked for, also in the keyring.
    name: str
    # The hosts that it is for.
    where: str
    # The name of the place where it was found.
    found: str | None
    # Whether it could be kept for later sessions, and whether it is what a user gave to us.
    keyring: bool
    ours: bool


def key_need(whose: str | Model | Provider) -> KeyNeed:
    """What is known of a provider's key; an error if it needs none, or has no address yet."""
    look_again()
    cls, host = _host_of(whose)
    name, hosts = _place(cls, host)
    found = host.key_source
    return KeyNeed(
        provider=cls.__name__, name=name, where=_there(hosts), found=found,
        keyring=name != cls.__name__ and has_keyring(),
        ours=found is not None and (found == TYPED or found.endswith(IN_KEYRING)),
    )  # fmt: skip


def list_keys() -> Table:
    """Where the key of each service was found, by name; services without one are left out."""
    look_again()
    rows = []
    for known in everything():
        found = key_of(known.row) if known.row is not None else None
        if found is not None and known.row is not None:
            rows.append((known.name, found.source, known.row.url or known.row.api_base))
    named = {name for known in everything() if known.row is not None for name in known.row.api_key_env}
    rows += [(name, TYPED, _there(hosts)) for name, hosts in typed_places() if name not in named]
    note = "%g4f key PROVIDER asks for a key and keeps it for this session; with --save, in the keyring."
    title = "" if rows else "No key was found."
    return Table(tuple(rows), ("provider", "key found in", "service") if rows else (), title, note)


def type_key(whose: str | Model | Provider, ask: Callable[[str], str], *, save: bool = False) -> str:
    """Ask for a provider's key and keep it; says in words what became of it."""
    cls, host = _host_of(whose)
    name, hosts = _place(cls, host)
    where = _there(hosts)
    if save and name == cls.__name__:
        raise InvalidParameterError(
            f"{cls.__name__} has no variable of its own, under which the keyring could keep its key: "
            "leave --save out"
        )
    if save:
        # What cannot be kept is not asked for.
        needed_keyring()
    secret = checked(_typed(ask, f"Key for {cls.__name__} at {where}: ", name, cls), name)
    if save:
        kept = f"The key is in {save_in_keyring(name, secret)}, as {name}, for this and later sessions."
    else:
        keep_typed(name, secret, hosts)
        kept = f"The key is kept for this session; it goes to {where} and nowhere else."
    first = _host_of(whose)[1]
    if first.secret != secret:
        kept += f" It is not used yet, for {first.key_source} comes first: take that away."
    return kept


def _typed(ask: Callable[[str], str], prompt: str, name: str, cls: Provider) -> str:
    """What is typed; where nobody can, the variable of this very provider is the way."""
    try:
        return ask(prompt)
    except NobodyTypesError:
        if name == cls.__name__:
            # It has no variable of its own.
            raise
        raise NobodyTypesError(
            f"nobody can type a key here: set {name} in the environment, or write it into a file .env in "
            "this folder"
        ) from None


def forget_key(whose: str | Model | Provider | None) -> str:
    """Drop what was typed, for one provider or for all; of one, the keyring's as well."""
    if whose is None:
        gone = forget_typed()
        return f"Forgotten: {', '.join(gone)}." if gone else "No key was typed in this session."
    cls, host = _host_of(whose)
    places = []
    for name in host.key_names or (cls.__name__,):
        places += ["this session's"] if forget_typed(name) else []
        places += ["the keyring's"] if delete_from_keyring(name) else []
    said = f"Forgotten for {cls.__name__}: {', '.join(places)}." if places else "Nothing was kept."
    left = cls.look_up_host()
    if left is not None and left.key_source is not None:
        said += f" There still is a key: {left.key_source}."
    return said


def checked(text: str, name: str) -> Secret:
    """What was pasted, without what stands around a key in a file; refused if it can be none."""
    text = text.strip()
    text = re.sub(rf"^(?:export\s+)?{re.escape(name)}\s*=\s*", "", text)
    text = re.sub(r"^(?i:bearer|basic)\s+", "", text)
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'`":
        text = text[1:-1].strip()
    if not text:
        raise InvalidParameterError("nothing was typed: no key is kept")
    fault = ""
    if not text.isascii() or not text.isprintable() or " " in text:
        fault = "it holds a blank or another character that no key has"
    elif len(text) > _LONGEST:
        fault = f"it has {len(text):,} characters"
    elif text == name or _PLACEHOLDER.fullmatch(text):
        fault = "it only stands where a key should be"
    secret = Secret(text)
    del text
    if fault:
        raise InvalidParameterError(f"that is no key: {fault}; copy it again. No key is kept")
    return secret


def _host_of(whose: str | Model | Provider) -> tuple[Any, Host]:
    """The provider that is meant, and where its calls go."""
    options = whose.options if isinstance(whose, Model) else {}
    cls, _, _ = choose(whose.name if isinstance(whose, Model) else whose)
    given = {name: options[name] for name in cls.host_options if options.get(name) and name not in SECRETS}
    host = cls.look_up_host(**given)
    if host is None:
        raise ProviderNotWorkingError(f"{cls.__name__} takes no key: it can be asked as it is")
    return cls, host


def _place(cls: Any, host: Host) -> tuple[str, Hosts]:
    """The name under which a key of this provider is kept, and the hosts that it is for."""
    if not host.key_names:
        raise ProviderNotWorkingError(
            host.missing
            or f"{cls.__name__} at {shown_address(host.base)} needs no key: it can be asked as it is"
        )
    hosts = host.key_hosts or frozenset(origin(each) for each in (host.base, host.chat_url) if each)
    return host.key_names[0], hosts


def _there(hosts: Hosts) -> str:
    return ", ".join(_words(*each) for each in sorted(hosts))


def _words(scheme: str, name: str, port: int) -> str:
    usual = {"http": 80, "https": 443}[scheme]
    name = f"[{name}]" if ":" in name else name
    return f"{scheme}://{name}" + ("" if port == usual else f":{port}")
