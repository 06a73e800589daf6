"""The hierarchy that every provider stands on; everything is called on the class, nothing is instantiated."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from concurrent.futures import Executor
from inspect import Parameter, signature
from typing import Any

from g4f_nb import loops, parameters
from g4f_nb.calls import Host
from g4f_nb.chunks import Chunk, RequestLogin, concat_chunks
from g4f_nb.errors import InvalidParameterError, RequestTimeoutError
from g4f_nb.loops.handover import closing
from g4f_nb.notices import tell_login
from g4f_nb.secret import Secret, Veiled
from g4f_nb.typing import AsyncResult, CreateResult, Messages


class _ParamsText:
    """`Provider.params`: a class property (chaining classmethod and property ended with Python 3.13)."""

    def __get__(self, instance: object, owner: type[BaseProvider]) -> str:
        return owner._describe()  # noqa: SLF001  # the descriptor is part of the class


class BaseProvider(ABC):  # noqa: B024  # the original's root; its methods are its subclasses'
    """What is known about a provider without calling it."""

    url: str | None = None
    label: str | None = None
    working: bool = False
    needs_auth: bool = False
    supports_stream: bool = False
    supports_message_history: bool = False
    supports_system_message: bool = False
    # Whether a key may come as a `Secret`, which no traceback shows; a user's own class gets the text.
    takes_secrets: bool = False
    # The options of a call that decide where it goes and with which key.
    host_options: tuple[str, ...] = ("api_base", "api_endpoint", "api_key")
    # The options of a call that a request for the list of models takes as well.
    listing_options: tuple[str, ...] = ("api_base", "api_key", "proxy", "ssl", "connector")
    params = _ParamsText()

    @classmethod
    def get_dict(cls) -> dict[str, str | None]:
        """Name, address and label, for a listing."""
        return {"name": cls.__name__, "url": cls.url, "label": cls.label}

    @classmethod
    def _describe(cls) -> str:
        return f"{cls.__name__} supports: ()"


class AbstractProvider(BaseProvider):
    """A provider whose work is synchronous: a subclass writes `create_completion`, usually as a generator."""

    @classmethod
    @abstractmethod
    def create_completion(cls, model: str, messages: Messages, stream: bool, **kwargs: Any) -> CreateResult:
        """Answer, piece by piece."""
        raise NotImplementedError(f"{cls.__name__} does not define create_completion")

    @classmethod
    async def create_async(
        cls,
        model: str,
        messages: Messages,
        *,
        timeout: float | None = None,  # noqa: ASYNC109  # the original's name; it limits the whole operation
        loop: asyncio.AbstractEventLoop | None = None,
        executor: Executor | None = None,
        **kwargs: Any,
    ) -> str:
        """The whole answer's text; the synchronous form runs on a thread meanwhile.

        After `timeout` seconds, or when cancelled, the work stops: blocking code at its next chunk.
        """
        _check_loop(loop)
        kwargs = Veiled({"stream": False, **kwargs})
        stopped = threading.Event()

        def work() -> str:
            chunks = cls.create_completion(model, messages, **kwargs)
            kept = []
            try:
                for chunk in chunks:
                    if stopped.is_set():
                        break
                    kept.append(_seen(chunk))
            finally:
                close = getattr(chunks, "close", None)
                if close is not None:
                    close()
            return concat_chunks(kept)

        try:
            async with _limit(timeout, cls.__name__):
                return await loops.in_thread(work, executor)
        finally:
            stopped.set()

    @classmethod
    def get_create_function(cls) -> Callable[..., CreateResult]:
        """The synchronous entry point."""
        return cls.create_completion

    @classmethod
    def get_async_create_function(cls) -> Callable[..., Any]:
        """The asynchronous entry point."""
        return cls.create_async

    @classmethod
    def get_parameters(cls, as_json: bool = False) -> dict[str, Any]:
        """What a call may carry: signature parameters by name, or with `as_json` a filled-in request."""
        if not as_json:
            found: dict[str, Parameter] = parameters.safe_parameters(cls._main_method())
            if not cls.supports_stream:
                found.pop("stream", None)
            return found
        result = dict(parameters.BASIC_PARAMETERS)
        result.update((row.name, row.value) for row in cls.get_parameter_rows())
        result["messages"] = list(result["messages"])
        result["provider"] = cls.__name__
        result["model"] = getattr(cls, "default_model", None) or ""
        result["stream"] = cls.supports_stream
        return result

    @classmethod
    def look_up_host(
        cls,
        *,
        api_base: str | None = None,
        api_endpoint: str | None = None,
        api_key: str | Secret | None = None,
    ) -> Host | None:
        """Where a call would go and which key would go along; `None` if only the class itself knows.

        Nothing is sent, and a key that is missing is told in the result.
        """
        del api_base, api_endpoint, api_key
        return None

    @classmethod
    def take_along(cls, model: str, options: Mapping[str, Any]) -> dict[str, Any]:
        """A call's options, and what else it needs that has to be looked for on the caller's own thread."""
        del model
        return Veiled(options)

    @classmethod
    def find_places(cls, model: str, options: Mapping[str, Any]) -> tuple[Any, ...]:
        """Where the calls of a provider that is made of others go; found on the caller's own thread."""
        del model, options
        return ()

    @classmethod
    def get_parameter_rows(cls) -> list[parameters.ParameterRow]:
        """The same for a form: each name with its type, its default, and an example that is not sent."""
        method = cls._main_method()
        return [
            parameters.parameter_row(parameter, method, system_message=cls.supports_system_message)
            for parameter in cls.get_parameters().values()
        ]

    @classmethod
    def most_at_once(cls, options: Mapping[str, Any]) -> int | None:
        """How many answers an account may have at once with these options, where a service limits that."""
        del options
        return None

    @classmethod
    def check_parameters(cls, names: Iterable[str]) -> None:
        """Raise for a keyword that this provider does not take; one with `**kwargs` takes any."""
        known = signature(cls._main_method()).parameters
        if not any(each.kind is Parameter.VAR_KEYWORD for each in known.values()):
            parameters.refuse_unknown(names, known, provider=cls.__name__)

    @classmethod
    def _main_method(cls) -> Callable[..., Any]:
        return cls.create_completion

    @classmethod
    def _describe(cls) -> str:
        return parameters.describe(
            cls.get_parameters(), name=cls.__name__, default_model=getattr(cls, "default_model", None) or ""
        )


