"""OpenAI's form to each dialect's and back: the way out is ours, the way back is the test servers'."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from thorough import examples

from g4f_nb.errors import InvalidParameterError
from g4f_nb.providers.native import anthropic_form, gemini_form, responses_form
from g4f_nb.testing import anthropic as anthropic_server
from g4f_nb.testing import gemini as gemini_server
from g4f_nb.testing import responses as responses_server
from g4f_nb.testing.dialect import sign

USER = [{"role": "user", "content": "hi"}]
PNG = base64.b64encode(b"\x89PNG").decode()
IMAGE = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
LINK = {"type": "image_url", "image_url": {"url": "https://a.example/x.png?y"}}
TEXT = {"type": "text", "text": "look"}
SCHEMA = {"type": "object", "properties": {"a": {"type": "object", "properties": {}}}}
TOOL = {"type": "function", "function": {"name": "add", "description": "adds", "parameters": SCHEMA}}
CHOICE = {"type": "function", "function": {"name": "add"}}


def _claude(messages=USER, model="claude-haiku-5-5", stream=False, **fields):
    return anthropic_form.body_of(model, messages, fields, stream=stream)


def _gemini(messages=USER, model="gemini-3.5-flash", **fields):
    return gemini_form.body_of(model, messages, fields)


def _responses(messages=USER, stream=False, **fields):
    return responses_form.body_of("gpt-5", messages, fields, stream=stream)


# ---- there and back --------------------------------------------------------------------------------

words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
images = st.sampled_from([IMAGE, LINK])
contents = words | st.tuples(words, st.lists(images, min_size=1, max_size=2)).map(
    lambda both: [{"type": "text", "text": both[0]}, *both[1]]
)
arguments = st.dictionaries(st.sampled_from("abc"), st.integers(0, 9) | st.booleans() | words, max_size=2)


@st.composite
def dialogues(draw) -> list:
    """Messages as OpenAI has them: a system prompt, turns, calls with their results and their thoughts."""
    import orjson

    messages = [{"role": "system", "content": draw(words)}] if draw(st.booleans()) else []
    messages.append({"role": "user", "content": draw(contents)})
    for turn in range(draw(st.integers(0, 3))):
        if draw(st.booleans()):
            messages.append({"role": "assistant", "content": draw(words)})
        else:
            calls = [
                {
                    "id": f"call_{turn}_{number}",
                    "type": "function",
                    "function": {"name": f"f{number}", "arguments": orjson.dumps(draw(arguments)).decode()},
                }
                for number in range(draw(st.integers(1, 2)))
            ]
            said = draw(st.none() | words)
            messages.append({"role": "assistant", "content": said, "tool_calls": calls})
            messages += [
                {"role": "tool", "tool_call_id": call["id"], "content": draw(words)} for call in calls
            ]
        messages.append({"role": "user", "content": draw(contents)})
    return messages


def _merged(messages) -> list:
    """The same dialogue, what one side says in a row joined, as the dialects have it."""
    joined = []
    for message in messages:
        if joined and joined[-1]["role"] == message["role"] == "user":
            joined[-1] = {"role": "user", "content": _parts(joined[-1]) + _parts(message)}
        else:
            joined.append({name: value for name, value in message.items() if value is not None})
    return joined


def _parts(message) -> list:
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _plain(messages) -> list:
    """Without `None`, and one text as a text."""
    made = []
    for message in messages:
        content = message.get("content")
        if isinstance(content, list) and len(content) == 1 and content[0]["type"] == "text":
            content = content[0]["text"]
        made.append({name: value for name, value in (message | {"content": content}).items() if value})
    return made


@examples(150)
@given(dialogues())
def test_anthropic_there_and_back(messages):
    """Nothing is lost: system prompt, pictures, calls, results."""
    back = anthropic_server.messages_of(_claude(messages))
    assert _plain(back) == _plain(_merged(messages))


@examples(150)
@given(dialogues())
def test_gemini_there_and_back(messages):
    """Nothing is lost: system prompt, pictures, calls, results."""
    signatures = {}
    for message in messages:
        calls = message.get("tool_calls")
        if calls:
            signatures[calls[0]["id"]] = message["thought_signatures"] = {
                calls[0]["id"]: sign(calls[0]["function"]["name"])
            }
    for message in messages:
        if message["role"] == "tool" and message["content"][:1] in '{["tfn-0123456789 \t\n':
            # What looks like JSON is given as JSON; its text may be written otherwise.
            message["content"] = f"x{message['content']}"
    back = gemini_server.messages_of(_gemini(messages))
    assert _plain(back) == _plain(_merged(messages))


@examples(150)
@given(dialogues())
def test_responses_there_and_back(messages):
    """Nothing is lost: instructions, pictures, calls, results."""
    back = responses_server.messages_of(_responses(messages))
    assert _plain(back) == _plain(messages)


# ---- Anthropic -------------------------------------------------------------------------------------


def test_anthropic_the_whole_body():
    """Every keyword of OpenAI's under the name that it has here."""
    body = _claude(
        [{"role": "system", "content": "be"}, {"role": "developer", "content": "brief"}, *USER],
        temperature=0.5, top_p=0.9, top_k=3, max_tokens=7, stop="x", tools=[TOOL], tool_choice="required",
        parallel_tool_calls=False, user="me", metadata={"more": 1}, stream=True,
    )  # fmt: skip
    assert body == {
        "model": "claude-haiku-5-5", "system": "be\n\nbrief", "messages": [{"role": "user", "content": "hi"}],
        "temperature": 0.5, "top_p": 0.9, "top_k": 3, "max_tokens": 7, "stop_sequences": ["x"],
        "tools": [{"name": "add", "description": "adds", "input_schema": SCHEMA}],
        "tool_choice": {"type": "any", "disable_parallel_tool_use": True},
        "metadata": {"user_id": "me", "more": 1}, "stream": True,
    }  # fmt: skip


