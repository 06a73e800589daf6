"""What is said: a function of the question gives a `Scripted`, which both JSON and a stream can carry."""

from __future__ import annotations

import base64
import io
import math
import re
import wave
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any

import orjson

from g4f_nb import samples

from .pictures import png
from .question import ChatRequest, Json, text_of

TEXT_FIELDS = ("content", "reasoning_content", "reasoning", "refusal")
# What `cite` and `annotate` name.
PAGES = (("https://example.org/one", "Page one"), ("https://example.org/two", "Page two"))
THOUGHT = "The user wants an answer. I should give one."
_UNFINISHED = "This answer breaks off before it comes to its end"

_MARKDOWN = """\
# A heading

A paragraph with **bold**, *italic*, `inline code` and [a link](https://example.org).

- first
- second
    - nested

1. one
2. two

| name | value |
| ---- | ----: |
| a    |     1 |
| b    |     2 |

```python
def double(x: int) -> int:
    return 2 * x  # <b>not bold</b>
```

> A quotation.

Inline math $e^{i\\pi} + 1 = 0$ and a block:

$$
\\int_0^1 x^2 \\, dx = \\frac{1}{3}
$$
"""
_UNICODE = (
    "Grüße, 你好, こんにちは, 안녕, שלום, مرحبا, e\u0301a\u0308, 👋🏽 "
    "👩\u200d👩\u200d👧 🇪🇺, \U0001d4b3 ≠ ∅, done"
)
_SENTENCE = "the quick brown fox jumps over a lazy dog while seven wise owls watch from their old tree"


@dataclass(frozen=True, slots=True)
class Scripted:
    """The deltas of one choice, in order, and why it ended; a text delta is one word, one token."""

    deltas: tuple[Json, ...]
    finish: str = "stop"

    @classmethod
    def of(cls, text: str, field: str = "content") -> Scripted:
        """Say a text, word by word."""
        return cls(spoken(text, field))

    def within(self, question: ChatRequest) -> Scripted:
        """Cut the answer to what `stop` and `max_tokens` allow."""
        stopped = _until_stop(self, question.stops) if question.stops else self
        return stopped if question.limit is None else _limited(stopped, question.limit)

    def message(self) -> Json:
        """Join the deltas to the message of a JSON answer."""
        message: Json = {"role": "assistant", "content": None, "refusal": None}
        for delta in self.deltas:
            for field, value in delta.items():
                if field == "tool_calls":
                    _add_calls(message.setdefault(field, []), value)
                elif isinstance(value, dict):
                    message[field] = _joined(message.get(field) or {}, value)
                else:
                    message[field] = value if message.get(field) is None else message[field] + value
        return message

    def words(self, *fields: str) -> int:
        """Count the words said in these fields (all text fields if none is named)."""
        return sum(1 for delta in self.deltas for field in fields or TEXT_FIELDS if delta.get(field))


Say = Callable[[ChatRequest], Scripted]


def spoken(text: str, field: str = "content") -> tuple[Json, ...]:
    """Give a text as deltas of one word each; nothing is lost."""
    return tuple({field: word} for word in re.findall(r"\S+\s*|\s+", text))


def _until_stop(answer: Scripted, stops: tuple[str, ...]) -> Scripted:
    text = "".join(delta["content"] for delta in answer.deltas if isinstance(delta.get("content"), str))
    left = min((at for at in map(text.find, stops) if at >= 0), default=-1)
    if left < 0:
        return answer
    kept = []
    for delta in answer.deltas:
        content = delta.get("content")
        if isinstance(content, str):
            if left <= 0:
                break
            kept.append(delta | {"content": content[:left]})
            left -= len(content)
        else:
            kept.append(delta)
    return Scripted(tuple(kept), "stop")


def _limited(answer: Scripted, limit: int) -> Scripted:
    if answer.words() <= limit:
        return answer
    texts = (at for at, delta in enumerate(answer.deltas) if not delta.keys().isdisjoint(TEXT_FIELDS))
    first_too_many = next(at for count, at in enumerate(texts) if count == limit)
    return Scripted(answer.deltas[:first_too_many], "length")


def _add_calls(calls: list[Json], pieces: Iterable[Json]) -> None:
    for piece in pieces:
        if piece["index"] == len(calls):
            function = dict(piece["function"])
            calls.append({"id": piece["id"], "type": piece["type"], "function": function})
        else:
            calls[piece["index"]]["function"]["arguments"] += piece["function"]["arguments"]


