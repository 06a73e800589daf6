"""A question's way to a provider: `locate` decides it, with all its options; `stream_of` is the answer."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Mapping
from dataclasses import replace
from typing import Any, NoReturn

from g4f_nb import settings
from g4f_nb.chunks import Chunk
from g4f_nb.errors import (
    G4FError,
    InvalidParameterError,
    MissingAuthError,
    ProviderNotWorkingError,
    UnknownParameterError,
    sort_of,
)
from g4f_nb.loops.handover import closing
from g4f_nb.prices import Price
from g4f_nb.providers.base import AsyncGeneratorProvider, AsyncProvider
from g4f_nb.providers.blocking import chunks_in_thread
from g4f_nb.providers.failing import note_failure
from g4f_nb.providers.models.model import Model, Provider, says_where, used, veiled
from g4f_nb.providers.registry import Resolution, decide, options_for
from g4f_nb.secret import Secret, Veiled
from g4f_nb.typing import AsyncResult, Messages

_NOT_OPTIONS = {
    "stream": "a reply is always read as a stream; to have it piece by piece, iterate over the provider's "
    "create_completion, or use %%chat",
    "messages": "a list of messages is the prompt itself, so pass it first",
}


def locate(
    model: str | Model | Provider | None = None,
    *,
    provider: str | Provider | None = None,
    interactive: bool = False,
    **options: Any,
) -> tuple[Resolution, dict[str, Any]]:
    """Where a model's questions go, and with which options: once for many of them.

    The key that is found here goes along, so that nobody looks for it again on our own loop's thread.
    """
    options = veiled(options)
    given = options_for(model, provider, options)
    for name in _NOT_OPTIONS.keys() & given.keys():
        raise UnknownParameterError(f"{name}= has no meaning here: {_NOT_OPTIONS[name]}")
    where = decide(
        model.name if isinstance(model, Model) else model,
        provider=provider,
        options=given,
        interactive=interactive,
    )
    # First what is mistyped: `apikey=` is why a key is missing.
    _check_parameters(where.provider, given)
    if where.missing is not None:
        raise MissingAuthError(where.missing, provider=where.provider.__name__)
    # None means "not given", but a time limit of None means "no limit".
    given = Veiled((name, value) for name, value in given.items() if value is not None or name == "timeout")
    if where.address is not None:
        given |= where.address.options()
        given.setdefault("timeout", settings.current().timeout)
    places = where.provider.find_places(where.model, given)
    price = _own_price(model, provider, options)
    if places or price is not None:
        where = replace(where, places=places, price=price)
    return where, where.provider.take_along(where.model, given)


def _own_price(
    model: str | Model | Provider | None, provider: str | Provider | None, given: Mapping[str, Any]
) -> Price | None:
    """What the user says a call's model costs, there or in `nb.use`."""
    if isinstance(model, Model) and model.price is not None:
        return model.price
    chosen, name = used(), model.name if isinstance(model, Model) else model
    if chosen is None or provider is not None or says_where(given):
        # Another server has other prices.
        return None
    return chosen.price if not name or name == chosen.model else None


def _check_parameters(provider: Provider, given: Mapping[str, Any]) -> None:
    if given.get("tools") is not None:
        try:
            provider.check_parameters(["tools"])
        except UnknownParameterError:
            raise InvalidParameterError(
                f"{provider.__name__} takes no tools: leave tools= out, or ask a provider that does",
                provider=provider.__name__,
            ) from None
    provider.check_parameters(given)


async def stream_of(
    where: Resolution, messages: Messages, options: Mapping[str, Any], *, stream: bool = True
) -> AsyncIterator[str | Chunk]:
    """The answer as a stream, from whichever kind of provider."""
    options = Veiled(options if not where.places else {**options, "places": where.places})
    if not where.provider.takes_secrets:
        for name, value in options.items():
            if isinstance(value, Secret):
                options[name] = value.reveal()
    try:
        if issubclass(where.provider, AsyncProvider):
            yield await where.provider.create_async(where.model, messages, **options)
            return
        async with closing(generator := _generator(where, messages, options, stream=stream)):
            async for chunk in generator:
                yield chunk
    except G4FError as error:
        note_failure(where.provider.__name__, error)
        raise


async def batches_of(
    where: Resolution, messages: Messages, options: Mapping[str, Any], *, stream: bool = True
) -> AsyncGenerator[list[str | Chunk], None]:
    """The answer in batches, each of what arrived together; most providers give chunk by chunk."""
    made = _in_batches(where, messages, options, stream=stream)
    if made is None:
        async with closing(chunks := stream_of(where, messages, options, stream=stream)):
            async for chunk in chunks:
                yield [chunk]
        return
    try:
        pieces = await made
        try:
            async for batch in pieces:
                yield batch
        finally:
            await pieces.aclose()
    except G4FError as error:
        note_failure(where.provider.__name__, error)
        raise


def _in_batches(
    where: Resolution, messages: Messages, options: Mapping[str, Any], *, stream: bool
) -> Awaitable[AsyncGenerator[list[str | Chunk], None]] | None:
    provider = where.provider
    if where.places or not (issubclass(provider, AsyncGeneratorProvider) and provider.takes_secrets):
        return None
    host = where.address
    # What was decided once holds for all calls that name the same address and key.
    if host is not None and not (
        options.get("api_base") == host.base
        and options.get("api_endpoint", "") == host.chat_url
        and options.get("api_key") is host.secret
    ):
        host = None
    return provider.batches(where.model, messages, Veiled(options), stream=stream, host=host)


def _generator(where: Resolution, messages: Messages, options: Veiled, *, stream: bool) -> AsyncResult:
    if issubclass(where.provider, AsyncGeneratorProvider):
        made = where.provider.create_async_generator(where.model, messages, stream=stream, **options)
        return made if hasattr(made, "__aiter__") else _no_stream(where.provider, made)
    # No partial: its repr would show the options, and in them a key.
    return chunks_in_thread(
        lambda: where.provider.create_completion(where.model, messages, stream=stream, **options)
    )


def _no_stream(provider: Provider, made: object) -> NoReturn:
    """Tell whoever wrote the class; what it made is closed, or Python would warn that nobody awaited it."""
    if inspect.iscoroutine(made) or inspect.isgenerator(made):
        made.close()
    raise ProviderNotWorkingError(
        f"{provider.__name__}.create_async_generator gave {sort_of(made)}, no stream: it must be an "
        "`async def` that uses `yield`",
        provider=provider.__name__,
    )