def test_anthropic_wants_a_limit():
    """8,192 tokens, beside what the model may think."""
    assert _claude()["max_tokens"] == 8192
    assert _claude(model="claude-sonnet-4-5", reasoning_effort="low")["max_tokens"] == 8192 + 2048
    assert _claude(thinking={"type": "enabled", "budget_tokens": 5000})["max_tokens"] == 13192
    assert _claude(max_tokens=3)["max_tokens"] == 3


def test_anthropic_a_limit_of_ours_that_is_too_large_is_mended():
    """Ours, never the caller's."""
    words = "max_tokens: 8192 > 4096, which is the maximum allowed number of output tokens for claude-3-opus"
    assert anthropic_form.mended_limit(_claude(), words) == 4096
    assert anthropic_form.mended_limit(_claude(max_tokens=9000), words) is None
    assert anthropic_form.mended_limit(_claude(), "something else") is None
    body = _claude(thinking={"type": "enabled", "budget_tokens": 5000})
    assert anthropic_form.mended_limit(body, "max_tokens: 13192 > 4096") is None


@pytest.mark.parametrize(
    ("model", "effort", "thinking", "config"),
    [
        ("claude-opus-5-5", "high", {"type": "adaptive", "display": "summarized"}, {"effort": "high"}),
        ("claude-sonnet-4-6", "minimal", {"type": "adaptive", "display": "summarized"}, {"effort": "low"}),
        ("claude-mythos-preview", "max", {"type": "adaptive", "display": "summarized"}, {"effort": "max"}),
        ("claude-haiku-4-5-20251001", "medium", {"type": "enabled", "budget_tokens": 8192}, None),
        ("claude-3-7-sonnet-20250219", "low", {"type": "enabled", "budget_tokens": 2048}, None),
        ("claude-sonnet-4-20250514", "high", {"type": "enabled", "budget_tokens": 16384}, None),
        ("claude-opus-5", "none", {"type": "disabled"}, None),
    ],
)
def test_anthropic_an_effort_fits_the_model(model, effort, thinking, config):
    """Newer models take it as it is, older ones as a budget."""
    body = _claude(model=model, reasoning_effort=effort)
    assert (body["thinking"], body.get("output_config")) == (thinking, config)


def test_anthropic_results_come_first_and_together():
    """The API wants all results of a turn at the beginning of the next one."""
    call = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": "not json"}}
    other = call | {"id": "c2", "function": {"name": "add", "arguments": ""}}
    body = _claude([
        *USER, {"role": "assistant", "content": "", "tool_calls": [call, other]},
        {"role": "tool", "tool_call_id": "c1", "content": "1"}, {"role": "user", "content": "and?"},
        {"role": "tool", "tool_call_id": "c2", "content": [TEXT, IMAGE]},
    ])  # fmt: skip
    source = {"type": "base64", "media_type": "image/png", "data": PNG}
    picture = {"type": "image", "source": source}
    assert body["messages"][1:] == [
        {
            "role": "assistant",
            "content": [
                {"type": "tool_use", "id": "c1", "name": "add", "input": {"invalid_json": "not json"}},
                {"type": "tool_use", "id": "c2", "name": "add", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "c1", "content": "1"},
                {"type": "tool_result", "tool_use_id": "c2", "content": [TEXT, picture]},
                {"type": "text", "text": "and?"},
            ],
        },
    ]


