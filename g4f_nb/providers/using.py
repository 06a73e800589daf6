"""`nb.use`: what this session uses where a call names no provider."""

from __future__ import annotations

from typing import Any, Final, Self

from g4f_nb.entering import is_given
from g4f_nb.errors import NoProviderError, UnknownParameterError
from g4f_nb.notices import tell
from g4f_nb.providers.finding.entries import fold
from g4f_nb.providers.finding.known import nearest
from g4f_nb.providers.models.model import (
    Model,
    Provider,
    Used,
    check_headers,
    check_model,
    check_texts,
    one_named,
    set_used,
    used,
    veiled,
)
from g4f_nb.providers.registry import Resolution, choose, options_for, resolve
from g4f_nb.secret import Veiled
from g4f_nb.tables import Table

_SHOW: Final = object()
_NOT_OPTIONS = ("messages", "prompt", "stream", "interactive")


class Using:
    """What calls that name no provider use now; as a context manager, it takes the choice back at the end."""

    __slots__ = ("_before", "_names", "_problem", "where")

    def __init__(self, before: Used | None) -> None:
        chosen = used()
        self._before = before
        self._names = sorted(chosen.options) if chosen is not None else []
        self._problem = ""
        self.where: Resolution | None = None
        try:
            self.where = resolve()
        except NoProviderError as error:
            self._problem = str(error)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        set_used(self._before)

    def __repr__(self) -> str:
        if self.where is None:
            return self._problem
        host = f" at {self.where.host}" if self.where.host else ""
        options = f", with {', '.join(self._names)}" if self._names else ""
        return (
            f"using {self.where.label}{host}{options} (key: {self.where.key_words}; "
            f"chosen by {self.where.chosen_by})"
        )

    def _repr_html_(self) -> str:
        table = self.where.table() if self.where else Table((), note=repr(self))
        options = (("options", ", ".join(self._names)),) if self._names else ()
        return Table((*table.rows, *options), note=table.note)._repr_html_()


def use(
    model: str | Model | Provider | None = _SHOW,  # type: ignore[assignment]  # `None` is "no more"
    *,
    provider: str | Provider | None = None,
    **options: Any,
) -> Using:
    """Choose the model for the rest of the session: for every cell, panel and call that names no provider.

        nb.use("groq:openai/gpt-oss-120b", temperature=0)
        nb.use()            # shows what is in use
        nb.use(None)        # back to the settings
        with nb.use("demo"):
            ...             # only here

    A model given without a provider is one of the provider in use. Whatever a call says itself wins.
    """
    options, provider = veiled(options), one_named(provider)
    model = model if model is _SHOW else one_named(model)
    before = used()
    if model is _SHOW and provider is None:
        if options:
            raise UnknownParameterError(
                f"use() without a model takes no {min(options)}=: name the model as well, "
                'like nb.use("groq:openai/gpt-oss-120b", temperature=0); '
                "nb.use(None) goes back to the settings"
            )
        return Using(before)
    if model is None and provider is None and not options:
        set_used(None)
        return Using(before)
    named = None if model is _SHOW else model
    check_model(named.name if isinstance(named, Model) else named)
    set_used(made := _chosen(named, provider, options))
    if isinstance(named, str) and provider is None:
        _tell_if_meant(named, made)
    return Using(before)


def _tell_if_meant(written: str, made: Used) -> None:
    """Say that `grok` is taken for a model, where it nearly is a provider's name."""
    near = next(iter(nearest(written, cutoff=0.7)), "") if made.model == written else ""
    one, other = fold(written), fold(near)
    # What is longer or shorter is more often a model: `deepseek-r1`.
    if len(one) == len(other) and sum(a != b for a, b in zip(one, other, strict=True)) == 1:
        tell(f"{written!r} is used as a model of {made.provider.__name__}; the provider is written {near!r}")


def _chosen(model: str | Model | Provider | None, provider: str | Provider | None, options: Veiled) -> Used:
    given = options_for(model, provider, options)
    asked = model.name if isinstance(model, Model) else model
    cls, name, _ = choose(asked, provider, addressed=is_given(given.get("api_base")))
    for unfit in given.keys() & set(_NOT_OPTIONS):
        raise UnknownParameterError(f"{unfit}= belongs to a call, not to the session: leave it out of use()")
    cls.check_parameters(given)
    check_headers(given)
    check_texts(Veiled((option, given[option]) for option in cls.host_options if option in given))
    if name and getattr(cls, "models", None):
        # A list of its own is closed: each question would be refused.
        offers: Any = cls
        offers.get_model(name)
    price = model.price if isinstance(model, Model) else None
    return Used(provider=cls, model=name, options=given, price=price)
