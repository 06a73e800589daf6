"""Each service's peculiarity, against a small server that has it."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest
from small_server import END, EVENTS, delta, events, web

from g4f_nb import errors
from g4f_nb.errors import ModelNotSupportedError, ProviderNotWorkingError
from g4f_nb.providers.catalog import catalog
from g4f_nb.reply import Reply

HELLO = [{"role": "user", "content": "hello"}]
WHOLE = {"choices": [{"message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}]}
STREAM = events(delta("h"), delta("i"), END)


def _at(name, server, path=""):
    """The service's class, at home on this server."""
    cls = catalog()[name]
    base = f"{server.address}{path}"
    return type(name, (cls,), {"api_base": base, "row": replace(cls.row, api_base=base)})


def _ask(cls, messages=HELLO, model="m", **given):
    reply = Reply()
    for chunk in cls.create_completion(model, messages, api_key="k", max_retries=0, **given):
        reply.add(chunk)
    return reply


def _saying(text=STREAM, models=None):
    """A server that always says this."""
    return web(lambda seen: (200, models) if seen.path.endswith("models") else (200, text, EVENTS))


CALL = {"id": "call_0123456789", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
TOOLS = [
    *HELLO,
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "call_0123456789", "content": "rain"},
]


# ---- Azure -----------------------------------------------------------------------------------------


@pytest.fixture
def azure(monkeypatch):
    """Azure's class with its resource on a server of ours."""
    frames = events(
        {"choices": [], "prompt_filter_results": [{}]}, delta("h"), delta("i"), END, {"choices": []}
    )
    with web(
        lambda seen: (200, {"data": [{"id": "gpt"}]}) if "models" in seen.path else (200, frames, EVENTS)
    ) as server:
        monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", server.address)
        monkeypatch.setenv("AZURE_OPENAI_API_KEY", "k")
        yield catalog()["AzureOpenAI"], server


def test_azure_asks_its_resource_with_its_own_header(azure):
    """The key travels as `api-key`; frames without choices, first and last, are nothing."""
    cls, server = azure
    assert "".join(map(str, cls.create_completion("my dep", HELLO, max_tokens=5))) == "hi"
    seen = server.seen[-1]
    assert seen.json["max_completion_tokens"] == 5
    assert (seen.path, seen.headers["api-key"]) == ("/openai/v1/chat/completions", "k")
    assert "authorization" not in seen.headers
    assert seen.json["model"] == "my dep"
    assert cls.get_models(refresh=True) == ["gpt"]
    assert server.seen[-1].path == "/openai/v1/models"


def test_azure_s_dated_api(azure, monkeypatch):
    """With a version in the environment the deployment is in the path."""
    cls, server = azure
    monkeypatch.setenv("AZURE_OPENAI_API_VERSION", "2024-10-21")
    assert "".join(map(str, cls.create_completion("my dep", HELLO))) == "hi"
    assert server.seen[-1].path == "/openai/deployments/my%20dep/chat/completions?api-version=2024-10-21"
    assert cls.get_models(refresh=True) == ["gpt"]
    assert server.seen[-1].path == "/openai/models?api-version=2024-10-21"
    base = f"{server.address}/openai/deployments/other?api-version=1"
    assert "".join(map(str, cls.create_completion("m", HELLO, api_base=base))) == "hi"
    assert server.seen[-1].path == "/openai/deployments/other/chat/completions?api-version=1"


def test_azure_says_what_it_needs(azure, monkeypatch):
    """A deployment, an address."""
    cls, server = azure
    with pytest.raises(ModelNotSupportedError, match="write it as azure:DEPLOYMENT"):
        list(cls.create_completion("", HELLO))
    monkeypatch.delenv("AZURE_OPENAI_ENDPOINT")
    with pytest.raises(ProviderNotWorkingError, match="set the environment variable AZURE_OPENAI_ENDPOINT"):
        list(cls.create_completion("m", HELLO))
    assert server.seen == []


# ---- what is sent ----------------------------------------------------------------------------------


def test_deepseek_gets_its_reasoning_back_within_a_turn():
    """Between the rounds of a dialogue with tools, and not afterwards: its error 400 would be the answer."""
    turn = [*TOOLS]
    turn[1] = {**turn[1], "reasoning_content": "hm"}
    with _saying() as server:
        cls = _at("DeepSeek", server)
        assert cls.returns_reasoning
        _ask(cls, turn)
        assert server.seen[-1].json["messages"][1]["reasoning_content"] == "hm"
        _ask(cls, [*turn, {"role": "assistant", "content": "rain"}, {"role": "user", "content": "and now?"}])
        assert all("reasoning_content" not in message for message in server.seen[-1].json["messages"])


