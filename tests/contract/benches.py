"""The table of every provider class, each on a bench: pointed at a small server of its dialect.

A new class is one more line in `BENCHES`; a row of the catalog without code of its own needs none. What a
bench offers is asked for by a model's name, and for a provider without models by the prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from g4f_nb.providers import Anthropic, Berlin, Demo, Gemini, GigaChat, OpenAIResponses, OpenaiTemplate
from g4f_nb.providers.catalog import provider_of
from g4f_nb.providers.finding.homes import LAST, PROVIDERS
from g4f_nb.providers.services.rows import Row, rows
from g4f_nb.testing import (
    AnthropicServer,
    GeminiServer,
    ResponsesServer,
    running,
    serve,
    serve_berlin,
    serve_gigachat,
)

TEXT = "one two three four five six"
# Not shaped like any service's key: only knowing it masks it.
KEY = "planted/Key+0123456789abcdef=="


@dataclass(frozen=True, slots=True)
class Bench:
    """A provider class and how to make it do what is wanted.

    Each way of answering is a model and what it is asked. `talks` says the prompt again, word by word;
    `stalls` begins and is then silent; `limited` is refused with status 429, `refused` with 401 by a server
    that repeats the key where it can.
    """

    cls: Any
    talks: tuple[str, str]
    stalls: tuple[str, str]
    limited: tuple[str, str]
    refused: tuple[str, str]
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    key: str = KEY
    # The server, which counts the connections that were cut (`aborted`); `None` where there is none.
    server: Any = None
    text: str = TEXT


def _compatible(cls: Any, server: Any, **more: Any) -> Bench:
    options = {"api_key": KEY, "max_retries": 0, "timeout": 10}
    ways = ((model, TEXT) for model in ("echo", "stall", "error-429", "leak"))
    return Bench(cls, *ways, options=options | more, server=server)


@contextmanager
def _row_bench(row: Row):
    """A row's class, at home on the OpenAI-compatible test server."""
    with serve() as server:
        base = provider_of(row.name)
        own = {"api_base": server.api_base, "row": replace(row, api_base=server.api_base)}
        yield _compatible(type(base.__name__, (base,), own), server)


@contextmanager
def _template():
    with serve() as server:
        yield _compatible(OpenaiTemplate, server, api_base=server.api_base)


@contextmanager
def _demo():
    yield Bench(
        Demo,
        talks=("demo-fast", TEXT),
        stalls=("demo-fast", "stall"),
        limited=("demo-fast", "error 429"),
        refused=("demo-fast", "error 401"),
        text="",
    )


@contextmanager
def _gigachat():
    with serve_gigachat() as server:
        options = {"api_base": server.api_base, "auth_url": server.auth_url, "api_key": server.key}
        yield replace(
            _compatible(GigaChat, server, **options),
            key=server.key,
            talks=("GigaChat-2", TEXT),
            refused=("error-401", TEXT),
        )


@contextmanager
def _berlin():
    with serve_berlin(password=KEY) as server:
        options = {"api_base": server.api_base, "account": server.account, "password": KEY}
        options |= {"max_retries": 0, "timeout": 10}
        ways = ((model, TEXT) for model in ("gpt-3.5-turbo", "stall", "error-429", "error-401"))
        yield Bench(Berlin, *ways, options=options, server=server)


@contextmanager
def _native(cls: Any, server_class: Any):
    """A class with a dialect of its own, on the server that speaks it."""
    with running(server_class()) as server:
        yield _compatible(cls, server, api_base=server.api_base)


# By class name; what is here wins over what a row would be given.
BENCHES: dict[str, Callable[[], AbstractContextManager[Bench]]] = {
    "OpenaiTemplate": _template,
    "Demo": _demo,
    "GigaChat": _gigachat,
    "Berlin": _berlin,
    "Anthropic": partial(_native, Anthropic, AnthropicServer),
    "Gemini": partial(_native, Gemini, GeminiServer),
    "OpenAIResponses": partial(_native, OpenAIResponses, ResponsesServer),
}
# Rows whose class speaks the common dialect, with a few lines of its own.
COMPATIBLE_MODULES = {"", "azure", "quirks"}


def names() -> list[str]:
    """Every class that the package registers."""
    first = [name for name in PROVIDERS if name not in LAST]
    return [*first, *(row.class_name for row in rows().values()), *LAST]


def bench_of(name: str) -> AbstractContextManager[Bench]:
    """The bench of a class; one that is missing has to be added here."""
    if name in BENCHES:
        return BENCHES[name]()
    (row,) = (row for row in rows().values() if row.class_name == name)
    if row.module not in COMPATIBLE_MODULES:
        raise LookupError(f"{name} has code of its own: add its bench to BENCHES in {__file__}")
    return _row_bench(row)