def test_anthropic_thoughts_go_back_first_and_unchanged():
    """In front of what they led to."""
    thoughts = [{"type": "thinking", "thinking": "hm", "signature": "s"}]
    call = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": "{}"}}
    message = {"role": "assistant", "content": "so", "tool_calls": [call], "thinking_blocks": thoughts}
    (turn,) = _claude([*USER, message])["messages"][1:]
    assert [block["type"] for block in turn["content"]] == ["thinking", "text", "tool_use"]
    assert turn["content"][0] == thoughts[0]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [("auto", {"type": "auto"}), ("none", {"type": "none"}), (CHOICE, {"type": "tool", "name": "add"}),
     ({"type": "any"}, {"type": "any"})],
)  # fmt: skip
def test_anthropic_tool_choice(choice, expected):
    """OpenAI's words and the service's own."""
    assert _claude(tools=[TOOL], tool_choice=choice)["tool_choice"] == expected


def test_anthropic_own_tools_go_as_they_are():
    """Such as its web search."""
    search = {"type": "web_search_20250305", "name": "web_search"}
    assert _claude(tools=[search, TOOL])["tools"][0] == search


def test_anthropic_a_schema_is_closed():
    """The API insists that objects say that they hold nothing else."""
    asked = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}
    schema = _claude(response_format=asked)["output_config"]["format"]["schema"]
    assert schema["additionalProperties"] is schema["properties"]["a"]["additionalProperties"] is False
    assert "output_config" not in _claude(response_format={"type": "text"})


def test_anthropic_documents():
    """A PDF file is a document, with its name."""
    part = {"type": "file", "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PNG}"}}
    (block,) = _claude([{"role": "user", "content": [part]}])["messages"][0]["content"]
    source = {"type": "base64", "media_type": "application/pdf", "data": PNG}
    assert block == {"type": "document", "source": source, "title": "a.pdf"}


# ---- Gemini ----------------------------------------------------------------------------------------


def test_gemini_the_whole_body():
    """Every keyword of OpenAI's under the name that it has here."""
    body = _gemini(
        [{"role": "system", "content": "be brief"}, *USER],
        temperature=0.5,
        top_p=0.9,
        top_k=3,
        max_tokens=7,
        stop=["x"],
        seed=1,
        n=2,
        frequency_penalty=0.1,
        presence_penalty=0.2,
        tools=[TOOL, {"googleSearch": {}}],
        tool_choice=CHOICE,
        safety_settings=[{"category": "c"}],
        cached_content="cachedContents/1",
    )
    declared = {"name": "add", "description": "adds", "parametersJsonSchema": SCHEMA}
    assert body == {
        "contents": [{"role": "user", "parts": [{"text": "hi"}]}],
        "systemInstruction": {"parts": [{"text": "be brief"}]},
        "generationConfig": {
            "temperature": 0.5,
            "topP": 0.9,
            "topK": 3,
            "maxOutputTokens": 7,
            "stopSequences": ["x"],
            "seed": 1,
            "candidateCount": 2,
            "frequencyPenalty": 0.1,
            "presencePenalty": 0.2,
        },
        "tools": [{"functionDeclarations": [declared]}, {"googleSearch": {}}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["add"]}},
        "safetySettings": [{"category": "c"}],
        "cachedContent": "cachedContents/1",
    }


@pytest.mark.parametrize(
    ("model", "effort", "config"),
    [
        ("gemini-3.5-flash", "low", {"includeThoughts": True, "thinkingLevel": "LOW"}),
        ("gemini-flash-latest", "high", {"includeThoughts": True, "thinkingLevel": "HIGH"}),
        ("gemini-2.5-flash", "medium", {"includeThoughts": True, "thinkingBudget": 8192}),
        ("gemini-2.5-pro", "xhigh", {"includeThoughts": True, "thinkingBudget": 24576}),
        ("gemini-2.5-flash", "none", {"includeThoughts": False, "thinkingBudget": 0}),
    ],
)
def test_gemini_an_effort_fits_the_model(model, effort, config):
    """Newer models take a level, 2.5 a budget."""
    body = _gemini(model=model, reasoning_effort=effort)
    assert body["generationConfig"]["thinkingConfig"] == config


