"""From what a user writes, `"groq:some-model"`, to provider, host, key and model: one function for all."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from g4f_nb import settings
from g4f_nb.calls import Host
from g4f_nb.entering import is_given
from g4f_nb.errors import NoProviderError, ProviderNotFoundError, sort_of
from g4f_nb.key_places import look_again
from g4f_nb.notices import tell
from g4f_nb.parameters import refuse_unknown
from g4f_nb.prices import Price
from g4f_nb.providers.base import AbstractProvider
from g4f_nb.providers.demo import Demo
from g4f_nb.providers.finding.entries import PACKAGE, Known
from g4f_nb.providers.finding.known import everything, look_up, nearest
from g4f_nb.providers.finding.ownfile import in_own_file
from g4f_nb.providers.models.model import (
    Model,
    Provider,
    check_model,
    check_texts,
    laid_over,
    one_named,
    used,
    veiled,
)
from g4f_nb.providers.services.hosts import dedicated_key_of, key_of
from g4f_nb.secret import Secret, Veiled, redact, shown_address
from g4f_nb.tables import Table

# Of all names, an error shows so many.
_SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What a call would use: the provider, its host, the model, and where the key comes from, by name."""

    provider: Provider
    model: str
    address: Host | None = None
    chosen_by: str = "the call"
    # For a provider that is made of others: what was found for each of them.
    places: tuple[Any, ...] = field(default=(), compare=False)
    # What the user says it costs.
    price: Price | None = None

    @property
    def host(self) -> str | None:
        """The base address without its query, which may hold a key; `None` for a provider that has none."""
        return shown_address(self.address.base) if self.address else None

    @property
    def key(self) -> str | None:
        """The name of the place where the key was found, or `None`."""
        return self.address.key_source if self.address else None

    @property
    def missing(self) -> str | None:
        """What to do about a key that is needed and was not found; `None` if all is well."""
        return self.address.missing if self.address else None

    @property
    def key_words(self) -> str:
        """The key's place in words, or why there is none; never the key."""
        if self.address is None:
            return "none needed"
        return self.key or self.address.no_key

    @property
    def label(self) -> str:
        """`"provider:model"`, for a user's eyes."""
        name = self.provider.__name__
        return f"{name}:{self.model}" if self.model else name

    def __repr__(self) -> str:
        parts = [f"provider={self.provider.__name__}", f"model={self.model or '(the server decides)'!r}"]
        if self.address is not None:
            parts.append(f"host={self.host!r} (from {self.address.chosen_by})")
        parts.append(f"key: {self.key_words}")
        return f"Resolution({', '.join(parts)}; chosen by {self.chosen_by})"

    def table(self) -> Table:
        """The same as a notebook shows it."""
        rows = [("provider", f"{self.provider.__name__}, chosen by {self.chosen_by}")]
        rows.append(("model", self.model or "(the server decides)"))
        if self.address is not None:
            rows.append(("host", f"{self.host} (from {self.address.chosen_by})"))
        rows.append(("key", self.key_words))
        return Table(tuple(rows))

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        del cycle
        # Shown by itself it is a table; within a list, one line.
        printer.text(repr(self) if printer.indentation else repr(self.table()))

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def provider_names() -> list[str]:
    """Every provider that can be named, in the order of listings."""
    return [known.name for known in everything()]


def find_provider(name: str | Provider) -> Provider:
    """The class of a name, whatever its case; a class is taken as it is."""
    if inspect.isclass(name):
        if issubclass(name, AbstractProvider):
            return name
        raise ProviderNotFoundError(
            f"{name.__name__} is no provider class: derive it from AsyncGeneratorProvider"
        )
    return find_known(name).load()


def find_known(name: str | Provider) -> Known:
    """What is known of a name's provider, without loading it; a class is known by itself."""
    if inspect.isclass(name):
        cls = find_provider(name)
        found = look_up(cls.__name__)
        own = found is not None and not found.foreign and found.fault is None and found.load() is cls
        return (
            found
            if found is not None and own
            else Known(name=cls.__name__, source="the call", load=lambda: cls)
        )
    if type(name) is not str or not name.strip():
        given = repr(name) if type(name) is str else sort_of(name)
        raise ProviderNotFoundError(
            f'the provider is {given}: name one, like "groq", or pass its class; nb.list_providers() has all'
        )
    found = look_up(name)
    if found is None:
        raise ProviderNotFoundError(f"there is no provider named {redact(repr(name))}: {_hint(name)}")
    return found


