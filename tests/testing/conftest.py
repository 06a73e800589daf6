"""A raw HTTP client for the test server: it changes nothing of what arrives."""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass, field

import aiohttp
import orjson
import pytest

from g4f_nb.testing import serve


@dataclass(slots=True)
class Reply:
    """What came back, up to the error that ended it."""

    status: int = 0
    headers: dict = field(default_factory=dict)
    raw: bytes = b""
    reads: list = field(default_factory=list)
    error: Exception | None = None

    @property
    def json(self):
        """The body, which is JSON."""
        return orjson.loads(self.raw)

    @property
    def events(self):
        """The JSON events of a plain stream, without `[DONE]`."""
        payloads = [block.removeprefix(b"data: ") for block in self.raw.split(b"\n\n") if block]
        return [orjson.loads(payload) for payload in payloads if payload != b"[DONE]"]

    def joined(self, field="content"):
        """Join the text of the first choice of a plain stream."""
        deltas = [event["choices"][0]["delta"] for event in self.events if event.get("choices")]
        return "".join(delta.get(field) or "" for delta in deltas)


async def _ask(server, model, text="Hello big wide world", *, within=5.0, headers=None, **body):
    """Send one chat request."""
    body = {"model": model, "messages": [{"role": "user", "content": text}], "stream": True} | body
    reply = Reply()
    wait = aiohttp.ClientTimeout(total=within)
    async with aiohttp.ClientSession(timeout=wait, auto_decompress=False, headers=headers) as session:
        try:
            async with session.post(f"{server.api_base}/chat/completions", json=body) as response:
                reply.status, reply.headers = response.status, response.headers
                # As the server cut it: `iter_any()` would join what comes together.
                async for data, _ in response.content.iter_chunks():
                    reply.raw += data
                    reply.reads += [data] if data else []
        except (aiohttp.ClientError, TimeoutError) as error:
            reply.error = error
    return reply


def _get(server, path="/v1/models", *, method="GET", data=None, headers=None):
    """Send one plain request and give status and JSON."""

    async def go():
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.request(method, f"http://127.0.0.1:{server.port}{path}", data=data) as response,
        ):
            return response.status, orjson.loads(await response.read())

    return asyncio.run(go())


def _chat(server, body):
    """Send a chat request with this body, JSON or not, and give status and JSON."""
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    return _get(server, "/v1/chat/completions", method="POST", data=io.BytesIO(data))


@pytest.fixture
def get():
    """Send one plain request and give status and JSON."""
    return _get


@pytest.fixture
def chat():
    """Send a chat request with this body, JSON or not, and give status and JSON."""
    return _chat


@pytest.fixture
def ask():
    """Send one chat request from outside of any loop."""
    return lambda *args, **body: asyncio.run(_ask(*args, **body))


@pytest.fixture
def ask_async():
    """Send one chat request from inside of a loop."""
    return _ask


@pytest.fixture(scope="session")
def shared():
    """One server for the tests that leave no trace in it."""
    with serve() as server:
        yield server


@pytest.fixture
def server():
    """A server of the test's own."""
    with serve() as server:
        yield server
