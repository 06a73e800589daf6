"""`Gemini`: Google's models over their own API."""

from __future__ import annotations

import ssl as tls
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from g4f_nb.calls import Host
from g4f_nb.providers.models.listing import name_of
from g4f_nb.providers.native.gemini_form import body_of
from g4f_nb.providers.native.gemini_reader import GeminiReader
from g4f_nb.providers.native.template import NativeTemplate
from g4f_nb.providers.services.rows import of_row
from g4f_nb.secret import Veiled
from g4f_nb.typing import AsyncResult, MediaListType, Messages

if TYPE_CHECKING:
    import aiohttp


@of_row("gemini")
class Gemini(NativeTemplate):
    """Google Gemini, over its own API: thoughts, sources of its search, pictures that it makes.

    The key travels in a header, never in the address.
    """

    # The model is part of the address here.
    chat_path = "/{model}:{method}"
    own_fields = frozenset(
        {"top_k", "safety_settings", "cached_content", "thinking_config", "response_modalities",
         "media_resolution", "speech_config", "image_config"}
    )  # fmt: skip
    reader = GeminiReader
    page_size = "pageSize=1000"

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
        reasoning_effort: str | None = None,
        response_format: dict[str, Any] | None = None,
        seed: int | None = None,
        n: int | None = None,
        frequency_penalty: float | None = None,
        presence_penalty: float | None = None,
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
        """The body of a request to the Gemini API; pure."""
        del stream
        return body_of(model, messages, fields)

    @classmethod
    def chat_url(cls, host: Host, model: str, *, stream: bool) -> str:
        """The address with the model and the method in it; an event stream is asked for there, too."""
        name = model if "/" in model else f"models/{model}"
        method = "streamGenerateContent" if stream else "generateContent"
        url = host.chat_url.replace("{model}", quote(name, safe="/")).replace("{method}", method)
        return url + ("&" if "?" in url else "?") + "alt=sse" if stream else url

    @classmethod
    def listed_model(cls, entry: Any) -> str:
        """A model's name without `models/`, if it can be talked to."""
        methods = entry.get("supportedGenerationMethods") if isinstance(entry, dict) else None
        if isinstance(methods, list) and "generateContent" not in methods:
            return ""
        return name_of(entry).removeprefix("models/")

    @classmethod
    def next_page(cls, data: Any) -> str | None:
        """The list goes on while it gives a token for more."""
        token = data.get("nextPageToken") if isinstance(data, dict) else None
        return f"pageToken={quote(token, safe='')}" if isinstance(token, str) and token else None
