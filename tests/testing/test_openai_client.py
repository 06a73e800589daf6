"""The judge of the test server is OpenAI's own client: it must find nothing unusual."""

from __future__ import annotations

import asyncio
import base64
import urllib.request

import pytest
from later import Later

from g4f_nb.testing import describe, serve

openai = Later("openai")
USER = [{"role": "user", "content": "add 2 and 40"}]
ADD = {
    "type": "function",
    "function": {
        "name": "add",
        "parameters": {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}},
    },
}


@pytest.fixture
def client(shared):
    """The synchronous client; it does not retry."""
    with openai.OpenAI(base_url=shared.api_base, api_key="k", max_retries=0, timeout=5) as client:
        yield client


def test_models_are_listed(client):
    """`models.list()` gives what `describe()` describes."""
    models = client.models.list().data
    assert [model.id for model in models] == list(describe())
    assert {model.object for model in models} == {"model"}


def test_a_json_answer_has_every_field(client):
    """Ids, times, fingerprint, finish reason and usage are there and well-formed."""
    answer = client.chat.completions.create(model="echo", messages=USER)
    choice = answer.choices[0]
    assert (choice.message.content, choice.message.role, choice.finish_reason) == (
        "add 2 and 40",
        "assistant",
        "stop",
    )
    assert answer.id.startswith("chatcmpl-")
    assert (answer.object, answer.model, bool(answer.system_fingerprint)) == ("chat.completion", "echo", True)
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens == 8
    assert answer._request_id.startswith("req_")


def test_a_stream_has_one_id_and_ends_with_the_usage(client):
    """Chunks belong together; the last one holds the usage and no choice."""
    options = {"include_usage": True}
    chunks = list(
        client.chat.completions.create(model="echo", messages=USER, stream=True, stream_options=options)
    )
    assert len({(chunk.id, chunk.created, chunk.model) for chunk in chunks}) == 1
    assert chunks[0].choices[0].delta.role == "assistant"
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == "add 2 and 40"
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert (chunks[-1].choices, chunks[-1].usage.completion_tokens) == ([], 4)
    assert {chunk.usage for chunk in chunks[:-1]} == {None}


@pytest.mark.parametrize(("model", "calls"), [("tools", 1), ("two-tools", 2)])
def test_the_clients_own_accumulator_understands_tool_calls(client, model, calls):
    """`chat.completions.stream()` puts the pieces together, and the round trip ends in text."""
    with client.chat.completions.stream(model=model, messages=USER, tools=[ADD]) as stream:
        choice = stream.get_final_completion().choices[0]
    assert choice.finish_reason == "tool_calls"
    assert [call.function.arguments for call in choice.message.tool_calls] == ['{"a":2,"b":40}'] * calls
    results = [
        {"role": "tool", "tool_call_id": call.id, "content": str(40 + place)}
        for place, call in enumerate(choice.message.tool_calls)
    ]
    said = choice.message.model_dump(include={"role", "content", "tool_calls"})
    messages = [*USER, said, *results]
    answer = client.chat.completions.create(model=model, messages=messages, tools=[ADD])
    assert answer.choices[0].message.content == "The tool said: " + "; ".join(["40", "41"][:calls])


def test_a_json_schema_is_parsed(client):
    """Structured output fits the schema that was asked for."""
    schema = {"type": "object", "properties": {"sum": {"type": "integer"}}}
    form = {"type": "json_schema", "json_schema": {"name": "result", "schema": schema}}
    answer = client.chat.completions.create(model="json", messages=USER, response_format=form)
    assert answer.choices[0].message.content == '{\n  "sum": 2\n}'


def test_several_choices_are_told_apart(client):
    """`n` gives so many, whole and interleaved in one stream."""
    answer = client.chat.completions.create(model="vary", messages=USER, n=2)
    assert [choice.message.content for choice in answer.choices] == ["add 2 and 40", "1: add 2 and 40"]
    texts = ["", ""]
    for chunk in client.chat.completions.create(model="vary", messages=USER, n=2, stream=True):
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
    assert texts == ["add 2 and 40", "1: add 2 and 40"]


