"""`OpenaiTemplate`: any server that speaks OpenAI's chat API."""

from __future__ import annotations

import ssl as tls
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from inspect import signature
from typing import TYPE_CHECKING, Any, ClassVar

from g4f_nb import loops, parameters, settings
from g4f_nb.calls import Address, Call, Headers, Host, Limits
from g4f_nb.errors import (
    InvalidParameterError,
    ModelNotFoundError,
)
from g4f_nb.files.media import read_media, read_media_async, with_media
from g4f_nb.messages import check_messages, last_user_text
from g4f_nb.providers.base import AsyncGeneratorProvider
from g4f_nb.providers.mixins import ProviderModelMixin, RaiseErrorMixin
from g4f_nb.providers.models.flags import makes_images
from g4f_nb.providers.models.listing import fetched, kept_models, model_names
from g4f_nb.providers.models.offering import first_that_chats, unlisted
from g4f_nb.providers.models.suggesting import with_nearest
from g4f_nb.providers.openai.chatting import Chatting
from g4f_nb.providers.openai.images import PATH as IMAGES_PATH
from g4f_nb.providers.openai.images import image_body, image_reader
from g4f_nb.providers.sending.adapting import (
    fitted_fields,
    fitted_messages,
    key_headers,
    models_url,
    row_headers,
    row_in_force,
)
from g4f_nb.providers.sending.checks import what_is_wrong
from g4f_nb.providers.sending.fields import CHAT_FIELDS, EXTRA_PARAMETERS, IMAGE_FIELDS, means_image
from g4f_nb.providers.sending.outgoing import (
    checked_headers,
    encoded,
    least,
    overlaid,
    secrets_of_call,
    trust,
)
from g4f_nb.providers.sending.requesting import batches
from g4f_nb.providers.services.hosts import find_host, is_home, join, look_up_host
from g4f_nb.providers.services.rows import Row, rows
from g4f_nb.secret import Secret, Veiled, shown_address
from g4f_nb.typing import AsyncResult, MediaListType, Messages
from g4f_nb.wire.attempts import Attempts
from g4f_nb.wire.proxies import proxy_fault

if TYPE_CHECKING:
    import aiohttp

