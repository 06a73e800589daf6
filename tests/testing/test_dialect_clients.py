"""The judges of the servers with a dialect of their own are the services' official clients."""

from __future__ import annotations

import base64

import pytest
from later import Later

from g4f_nb.testing import AnthropicServer, GeminiServer, ResponsesServer, describe, running

anthropic, openai = Later("anthropic"), Later("openai")
genai, google_errors, types = map(Later, ("google.genai", "google.genai.errors", "google.genai.types"))
KEY = "key-of-the-test"
USER = [{"role": "user", "content": "add 2 and 40"}]
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}}


@pytest.fixture(scope="module")
def claude():
    """Anthropic's client; it does not retry."""
    with running(AnthropicServer(api_key=KEY)) as server:
        base = server.api_base.removesuffix("/v1")
        headers = {"x-api-key": KEY}
        with anthropic.Anthropic(
            base_url=base, api_key=KEY, default_headers=headers, max_retries=0, timeout=5
        ) as client:
            yield client


@pytest.fixture(scope="module")
def gemini():
    """Google's client."""
    with running(GeminiServer(api_key=KEY)) as server:
        options = types.HttpOptions(
            base_url=server.api_base.removesuffix("/v1beta"), api_version="v1beta", timeout=5000
        )
        client = genai.Client(api_key=KEY, http_options=options)
        yield client
        client.close()


@pytest.fixture(scope="module")
def responses():
    """OpenAI's client; it does not retry."""
    with (
        running(ResponsesServer(api_key=KEY)) as server,
        openai.OpenAI(base_url=server.api_base, api_key=KEY, max_retries=0, timeout=5) as client,
    ):
        yield client


# ---- Anthropic -------------------------------------------------------------------------------------


def test_claude_lists_all_models_over_several_pages(claude):
    """Its client turns the pages by itself."""
    assert [model.id for model in claude.models.list(limit=10)] == list(describe())


def test_claude_answers(claude):
    """One message with text, a reason and counts."""
    message = claude.messages.create(model="echo", max_tokens=50, messages=USER)
    assert [block.text for block in message.content] == ["add 2 and 40"]
    assert (message.stop_reason, message.usage.input_tokens, message.usage.output_tokens) == (
        "end_turn",
        4,
        4,
    )


def test_claude_streams(claude):
    """Its accumulator makes the same message of the events as comes whole."""
    with claude.messages.stream(model="reason", max_tokens=50, messages=USER) as stream:
        assert "".join(stream.text_stream) == "add 2 and 40"
        streamed = stream.get_final_message()
    whole = claude.messages.create(model="reason", max_tokens=50, messages=USER)
    for message in (streamed, whole):
        thought, said = message.content
        assert (thought.type, said.text) == ("thinking", "add 2 and 40")
        assert thought.signature
    assert streamed.content[0].signature == whole.content[0].signature


@pytest.mark.parametrize(("model", "calls"), [("tools", 1), ("two-tools", 2)])
def test_claude_calls_tools_and_wants_its_thoughts_back(claude, model, calls):
    """The round trip ends in text; a changed signature is refused, as is a call without its thoughts."""
    tool = {"name": "add", "description": "adds", "input_schema": SCHEMA}
    about = {"model": model, "max_tokens": 2000, "tools": [tool]}
    about["thinking"] = {"type": "enabled", "budget_tokens": 1024}
    with claude.messages.stream(**about, messages=USER) as stream:
        answer = stream.get_final_message()
    assert answer.stop_reason == "tool_use"
    used = [block for block in answer.content if block.type == "tool_use"]
    assert [block.input for block in used] == [{"a": 2, "b": 40}] * calls
    results = [{"type": "tool_result", "tool_use_id": block.id, "content": "42"} for block in used]
    back = {"role": "user", "content": results}
    said = {"role": "assistant", "content": answer.content}
    final = claude.messages.create(**about, messages=[*USER, said, back])
    assert final.content[-1].text == "The tool said: " + "; ".join(["42"] * calls)
    forged = answer.content[0].model_copy(update={"signature": "forged"})
    for content in ([forged, *used], used):
        with pytest.raises(anthropic.BadRequestError):
            claude.messages.create(**about, messages=[*USER, {"role": "assistant", "content": content}, back])


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("error-429", "RateLimitError"),
        ("no-such-model", "NotFoundError"),
        ("error-403", "PermissionDeniedError"),
        ("error-529", "InternalServerError"),
        ("context", "BadRequestError"),
    ],
)
def test_claude_s_client_knows_the_errors(claude, model, kind):
    """Each status is its class, and the body has the service's form."""
    with pytest.raises(getattr(anthropic, kind)) as caught:
        claude.messages.create(model=model, max_tokens=5, messages=USER)
    assert caught.value.body["type"] == "error"
    assert caught.value.body["error"]["message"]


