"""The first description of the original's `base_provider`: its names, what each is here, in order."""

# %% SAFE_PARAMETERS
from g4f_nb.parameters import BASIC_PARAMETERS, PARAMETER_EXAMPLES, SAFE_PARAMETERS

assert type(SAFE_PARAMETERS) is tuple
assert " ".join(SAFE_PARAMETERS[:34]) == (
    "model messages stream timeout proxy media response_format prompt negative_prompt tools "
    "conversation history_disabled temperature top_k top_p frequency_penalty presence_penalty "
    "max_tokens stop api_key api_base seed width height max_retries web_search guidance_scale "
    "num_inference_steps randomize_seed safe enhance private aspect_ratio n"
)
assert SAFE_PARAMETERS[34:] == ("reasoning_effort", "total_timeout")

# %% BASIC_PARAMETERS
assert dict(BASIC_PARAMETERS) == {
    "provider": None, "model": "", "messages": [], "stream": False, "timeout": None,
    "response_format": None, "max_tokens": None, "stop": None,
}
try:
    BASIC_PARAMETERS["model"] = "x"
    raise SystemExit("it can be written")
except TypeError:
    pass

# %% PARAMETER_EXAMPLES
assert list(PARAMETER_EXAMPLES) == [
    "proxy", "temperature", "top_k", "top_p", "frequency_penalty", "presence_penalty", "messages",
    "media", "response_format", "conversation", "seed", "tools", "timeout", "max_tokens", "stop",
]
assert (PARAMETER_EXAMPLES["timeout"], PARAMETER_EXAMPLES["max_tokens"]) == (120, 4096)

# %% AbstractProvider
from g4f_nb.providers import AbstractProvider, BaseProvider

assert issubclass(AbstractProvider, BaseProvider)
try:
    AbstractProvider()
    raise SystemExit("it was instantiated")
except TypeError:
    pass

# %% AbstractProvider.create_completion
messages = [{"role": "user", "content": "Hello"}]
try:
    AbstractProvider.create_completion("m", messages, False)
    raise SystemExit("it answered")
except NotImplementedError:
    pass

# %% AbstractProvider.create_async
import contextvars, threading, time
from g4f_nb.chunks import Reasoning
from g4f_nb.errors import InvalidParameterError, RequestTimeoutError

where = contextvars.ContextVar("where", default="nowhere")

class Talks(AbstractProvider):
    seen = {}
    ended = threading.Event()

    @classmethod
    def create_completion(cls, model, messages, stream, **kwargs):
        cls.seen = {"stream": stream, "where": where.get(), "thread": threading.current_thread().name}
        try:
            yield Reasoning("not part of the text")
            for number in range(3 if model != "endless" else 10**9):
                yield f"{number} "
                time.sleep(0.01)
        finally:
            cls.ended.set()

where.set("here")
assert await Talks.create_async("m", messages) == "0 1 2 "
assert (Talks.seen["stream"], Talks.seen["where"]) == (False, "here")
await Talks.create_async("m", messages, stream=True)
assert Talks.seen["stream"] is True

# %% - timeout
Talks.ended.clear()
begun = time.monotonic()
try:
    await Talks.create_async("endless", messages, timeout=0.1)
    raise SystemExit("it ended")
except RequestTimeoutError as error:
    assert isinstance(error, TimeoutError)
assert time.monotonic() - begun < 5
# The worker takes no further chunk and closes its generator: its `finally` ran.
assert await asyncio.to_thread(Talks.ended.wait, 5)

# %% - loop
assert await Talks.create_async("m", messages, loop=asyncio.get_running_loop()) == "0 1 2 "
other = asyncio.new_event_loop()
try:
    await Talks.create_async("m", messages, loop=other)
    raise SystemExit("it was taken")
except ValueError as error:
    assert isinstance(error, InvalidParameterError) and "loop=" in str(error)
finally:
    other.close()

# %% - executor
from concurrent.futures import ThreadPoolExecutor

await Talks.create_async("m", messages)
assert Talks.seen["thread"].startswith("g4f_nb-")
with ThreadPoolExecutor(1, thread_name_prefix="mine") as executor:
    await Talks.create_async("m", messages, executor=executor)
assert Talks.seen["thread"].startswith("mine")

# %% get_create_function and get_async_create_function of four classes
from g4f_nb.providers import AsyncAuthedProvider, AsyncGeneratorProvider, AsyncProvider

