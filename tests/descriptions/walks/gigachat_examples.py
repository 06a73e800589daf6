"""The description of the original's `GigaChat`: its three examples, in order; the key and the proxy are local."""

# %% a local server and a local proxy in the places of the real ones
import contextlib
import io
import os

from g4f_nb.providers import GigaChat
from g4f_nb.testing import start_gigachat
from local_proxy import start_proxy

SERVER, stop = start_gigachat(tls=True)
PROXY, stop_proxy = start_proxy()
os.environ["GIGACHAT_API_BASE"] = SERVER.api_base
# Two names of this machine, as the service has two hosts.
os.environ["GIGACHAT_AUTH_URL"] = SERVER.auth_url.replace("127.0.0.1", "localhost")
os.environ["GIGACHAT_CA_BUNDLE_FILE"] = SERVER.ca_file
YOUR_API_KEY = SERVER.key
HTTP_YOUR_PROXY_8080 = PROXY.url

# %% example 1: the fewest parameters
with contextlib.redirect_stdout(io.StringIO()) as printed:
    async for message in GigaChat.create_async_generator(model="GigaChat:latest", messages=[{"role": "user", "content": "Hello!"}], api_key=YOUR_API_KEY):
        print(message)

# What is not text prints as an empty line.
assert printed.getvalue().replace("\n", "") == "Hello!"
assert (len(SERVER.token_requests), PROXY.seen) == (1, [])

# %% example 2: through a proxy
SERVER.end_tokens()
with contextlib.redirect_stdout(io.StringIO()) as printed:
    async for message in GigaChat.create_async_generator(model="GigaChat:latest", messages=[{"role": "user", "content": "Hello!"}], api_key=YOUR_API_KEY, proxy=HTTP_YOUR_PROXY_8080):
        print(message)

# What is not text prints as an empty line.
assert printed.getvalue().replace("\n", "") == "Hello!"
assert sorted(set(PROXY.seen)) == [("CONNECT", f"127.0.0.1:{SERVER.port}"), ("CONNECT", f"localhost:{SERVER.port}")]

# %% example 3: with a scope
SERVER.end_tokens()
with contextlib.redirect_stdout(io.StringIO()) as printed:
    async for message in GigaChat.create_async_generator(model="GigaChat:latest", messages=[{"role": "user", "content": "Hello!"}], api_key=YOUR_API_KEY, scope="GIGACHAT_API_PERS"):
        print(message)

# What is not text prints as an empty line.
assert printed.getvalue().replace("\n", "") == "Hello!"
assert SERVER.token_requests[-1].body == {"scope": "GIGACHAT_API_PERS"}

# %% the end
stop()
stop_proxy()
