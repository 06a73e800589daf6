"""The description of the original's `OpenaiTemplate`: its eight examples, in order."""

# %% the local server that stands in for OpenAI's
import contextlib, io, os
from g4f_nb.testing import start

server, stop = start(models=["gpt-4", "gpt-3.5-turbo"])
os.environ["OPENAI_BASE_URL"] = server.api_base

# %% example 1: get_models, as its documentation shows it
from g4f_nb.providers import OpenaiTemplate

assert OpenaiTemplate.get_models(api_key="your_api_key") == ['gpt-3.5-turbo', 'gpt-4']

# %% example 2: get_models with a key
with contextlib.redirect_stdout(io.StringIO()) as printed:
    models = OpenaiTemplate.get_models(api_key="your_api_key")
    print(models)

assert printed.getvalue() == "['gpt-3.5-turbo', 'gpt-4']\n"
assert server.requests[0].headers["Authorization"] == "Bearer your_api_key"

# %% example 3: get_models with the class's key
with contextlib.redirect_stdout(io.StringIO()) as printed:
    OpenaiTemplate.api_key = "class_key"
    models = OpenaiTemplate.get_models()
    print(models)

assert printed.getvalue() == "['gpt-3.5-turbo', 'gpt-4']\n"
assert [request.headers["Authorization"] for request in server.requests] == ["Bearer your_api_key", "Bearer class_key"]
OpenaiTemplate.api_key = None

# %% example 4: the async generator with a key and a model
async def main():
    async for chunk in OpenaiTemplate.create_async_generator(
        model="gpt-3.5-turbo",
        messages=[{"role": "user", "content": "Hello, how are you?"}],
        api_key="your_api_key"
    ):
        print(chunk)

with contextlib.redirect_stdout(io.StringIO()) as printed:
    await main()

# One JSON answer: who answered, the text, what it cost, why it ended; only the text prints.
assert printed.getvalue() == "\nHello, how are you?\n\n\n"
assert server.requests[-1].body == {
    "model": "gpt-3.5-turbo",
    "messages": [{"role": "user", "content": "Hello, how are you?"}],
    "stream": False,
}
assert server.requests[-1].headers["Authorization"] == "Bearer your_api_key"

# %% example 5: the same through a proxy
from local_proxy import local_proxy

async def main(proxy):
    async for chunk in OpenaiTemplate.create_async_generator(
        model="gpt-3.5-turbo",
        messages=[{"role": "user", "content": "Hello, how are you?"}],
        api_key="your_api_key",
        proxy=proxy
    ):
        print(chunk)

with local_proxy() as proxy, contextlib.redirect_stdout(io.StringIO()) as printed:
    await main(proxy.url)
assert printed.getvalue() == "\nHello, how are you?\n\n\n"
assert proxy.seen == [("POST", f"{server.api_base}/chat/completions")]

# %% example 6: get_headers, as its documentation shows it
assert OpenaiTemplate.get_headers(stream=True, api_key="your_api_key") == \
    {'Accept': 'text/event-stream', 'Content-Type': 'application/json', 'Authorization': 'Bearer your_api_key'}

# %% example 7: get_headers with a key
with contextlib.redirect_stdout(io.StringIO()) as printed:
    headers = OpenaiTemplate.get_headers(stream=True, api_key="your_api_key")
    print(headers)
assert printed.getvalue() == (
    "{'Accept': 'text/event-stream', 'Content-Type': 'application/json', 'Authorization': 'Bearer your_api_key'}\n"
)

# %% example 8: get_headers without a key
with contextlib.redirect_stdout(io.StringIO()) as printed:
    headers = OpenaiTemplate.get_headers(stream=False)
    print(headers)
assert printed.getvalue() == "{'Accept': 'application/json', 'Content-Type': 'application/json'}\n"
stop()