for kind in (AbstractProvider, AsyncProvider, AsyncGeneratorProvider, AsyncAuthedProvider):
    assert kind.get_create_function() == kind.create_completion
assert AbstractProvider.get_async_create_function() == AbstractProvider.create_async
assert AsyncProvider.get_async_create_function() == AsyncProvider.create_async
for kind in (AsyncGeneratorProvider, AsyncAuthedProvider):
    assert kind.get_async_create_function() == kind.create_async_generator

# %% get_parameters
from g4f_nb.chunks import BaseConversation
from typing import TYPE_CHECKING, Literal, Optional, Union

class Typed(AsyncGeneratorProvider):
    supports_system_message = True

    @classmethod
    async def create_async_generator(
        cls, model: str, messages: list, stream: bool = True, stop: "list[str] | None" = None,
        temperature: float = None, api_key: str = "planted-key", own: int = 1,
        width: int = None, guidance_scale: float = None, enhance: bool = None, prompt: str = None,
        private: dict = None, safe: list = None, history_disabled: "bool" = None,
        negative_prompt: "list[str]" = None, aspect_ratio: "Optional[Literal['1:1', '4:3']]" = None,
        n: "Nowhere | None" = None, height: Union[None, int, str] = None, randomize_seed: None = None,
        num_inference_steps: type(None) = None, web_search=None,
        reasoning_effort: "BaseConversation" = None, **kwargs,
    ):
        yield ""

names = "model messages stream stop temperature api_key width guidance_scale enhance prompt private"
assert list(Typed.get_parameters())[:11] == names.split()
assert "own" not in Typed.get_parameters() and "kwargs" not in Typed.get_parameters()
Typed.supports_stream = False
assert "stream" not in Typed.get_parameters()
Typed.supports_stream = True

class Authed(AsyncAuthedProvider):
    @classmethod
    async def create_authed(cls, model, messages, auth_result, temperature=None):
        yield ""

assert list(Authed.get_parameters()) == ["model", "messages", "temperature"]

# %% - as_json=True
filled = Typed.get_parameters(as_json=True)
assert {name: filled[name] for name in (*BASIC_PARAMETERS, "temperature", "api_key")} == {
    "provider": "Typed", "model": "", "stream": True, "timeout": None, "response_format": None,
    "max_tokens": None, "stop": ["stop1", "stop2"], "temperature": 1, "api_key": "***",
    "messages": [{"role": "system", "content": ""}, {"role": "user", "content": ""}],
}
# Two results are apart, and no example is changed through one.
filled["stop"].append("x")
filled["messages"][0]["content"] = "x"
assert Typed.get_parameters(as_json=True)["stop"] == ["stop1", "stop2"]
assert PARAMETER_EXAMPLES["messages"][0]["content"] == ""

# %% - value or example
rows = {row.name: row for row in Typed.get_parameter_rows()}
assert (rows["stop"].default, rows["stop"].example) == (None, ["stop1", "stop2"])
assert (rows["stop"].kind, rows["temperature"].kind) == ("list[str] | None", "float")

# %% get_type_as_var: int float bool str dict list
zeros = [filled[name] for name in ("width", "guidance_scale", "enhance", "prompt", "private", "safe")]
assert zeros == [0, 0.0, False, "", {}, []]
assert [type(zero) for zero in zeros] == [int, float, bool, str, dict, list]

# %% get_type_as_var: annotations that are text
assert filled["history_disabled"] is False and filled["negative_prompt"] == []
# A name that only type checkers know spoils no other, and stays its own text.
assert filled["n"] is None and "n: Nowhere | None" in Typed.params

# %% get_type_as_var: Optional, unions, Literal
assert filled["aspect_ratio"] == "1:1"
assert filled["height"] == 0 and type(filled["height"]) is int

# %% get_type_as_var: NoneType, None, no annotation
for name in ("randomize_seed", "num_inference_steps", "web_search"):
    assert filled[name] is None

# %% get_type_as_var: BaseConversation
from g4f_nb.chunks import JsonConversation

assert filled["reasoning_effort"] == {}
assert issubclass(JsonConversation, BaseConversation)

# %% params
assert type(Typed.params) is str
assert Typed.params.startswith("Typed supports: (\n    model: str,\n")
assert "    temperature: float = None,\n" in Typed.params
assert "planted" not in Typed.params and '    api_key: str = "***",' in Typed.params

