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

from g4f_nb import parameters, settings
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
from g4f_nb.providers import hosted
from g4f_nb.providers.base import AsyncGeneratorProvider
from g4f_nb.providers.mixins import ProviderModelMixin, RaiseErrorMixin
from g4f_nb.providers.models.abilities import note_flags
from g4f_nb.providers.models.listing import fetched, name_of, names_of, read_listing
from g4f_nb.providers.models.offering import first_that_chats
from g4f_nb.providers.models.suggesting import with_nearest
from g4f_nb.providers.reading.body_reader import BodyReader
from g4f_nb.providers.sending.fields import CHAT_FIELDS
from g4f_nb.providers.sending.outgoing import (
    least,
    with_body,
)
from g4f_nb.providers.sending.requesting import batches
from g4f_nb.providers.sending.ways import TRAVEL, Way
from g4f_nb.providers.services.hosts import find_host, look_up_host
from g4f_nb.providers.services.rows import Row
from g4f_nb.secret import Veiled, shown_address
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

    get_models = classmethod(hosted.get_models)
    get_models_async = classmethod(hosted.get_models_async)
    look_up_host = classmethod(look_up_host)
    get_headers = classmethod(hosted.get_headers)

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
                    parameter=name,
                    provider=cls.__name__,
                )
        parameters.refuse_unknown(names, known, provider=cls.__name__)

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
        made = hosted.headers_for(cls, host, stream=stream, given=way.headers)
        call = hosted.call_to(
            cls, host, way, now, url=url, made=made, body=body, extra_data=extra_data, model=model
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
            listed = partial(hosted.kept_names, cls, host, listing)
            raise await with_nearest(error, host, listed) from None
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
    def _listing_headers(cls, host: Host) -> Headers:
        return hosted.headers_for(cls, host, stream=False, given=Headers())

    @classmethod
    async def _choose_model(cls, model: str, host: Host, way: Way) -> str:
        if not model and not cls.default_model and not cls.models:
            model = first_that_chats(cls, host.base, await hosted.kept_names(cls, host, way))
        return cls.get_model(model)

    @classmethod
    async def _fetch_models(cls, host: Host, way: Way) -> list[str]:
        found: list[dict[str, Any]] = []
        query: str | None = ""
        for _ in range(_MOST_PAGES):
            call = hosted.listing_call(cls, cls.models_url(host, query or ""), host, way)
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