def test_claude_s_client_sees_an_error_in_the_stream(claude):
    """It is an event of its own."""
    with (
        pytest.raises(anthropic.APIStatusError),
        claude.messages.stream(model="error-midstream", max_tokens=50, messages=USER) as stream,
    ):
        stream.get_final_message()


def test_claude_reads_what_belongs_to_the_form(claude):
    """System prompt, pictures, a schema: all of it arrives."""
    image = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(b"x").decode()}
    content = [{"type": "image", "source": image}, {"type": "text", "text": "what is it?"}]
    message = claude.messages.create(
        model="memory", max_tokens=50, system="be brief", messages=[{"role": "user", "content": content}]
    )
    assert message.content[0].text == "user messages: 1\nsystem prompt: be brief"
    form = {"format": {"type": "json_schema", "schema": SCHEMA}}
    message = claude.messages.create(model="json", max_tokens=50, output_config=form, messages=USER)
    assert message.content[0].text.split() == ["{", '"a":', "2,", '"b":', "40", "}"]


# ---- Gemini ----------------------------------------------------------------------------------------


def test_gemini_lists_all_models_over_several_pages(gemini):
    """Its client turns the pages by itself."""
    names = [model.name for model in gemini.models.list(config={"page_size": 10})]
    assert names == ["models/embedding-001", *(f"models/{name}" for name in describe())]


def test_gemini_answers(gemini):
    """One candidate with text, a reason and counts."""
    answer = gemini.models.generate_content(model="echo", contents="add 2 and 40")
    assert answer.text == "add 2 and 40"
    assert answer.candidates[0].finish_reason is types.FinishReason.STOP
    assert (answer.usage_metadata.prompt_token_count, answer.usage_metadata.total_token_count) == (4, 8)


def test_gemini_streams(gemini):
    """Its chunks join to the answer, the thoughts apart."""
    chunks = list(gemini.models.generate_content_stream(model="reason", contents="add 2 and 40"))
    parts = [part for chunk in chunks for part in chunk.candidates[0].content.parts]
    assert "".join(part.text for part in parts if not part.thought) == "add 2 and 40"
    assert "".join(part.text for part in parts if part.thought).startswith("The user")
    assert chunks[-1].candidates[0].finish_reason is types.FinishReason.STOP
    assert chunks[-1].usage_metadata.thoughts_token_count == 9


@pytest.mark.parametrize(("model", "calls"), [("tools", 1), ("two-tools", 2)])
def test_gemini_calls_tools_and_wants_its_signature_back(gemini, model, calls):
    """The round trip ends in text; a call without its signature is refused."""
    declared = types.FunctionDeclaration(name="add", description="adds", parameters_json_schema=SCHEMA)
    config = types.GenerateContentConfig(tools=[types.Tool(function_declarations=[declared])])
    answer = gemini.models.generate_content(model=model, contents="add 2 and 40", config=config)
    assert [call.args for call in answer.function_calls] == [{"a": 2, "b": 40}] * calls
    said = answer.candidates[0].content
    result = types.Part.from_function_response(name="add", response={"output": "42"})
    back = types.Content(role="user", parts=[result] * calls)
    contents = [types.Content(role="user", parts=[types.Part(text="add 2 and 40")]), said, back]
    final = gemini.models.generate_content(model=model, contents=contents, config=config)
    assert final.text == "The tool said: " + "; ".join(["42"] * calls)
    said.parts[0].thought_signature = None
    with pytest.raises(google_errors.ClientError, match="thought_signature"):
        gemini.models.generate_content(model=model, contents=contents, config=config)