def test_gemini_json_mode():
    """With a schema and without."""
    asked = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}
    mode = {"responseMimeType": "application/json"}
    assert _gemini(response_format=asked)["generationConfig"] == mode | {"responseJsonSchema": SCHEMA}
    assert _gemini(response_format={"type": "json_object"})["generationConfig"] == mode
    assert "generationConfig" not in _gemini(response_format={"type": "text"})


def test_gemini_calls_and_results():
    """Signatures and ids go back; an id that was ours stays here; a result that is JSON is JSON."""
    calls = [
        {
            "id": f"{gemini_form.OWN_ID}1",
            "type": "function",
            "function": {"name": "add", "arguments": '{"a":1}'},
        },
        {"id": "own", "type": "function", "function": {"name": "now", "arguments": "{}"}},
    ]
    said = {"role": "assistant", "content": None, "tool_calls": calls}
    messages = [
        *USER, said | {"thought_signatures": {calls[0]["id"]: "sig"}},
        {"role": "tool", "tool_call_id": calls[0]["id"], "content": '{"sum": 1}'},
        {"role": "tool", "tool_call_id": "own", "content": "noon"},
    ]  # fmt: skip
    contents = _gemini(messages)["contents"][1:]
    assert contents == [
        {
            "role": "model",
            "parts": [
                {"functionCall": {"name": "add", "args": {"a": 1}}, "thoughtSignature": "sig"},
                {"functionCall": {"name": "now", "args": {}, "id": "own"}},
            ],
        },
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"name": "add", "response": {"sum": 1}}},
                {"functionResponse": {"name": "now", "response": {"output": "noon"}, "id": "own"}},
            ],
        },
    ]
    unsigned = [*USER, said, *messages[2:]]
    first = _gemini(unsigned)["contents"][1]["parts"][0]
    assert first["thoughtSignature"] == gemini_server.UNSIGNED
    assert "thoughtSignature" not in _gemini(unsigned, model="gemini-2.5-flash")["contents"][1]["parts"][0]
    with pytest.raises(InvalidParameterError, match="name of the function"):
        _gemini([*USER, {"role": "tool", "tool_call_id": "nobody", "content": "x"}])


def test_gemini_media():
    """Pictures as data and by their address, sound, documents."""
    sound = {"type": "input_audio", "input_audio": {"format": "mp3", "data": PNG}}
    file = {"type": "file", "file": {"file_data": f"data:application/pdf;base64,{PNG}"}}
    film = {"type": "video_url", "video_url": {"url": f"data:video/webm;base64,{PNG}"}}
    (content,) = _gemini([{"role": "user", "content": [TEXT, IMAGE, LINK, sound, file, film]}])["contents"]
    assert content["parts"] == [
        {"text": "look"},
        {"inlineData": {"mimeType": "image/png", "data": PNG}},
        {"fileData": {"mimeType": "image/png", "fileUri": "https://a.example/x.png?y"}},
        {"inlineData": {"mimeType": "audio/mp3", "data": PNG}},
        {"inlineData": {"mimeType": "application/pdf", "data": PNG}},
        {"inlineData": {"mimeType": "video/webm", "data": PNG}},
    ]


# ---- Responses -------------------------------------------------------------------------------------


def test_responses_the_whole_body():
    """Every keyword of the chat API under the name that it has here; nothing is stored."""
    asked = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA, "strict": True}}
    body = _responses(
        [{"role": "system", "content": "be brief"}, *USER, {"role": "system", "content": "now"}],
        temperature=0.5,
        top_p=0.9,
        max_tokens=7,
        tools=[TOOL, {"type": "web_search"}],
        tool_choice=CHOICE,
        parallel_tool_calls=False,
        reasoning_effort="low",
        verbosity="low",
        response_format=asked,
        stream=True,
    )
    assert body == {
        "model": "gpt-5",
        "instructions": "be brief",
        "store": False,
        "stream": True,
        "input": [{"role": "user", "content": "hi"}, {"role": "developer", "content": "now"}],
        "temperature": 0.5,
        "top_p": 0.9,
        "max_output_tokens": 7,
        "tools": [
            {"type": "function", "name": "add", "description": "adds", "parameters": SCHEMA, "strict": False},
            {"type": "web_search"},
        ],
        "tool_choice": {"type": "function", "name": "add"},
        "parallel_tool_calls": False,
        "reasoning": {"effort": "low", "summary": "auto"},
        "text": {
            "verbosity": "low",
            "format": {"type": "json_schema", "name": "x", "schema": SCHEMA, "strict": True},
        },
    }


