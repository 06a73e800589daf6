"""The description of the original's `OpenaiTemplate`: its names, what each is here, in order."""

# %% two local servers
import asyncio, base64, contextlib, inspect, io, os, ssl, time
from g4f_nb import errors
from g4f_nb.chunks import (
    Alternative, FinishReason, ImageResponse, ProviderInfo, Reasoning, ToolCalls, Usage,
)
from g4f_nb.testing import start

server, stop = start()
other, stop_other = start(models=["gpt-4", "gpt-3.5-turbo"])
ASKED = [{"role": "user", "content": "Hello, how are you?"}]
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


@contextlib.contextmanager
def raises(kind, *words):
    try:
        yield
    except kind as error:
        for word in words:
            assert word in str(error), str(error)
    else:
        raise SystemExit(f"{kind.__name__} was not raised")


def sent():
    return server.requests[-1].body


def headers():
    return server.requests[-1].headers

# %% OpenaiTemplate
from g4f_nb.providers import AsyncGeneratorProvider, OpenaiTemplate, ProviderModelMixin, RaiseErrorMixin

assert OpenaiTemplate.__bases__ == (AsyncGeneratorProvider, ProviderModelMixin, RaiseErrorMixin)

class Mine(OpenaiTemplate):
    api_base = server.api_base
    api_key = "class_key"

def ask(model="echo", cls=Mine, messages=ASKED, stream=True, **given):
    return list(cls.create_completion(model, messages, stream, **({"max_retries": 0} | given)))

def said(*args, **given):
    return "".join(map(str, ask(*args, **given)))

# %% api_base
import g4f_nb as nb

assert OpenaiTemplate.api_base == ""
assert nb.resolve(OpenaiTemplate).host == "https://api.openai.com/v1"
os.environ["OPENAI_BASE_URL"] = server.api_base
assert nb.resolve(OpenaiTemplate).host == server.api_base
assert said(cls=OpenaiTemplate, api_key="k") == "Hello, how are you?"

class Nowhere(OpenaiTemplate):
    pass

with raises(errors.ProviderNotWorkingError, "api_base="):
    ask(cls=Nowhere)
from g4f_nb.providers import Groq

class MyGroq(Groq):
    pass

assert nb.resolve(MyGroq).host == nb.resolve(Groq).host == "https://api.groq.com/openai/v1"
del os.environ["OPENAI_BASE_URL"]

# %% api_key
assert OpenaiTemplate.api_key is None
ask()
assert headers()["Authorization"] == "Bearer class_key"
OpenaiTemplate.api_key = "key_of_the_bare_class"

class Child(OpenaiTemplate):
    api_base = server.api_base

ask(cls=Child)
assert "Authorization" not in headers()
OpenaiTemplate.api_key = None
os.environ["GROQ_API_KEY"] = "key_of_the_row"
assert nb.resolve(MyGroq).key == nb.resolve(Groq).key
assert "GROQ_API_KEY" in nb.resolve(MyGroq).key
del os.environ["GROQ_API_KEY"]

# %% api_endpoint
assert OpenaiTemplate.api_endpoint is None

class Endpoint(OpenaiTemplate):
    api_endpoint = f"{server.api_base}/chat/completions"

class Inherits(Mine):
    api_endpoint = f"{other.api_base}/chat/completions"

ask(cls=Endpoint)
assert (server.requests[-1].path, "Authorization" in headers()) == ("/v1/chat/completions", False)
ask("gpt-4", cls=Inherits)
assert "Authorization" not in other.requests[-1].headers

# %% supports_message_history, supports_system_message
assert OpenaiTemplate.supports_message_history is OpenaiTemplate.supports_system_message is True

# %% default_model
assert OpenaiTemplate.default_model == ""

class First(OpenaiTemplate):
    api_base = other.api_base

with contextlib.redirect_stderr(io.StringIO()) as told:
    assert ask("", cls=First)[0].model == "gpt-3.5-turbo"
assert told.getvalue().count("\n") == 1 and "answers with its first, gpt-3.5-turbo" in told.getvalue()

# %% fallback_models
assert OpenaiTemplate.fallback_models == []

class Broken(OpenaiTemplate):
    api_base = "http://127.0.0.1:1/v1"

class Reserve(Broken):
    fallback_models = ["b", "a"]

with raises(errors.ConnectionFailedError, "nothing answers"):
    Broken.get_models()
with contextlib.redirect_stderr(io.StringIO()) as told:
    assert Reserve.get_models() == Reserve.get_models() == ["b", "a"]
assert told.getvalue().count("\n") == 1 and "could not list its models" in told.getvalue()

# %% sort_models
class Unsorted(First):
    sort_models = False