# %% AsyncProvider.create_completion, create_async
class Once(AsyncProvider):
    @staticmethod
    async def create_async(model, messages, **kwargs):
        await asyncio.sleep(0.001)
        return "the one result"

assert list(Once.create_completion("m", messages)) == ["the one result"]
assert await Once.create_async("m", messages) == "the one result"
assert list(Once.create_completion("m", messages)) == ["the one result"]
try:
    await AsyncProvider.create_async("m", messages)
    raise SystemExit("it answered")
except NotImplementedError:
    pass

# %% AsyncGeneratorProvider.supports_stream
class Whole(AsyncGeneratorProvider):
    supports_stream = False

assert AsyncGeneratorProvider.supports_stream is True
assert "stream" in AsyncGeneratorProvider.get_parameters()
assert "stream" not in Whole.get_parameters()

# %% AsyncGeneratorProvider.create_completion
from g4f_nb.providers import OpenaiTemplate
from g4f_nb.testing import serve

with serve() as server:
    asked = dict(model="drip-50", messages=[{"role": "user", "content": "one " * 100}])
    chunks = OpenaiTemplate.create_completion(**asked, api_base=server.api_base)
    assert "one" in "".join(str(next(chunks)) for _ in range(3))
    chunks.close()
    assert server.wait_for(lambda seen: seen.aborted == 1, timeout=5)

# %% AsyncGeneratorProvider.create_async_generator
chunks = AsyncGeneratorProvider.create_async_generator("m", messages)
try:
    await anext(chunks)
    raise SystemExit("it answered")
except NotImplementedError:
    pass

# %% AsyncGeneratorProvider.create_async
class Here(AsyncGeneratorProvider):
    loop = None

    @classmethod
    async def create_async_generator(cls, model, messages, stream=True, **kwargs):
        cls.loop = asyncio.get_running_loop()
        yield Reasoning("not part of the text")
        yield "here"
        await asyncio.sleep(kwargs.get("pause", 0))

assert await Here.create_async("m", messages) == "here"
assert Here.loop is asyncio.get_running_loop()
try:
    await Here.create_async("m", messages, timeout=0.05, pause=30)
    raise SystemExit("it ended")
except RequestTimeoutError:
    pass

# %% loop in both create_completion docstrings
from g4f_nb.errors import UnknownParameterError

try:
    list(OpenaiTemplate.create_completion("m", messages, loop=None))
    raise SystemExit("it was taken")
except TypeError as error:
    assert isinstance(error, UnknownParameterError) and "'loop'" in str(error)

# %% ProviderModelMixin.default_model
from g4f_nb.providers import ProviderModelMixin

with serve() as server:
    class Mine(OpenaiTemplate):
        api_base = server.api_base
        default_model = "best"
        model_aliases = {"best": "upper"}

    assert "".join(map(str, Mine.create_completion("", messages))) == "HELLO"
    assert server.requests[-1].body["model"] == "upper"
class Nothing(ProviderModelMixin):
    default_model = ""

assert Nothing.get_models() == []

# %% ProviderModelMixin.models, model_aliases, image_models, vision_models
class Parent(ProviderModelMixin):
    models = ["a-1", "b-1"]
    model_aliases = {"a": "a-1", "unlisted": "elsewhere"}

class Child(Parent):
    pass

Child.models.append("c-1")
Child.model_aliases["c"] = "c-1"
assert Parent.models == ["a-1", "b-1"] and "c" not in Parent.model_aliases
assert Parent.get_model("unlisted") == "elsewhere"
assert ProviderModelMixin.image_models == [] == ProviderModelMixin.vision_models
assert Child.image_models is not Parent.image_models

# %% ProviderModelMixin.last_model
Child.get_model("c")
assert (Child.last_model, Parent.last_model, ProviderModelMixin.last_model) == ("c-1", "elsewhere", None)

# %% ProviderModelMixin.get_models
Parent.get_models(refresh=True).append("x")
assert Parent.get_models() == ["a-1", "b-1"]

# %% ProviderModelMixin.get_model, ModelNotSupportedError
from g4f_nb.errors import ModelNotFoundError, ModelNotSupportedError

try:
    Parent.get_model("a-2")
    raise SystemExit("it was taken")
except ModelNotSupportedError as error:
    assert "a-1" in str(error)
