"""The description of the original's `Berlin`: every name, in order; `SERVER` is a local server of that kind."""

# %% the class and its bases
import inspect

from g4f_nb.providers import AsyncGeneratorProvider, Berlin, ProviderModelMixin, RaiseErrorMixin

assert [base for base in Berlin.__bases__] == [AsyncGeneratorProvider, ProviderModelMixin, RaiseErrorMixin]

# %% url: information, and no address
assert Berlin.url == "ai.berlin4h.top"

# %% working: computed
import os

assert Berlin.working is False
os.environ["BERLIN_API_BASE"] = "http://127.0.0.1:1"
assert Berlin.working is True
del os.environ["BERLIN_API_BASE"]

# %% supports_gpt_35_turbo
assert Berlin.supports_gpt_35_turbo is True

# %% _token: gone from the class
assert "_token" not in vars(Berlin)

# %% create_async_generator: proxy comes third
parameters = inspect.signature(Berlin.create_async_generator).parameters
assert list(parameters)[:3] == ["model", "messages", "proxy"]
assert parameters["proxy"].default is None
assert inspect.isasyncgenfunction(Berlin.create_async_generator)

# %% without a server
from g4f_nb.errors import BerlinError, MissingAuthError, ProviderNotWorkingError, ResponseError

ASKED = [{"role": "user", "content": "Hello, how are you?"}]
try:
    list(Berlin.create_completion("", ASKED))
except ProviderNotWorkingError as error:
    assert "BERLIN_API_BASE" in str(error)
else:
    raise AssertionError("no error")

# %% login and password: from the user, one login for many calls
from g4f_nb.testing import start_berlin

SERVER, stop = start_berlin()
os.environ["BERLIN_API_BASE"] = SERVER.api_base
try:
    list(Berlin.create_completion("", ASKED))
except MissingAuthError as error:
    assert "BERLIN_ACCOUNT" in str(error)
else:
    raise AssertionError("no error")
os.environ["BERLIN_ACCOUNT"] = SERVER.account
os.environ["BERLIN_PASSWORD"] = SERVER.password
for _ in range(2):
    assert "".join(map(str, Berlin.create_completion("", ASKED))) == "Hello, how are you?"
assert len(SERVER.logins) == 1

# %% the token ends: one login more
SERVER.end_tokens()
assert await Berlin.create_async("", ASKED) == "Hello, how are you?"
assert len(SERVER.logins) == 2
assert not any(seen.headers["token"] in repr(vars(Berlin)) for seen in SERVER.chats)

# %% model and messages
body = SERVER.chats[-1].body
assert body["options"]["model"] == "gpt-3.5-turbo"
assert body["prompt"] == "User: Hello, how are you?"
await Berlin.create_async("another", ASKED)
assert SERVER.chats[-1].body["options"]["model"] == "another"

# %% RuntimeError: what is no answer
try:
    await Berlin.create_async("code-500", ASKED)
except RuntimeError as error:
    assert type(error) is BerlinError and isinstance(error, ResponseError)
else:
    raise AssertionError("no error")

# %% objects joined and torn
for model in ("joined", "torn", "null"):
    assert await Berlin.create_async(model, ASKED) == "Hello, how are you?"

# %% the end
stop()
