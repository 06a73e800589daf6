"""`OpenaiTemplate`: any server that speaks OpenAI's chat API."""

from __future__ import annotations

import ssl as tls
from collections.abc import AsyncGenerator, Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from inspect import signature
from typing import TYPE_CHECKING, Any, ClassVar

from g4f_nb import parameters, settings
from g4f_nb.calls import Call, Headers, Host
from g4f_nb.chunks import Chunk
from g4f_nb.errors import (
    InvalidParameterError,
    ModelNotFoundError,
)
from g4f_nb.files.media import read_media, read_media_async, with_media
from g4f_nb.messages import check_messages, last_user_text
from g4f_nb.providers import hosted
from g4f_nb.providers.base import AsyncGeneratorProvider
from g4f_nb.providers.mixins import ProviderModelMixin, RaiseErrorMixin
from g4f_nb.providers.models.abilities import makes_images
from g4f_nb.providers.models.listing import fetched, model_names
from g4f_nb.providers.models.offering import first_that_chats
from g4f_nb.providers.models.suggesting import with_nearest
from g4f_nb.providers.openai.chatting import Chatting
from g4f_nb.providers.openai.images import PATH as IMAGES_PATH
from g4f_nb.providers.openai.images import image_body, image_reader
from g4f_nb.providers.sending.adapting import (
    fitted_fields,
    fitted_messages,
    models_url,
    row_in_force,
)
from g4f_nb.providers.sending.checks import what_is_wrong
from g4f_nb.providers.sending.fields import (
    CHAT_FIELDS,
    EXTRA_PARAMETERS,
    IMAGE_FIELDS,
    USUAL_FIELDS,
    means_image,
)
from g4f_nb.providers.sending.requesting import batches
from g4f_nb.providers.sending.ways import TRAVEL, Way
from g4f_nb.providers.services.hosts import find_host, join, look_up_host
from g4f_nb.providers.services.rows import Row, rows
from g4f_nb.secret import Veiled, shown_address
from g4f_nb.typing import AsyncResult, MediaListType, Messages
from g4f_nb.wire.attempts import Attempts

if TYPE_CHECKING:
    import aiohttp

_BROWSER_LIKE = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0 Safari/537.36",
    "Accept-Language": "en-US,en;q=0.9",
}
# Of a call's options those that are no field of its request.
_NO_FIELDS = TRAVEL | {
    "stream", "media", "prompt", "impersonate", "extra_parameters", "extra_data", "splits_thinking",
}  # fmt: skip
_KNOWN = _NO_FIELDS | USUAL_FIELDS
# After a model was refused, its server gets so many seconds to tell which it has.
_LIST_WITHIN = 5.0