@pytest.mark.parametrize(
    ("model", "code", "state"),
    [
        ("error-429", 429, "RESOURCE_EXHAUSTED"),
        ("no-such-model", 404, "NOT_FOUND"),
        ("error-503", 503, "UNAVAILABLE"),
    ],
)
def test_gemini_s_client_knows_the_errors(gemini, model, code, state):
    """Status, word and message are found."""
    with pytest.raises(google_errors.APIError) as caught:
        gemini.models.generate_content(model=model, contents="hi")
    assert (caught.value.code, caught.value.status) == (code, state)
    assert caught.value.message


def test_gemini_reads_what_belongs_to_the_form(gemini):
    """System instruction and JSON mode arrive."""
    config = types.GenerateContentConfig(system_instruction="be brief")
    answer = gemini.models.generate_content(model="memory", contents="hi", config=config)
    assert answer.text == "user messages: 1\nsystem prompt: be brief"
    config = types.GenerateContentConfig(response_mime_type="application/json", response_json_schema=SCHEMA)
    answer = gemini.models.generate_content(model="json", contents="2 40", config=config)
    assert answer.text.split() == ["{", '"a":', "2,", '"b":', "40", "}"]


# ---- OpenAI's Responses ----------------------------------------------------------------------------


def test_responses_answer(responses):
    """Text, status and counts."""
    answer = responses.responses.create(model="echo", input="add 2 and 40")
    assert (answer.output_text, answer.status, answer.usage.total_tokens) == ("add 2 and 40", "completed", 8)


def test_responses_stream(responses):
    """Its accumulator makes the same response of the events as comes whole."""
    with responses.responses.stream(model="reason", input="add 2 and 40") as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_response()
    assert final.output_text == "add 2 and 40"
    assert [item.type for item in final.output] == ["reasoning", "message"]
    assert {"response.created", "response.output_text.delta", "response.completed"} <= set(kinds)
    whole = responses.responses.create(model="reason", input="add 2 and 40")
    assert [item.type for item in whole.output] == ["reasoning", "message"]


@pytest.mark.parametrize(("model", "calls"), [("tools", 1), ("two-tools", 2)])
def test_responses_call_tools_and_want_their_thoughts_back(responses, model, calls):
    """The round trip ends in text; a call without its thoughts is refused."""
    tool = {"type": "function", "name": "add", "parameters": SCHEMA, "strict": False}
    about = {"model": model, "tools": [tool], "reasoning": {"effort": "low"}, "store": False}
    with responses.responses.stream(**about, input=USER) as stream:
        final = stream.get_final_response()
    called = [item for item in final.output if item.type == "function_call"]
    assert [item.arguments for item in called] == ['{"a":2,"b":40}'] * calls
    results = [{"type": "function_call_output", "call_id": item.call_id, "output": "42"} for item in called]
    said = [item.model_dump(exclude_none=True, exclude={"parsed_arguments"}) for item in final.output]
    answer = responses.responses.create(**about, input=[*USER, *said, *results])
    assert answer.output_text == "The tool said: " + "; ".join(["42"] * calls)
    with pytest.raises(openai.BadRequestError, match="reasoning"):
        responses.responses.create(**about, input=[*USER, *said[1:], *results])


def test_responses_that_are_cut_say_why(responses):
    """A limit makes them incomplete."""
    answer = responses.responses.create(model="echo", input="a b c", max_output_tokens=2)
    assert (answer.status, answer.incomplete_details.reason) == ("incomplete", "max_output_tokens")


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("error-429", "RateLimitError"),
        ("no-such-model", "NotFoundError"),
        ("context", "BadRequestError"),
    ],
)
def test_responses_errors_are_known_to_the_client(responses, model, kind):
    """Each status is its class."""
    with pytest.raises(getattr(openai, kind)):
        responses.responses.create(model=model, input="hi there")