assert OpenaiTemplate.sort_models is True
assert First.get_models() == ["gpt-3.5-turbo", "gpt-4"]
assert Unsorted.get_models(refresh=True) == ["gpt-4", "gpt-3.5-turbo"]

# %% ssl
import trustme

assert OpenaiTemplate.ssl is None
authority = trustme.CA()
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
authority.issue_cert("127.0.0.1").configure_cert(context)
trusting = ssl.create_default_context()
authority.configure_trust(trusting)
safe, stop_safe = start(ssl_context=context)

class Safe(OpenaiTemplate):
    api_base = safe.api_base

with raises(errors.CertificateError, "cannot prove who it is"):
    ask(cls=Safe)
assert said(cls=Safe, ssl=trusting) == "Hello, how are you?"

class Trusting(Safe):
    ssl = trusting

assert said(cls=Trusting) == "Hello, how are you?"
with contextlib.redirect_stderr(io.StringIO()) as told:
    assert said(cls=Safe, ssl=False) == "Hello, how are you?"
assert "ssl=False, so nobody checks" in told.getvalue()
stop_safe()

# %% needs_auth
class Asks(OpenaiTemplate):
    api_base = server.api_base
    needs_auth = True

assert OpenaiTemplate.needs_auth is False
before = len(server.requests)
with raises(errors.MissingAuthError, "needs a key"):
    ask(cls=Asks)
with raises(errors.MissingAuthError, "OPENAI_API_KEY"):
    ask(cls=OpenaiTemplate)
assert len(server.requests) == before

# %% get_models
assert list(inspect.signature(OpenaiTemplate.get_models).parameters)[:2] == ["api_key", "api_base"]
assert OpenaiTemplate.get_models(None, other.api_base) == ["gpt-3.5-turbo", "gpt-4"]
assert await OpenaiTemplate.get_models_async(api_base=other.api_base) == ["gpt-3.5-turbo", "gpt-4"]
assert other.requests[-1].method == "GET" and other.requests[-1].path == "/v1/models"
from g4f_nb.providers.models.listing import model_names
from g4f_nb.calls import Call, Headers

call = Call("GET", "http://h/v1/models", Headers())
for listing in (
    b'{"data": [{"id": "b"}, {"id": "a"}, {"id": null}, {}, null]}', b'{"models": [{"name": "b"}, {"name": "a"}]}',
    b'[{"id": "b"}, {"id": "a"}]', b'["b", "a"]', b'{"models": ["b", "a"]}',
):
    assert model_names(listing, "P", call) == ["b", "a"], listing

# %% get_models keeps what it was told, per address and key
before = len(other.requests)
assert First.get_models() == First.get_models() == ["gpt-3.5-turbo", "gpt-4"]
First.get_models("one_key").append("mine")
assert First.get_models("one_key") == First.get_models("another_key") == ["gpt-3.5-turbo", "gpt-4"]
assert len(other.requests) == before + 2
assert First.get_models("one_key", refresh=True) and len(other.requests) == before + 3
assert (First.models, OpenaiTemplate.models, First.image_models) == ([], [], [])

class Own(First):
    models = ["mine"]

assert Own.get_models() == ["mine"] and len(other.requests) == before + 3

# %% get_models raises
keyed, stop_keyed = start(api_key="right")
with raises(errors.MissingAuthError):
    OpenaiTemplate.get_models("wrong", keyed.api_base)
assert "echo" in OpenaiTemplate.get_models("right", keyed.api_base)
stop_keyed()

# %% create_async_generator
parameters = list(inspect.signature(OpenaiTemplate.create_async_generator).parameters.values())
assert [one.name for one in parameters[:18]] == (
    "model messages proxy timeout media api_key api_endpoint api_base temperature max_tokens top_p stop stream "
    "prompt headers impersonate extra_parameters extra_data"
).split()
assert {one.kind for one in parameters[:18]} == {inspect.Parameter.POSITIONAL_OR_KEYWORD}
assert {one.kind for one in parameters[18:-1]} == {inspect.Parameter.KEYWORD_ONLY}
assert parameters[-1].kind is inspect.Parameter.VAR_KEYWORD

# %% its parameters that are ours: what the model is asked
ours = (
    "tools tool_choice parallel_tool_calls reasoning_effort response_format seed n frequency_penalty presence_penalty"
).split()
assert set(ours) <= {one.name for one in parameters[18:]}
for name in ("tools", "reasoning_effort", "response_format", "seed", "n", "frequency_penalty", "presence_penalty"):
    assert f"    {name}: " in OpenaiTemplate.params, name