def _joined(known: Json, piece: Json) -> Json:
    texts = {name: known.get(name, "") + value for name, value in piece.items() if isinstance(value, str)}
    return known | piece | texts


def fixed(text: str) -> Say:
    """Say always the same."""
    return lambda _: Scripted.of(text)


def said_by(function: Callable[[str], str]) -> Say:
    """Say what a function says to the text of the last user message."""
    return lambda question: Scripted.of(function(question.text))


markdown = fixed(_MARKDOWN)
unicode = fixed(_UNICODE)
unfinished = fixed(_UNFINISHED)
short = fixed("ok")


def echo(question: ChatRequest) -> Scripted:
    """Say what the user said last."""
    return Scripted.of(question.text)


def upper(question: ChatRequest) -> Scripted:
    """Say it in capitals."""
    return Scripted.of(question.text.upper())


def long(question: ChatRequest) -> Scripted:
    """Say N words, always the same ones."""
    known = _SENTENCE.split()
    size = len(known)
    # Each round begins one word later, so that no round is like the one before.
    return Scripted.of(" ".join(known[(i + i // size) % size] for i in range(question.number)))


def numbers(question: ChatRequest) -> Scripted:
    """Count from 0 to N-1."""
    return Scripted(tuple({"content": f"{i} "} for i in range(question.number)))


def as_json(question: ChatRequest) -> Scripted:
    """Say a JSON object: one that fits the asked schema, else the question in an `answer` field."""
    asked = question.response_format or {}
    schema = (asked.get("json_schema") or {}).get("schema")
    value = sample(schema, question.text) if schema else {"answer": question.text, "ok": True}
    return Scripted.of(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def reasoned(field: str) -> Say:
    """Think in a field of its own, then echo."""
    return lambda question: Scripted((*spoken(THOUGHT, field), *echo(question).deltas))


def detailed(question: ChatRequest) -> Scripted:
    """Think in a list of details, as OpenRouter sends it beside a text of the same words."""
    thought = [
        {"reasoning": word, "reasoning_details": [{"type": "reasoning.text", "text": word, "index": 0}]}
        for word in re.findall(r"\S+\s*", THOUGHT)
    ]
    return Scripted((*thought, *echo(question).deltas))


def think(question: ChatRequest) -> Scripted:
    """Think inside the text, with tags that are torn apart by the chunks."""
    opened = ({"content": "<th"}, {"content": "ink>"})
    closed = ({"content": "</"}, {"content": "think"}, {"content": ">\n\n"})
    return Scripted((*opened, *spoken(THOUGHT), *closed, *echo(question).deltas))


def annotate(question: ChatRequest) -> Scripted:
    """Echo, and name the pages it rests on in OpenAI's annotations."""
    cited = [
        {
            "type": "url_citation",
            "url_citation": {"url": url, "title": title, "start_index": 0, "end_index": 1},
        }
        for url, title in PAGES
    ]
    return Scripted((*echo(question).deltas, {"annotations": cited}))


def paint(question: ChatRequest) -> Scripted:
    """Say a word, and send an image beside it, as services do whose chat models paint."""
    data = base64.b64encode(png("00aa66-32x32.png")).decode()
    image = {"type": "image_url", "index": 0, "image_url": {"url": f"data:image/png;base64,{data}"}}
    return Scripted((*Scripted.of("Here it is. ").deltas, *echo(question).deltas, {"images": [image]}))


def speak(question: ChatRequest) -> Scripted:
    """Speak the echo: words of a transcript, and sound in pieces; a WAV file if it is not streamed."""
    tone = b"".join(
        round(8000 * math.sin(math.tau * 440 * at / 24_000)).to_bytes(2, "little", signed=True)
        for at in range(2400)
    )
    data = tone if question.stream else _wav(tone)
    # Pieces of base64 that can be put together are of whole groups of three bytes.
    pieces = [data[at : at + 1200] for at in range(0, len(data), 1200)]
    words = [delta["content"] for delta in echo(question).deltas]
    audio: list[Json] = [{"id": f"audio_{question.id[-12:]}"}]
    audio += [{"transcript": word} for word in words]
    audio += [{"data": base64.b64encode(piece).decode()} for piece in pieces]
    audio.append({"expires_at": question.created + 3600})
    return Scripted(tuple({"audio": piece} for piece in audio))


def _wav(samples: bytes) -> bytes:
    into = io.BytesIO()
    with wave.open(into, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(24_000)
        file.writeframes(samples)
    return into.getvalue()


def legacy_call(question: ChatRequest) -> Scripted:
    """Call the first of the offered `functions` (or tools) the way that was usual before there were tools."""
    offered = [tool["function"] for tool in question.tools] or list(question.functions)
    if not offered:
        return Scripted.of("No functions were offered.")
    arguments = orjson.dumps(sample(offered[0].get("parameters") or {}, question.text)).decode()
    pieces: list[Json] = [{"name": offered[0]["name"], "arguments": ""}]
    pieces += [{"arguments": piece} for piece in _quarters(arguments)]
    return Scripted(tuple({"function_call": piece} for piece in pieces), "function_call")


def refuse(_: ChatRequest) -> Scripted:
    """Decline in the `refusal` field."""
    return Scripted.of("I cannot help with that.", "refusal")


def empty(_: ChatRequest) -> Scripted:
    """Say nothing."""
    return Scripted(({"content": ""},))


def filtered(question: ChatRequest) -> Scripted:
    """Say half of it; the filter takes the rest."""
    deltas = echo(question).deltas
    return Scripted(deltas[: len(deltas) // 2], "content_filter")


def parts(question: ChatRequest) -> Scripted:
    """Say it with lists of parts for content."""
    return Scripted(
        tuple({"content": [{"type": "text", "text": delta["content"]}]} for delta in echo(question).deltas)
    )


def memory(question: ChatRequest) -> Scripted:
    """Tell what was sent."""
    users = sum(message["role"] == "user" for message in question.messages)
    system = [text_of(m) for m in question.messages if m["role"] in ("system", "developer")]
    return Scripted.of(f"user messages: {users}\nsystem prompt: {' '.join(system) or '(none)'}")


def calling(count: int) -> Say:
    """Call the first `count` of the offered tools; quote the results once they have come."""

    def say(question: ChatRequest) -> Scripted:
        results = [text_of(message) for message in question.messages if message["role"] == "tool"]
        if question.messages[-1]["role"] == "tool":
            return Scripted.of(f"The tool said: {'; '.join(results[-count:])}")
        offered = _choose(question)
        if not offered:
            return Scripted.of("No tools were offered.")
        # A single tool can well be called twice.
        chosen = (offered * count)[:count]
        calls = [call_deltas(tool, question, index) for index, tool in enumerate(chosen)]
        interleaved = chain.from_iterable(zip_longest(*calls))
        return Scripted(tuple(delta for delta in interleaved if delta), "tool_calls")

    return say


def _choose(question: ChatRequest) -> list[Json]:
    choice = question.tool_choice
    if choice == "none":
        return []
    if isinstance(choice, dict):
        name = (choice.get("function") or choice).get("name")
        return [tool for tool in question.tools if tool["function"]["name"] == name]
    return list(question.tools)


def call_deltas(
    tool: Json, question: ChatRequest, index: int, *, arguments: str | None = None, call_id: str | None = None
) -> list[Json]:
    """The deltas of one call, its arguments in four pieces; they fit the tool's schema if none are given."""
    function = tool["function"]
    if arguments is None:
        arguments = orjson.dumps(sample(function.get("parameters") or {}, question.text)).decode()
    start = {
        "index": index,
        "id": call_id or f"call_{question.id[-12:]}{index}",
        "type": "function",
        "function": {"name": function["name"], "arguments": ""},
    }
    pieces = [{"index": index, "function": {"arguments": piece}} for piece in _quarters(arguments)]
    return [{"tool_calls": [piece]} for piece in (start, *pieces)]


def _quarters(text: str) -> list[str]:
    size = max(1, -(-len(text) // 4))
    return [text[at : at + size] for at in range(0, len(text), size)]


def sample(schema: Json, text: str) -> Any:
    """Give a value that fits a JSON schema: the text's numbers in order, and the text itself."""
    numbers = map(float, re.findall(r"-?\d+(?:\.\d+)?", text))
    return samples.sample(schema, numbers=numbers, text=lambda _: text)