def test_mistral_s_names_ids_and_efforts(capsys):
    """Ids of nine characters, the same one everywhere; `random_seed`; unknown fields left out aloud."""
    with _saying() as server:
        _ask(
            _at("Mistral", server), TOOLS, seed=1, user="me", reasoning_effort="low", max_completion_tokens=5
        )
        body = server.seen[-1].json
    (call,) = body["messages"][1]["tool_calls"]
    assert call["id"] == body["messages"][2]["tool_call_id"]
    assert len(call["id"]) == 9
    assert call["id"].isalnum()
    assert (body["random_seed"], body["reasoning_effort"], body["max_tokens"]) == (1, "none", 5)
    assert not {"seed", "user", "stream_options", "max_completion_tokens"} & set(body)
    told = capsys.readouterr().err
    assert "reasoning_effort high and none: 'low' becomes 'none'" in told
    assert "Mistral does not know 'user'" in told
    assert TOOLS[2]["tool_call_id"] == "call_0123456789"
    with _saying() as server:
        own = [
            {**message, **({"tool_call_id": "abcdefgh1"} if "tool_call_id" in message else {})}
            for message in TOOLS
        ]
        _ask(_at("Mistral", server), own)
        assert server.seen[-1].json["messages"][2]["tool_call_id"] == "abcdefgh1"


def test_kimi_is_told_the_name_of_each_tool():
    """Taken from the call that the result belongs to; a name that is there stays."""
    with _saying() as server:
        _ask(
            _at("Moonshot", server),
            [*TOOLS, {"role": "tool", "tool_call_id": "x", "name": "own", "content": ""}],
        )
        names = [message.get("name") for message in server.seen[-1].json["messages"]]
    assert names == [None, None, "weather", "own"]


@pytest.mark.parametrize("name", ["Groq", "OpenRouter", "Cerebras"])
def test_empty_fields_of_a_history_are_left_out(name):
    """Another client's objects, dumped, are full of nulls; Groq refuses a null `function_call`."""
    history = [
        {"role": "assistant", "content": None, "function_call": None, "refusal": None, "name": "x"},
        *HELLO,
    ]
    with _saying() as server:
        _ask(_at(name, server), history)
        assert server.seen[-1].json["messages"][0] == {"role": "assistant", "content": None, "name": "x"}


@pytest.mark.parametrize(("name", "field"), [("Nvidia", "user"), ("GeminiCompat", "frequency_penalty")])
def test_fields_that_a_service_refuses_are_not_sent(name, field, capsys):
    """And that is said."""
    with _saying() as server:
        _ask(_at(name, server), **{field: 1})
        assert field not in server.seen[-1].json
    assert f"{name} does not know '{field}'" in capsys.readouterr().err


def test_cohere_is_not_asked_for_usage():
    """Its layer refuses `stream_options`; its models are listed by its own API, on the same host."""
    models = {"models": [{"name": "command"}, {"name": "aya"}]}
    with _saying(models=models) as server:
        cls = _at("Cohere", server, "/compatibility/v1")
        _ask(cls)
        assert "stream_options" not in server.seen[-1].json
        assert cls.get_models("k") == ["aya", "command"]
        assert server.seen[-1].path == "/v1/models"


# ---- what is listed --------------------------------------------------------------------------------


def test_github_lists_its_catalog():
    """A bare list, elsewhere on the host, with the version in a header."""
    with _saying(models=[{"id": "openai/gpt", "name": "GPT"}]) as server:
        cls = _at("GitHubModels", server, "/inference")
        assert cls.get_models("k") == ["openai/gpt"]
        seen = server.seen[-1]
        assert (seen.path, seen.headers["x-github-api-version"]) == ("/catalog/models", "2022-11-28")
        _ask(cls)
        assert server.seen[-1].path == "/inference/chat/completions"


def test_together_lists_a_bare_array():
    """Without an object around it."""
    with _saying(models=[{"id": "b"}, {"id": "a"}]) as server:
        assert _at("Together", server).get_models("k") == ["a", "b"]


def test_gemini_s_names_are_told_as_they_are_asked_for():
    """Without `models/`."""
    with _saying(models={"data": [{"id": "models/gemini-x"}]}) as server:
        assert _at("GeminiCompat", server).get_models("k") == ["gemini-x"]


def test_anthropic_s_list_takes_its_own_headers():
    """The chat takes the usual ones."""
    with _saying(models={"data": [{"id": "claude"}]}) as server:
        cls = _at("AnthropicCompat", server)
        assert cls.get_models("k") == ["claude"]
        seen = server.seen[-1]
        assert (seen.headers["x-api-key"], seen.headers["anthropic-version"]) == ("k", "2023-06-01")
        assert "authorization" not in seen.headers
        _ask(cls)
        assert server.seen[-1].headers["authorization"] == "Bearer k"


