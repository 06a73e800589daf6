"""The description of the original's `Berlin`: its two examples, in order; the server and the proxy are local."""

# %% a local server and a local proxy in the places of the real ones
import contextlib
import io
import os

from g4f_nb.providers import Berlin
from g4f_nb.testing import start_berlin
from local_proxy import start_proxy

SERVER, stop = start_berlin()
PROXY, stop_proxy = start_proxy()
os.environ["BERLIN_API_BASE"] = SERVER.api_base
os.environ["BERLIN_ACCOUNT"] = SERVER.account
os.environ["BERLIN_PASSWORD"] = SERVER.password
HTTP_YOUR_PROXY_URL_8080 = PROXY.url

# %% example 1
import asyncio
from typing import List, Dict

async def main():
    model_name = "gpt-3.5-turbo"
    messages: List[Dict[str, str]] = [{"role": "user", "content": "Hello, how are you?"}]
    proxy_url = None
    extra_params = {"temperature": 0.5}

    async for response_chunk in Berlin.create_async_generator(model_name, messages, proxy_url, **extra_params):
        print(response_chunk, end="")

    print()

with contextlib.redirect_stdout(io.StringIO()) as printed:
    if "get_ipython" in globals():
        await main()
    else:
        # `asyncio.run` needs a thread without a loop, as the script is where this is its last line.
        await asyncio.to_thread(asyncio.run, main())
assert printed.getvalue() == "Hello, how are you?\n"
assert SERVER.chats[-1].body["options"]["temperature"] == 0.5
assert PROXY.seen == []

# %% example 2: through a proxy
import asyncio
from typing import List, Dict

SERVER.end_tokens()

async def main():
    model_name = "gpt-3.5-turbo"
    messages: List[Dict[str, str]] = [{"role": "user", "content": "Привет, как дела?"}]
    proxy_url = HTTP_YOUR_PROXY_URL_8080
    extra_params = {"temperature": 0.5}

    async for response_chunk in Berlin.create_async_generator(model_name, messages, proxy_url, **extra_params):
        print(response_chunk, end="")

    print()

with contextlib.redirect_stdout(io.StringIO()) as printed:
    if "get_ipython" in globals():
        await main()
    else:
        await asyncio.to_thread(asyncio.run, main())
assert printed.getvalue() == "Привет, как дела?\n"
paths = [target.partition("/api/")[2] for _, target in PROXY.seen]
assert "login" in paths and "chat/completions" in paths

# %% the end
stop()
stop_proxy()
