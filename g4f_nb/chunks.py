"""What a stream yields: text is `str`, everything else a small value.

`str(x)` of whatever is not content is `""`, so `"".join(map(str, stream))` is always the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, NoReturn

from g4f_nb.secret import MASK, SECRET_WORDS

_MOST_TOKENS = 2**53
_LONGEST_DATA_URL = 200
# Of OpenAI's "pcm16": one channel, 16 bits a sample, the low byte first.
_SAMPLES_A_SECOND = 24_000


class Chunk:
    """Base of everything in a stream that is not plain text; silent in `str`."""

    __slots__ = ()

    def __str__(self) -> str:
        return ""


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
class Usage(Chunk):
    """The provider's own token counts; `None` where it did not say."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    reasoning_tokens: int | None = None
    cached_tokens: int | None = None
    # Of the input: what was written into the service's cache, where that has a price of its own.
    cache_write_tokens: int | None = None

    __str__ = Chunk.__str__

    def __add__(self, other: Usage) -> Usage:
        """The sum of two rounds; a count that one of them does not tell is not known."""
        return Usage(
            input_tokens=_sum(self.input_tokens, other.input_tokens),
            output_tokens=_sum(self.output_tokens, other.output_tokens),
            total_tokens=_sum(self.total_tokens, other.total_tokens),
            # These are told only where there are any.
            reasoning_tokens=_known_sum(self.reasoning_tokens, other.reasoning_tokens),
            cached_tokens=_known_sum(self.cached_tokens, other.cached_tokens),
            cache_write_tokens=_known_sum(self.cache_write_tokens, other.cache_write_tokens),
        )

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Usage:
        """Read the names that OpenAI, Anthropic, Gemini and their imitators use."""
        if len(data) == 3:  # noqa: PLR2004  # the commonest by far, and nothing beside it
            given = [data.get(name) for name in ("prompt_tokens", "completion_tokens", "total_tokens")]
            if all([type(count) is int and 0 <= count <= _MOST_TOKENS for count in given]):  # noqa: C419  # hot
                return cls(*given)
        details = data.get("completion_tokens_details") or data.get("output_tokens_details")
        cached = data.get("prompt_tokens_details") or data.get("input_tokens_details")
        spent = _first_int(data, "prompt_tokens", "input_tokens", "promptTokens", "promptTokenCount")
        made = _first_int(
            data, "completion_tokens", "output_tokens", "completionTokens", "candidatesTokenCount"
        )
        total = _first_int(data, "total_tokens", "totalTokens", "totalTokenCount")
        thought = _first_int(details, "reasoning_tokens") if details else None
        if spent is not None and made is not None:
            if total is None:
                total = spent + made
            elif thought and total == spent + made + thought:
                # xAI counts what was thought beside the answer, everybody else as a part of it.
                made += thought
        return cls(
            input_tokens=spent,
            output_tokens=made,
            total_tokens=total,
            reasoning_tokens=thought,
            cached_tokens=_first_int(cached, "cached_tokens") if cached else None,
            cache_write_tokens=_first_int(cached, "cache_write_tokens") if cached else None,
        )


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
class ImageResponse(Chunk):
    """Images that the model made: addresses or `data:` URLs. In text they are Markdown images."""

    urls: tuple[str, ...]
    alt: str = ""

    def __str__(self) -> str:
        alt = self.alt.replace("[", "(").replace("]", ")").replace("\n", " ")
        return "\n".join(f"![{alt}]({_brief(url)})" for url in self.urls)


@dataclass(frozen=True, slots=True)
class AudioResponse(Chunk):
    """Sound that the model made; `Path("answer.wav").write_bytes(sound.as_file())` keeps it."""

    data: bytes = field(repr=False)
    format: str = "mp3"
    transcript: str | None = None
    # What names it in the assistant message of the next round.
    id: str | None = field(default=None, kw_only=True)

    __str__ = Chunk.__str__

    def as_file(self) -> bytes:
        """What a file holds that players know: bare samples, as streams carry them, get the head of a WAV."""
        if self.format != "pcm16":
            return self.data
        import io
        import wave

        into = io.BytesIO()
        with wave.open(into, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(_SAMPLES_A_SECOND)
            file.writeframes(self.data[: len(self.data) // 2 * 2])
        return into.getvalue()


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


class _OpenValue(Chunk):
    """A JSON value with whatever names its maker gives it."""

    def __init__(self, /, **values: Any) -> None:
        self.__dict__.update(values)

    def get_dict(self) -> dict[str, Any]:
        """The values, as they were given."""
        return dict(self.__dict__)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.__dict__ == self.__dict__

    __hash__ = None  # type: ignore[assignment]  # open and mutable

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={_masked(name, value)!r}" for name, value in self.__dict__.items())
        return f"{type(self).__name__}({shown})"


class BaseConversation(_OpenValue):
    """A provider's own handle on a dialogue, passed back as `conversation=`."""


class JsonConversation(BaseConversation):
    """A `BaseConversation` made of JSON values."""


class AuthResult(_OpenValue):
    """What a login gave; its repr masks everything, for each part may be a credential."""

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={MASK!r}" for name in self.__dict__)
        return f"{type(self).__name__}({shown})"

    def __copy__(self) -> AuthResult:
        return type(self)(**self.__dict__)

    def __deepcopy__(self, memo: dict[int, Any]) -> AuthResult:
        return type(self)(**deepcopy(self.__dict__, memo))

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a login is not pickled: let the other side log in, or pass what get_dict() gives, if you must"
        )


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
            | _OpenValue()
            | None
        ):
            return False
        case _:
            # A chunk of somebody's own is content if it has a text.
            return bool(str(chunk))


def concat_chunks(chunks: Iterable[str | Chunk | None]) -> str:
    """Join a stream into its answer: content only, `None` adds nothing."""
    return "".join([chunk if type(chunk) is str else str(chunk) for chunk in chunks if chunk is not None])


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


def _known_sum(one: int | None, other: int | None) -> int | None:
    return one if other is None else other if one is None else one + other


def _brief(url: str) -> str:
    """An address for a text: megabytes of base64 are for nobody to read, and `urls` has them whole."""
    if len(url) <= _LONGEST_DATA_URL or url[:5].lower() != "data:":
        return url
    return f"{url.partition(',')[0][:_LONGEST_DATA_URL]},…"


def _first_int(data: object, *names: str) -> int | None:
    if isinstance(data, dict):
        for name in names:
            value = data.get(name)
            if type(value) is int and 0 <= value <= _MOST_TOKENS:
                return value
            # Neither a negative number, nor infinity, nor what no column of integers could hold.
            if isinstance(value, float) and 0 <= value <= _MOST_TOKENS:
                return int(value)
    return None


def _masked(name: str, value: object) -> object:
    return MASK if any(word in name.lower() for word in SECRET_WORDS) else value
