"""The description of the original's `GigaChat`: every name, in order; `SERVER` is a local GigaChat over HTTPS."""

# %% the class and its bases
import inspect

from g4f_nb.providers import AsyncGeneratorProvider, GigaChat, ProviderModelMixin, RaiseErrorMixin

assert [base for base in GigaChat.__bases__] == [AsyncGeneratorProvider, ProviderModelMixin, RaiseErrorMixin]

# %% url, working, the supports_ flags, needs_auth
assert GigaChat.url == "https://developers.sber.ru/gigachat"
assert GigaChat.working is True
assert GigaChat.supports_message_history is True
assert GigaChat.supports_system_message is True
assert GigaChat.supports_stream is True
assert GigaChat.needs_auth is True

# %% default_model, models
assert GigaChat.default_model == "GigaChat:latest"
assert GigaChat.models[:3] == [GigaChat.default_model, "GigaChat-Plus", "GigaChat-Pro"]
assert GigaChat.get_model("GigaChat:latest") == "GigaChat-2"
assert GigaChat.get_model("a newer one") == "a newer one"

# %% create_async_generator: its parameters
parameters = inspect.signature(GigaChat.create_async_generator).parameters
assert list(parameters)[:8] == [
    "model", "messages", "stream", "proxy", "api_key", "connector", "scope", "update_interval",
]
defaults = {name: parameters[name].default for name in list(parameters)[2:8]}
assert defaults == {
    "stream": True, "proxy": None, "api_key": None, "connector": None, "scope": None, "update_interval": 0,
}
assert inspect.isasyncgenfunction(GigaChat.create_async_generator)

# %% a local server to talk to
import os

from g4f_nb.testing import start_gigachat

SERVER, stop = start_gigachat(tls=True)
os.environ["GIGACHAT_API_BASE"] = SERVER.api_base
os.environ["GIGACHAT_AUTH_URL"] = SERVER.auth_url
ASKED = [{"role": "user", "content": "Hello!"}]

# %% MissingAuthError without a key
from g4f_nb.errors import MissingAuthError

try:
    async for message in GigaChat.create_async_generator("GigaChat:latest", ASKED):
        pass
except MissingAuthError as error:
    assert "GIGACHAT_API_KEY" in str(error)
else:
    raise AssertionError("no error")
assert SERVER.requests == []

# %% russian_trusted_root_ca.crt: no call writes it, and without it the server is not trusted
from g4f_nb.errors import CertificateError
from g4f_nb.settings import config_folder

try:
    async for message in GigaChat.create_async_generator("GigaChat:latest", ASKED, api_key=SERVER.key):
        pass
except CertificateError as error:
    assert "GigaChat.install_ca()" in str(error)
else:
    raise AssertionError("no error")
assert not (config_folder() / "russian_trusted_root_ca.crt").exists()
os.environ["GIGACHAT_CA_BUNDLE_FILE"] = SERVER.ca_file

# %% the token: Basic, RqUID, the scope; once for many calls
import uuid

for _ in range(3):
    text = "".join([str(each) async for each in GigaChat.create_async_generator("", ASKED, api_key=SERVER.key)])
    assert text == "Hello!"
(seen,) = SERVER.token_requests
assert seen.headers["Authorization"] == f"Basic {SERVER.key}"
assert uuid.UUID(seen.headers["RqUID"]).version == 4
assert seen.body == {"scope": "GIGACHAT_API_PERS"}

# %% the chat: model, messages, stream, update_interval
body = SERVER.chat_requests[-1].body
assert body == {"model": "GigaChat-2", "messages": ASKED, "stream": True, "update_interval": 0}
assert SERVER.chat_requests[-1].path == "/api/v1/chat/completions"

# %% the same, synchronously
assert "".join(map(str, GigaChat.create_completion("", ASKED, api_key=SERVER.key))) == "Hello!"

# %% an answer without stream: the whole body, its content
text = await GigaChat.create_async("GigaChat-Pro", ASKED, api_key=SERVER.key)
assert text == "Hello!"
assert SERVER.chat_requests[-1].body["stream"] is False
assert SERVER.chat_requests[-1].body["model"] == "GigaChat-2-Pro"

# %% kwargs: the API's own fields go, a typo does not
from g4f_nb.errors import UnknownParameterError

text = await GigaChat.create_async("", ASKED, api_key=SERVER.key, repetition_penalty=1.1, profanity_check=True)
assert SERVER.chat_requests[-1].body["repetition_penalty"] == 1.1
assert SERVER.chat_requests[-1].body["profanity_check"] is True
try:
    await GigaChat.create_async("", ASKED, api_key=SERVER.key, temprature=1)
except UnknownParameterError as error:
    assert "did you mean 'temperature'" in str(error)
else:
    raise AssertionError("no error")

# %% connector: used, and never closed
import aiohttp

connector = aiohttp.TCPConnector(ssl=__import__("ssl").create_default_context(cafile=SERVER.ca_file))
assert await GigaChat.create_async("", ASKED, api_key=SERVER.key, connector=connector) == "Hello!"
assert not connector.closed
await connector.close()

# %% the end
stop()
