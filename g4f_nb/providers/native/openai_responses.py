"""`OpenAIResponses`: OpenAI's models over its Responses API."""

from __future__ import annotations

import ssl as tls
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from g4f_nb.errors import BadRequestError
from g4f_nb.providers.native.responses_form import SAME, body_of, without_summary
from g4f_nb.providers.native.responses_reader import ResponsesReader
from g4f_nb.providers.native.template import NativeTemplate
from g4f_nb.providers.services.rows import of_row
from g4f_nb.secret import Veiled
from g4f_nb.typing import AsyncResult, MediaListType, Messages

if TYPE_CHECKING:
    import aiohttp


@of_row("openai-responses")
class OpenAIResponses(NativeTemplate):
    """OpenAI, over its Responses API: summaries of thoughts, the service's own tools, sources.

    The service keeps nothing (`store=False`), and each call brings the whole dialogue along.
    """

    chat_path = "/responses"
    own_fields = SAME | {"reasoning", "text", "verbosity"}
    reader = ResponsesReader

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

        Messages and keywords are those of OpenAI's chat API and are translated; `extra_data` goes into the
        request as it is.
        """
        return cls._stream(Veiled(locals()))

    @classmethod
    def translate(
        cls, model: str, messages: Messages, fields: Mapping[str, Any], *, stream: bool
    ) -> dict[str, Any]:
        """The body of a request to the Responses API; pure."""
        return body_of(model, messages, fields, stream=stream)

    @classmethod
    def mended(cls, body: dict[str, Any], failure: BadRequestError) -> dict[str, Any] | None:
        """The request without the summary of thoughts, where the account may not have it."""
        return without_summary(body, f"{failure} {failure.body or ''}")