class AsyncProvider(AbstractProvider):
    """A provider that gives one result: a subclass writes `create_async`."""

    @classmethod
    def create_completion(
        cls, model: str, messages: Messages, stream: bool = False, **kwargs: Any
    ) -> CreateResult:
        """Yield the one result; works where an event loop runs already."""
        del stream
        kwargs = Veiled(kwargs)
        yield loops.run(cls.create_async(model, messages, **kwargs))

    @staticmethod
    @abstractmethod
    async def create_async(model: str, messages: Messages, **kwargs: Any) -> str:
        """Answer as a whole."""
        raise NotImplementedError("this provider does not define create_async")

    @classmethod
    def _main_method(cls) -> Callable[..., Any]:
        return cls.create_async


class AsyncGeneratorProvider(AbstractProvider):
    """A provider that streams: a subclass writes `create_async_generator`."""

    supports_stream = True

    @classmethod
    def create_completion(
        cls, model: str, messages: Messages, stream: bool = True, **kwargs: Any
    ) -> CreateResult:
        """Stream synchronously: each chunk is out as soon as it is in, also where an event loop runs already.

        Closing the iterator early, an exception or Ctrl-C closes the connection and leaves no task behind.
        """
        kwargs = Veiled(kwargs)
        chunks = cls.create_async_generator(model, messages, stream=stream, **kwargs)
        return loops.to_sync_generator(chunks, stream=stream)

    @staticmethod
    @abstractmethod
    async def create_async_generator(
        model: str, messages: Messages, stream: bool = True, **kwargs: Any
    ) -> AsyncResult:
        """Answer, chunk by chunk."""
        raise NotImplementedError("this provider does not define create_async_generator")
        yield ""  # makes it a generator, so that it raises at its first step like every other

    @classmethod
    async def create_async(
        cls,
        model: str,
        messages: Messages,
        *,
        timeout: float | None = None,  # noqa: ASYNC109  # the original's name; it limits the whole operation
        loop: asyncio.AbstractEventLoop | None = None,
        executor: Executor | None = None,
        **kwargs: Any,
    ) -> str:
        """The whole answer's text, without reasoning; runs on the caller's loop."""
        del executor
        _check_loop(loop)
        kwargs = Veiled({"stream": False, **kwargs})
        with loops.Heartbeat():
            if timeout is None:
                return await cls._text(model, messages, kwargs)
            async with _limit(timeout, cls.__name__):
                return await cls._text(model, messages, kwargs)

    @classmethod
    async def _text(cls, model: str, messages: Messages, options: Veiled) -> str:
        made = cls.batches(model, messages, options, stream=options["stream"])
        if made is None:
            return await _text_of(cls.create_async_generator(model, messages, **options))
        pieces = await made
        kept: list[str | Chunk] = []
        try:
            async for batch in pieces:
                kept += batch
                for chunk in batch:
                    if isinstance(chunk, RequestLogin):
                        _seen(chunk)
            return concat_chunks(kept)
        finally:
            await pieces.aclose()

    @classmethod
    def batches(
        cls, model: str, messages: Messages, options: Veiled, *, stream: bool, host: Host | None = None
    ) -> Awaitable[AsyncGenerator[list[str | Chunk], None]] | None:
        """The same stream in batches, each of what arrived together, for whoever reads thousands of answers.

        `None` where a class has no such way of its own; `host` is where the call goes, as far as it is known.
        """
        del model, messages, options, stream, host
        return None

    @classmethod
    def get_async_create_function(cls) -> Callable[..., Any]:
        """The streaming entry point."""
        return cls.create_async_generator

    @classmethod
    def _main_method(cls) -> Callable[..., Any]:
        return cls.create_async_generator


def _check_loop(loop: asyncio.AbstractEventLoop | None) -> None:
    if loop is not None and loop is not asyncio.get_running_loop():
        raise InvalidParameterError(
            "loop= is not the loop that runs here, and work cannot be carried to another: leave it out"
        )


def _limit(seconds: float | None, provider: str) -> contextlib.AbstractAsyncContextManager[None]:
    return loops.time_limit(
        seconds,
        lambda: RequestTimeoutError(
            f"{provider} did not finish within {seconds:g} s: allow more with timeout=", provider=provider
        ),
    )


async def _text_of(chunks: AsyncResult) -> str:
    async with closing(chunks):
        return concat_chunks([_seen(chunk) async for chunk in chunks])


def _seen(chunk: str | Chunk) -> str | Chunk:
    """A login that is waited for is told to the user, who sees nothing else before the text is whole."""
    if isinstance(chunk, RequestLogin):
        tell_login(chunk.label, chunk.login_url)
    return chunk
