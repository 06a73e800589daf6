"""`Anthropic`: Claude over its own Messages API."""

from __future__ import annotations

import ssl as tls
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from g4f_nb.errors import BadRequestError
from g4f_nb.providers.native.anthropic_form import body_of, mended_limit
from g4f_nb.providers.native.anthropic_reader import AnthropicReader
from g4f_nb.providers.native.template import NativeTemplate
from g4f_nb.providers.services.rows import of_row
from g4f_nb.secret import Veiled
from g4f_nb.typing import AsyncResult, MediaListType, Messages

if TYPE_CHECKING:
    import aiohttp


@of_row("anthropic")
class Anthropic(NativeTemplate):
    """Anthropic, over its own Messages API: thoughts, citations and counts of its cache come along.

    A limit is sent with every call, for the API wants one: 8,192 tokens unless `max_tokens=` says otherwise.
    """

    chat_path = "/messages"
    # The version that still knows `temperature`, `top_p` and `top_k`; a newer one refuses them.
    api_version: ClassVar[str] = "2023-06-01"
    own_fields = frozenset(
        {"top_k", "thinking", "user", "metadata", "service_tier", "container", "cache_control",
         "output_config", "inference_geo", "speed"}
    )  # fmt: skip
    reader = AnthropicReader
    page_size = "limit=1000"

    @classmethod
    def create_async_generator(
        cls,
        model: str,
        messages: Messages,
        stream: bool = True,
        *,
        proxy: str | None = None,
        timeout: float | None = 120,
        media: MediaListType | None = None,
        api_key: str | None = None,
        api_base: str | None = None,
        api_endpoint: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        top_p: float | None = None,
        stop: str | list[str] | None = None,
        tools: list[dict[str, Any]] | None = None,
        tool_choice: str | dict[str, Any] | None = None,
        parallel_tool_calls: bool | None = None,
        reasoning_effort: str | None = None,
        response_format: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        extra_data: dict[str, Any] | None = None,
        max_retries: int | None = None,
        total_timeout: float | None = None,
        connector: aiohttp.BaseConnector | None = None,
        ssl: tls.SSLContext | bool | None = None,
        **kwargs: Any,
    ) -> AsyncResult:
        """Stream one answer: text as `str`, everything else as small values.

        Messages and keywords are OpenAI's and are translated; `extra_data` goes into the request as it is.
        """
        return cls._stream(Veiled(locals()))

    @classmethod
    def translate(
        cls, model: str, messages: Messages, fields: Mapping[str, Any], *, stream: bool
    ) -> dict[str, Any]:
        """The body of a request to the Messages API; pure."""
        return body_of(model, messages, fields, stream=stream)

    @classmethod
    def get_headers(
        cls, stream: bool, api_key: str | None = None, headers: dict[str, str] | None = None
    ) -> dict[str, str]:
        """The headers of a request, the version of the API among them."""
        given = {name.lower(): value for name, value in (headers or {}).items()}
        given.setdefault("anthropic-version", cls.api_version)
        return super().get_headers(stream, api_key, given)

    @classmethod
    def mended(cls, body: dict[str, Any], failure: BadRequestError) -> dict[str, Any] | None:
        """A smaller limit, where the model allows only that."""
        limit = mended_limit(body, str(failure))
        return None if limit is None else {**body, "max_tokens": limit}

    @classmethod
    def next_page(cls, data: Any) -> str | None:
        """The list goes on after its last entry, while there is more."""
        last = data.get("last_id") if isinstance(data, dict) and data.get("has_more") else None
        return f"after_id={quote(last)}" if isinstance(last, str) and last else None
