"""What every provider at an address can do, whatever its dialect: list its models, and write its headers.

Functions rather than a class: the bases of `OpenaiTemplate` are those of the original. Each template binds
them as its class methods.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from g4f_nb import loops, parameters, settings
from g4f_nb.calls import Address, Call, Headers, Host
from g4f_nb.credentials import keep_sent
from g4f_nb.errors import InvalidParameterError
from g4f_nb.headers import header_fault
from g4f_nb.providers.models.listing import kept_models
from g4f_nb.providers.models.offering import unlisted
from g4f_nb.providers.sending.adapting import key_headers, row_headers
from g4f_nb.providers.sending.checks import what_is_wrong
from g4f_nb.providers.sending.outgoing import encoded, overlaid, secrets_of_call, trust
from g4f_nb.providers.sending.ways import Way
from g4f_nb.providers.services.hosts import find_host, is_home
from g4f_nb.providers.services.rows import rows
from g4f_nb.secret import Secret, Veiled, secrets_of_headers

_OURS = f"{__name__.partition('.')[0]}."


def get_models(
    cls: Any,
    /,
    api_key: str | None = None,
    api_base: str | None = None,
    *,
    refresh: bool = False,
    timeout: float = 30.0,
    **kwargs: Any,
) -> list[str]:
    """The names of the models that the server offers; kept for some minutes per address and key."""
    wrong = what_is_wrong({"api_key": api_key})
    secret, api_base = None if wrong else Secret.of(api_key), Address.of(api_base)
    kwargs = Veiled(kwargs)
    del api_key
    if wrong:
        raise InvalidParameterError(wrong, provider=cls.__name__)
    return loops.run(cls.get_models_async(secret, api_base, refresh=refresh, timeout=timeout, **kwargs))


async def get_models_async(
    cls: Any,
    /,
    api_key: str | Secret | None = None,
    api_base: str | None = None,
    *,
    refresh: bool = False,
    timeout: float = 30.0,  # noqa: ASYNC109  # a limit on silence, as everywhere
    **kwargs: Any,
) -> list[str]:
    """`get_models` for `await`."""
    given = Veiled(kwargs, api_key=api_key, api_base=api_base, timeout=timeout)
    del api_key, api_base, kwargs
    known = {"api_key", "api_base", "timeout", "proxy", "ssl", "connector"}
    parameters.refuse_unknown(given, known, provider=cls.__name__)
    way = Way.of(given)
    given.clear()
    if way.wrong:
        raise InvalidParameterError(way.wrong, provider=cls.__name__)
    if cls.models and not way.api_base:
        return list(cls.models)
    host = find_host(cls, api_base=way.api_base, api_endpoint=None, api_key=way.secret)
    if cls.row is not None and not cls.row.lists_models and is_home(cls.row, host):
        return unlisted(cls)
    return await kept_names(cls, host, way, refresh=refresh, in_order=cls.sort_models)


async def kept_names(
    cls: Any, host: Host, way: Way, *, refresh: bool = False, in_order: bool = False
) -> list[str]:
    """The names that are listed there, asked for where that was not done in the last minutes."""
    return await kept_models(
        cls, host, lambda: cls._fetch_models(host, way), refresh=refresh, in_order=in_order,
        way=(way.timeout, way.total_timeout, way.proxy, way.ssl, way.connector),
    )  # fmt: skip


def listing_call(cls: Any, url: str, host: Host, way: Way) -> Call:
    """The request for a list of models."""
    return call_to(cls, host, way, settings.current(), url=url, made=cls._listing_headers(host))


def call_to(
    cls: Any,
    host: Host,
    way: Way,
    now: settings.Settings,
    *,
    url: str,
    made: Headers,
    body: Mapping[str, Any] | None = None,
    extra_data: Mapping[str, Any] | None = None,
    model: str | None = None,
) -> Call:
    """A request with these headers, and with all that must not be shown of what is said to it.

    `extra_data` is the part of the body that a caller gave as it is.
    """
    chosen = _chosen_headers(cls, host, given=way.headers, made=made)
    return Call(
        "GET" if body is None else "POST",
        url,
        made,
        body=None if body is None else encoded(body, cls.__name__),
        secret=secrets_of_call(host.secret, url, headers=chosen, extra_data=extra_data, proxy=way.proxy),
        limits=way.limits(now.connect_timeout),
        proxy=way.proxy,
        ssl=trust(cls, way.ssl),
        connector=way.connector,
        provider=cls.__name__,
        model=model,
    )


def get_headers(
    cls: Any, /, stream: bool, api_key: str | None = None, headers: dict[str, str] | None = None
) -> dict[str, str]:
    """The headers of a request; `api_key=None` takes the class's own key, `""` takes none."""
    key = cls.api_key if api_key is None else api_key
    made = {
        "Accept": "text/event-stream" if stream else "application/json",
        "Content-Type": "application/json",
    }
    if key:
        made.update(key_headers(cls.row, key))
    return overlaid(made, headers or {})


def headers_for(cls: Any, host: Host, *, stream: bool, given: Headers) -> Headers:
    """The headers of a request to this host: the class's, the row's, and the caller's own, which win."""
    key = host.secret.reveal() if host.secret else ""
    made = _as_headers(cls.get_headers(stream, key, Headers({**row_headers(cls.row, host), **given})))
    del key
    fault = None
    if made is None:
        fault = f"{cls.__name__}.get_headers gave no headers: it gives a dict of texts"
    elif _writes_headers(cls):
        fault = header_fault(made, place=f"what {cls.__name__}.get_headers gives")
    if made is not None and fault is None:
        return made
    # What is wrong with them may be a key.
    del made
    raise InvalidParameterError(fault or "", provider=cls.__name__)


def _chosen_headers(cls: Any, host: Host, *, given: Headers, made: Headers) -> Headers:
    """Of the headers made for a request those that may hold a key: not only a call's own are a user's."""
    if _writes_headers(cls):
        keep_sent(secrets_of_headers(made))
        return made
    of_row = row_headers(cls.row, host)
    if not of_row:
        return given
    if cls.row not in rows().values():
        keep_sent(secrets_of_headers(of_row))
    return Headers({**of_row, **given})


def _as_headers(made: object) -> Headers | None:
    return Headers(made) if isinstance(made, Mapping) else None


def _writes_headers(cls: Any) -> bool:
    """Whether a user's class makes headers of its own."""
    function = getattr(cls.get_headers, "__func__", cls.get_headers)
    return function is not get_headers and not str(getattr(function, "__module__", "")).startswith(_OURS)
