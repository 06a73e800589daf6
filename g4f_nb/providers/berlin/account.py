"""Which Berlin server a call goes to, and whose login goes there.

There is no server that everybody could use. What the environment or `.env` says of account, password and
token belongs to the server that the environment names; what a class says belongs to the server of the class.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from g4f_nb.calls import Address, Host
from g4f_nb.credentials import Hosts, find_key, origin
from g4f_nb.environment import variable
from g4f_nb.errors import InvalidParameterError, MissingAuthError, ProviderNotWorkingError
from g4f_nb.secret import Secret, shown_address

_BASE_NAMES = ("BERLIN_API_BASE", "BERLIN_BASE_URL")
_PARTS = ("account", "password", "token")


@dataclass(frozen=True, slots=True, kw_only=True)
class BerlinAccount:
    """A server and a login there: account and password, or a token, or all of them."""

    base: str
    chosen_by: str
    account: str | None
    password: Secret | None
    token: Secret | None
    source: str | None

    @property
    def can_log_in(self) -> bool:
        """Whether a new token can be had."""
        return self.account is not None and self.password is not None

    def host(self) -> Host:
        """The same for `nb.resolve`."""
        more = {"account": self.account, "password": self.password, "token": self.token}
        return Host(
            base=self.base,
            key_source=self.source,
            chosen_by=self.chosen_by,
            missing=None if self.source else _missing(self.base),
            no_key="none — set BERLIN_ACCOUNT and BERLIN_PASSWORD",
            more={name: value for name, value in more.items() if value is not None},
        )


def base_of(cls: Any) -> tuple[str, str] | None:
    """The address that the class or the environment gives, and who gave it."""
    for klass in cls.__mro__:
        own = vars(klass).get("api_base")
        if own:
            return own, f"{klass.__name__} itself"
    for name in _BASE_NAMES:
        value = (variable(name) or "").strip()
        if value:
            return value, f"the environment variable {name}"
    return None


def find_account(cls: Any, **given: Any) -> BerlinAccount:
    """Decide for one call of one class; raises before anything is sent if there is no login."""
    found = look_up_account(cls, **given)
    if found.source is None:
        raise MissingAuthError(_missing(found.base), provider=cls.__name__)
    return found


def look_up_account(
    cls: Any,
    *,
    api_base: str | None = None,
    account: str | None = None,
    password: str | Secret | None = None,
    token: str | Secret | None = None,
) -> BerlinAccount:
    """`find_account` for who only wants to see: a login that is missing is told in the result."""
    told = base_of(cls) if not api_base else (api_base, "api_base=")
    if told is None:
        raise ProviderNotWorkingError(
            f"{cls.__name__} has no server: its public one is gone for good; set {_BASE_NAMES[0]}, or pass "
            "api_base= with the address of a server of your own",
            provider=cls.__name__,
        )
    base, chosen_by = told[0].rstrip("/"), told[1]
    origin(base)
    parts: dict[str, Any] = {"account": account or None, "password": Secret.of(password)}
    parts["token"] = Secret.of(token)
    del password, token
    source: str | None = ", ".join(f"{name}=" for name in _PARTS if parts[name])
    if not source:
        parts, source = _of_class(cls, base)
    if not source:
        parts, source = _of_environment(base)
    for name in _PARTS:
        _check(name, parts[name], cls.__name__)
    whole = parts["token"] or (parts["account"] and parts["password"])
    return BerlinAccount(base=Address(base), chosen_by=chosen_by, source=source if whole else None, **parts)


def _of_class(cls: Any, base: str) -> tuple[dict[str, Any], str | None]:
    """What the class says, down from the class that gives the address."""
    parts: dict[str, Any] = dict.fromkeys(_PARTS)
    source = None
    for klass in cls.__mro__:
        for name in _PARTS:
            own = vars(klass).get(name)
            if parts[name] is None and isinstance(own, str) and own:
                parts[name] = own if name == "account" else Secret.of(own)
                source = source or f"{klass.__name__} itself"
        own_base = vars(klass).get("api_base")
        if own_base:
            return (parts, source) if origin(own_base) == origin(base) else (dict.fromkeys(_PARTS), None)
    # Written on a class without an address: it goes where the environment says, and nowhere else.
    return (parts, source) if origin(base) in _own_hosts() else (dict.fromkeys(_PARTS), None)


def _of_environment(base: str) -> tuple[dict[str, Any], str | None]:
    parts: dict[str, Any] = dict.fromkeys(_PARTS)
    hosts = _own_hosts()
    if origin(base) not in hosts:
        return parts, None
    source = None
    for name in _PARTS:
        found = find_key((f"BERLIN_{name.upper()}",), hosts=hosts)
        if found is not None:
            parts[name] = found.secret.reveal() if name == "account" else found.secret
            source = found.source
    return parts, source


def _own_hosts() -> Hosts:
    given = [(variable(name) or "").strip() for name in _BASE_NAMES]
    return frozenset(origin(address) for address in given if address)


def _check(name: str, value: str | Secret | None, provider: str) -> None:
    text = value.reveal() if isinstance(value, Secret) else value
    if text and not (text.isprintable() and (name != "token" or text.isascii())):
        raise InvalidParameterError(
            f"{name}= holds a line end or another character that none has: copy it again", provider=provider
        )


def _missing(base: str) -> str:
    return (
        f"Berlin needs a login for {shown_address(base)}: pass account= and password=, or token=, beside "
        "api_base=; those in BERLIN_ACCOUNT, BERLIN_PASSWORD and BERLIN_TOKEN go to the server in "
        f"{_BASE_NAMES[0]} only"
    )
