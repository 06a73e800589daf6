"""A mock of OpenAI's API that others wrote and many use (npm's `@copilotkit/aimock`) is understood.

`G4F_NB_AIMOCK` is the folder of the package; CI installs it and sets `G4F_NB_REQUIRE_AIMOCK`.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import orjson
import pytest

from g4f_nb import errors
from g4f_nb.providers import OpenaiTemplate

from .asking import WAYS, ask
from .running import program

ANSWER = "Hello! How can I help you today? γειά 👋🏽  \n\tBye."


@pytest.fixture(scope="module")
def base():
    """Where it listens."""
    folder, node = os.environ.get("G4F_NB_AIMOCK", ""), shutil.which("node")
    script = Path(folder, "dist", "cli.js")
    if not folder or not node or not script.is_file():
        missing = (
            "no node" if not node else "no aimock: npm install @copilotkit/aimock, and set G4F_NB_AIMOCK"
        )
        if os.environ.get("G4F_NB_REQUIRE_AIMOCK"):
            pytest.fail(missing)
        pytest.skip(missing)
    fixtures = Path(__file__).with_name("aimock.json")
    command = [node, str(script), "-p", "0", "-f", str(fixtures)]
    with program(command, r"listening on (http://127\.0\.0\.1:\d+)", seconds=30) as address:
        yield f"{address}/v1"


@pytest.mark.parametrize("way", WAYS)
def test_text(base, way):
    """Verbatim, with its usage, cut anywhere by the server."""
    reply = ask(base, "gpt-4o", "greet me", way)
    assert (reply.text, reply.finish_reason) == (ANSWER, "stop")
    assert reply.usage.output_tokens > 0


@pytest.mark.parametrize("way", WAYS)
def test_tools(base, way):
    """Calls come whole and once, with their arguments as JSON."""
    reply = ask(base, "gpt-4o", "use tools", way)
    assert [call.name for call in reply.tool_calls] == ["weather", "now"]
    assert orjson.loads(reply.tool_calls[0].arguments) == {"city": "Paris", "days": [1, 2]}
    assert orjson.loads(reply.tool_calls[1].arguments) == {}
    assert len({call.id for call in reply.tool_calls}) == 2
    assert reply.finish_reason == "tool_calls"


@pytest.mark.parametrize("way", WAYS)
def test_reasoning(base, way):
    """It is kept apart from the text."""
    reply = ask(base, "deepseek-reasoner", "think first", way)
    assert (reply.text, reply.reasoning) == ("42", "six times seven")


@pytest.mark.parametrize("way", WAYS)
def test_reasons_to_finish(base, way):
    """Are told as they are."""
    assert ask(base, "gpt-4o", "say when", way).finish_reason == "length"


@pytest.mark.parametrize("way", WAYS)
def test_errors(base, way):
    """The class is the status's, the words and the wait are the server's."""
    with pytest.raises(errors.RateLimitError, match="slow down") as caught:
        ask(base, "gpt-4o", "slow down", way)
    assert caught.value.retry_after == 1
    with pytest.raises(errors.NotFoundError, match="No fixture matched"):
        ask(base, "gpt-4o", "nobody knows this one", way)


def test_a_broken_stream(base):
    """Is an error, and what had arrived is kept."""
    with pytest.raises(errors.StreamInterruptedError) as caught:
        ask(base, "gpt-4o", "break off", "stream")
    assert caught.value.partial
    assert "this one is cut off somewhere in the middle of it".startswith(caught.value.partial)


def test_models(base):
    """Are listed."""
    assert "gpt-4o" in OpenaiTemplate.get_models("k", base, refresh=True)
