"""Where GigaChat's calls go and on whose account: each argument, the class's own, its variable, the default.

The authorization key belongs to the host that gives tokens for it, and the tokens to the host of the API: a
key that was found (in the environment, in `.env`…) goes to GigaChat's own hosts and to those that the
environment names, one on a class to the hosts of its class, and a call's own wherever the call goes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from g4f_nb.calls import Address, Host
from g4f_nb.credentials import Hosts, find_key, origin
from g4f_nb.environment import variable
from g4f_nb.errors import InvalidParameterError, MissingAuthError
from g4f_nb.key_places import look_again
from g4f_nb.providers.services.hosts import own_key
from g4f_nb.secret import Secret, shown_address

API_BASE = "https://gigachat.devices.sberbank.ru/api/v1"
AUTH_URL = "https://ngw.devices.sberbank.ru:9443/api/v2/oauth"
_DEFAULTS = {"api_base": API_BASE, "auth_url": AUTH_URL}
PERSONAL = "GIGACHAT_API_PERS"
# The service's other address, which its own client uses since 2026.
_NEWER_BASE = "https://api.giga.chat/v1"
_BUSINESS_STREAMS = 10
_PREFIX = "GIGACHAT_"
_OTHER_NAMES = {"api_base": ("BASE_URL",), "api_key": ("CREDENTIALS",)}
_YES, _NO = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


@dataclass(frozen=True, slots=True, kw_only=True)
class GigaChatAccount:
    """The hosts, the scope and the authorization key of a call."""

    base: str
    auth_url: str
    scope: str
    secret: Secret | None
    key_source: str | None
    chosen_by: str
    missing: str | None = None

    @property
    def token_key(self) -> tuple[Secret | None, str, str]:
        """What tells one account's tokens from another's."""
        return self.secret, self.scope, self.auth_url

    def host(self) -> Host:
        """The same for `nb.resolve`, and for `%g4f key`."""
        targets = frozenset((origin(self.base), origin(self.auth_url)))
        return Host(
            base=self.base,
            secret=self.secret,
            key_source=self.key_source,
            chosen_by=self.chosen_by,
            missing=self.missing,
            no_key=f"none — set {names_of('api_key')[0]}",
            more={"auth_url": self.auth_url, "scope": self.scope},
            key_names=names_of("api_key") if targets <= _own_hosts() else (),
            key_hosts=targets,
        )


def names_of(argument: str) -> tuple[str, ...]:
    """The variables that stand for an argument."""
    return tuple(_PREFIX + name for name in (argument.upper(), *_OTHER_NAMES.get(argument, ())))


def from_environment(argument: str) -> tuple[str, str] | None:
    """What the environment says for an argument, and the variable's name; `.env` is not asked."""
    for name in names_of(argument):
        value = (variable(name) or "").strip()
        if value:
            return value, name
    return None


def chosen(argument: str, given: Any, own: Any = None, default: Any = None) -> Any:
    """The call's own value, else the class's, else the environment's, else the default."""
    if given is not None:
        return given
    if own is not None:
        return own
    found = from_environment(argument)
    return default if found is None else found[0]


def chosen_switch(argument: str, given: bool | None, own: bool | None = None) -> bool | None:
    """`chosen` for a yes or no."""
    value = chosen(argument, given, own)
    if isinstance(value, str):
        if value.lower() not in _YES | _NO:
            raise InvalidParameterError(
                f"{names_of(argument)[0]} is {value!r}: it must be true or false", provider="GigaChat"
            )
        return value.lower() in _YES
    return None if value is None else bool(value)


def chosen_count(argument: str, given: int | None, own: int | None = None) -> int | None:
    """`chosen` for a whole number above 0."""
    value = chosen(argument, given, own)
    try:
        count = None if value is None else int(value)
    except (TypeError, ValueError):
        count = 0
    if count is not None and count < 1:
        raise InvalidParameterError(
            f"{argument}= (or {names_of(argument)[0]}) is {value!r}: it must be a whole number, 1 or more",
            provider="GigaChat",
        )
    return count


def streams_of(scope: str) -> int:
    """How many streams GigaChat lets an account have at once: a person's one, a business's ten."""
    return 1 if scope == PERSONAL else _BUSINESS_STREAMS


