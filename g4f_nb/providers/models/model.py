"""A model with settings of its own, and the one that this session uses where a call names none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeVar

from g4f_nb.calls import Address
from g4f_nb.entering import is_given
from g4f_nb.errors import InvalidParameterError, short, sort_of
from g4f_nb.headers import checked_headers
from g4f_nb.parameters import refuse_slips
from g4f_nb.prices import Price, checked_price
from g4f_nb.providers.base import AbstractProvider
from g4f_nb.secret import MASK, Secret, Veiled, kind_only, redact, unshown

Provider = type[AbstractProvider]
T = TypeVar("T")
# What was given for one server, and what no other may see.
HOST_BOUND = frozenset({
    "api_key", "api_base", "api_endpoint", "headers", "extra_data", "connector", "ssl",
    "auth_url", "account", "password", "token",
})  # fmt: skip
ADDRESSES = ("api_base", "api_endpoint", "auth_url")
SECRETS = ("api_key", "password", "token")
# A text that is a key by itself, and no model of one that a server calls `fw-llama-70b`.
_A_KEY = re.compile(
    r"(?i)(?:sk|gsk|xai|hf|nvapi|pplx|csk|fw)[-_][\w-]{0,200}?(?=[a-z]{0,19}\d)[a-z0-9]{20}[\w-]{0,300}|AIza[\w-]{30,60}"
)


@dataclass(frozen=True, slots=True, init=False)
class Model:
    """A model with settings of its own, usable wherever a model is named."""

    name: str | Provider
    label: str | None
    options: Mapping[str, Any] = field(repr=False)
    price: Price | None = field(repr=False)

    def __init__(
        self, name: str | Provider, *, label: str | None = None, price: Any = None, **options: Any
    ) -> None:
        options, name, price = veiled(options), one_named(name), unshown(price)
        if not isinstance(label, str | int | float | None):
            label = kind_only(label)
        # First: a traceback with locals shows one that is refused, too.
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "label", label)
        refuse_slips(options, ("label", "price"), of="Model")
        checked = None if price is None else checked_price(price, "price=")
        object.__setattr__(self, "options", options)
        object.__setattr__(self, "price", checked)
        if not isinstance(label, str | int | float | None):
            raise InvalidParameterError(f"label is {short(label)}: it must be a text, or None")
        check_model(name)
        check_headers(options)

    def __hash__(self) -> int:
        # Options may hold what has no hash; two that are equal have the same name and label.
        return hash((self.name, self.label))

    def __copy__(self) -> Model:
        return self

    def __deepcopy__(self, memo: object) -> Model:
        # Copied along with whatever holds it; it never changes.
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        risky = sorted(name for name, value in self.options.items() if _may_hold_a_key(name, value))
        if risky:
            _refuse_to_pickle(risky)
        return _rebuilt, (self.name, self.label, dict(self.options), self.price)


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What `nb.use` has chosen: a provider, a model of it (`""` for its default), and options."""

    provider: Provider
    model: str
    options: Mapping[str, Any] = field(repr=False, default_factory=dict)
    price: Price | None = None


_used: Used | None = None


def used() -> Used | None:
    """What this session uses where a call names no provider; `None` leaves it to the settings."""
    return _used


def set_used(choice: Used | None) -> Used | None:
    """Choose for the rest of the session; gives what was chosen before."""
    global _used
    before, _used = _used, choice
    return before


def says_where(given: Mapping[str, Any]) -> bool:
    """Whether there is an address among these options, or what was given for one."""
    return any(is_given(given.get(name)) for name in ADDRESSES)


def laid_over(beneath: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Options over options beneath them; what was for another address is left out beneath a new address."""
    own = Veiled(beneath)
    if says_where(given):
        own = Veiled((name, value) for name, value in own.items() if name not in HOST_BOUND)
    own.update((name, value) for name, value in given.items() if value is not None)
    return own


def veiled(options: Mapping[str, Any]) -> Veiled:
    """A call's options as they may be kept: no printing of them shows a key."""
    kept = Veiled(options)
    for name in SECRETS:
        if isinstance(kept.get(name), str):
            kept[name] = Secret.of(kept[name])
    for name in ADDRESSES:
        if name in kept:
            kept[name] = Address.of(kept[name])
    for name in ("headers", "extra_data"):
        if type(kept.get(name)) is dict:
            kept[name] = Veiled(kept[name])
    return kept


def one_named(given: T) -> T:
    """What names one model or provider, as it is; anything else may hold a key: of that its kind alone.

    Whoever takes a model says this first, before anything can fail: a traceback may show locals.
    """
    if isinstance(given, str):
        # Neither a key nor an address with a password: what is left of them is refused.
        text = MASK if _A_KEY.fullmatch(given) else given
        return redact(text) if "://" in text else text  # type: ignore[return-value]  # a text like the other
    if given is None or isinstance(given, int | float | type | Model | AbstractProvider):
        return given
    return kind_only(given)  # type: ignore[no-any-return]  # refused wherever it is looked at


def several_named(given: T) -> T:
    """The same where several may be named: each of them by itself, and none of what one of them holds."""
    made: Any = given
    if isinstance(made, str | bytes | bytearray | type | Model | Mapping) or not isinstance(made, Iterable):
        return one_named(given)
    each = map(one_named, made)
    return tuple(each) if isinstance(made, tuple) else list(each)  # type: ignore[return-value]  # as above


def check_model(model: object) -> None:
    """Refuse what names no model: a prompt must not go somewhere else because of a wrong type."""
    if isinstance(model, str) and MASK in model:
        raise InvalidParameterError(
            f"the model is {short(model)}, a key or an address that holds one: a key is found by itself "
            '(nb.KeyPrompt asks for it), an address is api_base=, and a model is named "provider:model"'
        )
    if model is None or isinstance(model, str | type):
        return
    hint = "pass the class itself" if isinstance(model, AbstractProvider) else "one model at a time"
    raise InvalidParameterError(
        f'the model is {sort_of(model)}: it must be a text like "groq:llama-3.3-70b", a provider '
        f"class or an nb.Model ({hint})"
    )


def check_headers(options: Mapping[str, Any]) -> None:
    """Refuse at once, and not with the first question, headers that no request can have."""
    if isinstance(options.get("headers"), Mapping):
        checked_headers(options["headers"])


def check_texts(given: Mapping[str, Any]) -> None:
    """Refuse a key or an address that is no text, by name and type: as bytes it is a key all the same."""
    for name in SECRETS:
        if not isinstance(given.get(name), str | Secret | None):
            raise InvalidParameterError(
                f"{name}= is a text, not of type {type(given[name]).__name__}: pass the key itself, as a str"
            )
    for name in ADDRESSES:
        if not isinstance(given.get(name), str | None):
            raise InvalidParameterError(
                f"{name}= is an address like http://localhost:8000/v1, not of type "
                f"{type(given[name]).__name__}"
            )


def _may_hold_a_key(name: str, value: Any) -> bool:
    return name in (*SECRETS, "headers", "extra_data", "proxy") or (name in ADDRESSES and "?" in str(value))


def _refuse_to_pickle(names: list[str]) -> NoReturn:
    raise TypeError(
        f"a Model with {', '.join(f'{name}=' for name in names)} may hold a key, and is not pickled: pass "
        "the model's name, and let the other side find its own key"
    )


def _rebuilt(
    name: str | Provider, label: str | None, options: dict[str, Any], price: Price | None = None
) -> Model:
    return Model(name, label=label, price=price, **options)
