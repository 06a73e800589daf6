"""`GigaChat`: Sber's models, with tokens for an authorization key and a root of trust of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, overload

from g4f_nb import loops, parameters, settings
from g4f_nb.calls import Host
from g4f_nb.errors import InvalidParameterError
from g4f_nb.loops.handover import closing
from g4f_nb.providers.base import AsyncGeneratorProvider
from g4f_nb.providers.gigachat import trust as gigachat_trust
from g4f_nb.providers.gigachat.account import API_BASE, AUTH_URL, chosen_switch, look_up_account
from g4f_nb.providers.gigachat.exchanges import fetch
from g4f_nb.providers.gigachat.exchanges import stream as stream_of
from g4f_nb.providers.gigachat.form import fields_of, messages_of
from g4f_nb.providers.gigachat.inquiries import balance_of, counts_of, models_of, vectors_of
from g4f_nb.providers.gigachat.line import Line
from g4f_nb.providers.gigachat.options import OPTIONS, check_options, line_of, most_streams
from g4f_nb.providers.gigachat.reader import GigaChatReader
from g4f_nb.providers.mixins import ProviderModelMixin, RaiseErrorMixin
from g4f_nb.providers.models.listing import kept_models
from g4f_nb.providers.models.model import veiled
from g4f_nb.providers.sending.checks import what_is_wrong
from g4f_nb.providers.services.rows import Row, rows
from g4f_nb.secret import Secret, Veiled, shown_address
from g4f_nb.typing import AsyncResult, Messages

if TYPE_CHECKING:
    import aiohttp

# What the service's list and documentation named on 2026-07-17; given where the list cannot be had.
_MODELS = ("GigaChat-2", "GigaChat-2-Pro", "GigaChat-2-Max", "GigaChat-3-Ultra")
# Fields of the API's reference that are taken by keyword and sent as they are.
_MORE_FIELDS = {
    "n",
    "repetition_penalty",
    "functions",
    "function_call",
    "function_ranker",
    "flags",
    "storage",
}

# What of a call goes into its body under its own name.
_FIELDS = (
    "temperature", "max_tokens", "top_p", "tools", "tool_choice", "response_format", "reasoning_effort",
)  # fmt: skip


class GigaChat(AsyncGeneratorProvider, ProviderModelMixin, RaiseErrorMixin):
    """Chat with GigaChat, Sber's service; the authorization key is in `GIGACHAT_API_KEY`.

    `GigaChat.install_ca()` is needed once, for the service's certificates are signed by an authority of its
    own. Each option below can be an attribute of a subclass or a variable (`scope`, `GIGACHAT_SCOPE`), too.
    """

    row: ClassVar[Row] = rows()["gigachat"]
    url = "https://developers.sber.ru/gigachat"
    label = "GigaChat"
    working = True
    needs_auth = True
    supports_message_history = True
    supports_system_message = True
    takes_secrets = True
    host_options = ("api_base", "auth_url", "api_key", "scope")
    listing_options = (
        *host_options, "proxy", "connector", "ca_bundle_file", "verify_ssl_certs", "headers",
    )  # fmt: skip
    default_model = "GigaChat:latest"
    models = [default_model, "GigaChat-Plus", "GigaChat-Pro", *_MODELS]  # noqa: RUF012  # class API
    # The first generation was switched off; its names go on as those of the second.
    model_aliases = {  # noqa: RUF012
        "GigaChat:latest": "GigaChat-2",
        "latest": "GigaChat-2",
        "GigaChat-Plus": "GigaChat-2",
        "GigaChat-Pro": "GigaChat-2-Pro",
    }
    fallback_models = models
    api_base: str = API_BASE
    auth_url: str = AUTH_URL
    api_key: str | None = None
    scope: str | None = None
    ca_bundle_file: str | None = None
    verify_ssl_certs: bool | None = None
    profanity_check: bool | None = None
    max_streams: int | None = None

    @classmethod
    async def create_async_generator(
        cls,
        model: str,
        messages: Messages,
        stream: bool = True,
        proxy: str | None = None,
        api_key: str | None = None,
        connector: aiohttp.BaseConnector | None = None,
        scope: str | None = None,
        update_interval: float = 0,
        *,
        api_base: str | None = None,
        auth_url: str | None = None,
        ca_bundle_file: str | None = None,
        verify_ssl_certs: bool | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        top_p: float | None = None,
        tools: list[dict[str, Any]] | None = None,
        tool_choice: str | dict[str, Any] | None = None,
        response_format: dict[str, Any] | None = None,
        reasoning_effort: str | None = None,
        profanity_check: bool | None = None,
        headers: dict[str, str] | None = None,
        timeout: float | None = 120,  # noqa: ASYNC109  # a limit on silence, as everywhere
        total_timeout: float | None = None,
        max_retries: int | None = None,
        max_streams: int | None = None,
        **kwargs: Any,
    ) -> AsyncResult:
        """Stream one answer: text as `str`, everything else as small values.

        `scope` is the account's kind (`GIGACHAT_API_PERS`, `_B2B`, `_CORP`), `update_interval` the least
        seconds between two pieces, `max_streams` how many answers of this account may come at once: one for a
        person, ten for a business. More of them wait in this process for their turn.
        """
        given = Veiled(locals())
        del proxy, api_key, headers
        line, body = cls._request(given)
        del given
        batches = stream_of(
            line, body, model=body["model"], reader_for=partial(_reader, line, body["model"]), limit=_limit()
        )
        async with closing(batches):
            async for chunks in batches:
                for chunk in chunks:
                    yield chunk

    @classmethod
    def _request(cls, given: Veiled) -> tuple[Line, dict[str, Any]]:
        """The way of a call and its body, from the parameters above by their names."""
        wrong = what_is_wrong({name: given[name] for name in ("model", "tools", "response_format")})
        if wrong:
            raise InvalidParameterError(wrong, provider=cls.__name__)
        more, stream = given["kwargs"], given["stream"]
        cls.check_parameters(more)
        line = line_of(cls, Veiled((name, given[name]) for name in OPTIONS))
        fields = {name: given[name] for name in _FIELDS}
        fields["profanity_check"] = chosen_switch(
            "profanity_check", given["profanity_check"], cls.profanity_check
        )
        fields["update_interval"] = given["update_interval"] if stream else None
        return line, {
            "model": cls.get_model(given["model"]),
            "messages": messages_of(given["messages"]),
            "stream": stream,
            **fields_of(fields | more),
        }

    @classmethod
    def check_parameters(cls, names: Iterable[str]) -> None:
        """Refuse by name what is no parameter here and no field of the API."""
        known = signature(cls.create_async_generator).parameters.keys() - {"kwargs"}
        parameters.refuse_unknown(names, {*known, *_MORE_FIELDS}, provider=cls.__name__)

    @classmethod
    def get_model(cls, model: str, **kwargs: Any) -> str:
        """The name to send: the default for none, older names made today's; the list is not asked."""
        del kwargs
        name = model or cls.default_model
        name = cls.model_aliases.get(name, name)
        if vars(cls).get("last_model") != name:
            cls.last_model = name
        return name

    @classmethod
    def look_up_host(  # type: ignore[override]  # tokens come from a host of their own
        cls,
        *,
        api_base: str | None = None,
        auth_url: str | None = None,
        api_key: str | Secret | None = None,
        scope: str | None = None,
    ) -> Host:
        """Where a call would go and which key would go along; a key that is missing is told in the result."""
        secret = Secret.of(api_key)
        del api_key
        return look_up_account(cls, api_base=api_base, auth_url=auth_url, api_key=secret, scope=scope).host()

    @classmethod
    def most_at_once(cls, options: Mapping[str, Any]) -> int | None:
        """One for a person, ten for a business, or what `max_streams` says: a comparison asks no faster."""
        return most_streams(cls, options)

    # ---- beside the chat ---------------------------------------------------------------------------

    @classmethod
    def get_models(cls, refresh: bool = False, **options: Any) -> list[str]:
        """The chat models that this account has; the package's own list, with a notice, if that fails."""
        options = veiled(options)
        return loops.run(cls.get_models_async(refresh=refresh, **options))

    @classmethod
    async def get_models_async(cls, refresh: bool = False, **options: Any) -> list[str]:
        """`get_models` for `await`."""
        options = veiled(options)
        check_options(cls, options)

        async def listed() -> list[str]:
            line = line_of(cls, options)
            return await fetch(line, "GET", "/models", read=models_of, limit=_limit())

        host = cls.look_up_host(**{name: options.get(name) for name in cls.host_options})
        return await kept_models(cls, host, listed, refresh=refresh)

    @overload
    @classmethod
    def count_tokens(cls, texts: str, model: str = "", **options: Any) -> int: ...
    @overload
    @classmethod
    def count_tokens(cls, texts: Sequence[str], model: str = "", **options: Any) -> list[int]: ...
    @classmethod
    def count_tokens(cls, texts: str | Sequence[str], model: str = "", **options: Any) -> int | list[int]:
        """How many tokens a text has, by the service's own count; a list of numbers for a list of texts."""
        options = veiled(options)
        return loops.run(cls.count_tokens_async(texts, model, **options))

    @classmethod
    async def count_tokens_async(
        cls, texts: str | Sequence[str], model: str = "", **options: Any
    ) -> int | list[int]:
        """`count_tokens` for `await`."""
        options = veiled(options)
        given = _texts(texts)
        body = {"model": cls.get_model(model), "input": given}
        line = line_of(cls, options)
        read = partial(counts_of, asked=len(given))
        counts = await fetch(line, "POST", "/tokens/count", body, read=read, limit=_limit())
        return counts[0] if isinstance(texts, str) else counts

    @overload
    @classmethod
    def embeddings(cls, texts: str, model: str = "Embeddings", **options: Any) -> list[float]: ...
    @overload
    @classmethod
    def embeddings(
        cls, texts: Sequence[str], model: str = "Embeddings", **options: Any
    ) -> list[list[float]]: ...
    @classmethod
    def embeddings(
        cls, texts: str | Sequence[str], model: str = "Embeddings", **options: Any
    ) -> list[float] | list[list[float]]:
        """The vector of a text; a list of vectors for a list of texts."""
        options = veiled(options)
        return loops.run(cls.embeddings_async(texts, model, **options))

    @classmethod
    async def embeddings_async(
        cls, texts: str | Sequence[str], model: str = "Embeddings", **options: Any
    ) -> list[float] | list[list[float]]:
        """`embeddings` for `await`."""
        options = veiled(options)
        given = _texts(texts)
        line = line_of(cls, options)
        body = {"model": model, "input": given}
        read = partial(vectors_of, asked=len(given))
        vectors = await fetch(line, "POST", "/embeddings", body, read=read, limit=_limit(), turn=True)
        return vectors[0] if isinstance(texts, str) else vectors

    @classmethod
    def balance(cls, **options: Any) -> dict[str, float]:
        """Tokens left, by model; only accounts that pay in advance have a balance (403 for others)."""
        options = veiled(options)
        return loops.run(cls.balance_async(**options))

    @classmethod
    async def balance_async(cls, **options: Any) -> dict[str, float]:
        """`balance` for `await`."""
        options = veiled(options)
        line = line_of(cls, options)
        return await fetch(line, "GET", "/balance", read=balance_of, limit=_limit())

    # ---- trust -------------------------------------------------------------------------------------

    @classmethod
    def install_ca(
        cls, source: str | None = None, *, proxy: str | None = None, timeout: float = 30.0
    ) -> Path:
        """Fetch the Russian Trusted Root CA once, so that GigaChat's hosts can prove who they are.

        It comes from its official address, or from `source`, another address or a file, and is taken only if
        its SHA-256 fingerprint is the published one. Nothing but this package trusts it. Gives its place.
        """
        way = Secret.of(proxy)
        del proxy
        return loops.run(cls.install_ca_async(source, proxy=way, timeout=timeout))

    @classmethod
    async def install_ca_async(
        cls,
        source: str | None = None,
        *,
        proxy: str | Secret | None = None,
        timeout: float = 30.0,  # noqa: ASYNC109  # a limit on silence, as everywhere
    ) -> Path:
        """`install_ca` for `await`."""
        way = Secret.of(proxy)
        del proxy
        certificate = await gigachat_trust.fetch_root(source, proxy=way, silence=timeout)
        return gigachat_trust.keep_root(certificate)


def _reader(line: Line, model: str, media_type: str, secret: Secret) -> GigaChatReader:
    return GigaChatReader(
        media_type, provider=line.provider, model=model, url=shown_address(line.account.base), secret=secret,
        limit=_limit(),
    )  # fmt: skip


def _limit() -> int:
    return settings.current().max_event_bytes


def _texts(texts: str | Sequence[str]) -> list[str]:
    given = [texts] if isinstance(texts, str) else list(texts)
    if not given or not all(isinstance(text, str) for text in given):
        raise InvalidParameterError(
            "texts= is a text or a list of texts, and not an empty one", provider="GigaChat"
        )
    return given
