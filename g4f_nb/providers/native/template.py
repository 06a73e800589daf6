"""`NativeTemplate`: what services with a dialect of their own have in common, from the address to the chunks.

A dialect gives a pure function from OpenAI's form to its own (`translate`), a reader for what comes back
(`reader`), and how it lists its models.
"""

from __future__ import annotations

import ssl as tls
from abc import abstractmethod
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from inspect import signature
from typing import Any, ClassVar

from g4f_nb import loops, parameters, settings
from g4f_nb.calls import Call, Headers, Host
from g4f_nb.chunks import Chunk
from g4f_nb.errors import (
    BadRequestError,
    G4FError,
    InvalidParameterError,
    ModelNotFoundError,
    UnknownParameterError,
)
from g4f_nb.files.media import read_media_async, with_media
from g4f_nb.messages import check_messages
from g4f_nb.providers.base import AsyncGeneratorProvider
from g4f_nb.providers.mixins import ProviderModelMixin, RaiseErrorMixin
from g4f_nb.providers.models.flags import note_flags
from g4f_nb.providers.models.listing import fetched, kept_models, name_of, names_of, read_listing
from g4f_nb.providers.models.offering import first_that_chats
from g4f_nb.providers.models.suggesting import with_nearest
from g4f_nb.providers.reading.body_reader import BodyReader
from g4f_nb.providers.sending.adapting import key_headers, row_headers
from g4f_nb.providers.sending.checks import what_is_wrong
from g4f_nb.providers.sending.fields import CHAT_FIELDS
from g4f_nb.providers.sending.outgoing import (
    encoded,
    least,
    overlaid,
    secrets_of_call,
    trust,
    with_body,
)
from g4f_nb.providers.sending.requesting import batches
from g4f_nb.providers.sending.ways import TRAVEL, Way
from g4f_nb.providers.services.hosts import find_host, look_up_host
from g4f_nb.providers.services.rows import Row
from g4f_nb.secret import Secret, Veiled, shown_address
from g4f_nb.typing import MediaListType, Messages
from g4f_nb.wire.attempts import Attempts

# Some services have hundreds of models, and none has dozens of pages.
_MOST_PAGES = 50
# How long the list may take that only makes an error clearer.
_LIST_WITHIN = 5.0

# Of a call's parameters, those that are no field of its request.
_NO_FIELDS = {
    *TRAVEL, "cls", "kwargs", "model", "messages", "stream", "media", "extra_data",
}  # fmt: skip
# What users of OpenAI-compatible servers may give. Two of them are better told the name that means the same.
_CHAT_ONLY = CHAT_FIELDS - {"max_completion_tokens", "logprobs"} | {
    "stop", "seed", "n", "frequency_penalty", "presence_penalty", "parallel_tool_calls",
}  # fmt: skip