@pytest.mark.parametrize("name", ["Perplexity", "MiniMax"])
def test_a_service_that_lists_nothing_is_not_asked(name, capsys):
    """Its default is told."""
    with _saying() as server:
        cls = _at(name, server)
        assert cls.get_models("k") == [cls.row.default_model]
        assert server.seen == []
    assert "publishes no list of its models" in capsys.readouterr().err


# ---- what comes back -------------------------------------------------------------------------------


def test_perplexity_s_sources():
    """Citations become sources; of the usage in every frame the last counts."""
    results = [{"title": "One", "url": "https://one.invalid"}]
    frames = [
        {**delta("h"), "usage": {"prompt_tokens": 1, "completion_tokens": 1}, "search_results": results},
        {**delta("i"), "usage": {"prompt_tokens": 1, "completion_tokens": 2}, "search_results": results},
        {**END, "usage": {"prompt_tokens": 1, "completion_tokens": 3}},
    ]
    with _saying(events(*frames)) as server:
        reply = _ask(_at("Perplexity", server))
    assert (reply.text, reply.usage.output_tokens) == ("hi", 3)
    assert [(source.url, source.title) for source in reply.sources] == [("https://one.invalid", "One")]


def test_openrouter_s_comments_and_late_errors():
    """`: OPENROUTER PROCESSING` is nothing; an error may come with status 200 or inside of the stream."""
    comment = b": OPENROUTER PROCESSING\n\n"
    with web(lambda _: (200, comment + STREAM, EVENTS)) as server:
        assert _ask(_at("OpenRouter", server)).text == "hi"
    error = {"error": {"code": 429, "message": "slow down", "metadata": {}}}
    with web(lambda _: (200, error)) as server, pytest.raises(errors.RateLimitError, match="slow down"):
        _ask(_at("OpenRouter", server))
    late = {**error, "choices": [{"delta": {"content": ""}, "finish_reason": "error"}]}
    with (
        web(lambda _: (200, events(delta("h"), late), EVENTS)) as server,
        pytest.raises(errors.RateLimitError) as caught,
    ):
        _ask(_at("OpenRouter", server))
    assert caught.value.partial == "h"


def test_deepseek_s_lines_that_keep_the_connection():
    """Comments in a stream, empty lines before a whole answer."""
    with web(lambda _: (200, b": keep-alive\n\n\n\n" + STREAM, EVENTS)) as server:
        assert _ask(_at("DeepSeek", server)).text == "hi"
    with web(lambda _: (200, b"\n\n\n" + orjson.dumps(WHOLE))) as server:
        assert _ask(_at("DeepSeek", server), stream=False).text == "hi"


def test_gemini_s_errors_are_a_list():
    """And a wrong key is a 400."""
    error = [{"error": {"code": 400, "message": "API key not valid. Please pass a valid API key."}}]
    with web(lambda _: (400, error)) as server, pytest.raises(errors.MissingAuthError, match="not valid"):
        _ask(_at("GeminiCompat", server))


def test_hugging_face_s_errors_are_a_text():
    """And the model may name who computes."""
    with web(lambda _: (404, {"error": "Model x does not exist"})) as server:
        with pytest.raises(errors.ModelNotFoundError, match="does not exist"):
            _ask(_at("HuggingFace", server), model="owner/model:groq")
        assert server.seen[0].json["model"] == "owner/model:groq"


def test_groq_tells_what_it_could_not_make():
    """`failed_generation` is part of the error."""
    error = {"error": {"message": "bad JSON", "code": "json_validate_failed", "failed_generation": "{oops"}}
    with web(lambda _: (400, error)) as server, pytest.raises(errors.BadRequestError, match="oops"):
        _ask(_at("Groq", server))


def test_xai_s_reasoning_counts_as_output():
    """It is told beside the tokens of the answer there; elsewhere it is a part of them already."""
    told = {"prompt_tokens": 5, "completion_tokens": 2, "completion_tokens_details": {"reasoning_tokens": 7}}
    for total, output in ((14, 9), (7, 2)):
        with _saying(events(delta("hi"), {**END, "usage": {**told, "total_tokens": total}})) as server:
            usage = _ask(_at("XAI", server)).usage
        assert (usage.output_tokens, usage.reasoning_tokens, usage.total_tokens) == (output, 7, total)


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
@pytest.mark.parametrize("name", ["Groq", "Cerebras", "DeepSeek", "XAI", "VLLM"])
def test_reasoning_stays_apart(name, field):
    """Whichever field it comes in."""
    with _saying(events(delta(None, **{field: "hm"}), delta("hi"), END)) as server:
        reply = _ask(_at(name, server))
    assert (reply.text, reply.reasoning) == ("hi", "hm")