def test_speech_annotations_and_function_calls_are_the_client_s_own_types(client):
    """What newer and older answers hold beside the text."""
    spoken = client.chat.completions.create(
        model="speak", messages=USER, modalities=["text", "audio"], audio={"voice": "alloy", "format": "wav"}
    )
    assert spoken.choices[0].message.audio.transcript == "add 2 and 40"
    assert base64.b64decode(spoken.choices[0].message.audio.data)[8:12] == b"WAVE"
    cited = client.chat.completions.create(model="annotate", messages=USER).choices[0].message
    assert cited.annotations[0].url_citation.title == "Page one"
    called = client.chat.completions.create(
        model="legacy-call", messages=USER, functions=[ADD["function"]]
    ).choices[0]
    assert called.message.function_call.arguments == '{"a":2,"b":40}'


def test_images_are_made_and_served(client):
    """By address, which can be fetched, and as base64; as many as asked for; refusals are errors."""
    made = client.images.generate(model="image", prompt="a red circle", n=2, size="64x32")
    assert made.usage.output_tokens == 2
    with urllib.request.urlopen(made.data[0].url) as answer:  # noqa: S310  # our own server
        data = answer.read()
    assert (data[:4], int.from_bytes(data[16:20]), int.from_bytes(data[20:24])) == (b"\x89PNG", 64, 32)
    encoded = client.images.generate(prompt="a red circle", size="64x32", response_format="b64_json")
    assert base64.b64decode(encoded.data[0].b64_json) == data
    assert client.images.generate(model="image-b64", prompt="x").data[0].url is None
    for wrong in ({"model": "echo"}, {"prompt": ""}, {"n": 99}, {"size": "9x"}, {"response_format": "png"}):
        with pytest.raises(openai.BadRequestError):
            client.images.generate(**({"model": "image", "prompt": "x"} | wrong))
    with pytest.raises(openai.RateLimitError):
        client.images.generate(model="error-429", prompt="x")
    with pytest.raises(openai.NotFoundError):
        client.images.generate(model="nope", prompt="x")


@pytest.mark.parametrize(
    ("model", "error"),
    [
        ("error-401", "AuthenticationError"),
        ("error-403", "PermissionDeniedError"),
        ("error-422", "UnprocessableEntityError"),
        ("error-429", "RateLimitError"),
        ("error-529", "InternalServerError"),
        ("html-502", "InternalServerError"),
        ("context", "BadRequestError"),
        ("nope", "NotFoundError"),
        ("cut", "APIConnectionError"),
    ],
)
def test_errors_are_the_ones_the_client_knows(client, model, error):
    """Each status becomes the client's own error class."""
    with pytest.raises(getattr(openai, error)):
        client.chat.completions.create(model=model, messages=USER)


def test_an_error_in_the_stream_is_raised_after_the_text(client):
    """The client reads the first half, then finds the error object."""
    seen = []
    with pytest.raises(openai.APIError, match="server had an error"):
        seen.extend(
            chunk.choices[0].delta.content
            for chunk in client.chat.completions.create(model="error-midstream", messages=USER, stream=True)
        )
    assert seen == ["", "add ", "2 "]


@pytest.mark.parametrize(
    "model",
    [
        "crlf",
        "cr",
        "no-space",
        "multiline-data",
        "comments",
        "gzip",
        "deflate",
        "br",
        "text-plain",
        "no-done",
        "redirect",
        "drip-1",
    ],
)
def test_what_is_only_unusual_is_read_without_a_word(client, model):
    """These forms keep to the standards: a good client does not notice."""
    chunks = client.chat.completions.create(model=model, messages=USER, stream=True)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "add 2 and 40"


def test_retries_succeed_where_the_fault_passes(server):
    """The client waits as long as `retry-after-ms` says, then gets its answer."""
    with openai.OpenAI(base_url=server.api_base, api_key="k", max_retries=3) as client:
        for model in ("flaky-1", "limited-1", "limited-1"):
            answer = client.chat.completions.create(model=model, messages=USER)
            assert answer.choices[0].message.content == "add 2 and 40"
    assert len(server.requests) == 5


def test_the_async_client_streams_and_can_leave():
    """Closing a stream early is seen by the server as an abort."""

    async def go(server):
        async with openai.AsyncOpenAI(base_url=server.api_base, api_key="k", max_retries=0) as client:
            assert (await client.models.list()).data[0].id == "echo"
            answer = await client.chat.completions.create(model="reason", messages=USER)
            assert answer.choices[0].message.reasoning_content
            stream = await client.chat.completions.create(model="stall", messages=USER, stream=True)
            async for chunk in stream:
                if chunk.choices[0].delta.content == "off ":
                    break
            await stream.close()
            assert await server.until(lambda s: s.aborted == 1)

    with serve(api_key="k") as server:
        asyncio.run(go(server))