given = {
    "tool_choice": "none", "parallel_tool_calls": False, "reasoning_effort": "low", "seed": 1, "n": 2,
    "response_format": {"type": "json_object"}, "frequency_penalty": 0, "presence_penalty": 1,
}
chunks = ask("vary", **given)
assert given.items() <= sent().items()
assert "".join(map(str, chunks)) == "Hello, how are you?"
assert "".join(part.chunk for part in chunks if isinstance(part, Alternative) and isinstance(part.chunk, str)) == \
    "1: Hello, how are you?"

# %% its parameters that are ours: how it is asked
begin = time.monotonic()
with raises(errors.RequestTimeoutError, "total_timeout="):
    ask("drip-50", total_timeout=0.12)
assert time.monotonic() - begin < 3
before = len(server.requests)
with raises(errors.ServerError):
    ask("error-503")
assert len(server.requests) == before + 1
assert said("flaky-1", max_retries=1) == "Hello, how are you?"
import aiohttp

connector = aiohttp.TCPConnector()
assert await Mine.create_async("echo", ASKED, connector=connector) == "Hello, how are you?"
assert not connector.closed
await connector.close()

# %% model, messages
ask()
assert (sent()["model"], sent()["messages"]) == ("echo", ASKED)

# %% proxy
from local_proxy import local_proxy

with local_proxy() as proxy:
    assert said(proxy=proxy.url) == "Hello, how are you?"
assert proxy.seen == [("POST", f"{server.api_base}/chat/completions")]

# %% timeout
begin = time.monotonic()
assert said("drip-60", timeout=0.2) == "Hello, how are you?"
assert time.monotonic() - begin > 0.2
with raises(TimeoutError, "was silent for 0.1 s"):
    ask("silent", timeout=0.1)
assert said("slow-200", timeout=None) == "ok"

# %% media
from g4f_nb.typing import MediaListType

media: MediaListType = [PNG, (io.BytesIO(PNG), "a.png"), (PNG, None)]
ask(media=media)
assert [part["type"] for part in sent()["messages"][-1]["content"]] == ["image_url"] * 3 + ["text"]
assert sent()["messages"][-1]["content"][0]["image_url"]["url"] == \
    "data:image/png;base64," + base64.b64encode(PNG).decode()
assert ASKED[0]["content"] == "Hello, how are you?"

# %% api_key, api_endpoint, api_base of a call
ask(api_key="call_key")
assert headers()["Authorization"] == "Bearer call_key"
ask("gpt-4", api_base=other.api_base)
assert "Authorization" not in other.requests[-1].headers
ask("gpt-4", api_base=other.api_base, api_key="call_key")
assert other.requests[-1].headers["Authorization"] == "Bearer call_key"
ask("gpt-4", api_endpoint=f"{other.api_base}/chat/completions")
assert "Authorization" not in other.requests[-1].headers

# %% temperature, max_tokens, top_p, stop
ask()
assert not {"temperature", "max_tokens", "top_p", "stop"} & sent().keys()
for stop_words in ("x", ["x", "y"]):
    given = {"temperature": 0, "max_tokens": 5, "top_p": 1, "stop": stop_words}
    ask(**given)
    assert given.items() <= sent().items()
from g4f_nb.providers.sending.adapting import fitted_fields
from g4f_nb.providers.services.rows import rows

assert fitted_fields(rows()["openai"], {"max_tokens": 5}, "OpenAI") == {"max_completion_tokens": 5}

# %% stream
assert parameters[12].default is False
async for chunk in Mine.create_async_generator("echo", ASKED):
    pass
assert sent()["stream"] is False
list(Mine.create_completion("echo", ASKED))
assert sent()["stream"] is True

# %% prompt
who, image, usage = ask("image", prompt="a red circle")
assert server.requests[-1].path == "/v1/images/generations"
assert sent() == {"model": "image", "prompt": "a red circle"}
assert image.alt == "a red circle" and image.urls[0].startswith(f"{server.api_base}/images/")

# %% headers
ask(headers={"authorization": "Bearer mine", "X-Mine": "1"})
assert headers().getall("Authorization") == ["Bearer mine"]
assert headers()["X-Mine"] == "1"

# %% impersonate
ask()
assert headers()["User-Agent"] == "g4f_nb"
ask(impersonate="chrome", headers={"accept-language": "de"})
assert "Chrome" in headers()["User-Agent"] and headers()["Authorization"] == "Bearer class_key"
assert headers().getall("Accept-Language") == ["de"]

# %% extra_parameters
assert type(parameters[16].default) is tuple
ask(extra_parameters=["guided_json"], guided_json={"a": 1}, logit_bias={"5": 1})
assert (sent()["guided_json"], sent()["logit_bias"]) == ({"a": 1}, {"5": 1})