assert Parent.get_model("") == "a-1"
# A server's "no such model" is caught by the same clause.
assert issubclass(ModelNotFoundError, ModelNotSupportedError)

# %% debug.last_model
from g4f_nb.chunks import ProviderInfo
from g4f_nb.providers import Demo

first = next(Demo.create_completion("demo-fast", messages))
assert first == ProviderInfo("Demo", "demo-fast")

# %% RaiseErrorMixin.raise_error: error_message
from g4f_nb import errors
from g4f_nb.providers import RaiseErrorMixin

def raised(data, status=None):
    try:
        return RaiseErrorMixin.raise_error(data, status)
    except errors.G4FError as error:
        return type(error).__name__, str(error).partition(" — ")[0], error.status

assert raised({"error_message": "m"}) == ("ResponseError", "m", None)
assert raised({"error_message": "m"}, 401) == ("MissingAuthError", "Error 401: m", 401)

# %% raise_error: error string
kinds = {
    400: "BadRequestError", 401: "MissingAuthError", 402: "PaymentRequiredError",
    403: "PermissionDeniedError", 404: "NotFoundError", 408: "RequestTimeoutError",
    413: "BadRequestError", 422: "BadRequestError", 429: "RateLimitError", 418: "ResponseError",
    500: "ServerError", 502: "ServerError", 504: "RequestTimeoutError", 529: "ServerError",
}
for status, kind in kinds.items():
    assert raised({"error": "m"}, status) == (kind, f"Error {status}: m", status)
assert raised({"error": "m"}) == ("ResponseError", "m", None)

# %% raise_error: error bool
assert raised({"error": True})[0] == "ResponseError"
for nothing in (False, None, "", []):
    assert raised({"error": nothing, "choices": [{}]}) is None

# %% raise_error: error object
told = raised({"error": {"code": "c", "message": "m"}}, 429)
assert told == ("RateLimitError", "Error 429: m (c)", 429)
whole = {"code": 400, "message": "m", "failed_generation": "f"}
for missing in (None, *whole):
    for value in ("left out", None):
        error = {name: text for name, text in whole.items() if name != missing}
        if missing and value is None:
            error[missing] = None
        kind, text, status = raised({"error": error}, 401)
        assert (kind, status) == ("MissingAuthError", 401)
        assert "None" not in text and "null" not in text
assert raised({"error": whole}) == ("BadRequestError", "Error 400: m\nf (400)", 400)

# %% raise_error: error anything else
assert raised({"error": [{"message": "m"}]})[:2] == ("ResponseError", "m")
assert raised({"error": {"x": 1}})[0] == "ResponseError"
assert raised({"error": {}})[0] == "UnreadableResponseError"
kind, text, _ = raised({"error": {"x": "sk-abcdef123456" + "y" * 5000}})
assert len(text) <= 520 and "sk-abcdef" not in text

# %% raise_error: neither error nor answer
for data in ({}, {"choices": []}, {"error": False}):
    assert raised(data)[1].startswith("Invalid response: ")
assert raised([{"error": {"code": 429, "message": "m"}}]) == ("RateLimitError", "Error 429: m (429)", 429)
assert raised({"detail": "m"}, 422) == ("BadRequestError", "Error 422: m", 422)
assert raised({"status": 401, "message": "m"})[::2] == ("MissingAuthError", 401)
assert raised({"title": "t", "detail": "d", "status": 503})[::2] == ("ServerError", 503)

# %% raise_error: list without error, data, models
for data in ([], ["a"], {"data": []}, {"models": []}, {"choices": [{}]}):
    assert raised(data) is None

# %% AuthFileMixin.get_cache_file, parent
import os
from pathlib import Path
from g4f_nb.providers import AuthFileMixin

folder = Path(os.environ["G4F_NB_CONFIG_DIR"])

class Family(AuthFileMixin):
    parent = "Parent"

assert Family.get_cache_file() == folder / "auth_Parent.json"
assert Family.get_cache_file("ann").name == "auth_Parent_49915e0d7d4b.json"

# %% get_cookies_dir
import stat
from g4f_nb.chunks import AuthResult

file = AsyncAuthedProvider.get_cache_file("somebody")
AsyncAuthedProvider.write_cache_file(file, AuthResult(token="t"))
if os.name != "nt":
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
assert file.parent == folder

# %% AsyncAuthedProvider
assert AsyncAuthedProvider.__bases__ == (AsyncGeneratorProvider, AuthFileMixin)

