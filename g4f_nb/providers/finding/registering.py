"""`nb.register`: one more provider for this session, from an address or a class."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from g4f_nb.errors import InvalidParameterError, UnknownParameterError, sort_of
from g4f_nb.providers.base import AbstractProvider
from g4f_nb.providers.catalog import make_class
from g4f_nb.providers.finding.entries import Known, fold
from g4f_nb.providers.finding.known import look_up, registered
from g4f_nb.providers.finding.ownfile import own_row
from g4f_nb.providers.models.model import check_texts, one_named
from g4f_nb.providers.services.rows import Row, rows
from g4f_nb.secret import Veiled, shown_address

SESSION = "this session"


def register(
    name: str,
    provider: type[AbstractProvider] | None = None,
    *,
    api_base: str | None = None,
    api_key_env: str | Sequence[str] = (),
    default_model: str = "",
    **row: Any,
) -> type[AbstractProvider]:
    """Make a provider known by a name, for this session: `mybox:some-model` then goes to it.

        nb.register("mybox", api_base="http://mybox:8000/v1", api_key_env="MYBOX_API_KEY")
        nb.register("parrot", Parrot)                      # a provider class of your own

    Everything that a row of the catalog may say can be given by keyword (`label=`, `drop=`, `headers=`…);
    docs/providers.md lists it. The same name again replaces what it named before; a name that belongs to
    somebody else is refused. What shall hold for every session is written into `providers.toml` in the
    config folder. The class is given back.
    """
    name, provider, row = one_named(name), one_named(provider), Veiled(row)
    given = Veiled(api_base=api_base, api_key_env=api_key_env, default_model=default_model)
    check_texts(given)
    row.update((key, value) for key, value in given.items() if _is_said(value))
    # Some give the key itself for its variable; the error about it shall not show it.
    del api_base, api_key_env
    where = f"nb.register({name!r})"
    if provider is None:
        made = own_row(name, row, where=where)
        known = _of_row(made, name)
    elif row and not isinstance(provider, str):
        raise UnknownParameterError(
            f"{where} takes an address or a class: say {min(row)}= on the class {provider.__name__} itself"
        )
    else:
        known = _of_class(name, provider, where)
    _refuse_a_clash(known, where)
    registered[fold(name)] = known
    return known.load()


def _is_said(value: Any) -> bool:
    return not (value is None or (isinstance(value, str | list | tuple) and not value))


def _of_row(row: Row, name: str) -> Known:
    cls = make_class(row)
    return Known(name=row.class_name, short=name, source=SESSION, load=lambda: cls, row=row)


def _of_class(name: str, provider: Any, where: str) -> Known:
    if isinstance(provider, str):
        address = "://" in provider
        # An address may hold a password.
        like = f"api_base={shown_address(provider)!r}" if address else 'api_base="http://mybox:8000/v1"'
        raise InvalidParameterError(
            f"{where} takes an address as api_base=: nb.register({name!r}, {like}); a class of your own "
            "stands there without quotes"
        )
    if not inspect.isclass(provider) or not issubclass(provider, AbstractProvider):
        shown = provider.__name__ if inspect.isclass(provider) else sort_of(provider)
        raise InvalidParameterError(
            f"{where}: {shown} is no provider class: derive it from AsyncGeneratorProvider"
        )
    # The name's form is checked as a row's is.
    own_row(name, {"api_base": "http://127.0.0.1"}, where=where)
    row = getattr(provider, "row", None)
    own = row if isinstance(row, Row) and row not in rows().values() else None
    return Known(name=provider.__name__, short=name, source=SESSION, load=lambda: provider, row=own)


def _refuse_a_clash(known: Known, where: str) -> None:
    for each in known.names:
        other = look_up(each)
        if other is not None and registered.get(fold(known.short or known.name)) is not other:
            raise InvalidParameterError(
                f"{where}: the name {each!r} belongs to {other.name} of {other.source}: choose another"
            )