# %% extra_parameters: its seven
assert parameters[16].default == (
    "tools", "parallel_tool_calls", "tool_choice", "reasoning_effort", "logit_bias", "modalities", "audio"
)
tool = {"type": "function", "function": {"name": "add", "parameters": {"type": "object", "properties": {}}}}
seven = {
    "tools": [tool], "parallel_tool_calls": True, "tool_choice": "auto", "reasoning_effort": "high",
    "logit_bias": {"1": 1}, "modalities": ["text"], "audio": {"voice": "alloy", "format": "wav"},
}
ask(**seven)
assert seven.items() <= sent().items()

# %% extra_data
assert parameters[17].default is None
ask(temperature=1, extra_data={"temperature": 0.5, "mine": True})
assert (sent()["temperature"], sent()["mine"]) == (0.5, True)

# %% **kwargs
ask(user="me", top_k=4)
assert (sent()["user"], sent()["top_k"]) == ("me", 4)
before = len(server.requests)
with raises(errors.UnknownParameterError, "'temprature'", "did you mean 'temperature'"):
    ask(temprature=1)
assert len(server.requests) == before and issubclass(errors.UnknownParameterError, TypeError)

# %% StreamSession
before = server.connections
pooled, stop_pooled = start()

class Pooled(OpenaiTemplate):
    api_base = pooled.api_base

for number in range(10):
    ask(cls=Pooled, stream=bool(number % 2))
assert (len(pooled.requests), pooled.connections) == (10, 1)

# %% cls.get_model
before = len(server.requests)
class Fresh(Mine):
    pass

ask("upper", cls=Fresh)
assert len(server.requests) == before + 1
assert Fresh.last_model == "upper" and Mine.last_model != "upper"

# %% /images/generations
class Painter(Mine):
    image_models = ["image", "image-b64"]

_, image, usage = ask("image", cls=Painter)
assert (sent(), image.alt) == ({"model": "image", "prompt": "Hello, how are you?"}, "Hello, how are you?")
assert isinstance(image, ImageResponse) and len(image.urls) == 1 and isinstance(usage, Usage)
_, image, _ = ask("image-b64", cls=Painter, n=2)
assert len(image.urls) == 2 and all(url.startswith("data:image/png;base64,iVBOR") for url in image.urls)
assert server.requests[-1].path == "/v1/images/generations"

# %% /images/generations: a listing that marks the model
marking, stop_marking = start(models=["image", "echo"])

class Marked(OpenaiTemplate):
    api_base = marking.api_base

ask("image", cls=Marked)
assert marking.requests[-1].path == "/v1/chat/completions"
assert Marked.get_models() == ["echo", "image"]
assert isinstance(ask("image", cls=Marked)[1], ImageResponse)
stop_marking()

# %% /chat/completions: a JSON answer
chunks = ask("echo", stream=False)
assert chunks == [
    ProviderInfo("Mine", "echo", server.api_base), "Hello, how are you?", Usage(4, 4, 8, 0), FinishReason("stop"),
]
kinds = [type(chunk) for chunk in ask("tools", stream=False, tools=[tool])]
assert kinds == [ProviderInfo, ToolCalls, Usage, FinishReason]
assert said("echo", stream=False, messages=[{"role": "user", "content": "  two  \n"}]) == "  two  \n"

# %% text/event-stream
chunks = ask("reason")
kinds = list(dict.fromkeys(type(chunk) for chunk in chunks))
assert kinds == [ProviderInfo, Reasoning, str, FinishReason, Usage]
(calls,) = [chunk for chunk in ask("two-tools", tools=[tool]) if isinstance(chunk, ToolCalls)]
assert len(calls.calls) == 2 and all(call.arguments == "{}" for call in calls.calls)

# %% ResponseError
with raises(errors.ResponseError, "Welcome", "text/html"):
    ask("html")
for model in ("ndjson", "text-plain"):
    assert said(model) == "Hello, how are you?"

# %% MissingAuthError
with raises(errors.MissingAuthError):
    ask(cls=Asks)
with raises(errors.MissingAuthError, "Error 401"):
    ask("error-401")

# %% get_headers
assert list(inspect.signature(OpenaiTemplate.get_headers).parameters) == ["stream", "api_key", "headers"]
plain = {"Accept": "application/json", "Content-Type": "application/json"}
assert Mine.get_headers(False) == plain | {"Authorization": "Bearer class_key"}
assert Mine.get_headers(False, "") == plain
assert Mine.get_headers(True, "k", {"accept": "x"}) == {
    "Content-Type": "application/json", "Authorization": "Bearer k", "accept": "x",
}
stop()
stop_other()
stop_pooled()