def find_account(
    cls: Any,
    *,
    api_base: str | None,
    auth_url: str | None,
    api_key: str | Secret | None,
    scope: str | None = None,
) -> GigaChatAccount:
    """Decide for one call of one class; raises before anything is sent if there is no key."""
    account = look_up_account(cls, api_base=api_base, auth_url=auth_url, api_key=api_key, scope=scope)
    if account.missing is not None:
        look_again()
        raise MissingAuthError(account.missing, provider=cls.__name__)
    return account


def look_up_account(
    cls: Any,
    *,
    api_base: str | None,
    auth_url: str | None,
    api_key: str | Secret | None,
    scope: str | None = None,
) -> GigaChatAccount:
    """`find_account` for who only wants to see: a key that is missing is told in the result."""
    owner = _owner(cls)
    base, chosen_by = _address("api_base", api_base, owner)
    auth, _ = _address("auth_url", auth_url, owner)
    targets = frozenset((origin(base), origin(auth)))
    secret, source = Secret.of(api_key), "api_key="
    if secret is None:
        secret, source = _key(cls, owner, targets)
    if secret is not None:
        secret = _plain(secret, source, cls.__name__)
    return GigaChatAccount(
        base=Address(base),
        auth_url=Address(auth),
        scope=chosen("scope", scope, cls.scope, PERSONAL),
        secret=secret,
        key_source=source if secret else None,
        chosen_by=chosen_by,
        missing=None if secret else _missing(cls.__name__, base, auth, targets),
    )


def _owner(cls: Any) -> Any:
    """The nearest class with an address of its own; its key, if it has one, goes with it."""
    for klass in cls.__mro__:
        if any(vars(klass).get(name) not in (None, "", default) for name, default in _DEFAULTS.items()):
            return klass
    return None


def _address(argument: str, given: str | None, owner: Any) -> tuple[str, str]:
    default = _DEFAULTS[argument]
    if given:
        return given.rstrip("/"), f"{argument}="
    own = getattr(owner, argument, None) if owner is not None else None
    if own and own != default:
        return own.rstrip("/"), f"{owner.__name__} itself"
    found = from_environment(argument)
    if found is not None:
        return found[0].rstrip("/"), f"the environment variable {found[1]}"
    return default, "the provider's own address"


def _key(cls: Any, owner: Any, targets: Hosts) -> tuple[Secret | None, str]:
    if targets <= _origins_of(owner):
        for klass in cls.__mro__:
            own = own_key(klass)
            if own is not None:
                return own, f"{klass.__name__}.api_key"
            if klass is owner:
                break
    if targets <= _own_hosts():
        found = find_key(names_of("api_key"), hosts=targets)
        if found is not None:
            return found.secret, found.source
    return None, ""


def _origins_of(owner: Any) -> Hosts:
    """The hosts that a key on a class was meant for: its class's, or GigaChat's own."""
    if owner is None:
        return _own_hosts()
    return frozenset(origin(_address(name, None, owner)[0]) for name in _DEFAULTS)


def _own_hosts() -> Hosts:
    """GigaChat's hosts, and those that the environment puts in their place."""
    named = [found[0] for found in map(from_environment, ("api_base", "auth_url")) if found is not None]
    return frozenset(origin(address) for address in (API_BASE, _NEWER_BASE, AUTH_URL, *named))


def _plain(secret: Secret, source: str, provider: str) -> Secret:
    """The key without the word that the documentation's examples put in front of it."""
    bare = Secret.of(secret.reveal().removeprefix("Basic "))
    if bare is None or not bare.reveal().isprintable() or not bare.reveal().isascii():
        raise InvalidParameterError(
            f"the key from {source} holds a line end or another character that no key has: copy it again",
            provider=provider,
        )
    return bare


def _missing(provider: str, base: str, auth: str, targets: Hosts) -> str:
    names = names_of("api_key")
    if not targets <= _own_hosts():
        where = " and ".join(dict.fromkeys(map(shown_address, (auth, base))))
        return (
            f"{provider} needs an authorization key for {where}: pass api_key= beside the address; keys from "
            f"{names[0]} go to GigaChat's own hosts and to those in GIGACHAT_AUTH_URL and GIGACHAT_API_BASE"
        )
    return (
        f"{provider} needs an authorization key and none was found: set the environment variable {names[0]} "
        f"(or write {names[0]}=… into a file .env in this folder; in a notebook, %g4f key {provider} asks "
        "for it), then run this again; the key is shown in your project at "
        'https://developers.sber.ru/studio; without any key, "Demo" answers offline'
    )