# %% AsyncAuthedProvider.on_auth_async, on_auth
from g4f_nb.chunks import RequestLogin
from g4f_nb.errors import MissingAuthError

class Asks(AsyncAuthedProvider):
    logins = 0

    @classmethod
    async def on_auth_async(cls, **kwargs):
        cls.logins += 1
        yield RequestLogin("Asks", "https://example.invalid/login")
        yield AuthResult(number=cls.logins)

    @classmethod
    async def create_authed(cls, model, messages, auth_result, **kwargs):
        cls.questions.append(auth_result.number)
        if auth_result.number in cls.refused:
            raise MissingAuthError("expired")
        yield f"asked with {auth_result.number}"

    questions, refused = [], set()

assert [type(one) for one in Asks.on_auth()] == [RequestLogin, AuthResult]
for nothing in ({}, {"api_key": None}, {"api_key": ""}):
    try:
        AsyncAuthedProvider.on_auth(**nothing)
        raise SystemExit("it is logged in")
    except MissingAuthError:
        pass
Asks.logins = 0

# %% AsyncAuthedProvider.write_cache_file
from g4f_nb.errors import InvalidParameterError

AsyncAuthedProvider.write_cache_file(file)
assert not file.exists()
try:
    AsyncAuthedProvider.write_cache_file(file, AuthResult(token="planted-token", session={1, 2}))
    raise SystemExit("it was written")
except InvalidParameterError as error:
    assert "'session'" in str(error) and "planted" not in str(error)
assert not file.exists()

# %% AsyncAuthedProvider.create_completion, create_async_generator
import json

def text(chunks):
    return "".join(map(str, chunks))

kept = Asks.get_cache_file()
assert text(Asks.create_completion("m", messages)) == "asked with 1"
assert json.loads(kept.read_text()) == {"number": 1}
assert text(Asks.create_completion("m", messages)) == "asked with 1"
assert (Asks.logins, Asks.questions) == (1, [1, 1])
# Refused: one login, one more question, and the new login in the file.
Asks.refused = {1}
assert text(Asks.create_completion("m", messages)) == "asked with 2"
assert (Asks.logins, Asks.questions) == (2, [1, 1, 1, 2])
assert json.loads(kept.read_text()) == {"number": 2}
# Refused for good: one login, one more question, no file.
Asks.refused = {2, 3}
try:
    text(Asks.create_completion("m", messages))
    raise SystemExit("it answered")
except MissingAuthError:
    pass
assert (Asks.logins, Asks.questions[4:]) == (3, [2, 3])
assert not kept.exists()

# %% AsyncAuthedProvider, awaited
assert text([chunk async for chunk in Asks.create_async_generator("m", messages)]) == "asked with 4"
assert await Asks.create_async("m", messages) == "asked with 4"
assert Asks.logins == 4

# %% create_authed
class Single(AsyncAuthedProvider):
    @classmethod
    async def create_authed(cls, model, messages, auth_result, **kwargs):
        return "the whole"

class Unsaved(Asks):
    @classmethod
    async def on_auth_async(cls, **kwargs):
        return AuthResult(number=0, session=object())

assert list(Single.create_completion("m", messages, api_key="k")) == ["the whole"]
# A login that cannot be saved only warns.
assert list(Unsaved.create_completion("m", messages)) == ["asked with 0"]

# %% AuthResult
assert AuthResult(token="planted-token").get_dict() == {"token": "planted-token"}
assert "planted" not in repr(AuthResult(token="planted-token"))

# %% to_sync_generator
from g4f_nb.loops import to_sync_generator

async def held():
    async with asyncio.timeout(0.05):
        yield "first"
        await asyncio.sleep(30)

async def one():
    return "one"

def seen(source):
    try:
        return [chunk for chunk in to_sync_generator(source, stream=True)]
    except TimeoutError:
        return "timed out"

assert seen(held()) == "timed out"
assert seen(one()) == ["one"]

# %% CreateResult, AsyncResult, Messages
from g4f_nb.typing import AsyncResult, CreateResult, Messages

# %% ResponseError, MissingAuthError, PaymentRequiredError
from g4f_nb.errors import G4FError, PaymentRequiredError, ResponseError

assert issubclass(PaymentRequiredError, ResponseError) and issubclass(ResponseError, G4FError)
assert issubclass(MissingAuthError, G4FError) and not issubclass(MissingAuthError, ResponseError)