def test_responses_storing_is_asked_for():
    """And then earlier answers may be named."""
    body = _responses(store=True, previous_response_id="resp_1")
    assert (body["store"], body["previous_response_id"]) == (True, "resp_1")
    assert "previous_response_id" not in _responses()


def test_responses_thoughts_go_back_before_their_calls():
    """As they came, encrypted."""
    thought = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "e"}
    call = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": "{}"}}
    message = {"role": "assistant", "content": "so", "tool_calls": [call], "reasoning_items": [thought]}
    found = _responses([*USER, message, {"role": "tool", "tool_call_id": "c1", "content": "1"}])["input"]
    assert found[1:] == [
        thought,
        {"role": "assistant", "content": "so"},
        {"type": "function_call", "call_id": "c1", "name": "add", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "1"},
    ]


def test_responses_without_a_summary():
    """Where an account may not have it, it is left out."""
    body = _responses(reasoning_effort="low")
    words = "Your organization must be verified to generate reasoning summaries."
    assert responses_form.without_summary(body, words)["reasoning"] == {"effort": "low"}
    assert responses_form.without_summary(body, "something else") is None
    assert responses_form.without_summary(_responses(), words) is None


# ---- what nobody can translate ---------------------------------------------------------------------


@pytest.mark.parametrize("form", [_claude, _gemini, _responses])
@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([{"role": "robot", "content": "x"}], "role 'robot'"),
        ([{"role": "user", "content": [{"type": "hologram"}]}], "'hologram'"),
        ([{"role": "user", "content": 5}], "int"),
        ([{"role": "user", "content": [{"type": "image_url"}]}], "no address"),
        ([{"role": "user", "content": [{"type": "image_url", "image_url": "data:x;base64,*"}]}], "decoded"),
        ([{"role": "assistant", "content": [IMAGE]}], "holds image"),
        ([{"role": "assistant", "tool_calls": [{"id": "x"}]}], "no function"),
        ([{"role": "assistant", "tool_calls": "x"}], "it must be a list of calls"),
    ],
)
def test_a_message_that_cannot_be_meant(form, messages, words):
    """It is refused by its place and kind, before anything is sent."""
    with pytest.raises(InvalidParameterError, match=words):
        form(messages)


@pytest.mark.parametrize(
    ("form", "fields", "words"),
    [
        (_claude, {"tool_choice": "sometimes"}, "sometimes"),
        (_gemini, {"tool_choice": "sometimes"}, "sometimes"),
        (_claude, {"reasoning_effort": "hard"}, "hard"),
        (_gemini, {"reasoning_effort": "hard"}, "hard"),
        (_claude, {"response_format": {"type": "json_object"}}, "by a schema only"),
        (_claude, {"tools": [5]}, "a tool is an int"),
        (_gemini, {"tools": [{"type": "function", "function": {}}]}, "no name"),
    ],
)
def test_a_keyword_that_cannot_be_meant(form, fields, words):
    """It is refused with what it may be."""
    with pytest.raises(InvalidParameterError, match=words):
        form(**fields)


def test_what_a_service_has_no_place_for():
    """That is said, not left out."""
    sound = {"type": "input_audio", "input_audio": {"format": "mp3", "data": PNG}}
    film = {"type": "video_url", "video_url": {"url": f"data:video/webm;base64,{PNG}"}}
    for form, part, word in ((_claude, sound, "audio"), (_claude, film, "film"), (_responses, film, "film")):
        with pytest.raises(InvalidParameterError, match=word):
            form([{"role": "user", "content": [part]}])


def test_a_data_url_that_is_no_base64():
    """Percent signs are an encoding, too."""
    image = {"type": "image_url", "image_url": {"url": "data:image/svg+xml,%3Csvg/%3E"}}
    (block,) = _claude([{"role": "user", "content": [image]}])["messages"][0]["content"]
    assert base64.b64decode(block["source"]["data"]) == b"<svg/>"