def _hint(name: str) -> str:
    whose, colon, _ = name.partition(":")
    known = look_up(whose) if colon else None
    if known is not None:
        return f"that is {known.name} and a model of it, which goes together as model="
    near = nearest(name, most=3)
    fault = in_own_file()[1]
    if near:
        hint = f"did you mean {' or '.join(map(repr, near))}?"
    else:
        names = provider_names()
        shown = ", ".join(names[:_SHOWN])
        hint = f"there are {shown} and {len(names) - _SHOWN} more, which nb.list_providers() shows"
    return f"{hint} ({fault})" if fault else hint


def resolve(
    model: str | Model | Provider | None = None,
    *,
    provider: str | Provider | None = None,
    api_base: str | None = None,
    api_endpoint: str | None = None,
    api_key: str | Secret | None = None,
    interactive: bool = False,
    **more: Any,
) -> Resolution:
    """Decide what a call would use, and show it without the key; nothing is sent.

    A key that is needed and missing is told in the result. `interactive` lets `Demo` step in where nothing
    else is chosen. Some providers have more options that say where a call goes (`auth_url`, `account`…).
    """
    given = veiled(more | {"api_base": api_base, "api_endpoint": api_endpoint, "api_key": api_key})
    # Nothing is left that a traceback with locals could print.
    del more, api_key, api_base, api_endpoint
    model, provider = one_named(model), one_named(provider)
    options = options_for(model, provider, given)
    name = model.name if isinstance(model, Model) else model
    decided = decide(name, provider=provider, options=options, interactive=interactive)
    known = {"api_base", "api_endpoint", "api_key", *decided.provider.host_options}
    refuse_unknown(given, known, provider=decided.provider.__name__)
    return decided


def decide(
    model: str | Provider | None,
    *,
    provider: str | Provider | None,
    options: Mapping[str, Any],
    interactive: bool,
) -> Resolution:
    """`resolve` for a call with these options: of them, those count that say where it goes."""
    addressed = is_given(options.get("api_base"))
    cls, name, chosen_by = choose(model, provider, interactive=interactive, addressed=addressed)
    places = Veiled((option, options[option]) for option in cls.host_options if option in options)
    check_texts(places)
    address = cls.look_up_host(**places)
    if not name:
        name = getattr(cls, "default_model", None) or ""
    name = getattr(cls, "model_aliases", {}).get(name, name)
    return Resolution(provider=cls, model=name, address=address, chosen_by=chosen_by)


def options_for(
    model: str | Model | Provider | None, provider: str | Provider | None, given: Mapping[str, Any]
) -> dict[str, Any]:
    """A call's options over its model's, over those that `nb.use` has set for whatever names no provider."""
    chosen, name = used(), model.name if isinstance(model, Model) else model
    beneath: Mapping[str, Any] = {}
    if chosen is not None and provider is None and not inspect.isclass(name):
        check_model(name)
        beneath = chosen.options if _split(name or "") is None else {}
    if isinstance(model, Model):
        beneath = laid_over(beneath, model.options)
    return laid_over(beneath, given) if beneath else Veiled(given)


def ready() -> list[str]:
    """The providers that can be called as things are: their key is there, or the user named their server.

    The local servers of the catalog are not among them: whether one runs is known by asking it only, and
    nobody asked for a connection.
    """

    def callable_now(known: Known) -> bool:
        row = known.row
        if row is None or (row.local and known.source == PACKAGE):
            return known.name == "Demo"
        return row.local or key_of(row) is not None

    return [known.name for known in everything() if callable_now(known)]


def _ready_words() -> str:
    return (
        f"{', '.join(ready())}, and what runs on this machine, like Ollama: "
        "nb.list_providers(local=True) looks which do"
    )


