"""A small, real, OpenAI-compatible server on 127.0.0.1, for tests and for trying things out.

    from g4f_nb.testing import serve

    with serve() as server:
        print(server.api_base)            # http://127.0.0.1:PORT/v1, for any OpenAI client
        ...                               # ask the model "echo", "tools", "stall", "error-429" ...
        print(server.requests[-1].body)   # what arrived

The model's name chooses the behaviour: `describe()` lists them all. The answers need no network and no
model, and are the same each time. Tokens are words. `python -m g4f_nb.testing` runs it in a terminal.
`/v1/images/generations` makes small real PNG files with the models "image" and "image-b64".

`serve(answers={"mine": function})` adds a model of your own: what the function says to the prompt.

In a notebook, `server, stop = start()` runs it until `stop()`. Inside a running event loop, `async with
Server() as server` is the same server without a thread.

`serve_gigachat()` and `start_gigachat()` do the same for a small GigaChat (`server.key`, `server.api_base`,
`server.auth_url`), which can speak HTTPS with an authority of its own: `serve_gigachat(tls=True)`. So do
`serve_berlin()` and `start_berlin()` for a server that `Berlin` talks to.

`AnthropicServer`, `GeminiServer` and `ResponsesServer` behave alike in dialects of their own; `with
running(AnthropicServer()) as server` starts one.
"""

from __future__ import annotations

from .anthropic import AnthropicServer
from .behaviours import describe
from .berlin import BerlinServer
from .gemini import GeminiServer
from .gigachat import GigaChatServer
from .responses import ResponsesServer
from .seen import Seen
from .server import Server
from .serving import running, serve, serve_berlin, serve_gigachat, start, start_berlin, start_gigachat

__all__ = [
    "AnthropicServer",
    "BerlinServer",
    "GeminiServer",
    "GigaChatServer",
    "ResponsesServer",
    "Seen",
    "Server",
    "describe",
    "running",
    "serve",
    "serve_berlin",
    "serve_gigachat",
    "start",
    "start_berlin",
    "start_gigachat",
]