class NativeTemplate(AsyncGeneratorProvider, ProviderModelMixin, RaiseErrorMixin):
    """A service with a dialect of its own; messages and keywords are OpenAI's, whatever it calls them."""

    row: ClassVar[Row | None] = None
    api_base: str = ""
    api_key: str | None = None
    api_endpoint: str | None = None
    working = True
    takes_secrets = True
    supports_message_history = True
    supports_system_message = True
    default_model: str = ""
    fallback_models: list[str] = []  # noqa: RUF012  # class API, as with `OpenaiTemplate`
    sort_models = True
    ssl: tls.SSLContext | bool | None = None
    needs_auth = False
    chat_path: ClassVar[str]
    # Keywords of the service's own, beside those of the signature.
    own_fields: ClassVar[frozenset[str]] = frozenset()
    reader: ClassVar[type[BodyReader]]
    # What asks for long pages of the list of models.
    page_size: ClassVar[str] = ""

    @classmethod
    @abstractmethod
    def translate(
        cls, model: str, messages: Messages, fields: Mapping[str, Any], *, stream: bool
    ) -> dict[str, Any]:
        """The body of a request, from messages and keywords in OpenAI's form; pure."""

    @classmethod
    def listed_model(cls, entry: Any) -> str:
        """The name of a model in the list; `""` for what cannot be talked to."""
        return name_of(entry)

    @classmethod
    def next_page(cls, data: Any) -> str | None:
        """The query that gives the next page of the list of models; `None` after the last."""
        del data
        return None

    @classmethod
    def mended(cls, body: dict[str, Any], failure: BadRequestError) -> dict[str, Any] | None:
        """Another body to send at once instead of one that was refused, or `None`."""
        del body, failure
        return None

    @classmethod
    def chat_url(cls, host: Host, model: str, *, stream: bool) -> str:
        """Where the question goes."""
        del model, stream
        return host.chat_url

    @classmethod
    def models_url(cls, host: Host, query: str) -> str:
        """Where the models are listed; `query` is what the page before said, `""` at first."""
        base, _, own = host.base.partition("?")
        queries = "&".join(filter(None, (own, cls.page_size, query)))
        return f"{base.rstrip('/')}/models" + (f"?{queries}" if queries else "")

    @classmethod
    def get_models(
        cls,
        api_key: str | None = None,
        api_base: str | None = None,
        *,
        refresh: bool = False,
        timeout: float = 30.0,
        **kwargs: Any,
    ) -> list[str]:
        """The names of the models that the service offers; kept for some minutes per address and key."""
        wrong = what_is_wrong({"api_key": api_key})
        secret = None if wrong else Secret.of(api_key)
        del api_key
        if wrong:
            raise InvalidParameterError(wrong, provider=cls.__name__)
        return loops.run(cls.get_models_async(secret, api_base, refresh=refresh, timeout=timeout, **kwargs))

    @classmethod
    async def get_models_async(
        cls,
        api_key: str | Secret | None = None,
        api_base: str | None = None,
        *,
        refresh: bool = False,
        timeout: float = 30.0,  # noqa: ASYNC109  # a limit on silence, as everywhere
        **kwargs: Any,
    ) -> list[str]:
        """`get_models` for `await`."""
        parameters.refuse_unknown(kwargs, {"proxy", "ssl", "connector"}, provider=cls.__name__)
        given = Veiled(api_key=api_key, api_base=api_base, timeout=timeout)
        given.update((name, kwargs.get(name)) for name in ("proxy", "ssl", "connector"))
        way = Way.of(given)
        del api_key, given, kwargs
        if way.wrong:
            raise InvalidParameterError(way.wrong, provider=cls.__name__)
        if cls.models and not api_base:
            return list(cls.models)
        host = find_host(cls, api_base=api_base, api_endpoint=None, api_key=way.secret)
        return await kept_models(
            cls, host, lambda: cls._fetch_models(host, way), refresh=refresh, in_order=cls.sort_models
        )

    @classmethod
    def look_up_host(
        cls,
        *,
        api_base: str | None = None,
        api_endpoint: str | None = None,
        api_key: str | Secret | None = None,
    ) -> Host:
        """Where a call would go, by the rules of `hosts`."""
        return look_up_host(cls, api_base=api_base, api_endpoint=api_endpoint, api_key=api_key)

    @classmethod
    def check_parameters(cls, names: Iterable[str]) -> None:
        """Refuse by name what is no parameter here and no field of the service."""
        names = list(names)
        known = {*signature(cls.create_async_generator).parameters} - {"kwargs"} | cls.own_fields
        for name in names:
            # A name like it would mean something else: the nearest to `seed` may be `speed`.
            if name in _CHAT_ONLY and name not in known:
                raise UnknownParameterError(
                    f"{cls.__name__} takes no parameter {name!r}: OpenAI-compatible servers may take it, "
                    f"{cls.reader.dialect} has nothing like it; leave it out",
                    provider=cls.__name__,
                )
        parameters.refuse_unknown(names, known, provider=cls.__name__)

    @classmethod
    def get_headers(
        cls, stream: bool, api_key: str | None = None, headers: dict[str, str] | None = None
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

    @classmethod
    async def _stream(cls, given: Veiled) -> AsyncGenerator[str | Chunk, None]:
        """The answer to a call, given as the names and values of its parameters.

        A dialect's `create_async_generator` is a signature alone and hands all of it to here: no frame of
        ours keeps a key then, and no chunk is handed on twice.
        """
        way = Way.of(given)
        fields = Veiled((name, value) for name, value in given.items() if name not in _NO_FIELDS)
        fields.update(given["kwargs"])
        asked = Veiled((name, given[name]) for name in ("stream", "media"))
        asked["extra_data"] = Veiled({} if way.wrong else given["extra_data"] or {})
        pieces = cls._answers(given["model"], given["messages"], fields, way=way, **asked)
        given.clear()
        try:
            async for chunks in pieces:
                for chunk in chunks:
                    yield chunk
        finally:
            # Whoever leaves early closes this, and with it the connection.
            await pieces.aclose()

    @classmethod
    async def _answers(
        cls,
        model: str,
        messages: Messages,
        fields: Mapping[str, Any],
        *,
        stream: bool,
        way: Way,
        media: MediaListType | None,
        extra_data: Veiled,
    ) -> AsyncGenerator[list[str | Chunk], None]:
        """Ask, and give what comes, a batch for each piece."""
        if way.wrong:
            raise InvalidParameterError(way.wrong, provider=cls.__name__)
        cls.check_parameters(fields)
        messages = check_messages(messages)
        if media is not None:
            messages = with_media(messages, await read_media_async(media))
        host = find_host(cls, api_base=way.api_base, api_endpoint=way.api_endpoint, api_key=way.secret)
        model = await cls._choose_model(model, host, way)
        given = Veiled((name, value) for name, value in fields.items() if value is not None)
        body = Veiled({**cls.translate(model, messages, given, stream=stream), **extra_data})
        now = settings.current()
        url = cls.chat_url(host, model, stream=stream)
        call = Call(
            "POST",
            url,
            cls._headers(host, stream=stream, given=way.headers),
            body=encoded(body, cls.__name__),
            secret=secrets_of_call(
                host.secret, url, headers=way.headers, extra_data=extra_data, proxy=way.proxy
            ),
            limits=way.limits(now.connect_timeout),
            proxy=way.proxy,
            ssl=trust(cls, way.ssl),
            connector=way.connector,
            provider=cls.__name__,
            model=model,
        )
        pieces = batches(
            call,
            Attempts(
                now.max_retries if way.max_retries is None else way.max_retries, total=way.total_timeout
            ),
            reader_for=lambda media_type: cls.reader(
                media_type, provider=cls.__name__, model=model, url=shown_address(host.base),
                secret=call.secret, limit=now.max_event_bytes,
            ),
            limit=now.max_event_bytes,
            mend=cls._mender(body),
        )  # fmt: skip
        try:
            async for chunks in pieces:
                yield chunks
        except ModelNotFoundError as error:
            listing = replace(way, timeout=least(way.timeout, _LIST_WITHIN))
            listed = partial(kept_models, cls, host, lambda: cls._fetch_models(host, listing), refresh=False)
            raise await with_nearest(error, listed) from None
        finally:
            await pieces.aclose()

    @classmethod
    def _mender(cls, body: dict[str, Any]) -> Callable[[Call, G4FError], Call | None]:
        current = body

        def mend(refused: Call, failure: G4FError) -> Call | None:
            nonlocal current
            if not isinstance(failure, BadRequestError):
                return None
            other = cls.mended(current, failure)
            if other is None or other == current:
                return None
            current = other
            return with_body(refused, other)

        return mend

    @classmethod
    def _headers(cls, host: Host, *, stream: bool, given: Headers) -> Headers:
        key = host.secret.reveal() if host.secret else ""
        made = Headers(cls.get_headers(stream, key, Headers({**row_headers(cls.row, host), **given})))
        del key
        return made

    @classmethod
    async def _choose_model(cls, model: str, host: Host, way: Way) -> str:
        if not model and not cls.default_model and not cls.models:
            offered = await kept_models(cls, host, lambda: cls._fetch_models(host, way), refresh=False)
            model = first_that_chats(cls, host.base, offered)
        return cls.get_model(model)

    @classmethod
    async def _fetch_models(cls, host: Host, way: Way) -> list[str]:
        found: list[dict[str, Any]] = []
        query: str | None = ""
        for _ in range(_MOST_PAGES):
            url = cls.models_url(host, query or "")
            call = Call(
                "GET",
                url,
                cls._headers(host, stream=False, given=Headers()),
                secret=secrets_of_call(
                    host.secret, url, headers=way.headers, extra_data=None, proxy=way.proxy
                ),
                limits=way.limits(settings.current().connect_timeout),
                proxy=way.proxy,
                ssl=trust(cls, way.ssl),
                connector=way.connector,
                provider=cls.__name__,
            )
            data, entries = await fetched(call, partial(read_listing, provider=cls.__name__, call=call))
            found += [
                {**(entry if isinstance(entry, dict) else {}), "id": name}
                for entry in entries
                if (name := cls.listed_model(entry))
            ]
            query = cls.next_page(data)
            if query is None:
                break
        note_flags(host.base, found)
        return names_of(found)
