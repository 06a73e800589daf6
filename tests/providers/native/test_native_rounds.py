"""Tools and typed answers in the native dialects: the same dialogue, on another wire."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

import g4f_nb as nb
from g4f_nb.providers import Anthropic, Gemini, OpenAIResponses
from g4f_nb.testing import AnthropicServer, GeminiServer, ResponsesServer, running

CASES = {Anthropic: AnthropicServer, Gemini: GeminiServer, OpenAIResponses: ResponsesServer}


@dataclass
class Person:
    """Somebody."""

    name: str
    age: int
    city: str | None = None


def add(a: int, b: int, note: str | None = None) -> int:
    """Add two numbers."""
    return a + b


@pytest.fixture(params=CASES, ids=lambda provider: provider.__name__)
def ask(request):
    with running(CASES[request.param]()) as server:

        def ask(model, prompt="add 2 and 3", **options):
            given = {"api_base": server.api_base, "api_key": "planted", "max_retries": 0}
            return nb.ask(prompt, provider=request.param, model=model, **given, **options)

        ask.server = server
        yield ask


@pytest.mark.parametrize(
    "model", ["tools", "two-tools", "agent-3", "tool-misspelt", "tool-garbled", "tool-twins"]
)
def test_a_dialogue_with_tools_comes_to_its_end(ask, model):
    """Calls, results and complaints go over this wire as over any other."""
    if model == "tool-garbled" and isinstance(ask.server, GeminiServer):
        pytest.skip("Gemini's arguments are no text, so none of it can be half")
    reply = ask(model, tools=[add])
    assert reply.steps[-1].tool_calls == ()
    assert "5" in reply.text
    assert not reply.partial
    assert len(reply.tool_results) == len(reply.tool_calls) == {"tools": 1, "agent-3": 3}.get(model, 2)
    again = ask("memory", [*reply.messages, {"role": "user", "content": "Thanks"}], tools=[add])
    assert again.text.startswith("user messages: 2")


@pytest.mark.parametrize("schema", [Person, "name, age int, mood good|bad", list[int]], ids=str)
@pytest.mark.parametrize("model", ["json", "json-mended"])
def test_a_typed_answer_fits(ask, model, schema):
    """Through the service's own JSON mode, mended where it has to be."""
    reply = ask(model, "Ann is 7", schema=schema)
    assert reply.data == [7] or getattr(reply.data, "age", None) == 7 or reply.data["age"] == 7
    assert [step.retracted for step in reply.steps] == ([False] if model == "json" else [True, False])