class OpenaiTemplate(AsyncGeneratorProvider, ProviderModelMixin, RaiseErrorMixin):
    """Chat with any OpenAI-compatible server; used as it is, it is OpenAI's own API.

    A subclass names another server with `api_base` (everything before `/chat/completions`) and, beside
    it, `api_key`. All of it is called on the class.
    """

    bare: ClassVar[bool] = True
    row: ClassVar[Row | None] = rows()["openai"]
    api_base: str = ""
    api_key: str | None = None
    api_endpoint: str | None = None
    working = True
    takes_secrets = True
    supports_message_history = True
    supports_system_message = True
    default_model: str = ""
    fallback_models: list[str] = []  # noqa: RUF012  # class API, as in the original
    sort_models = True
    ssl: tls.SSLContext | bool | None = None
    needs_auth = False
    stream_usage = True
    # Whether a dialogue with tools sends the model's own reasoning back, as `reasoning_content`.
    returns_reasoning = False
    # Whether `<think>…</think>` at the head of an answer is reasoning rather than text.
    splits_thinking = True

    get_models = classmethod(hosted.get_models)
    get_models_async = classmethod(hosted.get_models_async)
    look_up_host = classmethod(look_up_host)
    get_headers = classmethod(hosted.get_headers)

    @classmethod
    def create_async_generator(  # type: ignore[override]
        cls,
        model: str,
        messages: Messages,
        proxy: str | None = None,
        timeout: float | None = 120,
        media: MediaListType | None = None,
        api_key: str | None = None,
        api_endpoint: str | None = None,
        api_base: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        top_p: float | None = None,
        stop: str | list[str] | None = None,
        stream: bool = False,
        prompt: str | None = None,
        headers: dict[str, str] | None = None,
        impersonate: str | None = None,
        extra_parameters: Sequence[str] = EXTRA_PARAMETERS,
        extra_data: dict[str, Any] | None = None,
        *,
        tools: list[dict[str, Any]] | None = None,
        tool_choice: str | dict[str, Any] | None = None,
        parallel_tool_calls: bool | None = None,
        reasoning_effort: str | None = None,
        response_format: dict[str, Any] | str | None = None,
        seed: int | None = None,
        n: int | None = None,
        frequency_penalty: float | None = None,
        presence_penalty: float | None = None,
        max_retries: int | None = None,
        total_timeout: float | None = None,
        connector: aiohttp.BaseConnector | None = None,
        ssl: tls.SSLContext | bool | None = None,
        splits_thinking: bool | None = None,
        **kwargs: Any,
    ) -> AsyncResult:
        """Stream one answer: text as `str`, everything else as small values.

        `media` goes into the last user message. `prompt` asks for an image, as do the name of a model that
        makes them and what only images have, like `size`. `timeout` limits each silence (to connect, to the
        first byte, between two pieces), `total_timeout` the whole. A failed call is sent again `max_retries`
        times, only before the first content.
        """
        return cls._stream(Veiled(locals()))

    @classmethod
    async def _stream(cls, given: Veiled) -> AsyncGenerator[str | Chunk, None]:
        """The answer to a call, given as the names and values of its parameters.

        `create_async_generator` is a signature alone and hands all of it to here: no frame of ours keeps a
        key then, and no chunk is handed on twice.
        """
        asked = {name: given.pop(name) for name in ("model", "messages", "stream")}
        given.update(given.pop("kwargs"))
        del given["cls"]
        pieces = await cls._asked(**asked, options=given)
        del asked
        try:
            async for chunks in pieces:
                for chunk in chunks:
                    yield chunk
        finally:
            # Whoever leaves early closes this, and with it the connection.
            await pieces.aclose()

    @classmethod
    def batches(
        cls, model: str, messages: Messages, options: Veiled, *, stream: bool, host: Host | None = None
    ) -> Awaitable[AsyncGenerator[list[str | Chunk], None]] | None:
        """The same answer in batches, one for each piece that arrives; `None` where a class has its own way.

        `host` is where the call goes, if that has been decided.
        """
        if getattr(cls.create_async_generator, "__func__", None) is not _CREATE:
            return None
        return cls._asked(model, messages, options, stream=stream, host=host)

    @classmethod
    async def _asked(
        cls, model: str, messages: Messages, options: Veiled, *, stream: bool, host: Host | None = None
    ) -> AsyncGenerator[list[str | Chunk], None]:
        """What all calls go through: checked, sent where they belong, and read."""
        way = Way.of(options)
        if way.wrong is None and type(model) is not str:
            way.wrong = what_is_wrong({"model": model})
        if way.wrong:
            raise InvalidParameterError(way.wrong, provider=cls.__name__)
        let_through = options.get("extra_parameters", EXTRA_PARAMETERS)
        unusual = set[str]() if options.keys() <= _KNOWN else options.keys() - _KNOWN
        if unusual:
            cls.check_parameters(unusual - set(let_through))
        fields = {
            name: value for name, value in options.items() if value is not None and name not in _NO_FIELDS
        }
        messages = check_messages(messages)
        media = options.get("media")
        if media is not None:
            messages = with_media(messages, await read_media_async(media))
        if host is None:
            host = find_host(cls, api_base=way.api_base, api_endpoint=way.api_endpoint, api_key=way.secret)
        pictured = options.get("prompt") is not None or (
            bool(unusual or "response_format" in fields)
            and means_image(unusual, fields.get("response_format"), let_through)
        )
        model = cls._image_model(model) if pictured else await cls._choose_model(model, host)
        # No name for what is given there: it may hold a key.
        extra_data = None if options.get("extra_data") is None else Veiled(options["extra_data"])
        asking = _Asking(way, host, model, options, extra_data)
        if pictured or model in cls.image_models or makes_images(host.base, model):
            return cls._pictures(asking, fields, messages)
        return cls._chat(asking, fields, messages, stream=stream)

    @classmethod
    def _chat(
        cls, asking: _Asking, fields: dict[str, Any], messages: Messages, *, stream: bool
    ) -> AsyncGenerator[list[str | Chunk], None]:
        options, host, extra_data = asking.options, asking.host, asking.extra_data
        body = cls._body(asking.model, messages, fields, stream=stream, host=host, extra_data=extra_data)
        if extra_data is not None:
            body = Veiled(body)
        now = settings.current()
        call = cls._call(asking, cls._chat_url(host, asking.model), body, now, stream=stream)
        think = options.get("splits_thinking")
        think = cls.splits_thinking if think is None else think
        chat = Chatting(call, body, base=host.base, think=think, limit=now.max_event_bytes)
        return batches(
            call, asking.attempts(now.max_retries), reader_for=chat.reader, limit=now.max_event_bytes,
            plain=chat.plain, mend=chat.mend, explain=partial(cls._with_nearest, asking),
        )  # fmt: skip

    @classmethod
    def _pictures(
        cls, asking: _Asking, fields: dict[str, Any], messages: Messages
    ) -> AsyncGenerator[list[str | Chunk], None]:
        options, host = asking.options, asking.host
        if options.get("media") is not None:
            raise InvalidParameterError(
                f"media= cannot go with a request for an image to {cls.__name__}: leave it out, or ask a "
                "model that chats",
                provider=cls.__name__,
            )
        prompt = options.get("prompt")
        prompt = last_user_text(messages) if prompt is None else prompt
        let_through = options.get("extra_parameters", EXTRA_PARAMETERS)
        body = image_body(asking.model, prompt, fields, allowed=let_through, provider=cls.__name__)
        if asking.extra_data is not None:
            body = Veiled({**body, **asking.extra_data})
        now = settings.current()
        call = cls._call(asking, join(host.base, IMAGES_PATH), body, now, stream=False)
        reader_for = image_reader(call, prompt or "", url=shown_address(host.base), limit=now.max_event_bytes)
        return batches(
            call, asking.attempts(now.max_retries), reader_for=reader_for, limit=now.max_event_bytes,
            explain=partial(cls._with_nearest, asking),
        )  # fmt: skip

    @classmethod
    def _call(
        cls, asking: _Asking, url: str, body: Mapping[str, Any], now: settings.Settings, *, stream: bool
    ) -> Call:
        way, host = asking.way, asking.host
        impersonate = asking.options.get("impersonate")
        made = cls._headers(host, stream=stream, given=way.headers, impersonate=impersonate)
        return hosted.call_to(
            cls, host, way, now, url=url, made=made, body=body, extra_data=asking.extra_data,
            model=asking.model,
        )  # fmt: skip

    @classmethod
    def take_along(cls, model: str, options: Mapping[str, Any]) -> dict[str, Any]:
        """The options, with the files of `media` read: figures and open files are at home on this thread."""
        given = super().take_along(model, options)
        if given.get("media") is not None:
            given["media"] = read_media(given["media"])
        return given

    @classmethod
    def check_parameters(cls, names: Iterable[str]) -> None:
        """Refuse by name what is no parameter here and no field of the API."""
        known = signature(cls.create_async_generator).parameters.keys() - {"kwargs"}
        parameters.refuse_unknown(names, {*known, *CHAT_FIELDS, *IMAGE_FIELDS}, provider=cls.__name__)

    @classmethod
    def _headers(cls, host: Host, *, stream: bool, given: Headers, impersonate: str | None = None) -> Headers:
        made = hosted.headers_for(cls, host, stream=stream, given=given)
        return Headers({**_BROWSER_LIKE, **made}) if impersonate else made

    @classmethod
    def _body(
        cls,
        model: str,
        messages: Messages,
        fields: Mapping[str, Any],
        *,
        stream: bool,
        host: Host,
        extra_data: Mapping[str, Any] | None,
    ) -> dict[str, Any]:
        row = row_in_force(cls, host)
        body: dict[str, Any] = {"model": model, "messages": cls._fitted(fitted_messages(row, messages))}
        body.update(fitted_fields(row, fields, cls.__name__))
        body["stream"] = stream
        if stream and cls.stream_usage and (row is None or row.stream_usage):
            body.setdefault("stream_options", {"include_usage": True})
        body.update(extra_data or {})
        return body

    # What services with code of their own change: see `quirks.py`.

    @classmethod
    def _chat_url(cls, host: Host, model: str) -> str:
        del model
        return host.chat_url

    @classmethod
    def _models_url(cls, host: Host) -> str:
        return models_url(row_in_force(cls, host), host)

    @classmethod
    def _fitted(cls, messages: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        return messages

    @classmethod
    def _listed(cls, names: list[str]) -> list[str]:
        return names

    @classmethod
    def _listing_headers(cls, host: Host) -> Headers:
        return cls._headers(host, stream=False, given=Headers())

    @classmethod
    def _image_model(cls, model: str) -> str:
        """The model for a `prompt`: as it is given, else the class's first, else the server's own choice."""
        name = model or next(iter(cls.image_models), "")
        return cls.model_aliases.get(name, name)

    @classmethod
    async def _choose_model(cls, model: str, host: Host) -> str:
        if not model and not cls.default_model and not cls.models:
            row = row_in_force(cls, host)
            if row is not None and row.default_model:
                return row.default_model
            base, secret = host.base, host.secret
            model = first_that_chats(cls, base, await cls.get_models_async(secret, base))
        return cls.get_model(model)

    @classmethod
    async def _with_nearest(cls, asking: _Asking, error: ModelNotFoundError) -> ModelNotFoundError:
        """The error with the nearest names of the server's list, where it has one."""
        if cls.row is not None and not cls.row.lists_models:
            return error.alone()
        way, host = asking.way, asking.host
        listed = partial(
            cls.get_models_async, host.secret, host.base, timeout=_LIST_WITHIN, proxy=way.proxy, ssl=way.ssl,
            connector=way.connector,
        )  # fmt: skip
        return await with_nearest(error, host, listed)

    @classmethod
    async def _fetch_models(cls, host: Host, way: Way) -> list[str]:
        call = hosted.listing_call(cls, cls._models_url(host), host, way)

        def read(body: bytes) -> list[str]:
            return cls._listed(model_names(body, cls.__name__, call, base=host.base))

        return await fetched(call, read)


# How a class that has not its own way of answering is known.
_CREATE: Any = vars(OpenaiTemplate)["create_async_generator"].__func__


@dataclass(slots=True, repr=False)
class _Asking:
    """One call that is about to be made: how it travels, where to, which model it asks."""

    way: Way
    host: Host
    model: str
    options: Veiled
    # What goes into the body as it is.
    extra_data: Veiled | None

    def attempts(self, usual: int) -> Attempts:
        """How often it is sent again."""
        most = self.way.max_retries
        return Attempts(usual if most is None else most, total=self.way.total_timeout)