_BROWSER_LIKE = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0 Safari/537.36",
    "Accept-Language": "en-US,en;q=0.9",
}
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
        """The names of the models that the server offers; kept for some minutes per address and key."""
        wrong = what_is_wrong({"api_key": api_key})
        secret, api_base = None if wrong else Secret.of(api_key), Address.of(api_base)
        kwargs = Veiled(kwargs)
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
        wrong = what_is_wrong({"api_key": api_key, "api_base": api_base, "timeout": timeout, **kwargs})
        secret, api_base = None if wrong else Secret.of(api_key), Address.of(api_base)
        kwargs = Veiled(kwargs)
        del api_key
        parameters.refuse_unknown(kwargs, {"proxy", "ssl", "connector"}, provider=cls.__name__)
        if "proxy" in kwargs:
            kwargs["proxy"] = None if wrong else Secret.of(kwargs["proxy"])
        if wrong:
            raise InvalidParameterError(wrong, provider=cls.__name__)
        if cls.models and not api_base:
            return list(cls.models)
        host = find_host(cls, api_base=api_base, api_endpoint=None, api_key=secret)
        if cls.row is not None and not cls.row.lists_models and is_home(cls.row, host):
            return unlisted(cls)
        return await kept_models(
            cls,
            host,
            lambda: cls._fetch_models(host, timeout, kwargs),
            refresh=refresh,
            in_order=cls.sort_models,
        )

    @classmethod
    async def create_async_generator(  # type: ignore[override]  # noqa: C901, PLR0912, PLR0915  # hot: one frame
        cls,
        model: str,
        messages: Messages,
        proxy: str | None = None,
        timeout: float | None = 120,  # noqa: ASYNC109  # the original's name; a limit on silence
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
        # The parameters hold keys: keep nothing that a traceback with locals could print.
        # The usual call gives few of them; looking at each costs as much as a tenth of a small request.
        few = (
            proxy is None and api_key is None and headers is None and api_endpoint is None and stop is None
            and tools is None and impersonate is None and extra_data is None and response_format is None
            and max_retries is None and total_timeout is None and connector is None and ssl is None
            and type(model) is str and (api_base is None or type(api_base) is str)
            and type(timeout) is int and timeout > 0 and extra_parameters is EXTRA_PARAMETERS
        )  # fmt: skip
        wrong = None if few else what_is_wrong({
            "model": model, "proxy": proxy, "timeout": timeout, "api_key": api_key, "headers": headers,
            "api_endpoint": api_endpoint, "api_base": api_base, "stop": stop, "tools": tools,
            "impersonate": impersonate, "extra_parameters": extra_parameters, "extra_data": extra_data,
            "response_format": response_format, "max_retries": max_retries, "total_timeout": total_timeout,
            "connector": connector, "ssl": ssl,
        })  # fmt: skip
        secret, way = (None, None) if wrong else (Secret.of(api_key), Secret.of(proxy))
        own_headers = Headers() if wrong else Headers(headers or {})
        api_base, api_endpoint = Address.of(api_base), Address.of(api_endpoint)
        if not few:
            extra_data = Veiled(extra_data) if type(extra_data) is dict else extra_data
        del api_key, headers, proxy
        if own_headers:
            own_headers = checked_headers(own_headers)
        if wrong is None and way is not None:
            wrong = proxy_fault(way)
        if wrong:
            raise InvalidParameterError(wrong, provider=cls.__name__)
        if kwargs:
            cls.check_parameters(kwargs.keys() - set(extra_parameters))
        messages = check_messages(messages)
        if media is not None:
            messages = with_media(messages, await read_media_async(media))
        host = find_host(cls, api_base=api_base, api_endpoint=api_endpoint, api_key=secret)
        pictures = prompt is not None or (
            bool(kwargs or response_format) and means_image(kwargs, response_format, extra_parameters)
        )
        model = cls._image_model(model) if pictures else await cls._choose_model(model, host)
        fields = {
            "temperature": temperature,
            "max_tokens": max_tokens,
            "top_p": top_p,
            "stop": stop,
            "tools": tools,
            "tool_choice": tool_choice,
            "parallel_tool_calls": parallel_tool_calls,
            "reasoning_effort": reasoning_effort,
            "response_format": response_format,
            "seed": seed,
            "n": n,
            "frequency_penalty": frequency_penalty,
            "presence_penalty": presence_penalty,
            **kwargs,
        }
        if pictures or model in cls.image_models or makes_images(host.base, model):
            pictures = True
            if media is not None:
                raise InvalidParameterError(
                    f"media= cannot go with a request for an image to {cls.__name__}: leave it out, or ask a "
                    "model that chats",
                    provider=cls.__name__,
                )
            stream, url = False, join(host.base, IMAGES_PATH)
            prompt = last_user_text(messages) if prompt is None else prompt
            body = image_body(model, prompt, fields, allowed=extra_parameters, provider=cls.__name__)
            body.update(extra_data or {})
        else:
            url = cls._chat_url(host, model)
            body = cls._body(model, messages, fields, stream=stream, host=host, extra_data=extra_data)
        if extra_data is not None:
            body = Veiled(body)
        now = settings.current()
        call = Call(
            "POST",
            url,
            cls._headers(host, stream=stream, given=own_headers, impersonate=impersonate),
            body=encoded(body, cls.__name__),
            secret=host.secret
            if few and "?" not in url
            else secrets_of_call(host.secret, url, headers=own_headers, extra_data=extra_data, proxy=way),
            limits=Limits(connect=least(now.connect_timeout, timeout), silence=timeout, total=total_timeout),
            proxy=way,
            ssl=trust(cls, ssl),
            connector=connector,
            provider=cls.__name__,
            model=model,
        )
        attempts = Attempts(now.max_retries if max_retries is None else max_retries, total=total_timeout)
        limit = now.max_event_bytes
        if pictures:
            reader_for = image_reader(call, prompt or "", url=shown_address(host.base), limit=limit)
            pieces = batches(call, attempts, reader_for=reader_for, limit=limit)
        else:
            think = cls.splits_thinking if splits_thinking is None else splits_thinking
            chat = Chatting(call, body, base=host.base, think=think, limit=limit)
            pieces = batches(
                call, attempts, reader_for=chat.reader, limit=limit, plain=chat.plain, mend=chat.mend
            )
        try:
            async for chunks in pieces:
                for chunk in chunks:
                    yield chunk
        except ModelNotFoundError as error:
            raise await cls._with_nearest(error, host, proxy=way, ssl=ssl, connector=connector) from None
        finally:
            # Whoever leaves early closes this, and with it the connection.
            await pieces.aclose()

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
    def _headers(cls, host: Host, *, stream: bool, given: Headers, impersonate: str | None) -> Headers:
        key = host.secret.reveal() if host.secret else ""
        beneath = Headers(_BROWSER_LIKE if impersonate else {})
        beneath.update(cls.get_headers(stream, key, Headers({**row_headers(cls.row, host), **given})))
        del key
        return beneath

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
        return cls._headers(host, stream=False, given=Headers(), impersonate=None)

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
    async def _with_nearest(cls, error: ModelNotFoundError, host: Host, **ways: Any) -> ModelNotFoundError:
        """The error with the nearest names of the server's list, where it has one."""
        if cls.row is not None and not cls.row.lists_models:
            return error.alone()
        listed = partial(cls.get_models_async, host.secret, host.base, timeout=_LIST_WITHIN, **ways)
        return await with_nearest(error, listed)

    @classmethod
    async def _fetch_models(cls, host: Host, silence: float, options: Mapping[str, Any]) -> list[str]:
        url, way = cls._models_url(host), Secret.of(options.get("proxy"))
        call = Call(
            "GET",
            url,
            cls._listing_headers(host),
            secret=secrets_of_call(host.secret, url, headers=Headers(), extra_data=None, proxy=way),
            limits=Limits(connect=least(settings.current().connect_timeout, silence), silence=silence),
            proxy=way,
            ssl=trust(cls, options.get("ssl")),
            connector=options.get("connector"),
            provider=cls.__name__,
        )

        def read(body: bytes) -> list[str]:
            return cls._listed(model_names(body, cls.__name__, call, base=host.base))

        return await fetched(call, read)
