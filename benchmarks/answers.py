"""Answers of a given kind and length, token by token, as fast as models are: what cells are measured with.

Each kind is what some way of showing an answer finds hard: one block without an end, or very many blocks.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator

from g4f_nb.chunks import FinishReason, Reasoning, ToolCall, ToolCalls, Usage
from g4f_nb.providers.base import AsyncGeneratorProvider

_SENTENCE = "The fox number {0} jumps over the lazy dog, and `word {0}` is *not* the last. "


def _mixed(number: int) -> str:
    kind = number % 5
    if kind == 0:
        return f"\n\n## Section {number}\n\n"
    if kind == 1:
        return "".join(_SENTENCE.format(number * 10 + each) for each in range(4)) + "\n\n"
    if kind == 2:
        return "".join(f"- item {number}.{each}: with **some** words\n" for each in range(6)) + "\n"
    if kind == 3:
        rows = "".join(f"| {each} | {each * number} | words {each} |\n" for each in range(6))
        return f"| a | b | c |\n|---|---:|---|\n{rows}\n"
    lines = "".join(f"    total += weights[{each}] * {number}  # step {each}\n" for each in range(8))
    return f"```python\ndef function_{number}(weights):\n    total = 0\n{lines}    return total\n```\n\n"


def _table(number: int) -> str:
    return f"| {number} | {number * number} | some words of row {number} |\n"


_KINDS = {
    "mixed": ("", _mixed),
    "code": ("```python\n", lambda n: f"value_{n} = compute({n}, weight={n / 7:.3f})  # line {n}\n"),
    "blankcode": (
        "```python\n",
        lambda n: f"def f_{n}(x):\n    value = compute({n}, x)\n    return value\n\n\n",
    ),
    "table": ("| a | b | c |\n|---|---:|---|\n", _table),
    "paragraph": ("", _SENTENCE.format),
    "list": ("", lambda n: f"- item {n}: with **some** words and `code {n}`\n"),
    "lines": ("", lambda n: f"line {n} of a poem without a pause\n"),
    "short": ("", lambda n: f"Paragraph {n}.\n\n"),
    "quote": ("", lambda n: f"> a quoted line {n} with words\n"),
    "russian": ("", lambda n: f"Предложение номер {n} длинного ответа. " + ("\n\n" if n % 5 == 4 else "")),
}


def answer(kind: str, length: int) -> str:
    """The text of an answer."""
    head, part = _KINDS[kind]
    made, number = head, 0
    while len(made) < length:
        made += part(number)
        number += 1
    return made[:length]


def tokens(text: str) -> Iterator[str]:
    """Pieces of about four characters, as models give them."""
    yield from re.findall(r".{1,4}", text, re.DOTALL)


class Paced(AsyncGeneratorProvider):
    """A provider whose model names say what it answers: `KIND-LENGTH` or `KIND-LENGTH-TOKENS_A_SECOND`."""

    working = True
    url = None
    supports_message_history = True

    @classmethod
    async def create_async_generator(cls, model, messages, **options):
        kind, length, *rest = model.split("-")
        rate = float(rest[0]) if rest else 300.0
        thinks, rounds = kind == "reasoning", kind == "rounds"
        text = answer("mixed" if thinks or rounds else kind, int(length))
        asked = sum(message["role"] == "tool" for message in messages)
        if rounds:
            part = len(text) // 5
            text = text[asked * part : (asked + 1) * part]
        start, count = time.perf_counter(), 0
        for count, token in enumerate(tokens(text), 1):
            ahead = start + count / rate - time.perf_counter()
            if ahead > 0:
                await asyncio.sleep(ahead)
            yield Reasoning(token) if thinks else token
        if rounds and asked < 4 and options.get("tools"):
            name = options["tools"][0]["function"]["name"]
            yield ToolCalls((ToolCall(f"c{asked}", name, f'{{"x": {asked}}}'),))
            yield FinishReason("tool_calls")
        else:
            yield FinishReason("stop")
        yield Usage(10, count, 10 + count)
