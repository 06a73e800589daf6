"""What a stream yields: text is `str`, everything else a small value.

`str(x)` of whatever is not content is `""`, so `"".join(map(str, stream))` is always the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from g4f_nb.chunks.chunk import Chunk
from g4f_nb.chunks.made import AudioResponse, ImageResponse
from g4f_nb.chunks.openvalues import AuthResult, BaseConversation, JsonConversation, OpenValue
from g4f_nb.chunks.usage import Usage

__all__ = [
    "Alternative", "AudioResponse", "AuthResult", "BaseConversation", "Chunk", "FinishReason",
    "ImageResponse", "JsonConversation", "ProviderFailed", "ProviderInfo", "Reasoning", "Refusal",
    "RequestLogin", "SendBack", "Source", "Sources", "ToolCall", "ToolCalls", "ToolResult", "Usage",
    "concat_chunks", "is_content",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reasoning(Chunk):
    """What the model thought before it answered; never part of the answer."""

    text: str

    __str__ = Chunk.__str__


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call that the model asks for; `arguments` is the JSON text as the model wrote it."""

    id: str
    name: str
    arguments: str
    # What the service wants to find in the call again when it goes back, like Gemini its signature.
    extra_content: dict[str, Any] | None = field(default=None, hash=False)

    def as_json(self) -> dict[str, Any]:
        """The wire form, for the assistant message that goes back to the model."""
        call: dict[str, Any] = {
            "id": self.id,
            "type": "function",
            "function": {"name": self.name, "arguments": self.arguments},
        }
        return call | {"extra_content": self.extra_content} if self.extra_content else call


@dataclass(frozen=True, slots=True)
class ToolCalls(Chunk):
    """All calls of one answer, complete, once."""

    calls: tuple[ToolCall, ...]

    __str__ = Chunk.__str__

    def get_list(self) -> list[dict[str, Any]]:
        """The calls in wire form."""
        return [call.as_json() for call in self.calls]


@dataclass(frozen=True, slots=True)
class ToolResult(Chunk):
    """What one call gave, as the model is told it; `error` says that it is a complaint."""

    id: str
    name: str
    content: str
    error: bool = False
    seconds: float | None = None

    __str__ = Chunk.__str__

    def as_message(self) -> dict[str, Any]:
        """The message that takes it back to the model."""
        return {"role": "tool", "tool_call_id": self.id, "name": self.name, "content": self.content}


@dataclass(frozen=True, slots=True)
class SendBack(Chunk):
    """What a provider wants to find again in the message of this answer, if the dialogue goes on.

    Signatures of thoughts and the like: they are put into the assistant message, by name.
    """

    fields: Mapping[str, Any] = field(repr=False)

    __str__ = Chunk.__str__


@dataclass(frozen=True, slots=True)
class FinishReason(Chunk):
    """Why the model stopped: `stop`, `length`, `tool_calls`, `content_filter` and the like."""

    reason: str

    __str__ = Chunk.__str__


@dataclass(frozen=True, slots=True)
class Source:
    """One page that the answer rests on."""

    url: str
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Sources(Chunk):
    """The pages that a searching model names."""

    items: tuple[Source, ...]

    __str__ = Chunk.__str__


@dataclass(frozen=True, slots=True)
class Refusal(Chunk):
    """The model's own words for not answering."""

    text: str

    __str__ = Chunk.__str__


@dataclass(frozen=True, slots=True)
class ProviderInfo(Chunk):
    """Who answers: the provider's name, the model that the server says it is, and its address.

    `request_id` is what the server calls this answer: its support asks for it.
    """

    name: str
    model: str | None = None
    url: str | None = None
    request_id: str | None = field(default=None, compare=False)

    __str__ = Chunk.__str__


@dataclass(frozen=True, slots=True)
class ProviderFailed(Chunk):
    """A provider that was to answer and did not, so that another one does; `reason` is why, in words.

    `error` is the name of the error's class, `None` where nothing failed and another was just faster.
    """

    name: str
    model: str | None
    error: str | None
    reason: str

    __str__ = Chunk.__str__

    @property
    def label(self) -> str:
        """`"provider:model"`, for a user's eyes."""
        return f"{self.name}:{self.model}" if self.model else self.name


@dataclass(frozen=True, slots=True)
class RequestLogin(Chunk):
    """A login that the user has to do elsewhere before the answer can come."""

    label: str
    login_url: str

    __str__ = Chunk.__str__


@dataclass(frozen=True, slots=True)
class Alternative(Chunk):
    """A piece of another answer to the same question, where several were asked for (`n=`).

    `index` counts from 1; the answer itself is number 0, and its pieces come as they are.
    """

    index: int
    chunk: str | Chunk

    __str__ = Chunk.__str__


def is_content(chunk: str | Chunk | None) -> bool:
    """Whether a chunk is part of the answer, so that beginning anew would say something twice.

    Text, reasoning, tool calls, images, sound, sources and refusals are; who answers, a login that is asked
    for, usage and why the model stopped are not.
    """
    match chunk:
        case str():
            return bool(chunk)
        case Reasoning() | ToolCalls() | ToolResult() | Refusal():
            return True
        case ImageResponse() | AudioResponse() | Sources():
            return True
        case (
            ProviderInfo()
            | ProviderFailed()
            | RequestLogin()
            | Usage()
            | FinishReason()
            | SendBack()
            | OpenValue()
            | None
        ):
            return False
        case _:
            # A chunk of somebody's own is content if it has a text.
            return bool(str(chunk))


def concat_chunks(chunks: Iterable[str | Chunk | None]) -> str:
    """Join a stream into its answer: content only, `None` adds nothing."""
    return "".join([chunk if type(chunk) is str else str(chunk) for chunk in chunks if chunk is not None])