def choose(
    model: str | Provider | None,
    provider: str | Provider | None = None,
    *,
    interactive: bool = False,
    addressed: bool = False,
) -> tuple[Provider, str, str]:
    """Provider, model name and who decided, by names alone: no key is looked for unless nothing is named.

    `addressed`: the call says at which address; where nobody is named, that is an OpenAI-compatible server.
    """
    check_model(model)
    if inspect.isclass(model):
        return find_provider(model), "", "the call"
    name = (model or "").strip() if isinstance(model, str) else ""
    if provider is not None:
        cls = find_provider(provider)
        left, colon, right = name.partition(":")
        repeated = look_up(left) if colon else None
        return cls, right if repeated is not None and repeated.load() is cls else name, "the call"
    if name:
        named = _split(name)
        if named is not None:
            return *named, "the call"
    return _by_default(name, interactive=interactive, addressed=addressed)


def _by_default(name: str, *, interactive: bool, addressed: bool) -> tuple[Provider, str, str]:
    """Who answers where the call names no provider: what is in use, the settings, what is at hand."""
    chosen, now = used(), settings.current()
    if chosen is not None or now.model or now.provider:
        _refuse_misspelt(name)
    if chosen is not None:
        return chosen.provider, name or chosen.model, "nb.use"
    named = _split(now.model or "")
    if named is not None:
        return named[0], name or named[1], "the setting model"
    name = name or now.model or ""
    if now.provider:
        return find_provider(now.provider), name, "the setting provider"
    if addressed:
        _refuse_misspelt(name)
        return find_provider("OpenaiTemplate"), name, "api_base="
    cls, chosen_by = _by_circumstances(name, interactive=interactive)
    return cls, name if cls is not Demo else "", chosen_by


# Of shorter names too many are a letter apart.
_LONG_ENOUGH = 4


def _refuse_misspelt(name: str) -> None:
    """A provider with one letter too many, too few or swapped is an error: nobody else shall read the prompt.

    With another letter in the place of one it may be a model: `mixtral:8x7b` is no slip of `mistral`.
    """
    left, colon, right = name.partition(":")
    if left.lower() == "llama":
        return
    for known in everything():
        names = [each.lower() for each in known.names if len(each) >= _LONG_ENOUGH]
        if any(_is_a_slip(left.lower(), each) for each in names):
            raise ProviderNotFoundError(
                f"there is no provider named {left!r}: did you mean {known.name + colon + right!r}? If it is "
                "the name of a model, say whose with provider="
            )


def _is_a_slip(written: str, meant: str) -> bool:
    if len(written) == len(meant):
        at = next((n for n, (a, b) in enumerate(zip(written, meant, strict=True)) if a != b), None)
        swapped = None if at is None else meant[:at] + meant[at : at + 2][::-1] + meant[at + 2 :]
        return at is not None and written == swapped
    longer, shorter = (written, meant) if len(written) > len(meant) else (meant, written)
    return len(longer) == len(shorter) + 1 and any(
        longer[:at] + longer[at + 1 :] == shorter for at in range(len(longer))
    )


def _split(name: str) -> tuple[Provider, str] | None:
    """`provider:model` or a bare provider; a colon after anything else belongs to the model's name."""
    left, colon, right = name.partition(":")
    known = look_up(left)
    if known is None:
        return None
    return known.load(), right.strip() if colon else ""


def _by_circumstances(name: str, *, interactive: bool) -> tuple[Provider, str]:
    dedicated = [known for known in everything() if known.row and dedicated_key_of(known.row) is not None]
    if len(dedicated) == 1:
        _refuse_misspelt(name)
        cls = dedicated[0].load()
        host = cls.look_up_host()
        if host is not None:
            tell(f"no provider chosen: using {cls.__name__} at {host.base}, for {host.key_source} is set")
        return cls, "the only key that is set"
    what = f"{name!r} names no provider, and none is chosen" if name else "no provider is chosen"
    near = nearest(name.partition(":")[0], cutoff=0.6)
    if near:
        meant = near[0] + "".join(name.partition(":")[1:])
        raise NoProviderError(f"{what}: did you mean {meant!r}?")
    if interactive and not dedicated and not name:
        tell("no provider is chosen and no key is set: Demo answers, which has no model behind it")
        return Demo, "nothing else being ready"
    look_again()
    raise NoProviderError(
        f'{what}: write it as provider:model, choose it with nb.use("provider:model"), or set '
        f"G4F_NB_PROVIDER; ready are {_ready_words()}"
    )
