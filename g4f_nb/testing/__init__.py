"""A small, real, OpenAI-compatible server on 127.0.0.1, for tests and for trying things out.

    from g4f_nb.testing import serve

    with serve() as server:
        print(server.api_base)            # http://127.0.0.1:PORT/v1, for any OpenAI client
        ...                               # ask the model "echo", "tools", "stall", "error-429" ...
        print(server.requests[-1].body)   # what arrived

The model's name chooses the behaviour: `describe()` lists them all. The answers need no network and no
model, and are the same each time. Tokens are words. `python -m g4f_nb.testing` runs it in a terminal.

In a notebook, `server, stop = start()` runs it until `stop()`. Inside a running event loop, `async with
Server() as server` is the same server without a thread.
"""

from __future__ import annotations

from .behaviours import describe
from .seen import Seen
from .server import Server
from .serving import serve, start

__all__ = ["Seen", "Server", "describe", "serve", "start"]
