"""The clients that are measured, each in the same few tasks; a task gives the number of characters it got."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import socket
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson

MESSAGES = [{"role": "user", "content": "hi"}]
Task = Callable[[str, str], Awaitable[int]]


def body(model: str, *, stream: bool) -> dict[str, object]:
    return {"model": model, "messages": MESSAGES, "stream": stream}


async def bare_socket(base: str, model: str) -> int:
    """No HTTP library at all: read, split, parse."""

    def work() -> int:
        parts = urlsplit(base)
        payload = json.dumps(body(model, stream=True)).encode()
        with socket.create_connection((parts.hostname, parts.port)) as connection:
            connection.sendall(
                b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(payload)
                + payload
            )
            size, tail = 0, b""
            while piece := connection.recv(262144):
                *blocks, tail = (tail + piece).split(b"\n\n")
                for block in blocks:
                    _, mark, data = block.rpartition(b"data: ")
                    if data == b"[DONE]":
                        return size
                    if mark:
                        size += len(orjson.loads(data)["choices"][0]["delta"].get("content", ""))
        return size

    return work()


def template() -> Any:
    """Ours; peers are measured in environments that have not all that it needs."""
    from g4f_nb.providers import OpenaiTemplate

    return OpenaiTemplate


async def raw(base: str, model: str) -> int:
    """The reference: aiohttp reading lines, orjson."""
    async with aiohttp.ClientSession() as session:
        return await read_lines(session, base, model)


async def read_lines(session: aiohttp.ClientSession, base: str, model: str) -> int:
    """One stream, line by line."""
    async with session.post(f"{base}/chat/completions", json=body(model, stream=True)) as answer:
        parts = []
        async for line in answer.content:
            if line.startswith(b"data: ") and line != b"data: [DONE]\n":
                content = orjson.loads(line[6:])["choices"][0]["delta"].get("content")
                if content:
                    parts.append(content)
        return len("".join(parts))


async def read_whole(session: aiohttp.ClientSession, base: str, model: str) -> int:
    """One JSON answer."""
    async with session.post(f"{base}/chat/completions", json=body(model, stream=False)) as answer:
        return len(orjson.loads(await answer.read())["choices"][0]["message"]["content"])


async def raw_buffers(base: str, model: str) -> int:
    """Aiohttp reading whole buffers, orjson."""
    url = f"{base}/chat/completions"
    async with aiohttp.ClientSession() as session, session.post(url, json=body(model, stream=True)) as answer:
        parts, tail = [], b""
        async for piece in answer.content.iter_any():
            *blocks, tail = (tail + piece).split(b"\n\n")
            for block in blocks:
                if block != b"data: [DONE]":
                    content = orjson.loads(block[6:])["choices"][0]["delta"].get("content")
                    if content:
                        parts.append(content)
        return len("".join(parts))


async def ours(base: str, model: str) -> int:
    """`create_async_generator`."""
    chunks = template().create_async_generator(model, MESSAGES, api_base=base, stream=True)
    return len("".join([str(chunk) async for chunk in chunks]))


async def ours_sync(base: str, model: str) -> int:
    """`create_completion` under a running loop."""
    return len("".join(map(str, template().create_completion(model, MESSAGES, api_base=base))))


async def g4f(base: str, model: str) -> int:
    from g4f.Provider import OpenaiTemplate as Template

    chunks = Template.create_async_generator(model, MESSAGES, base_url=base, api_key="k", stream=True)
    return len("".join([chunk async for chunk in chunks if isinstance(chunk, str)]))


async def g4f_sync(base: str, model: str) -> int:
    from g4f.providers.asyncio import to_sync_generator

    return len(
        "".join(
            chunk
            for chunk in to_sync_generator(
                __import__("g4f.Provider", fromlist=["OpenaiTemplate"]).OpenaiTemplate.create_async_generator(
                    model, MESSAGES, base_url=base, api_key="k", stream=True
                )
            )
            if isinstance(chunk, str)
        )
    )


async def openai(base: str, model: str) -> int:
    from openai import AsyncOpenAI

    async with AsyncOpenAI(base_url=base, api_key="k") as client:
        parts = []
        answer = await client.chat.completions.create(model=model, messages=MESSAGES, stream=True)
        async for chunk in answer:
            if chunk.choices and chunk.choices[0].delta.content:
                parts.append(chunk.choices[0].delta.content)
        return len("".join(parts))


async def openai_sync(base: str, model: str) -> int:
    from openai import OpenAI

    with OpenAI(base_url=base, api_key="k") as client:
        answer = client.chat.completions.create(model=model, messages=MESSAGES, stream=True)
        return sum(len(chunk.choices[0].delta.content or "") for chunk in answer if chunk.choices)


async def litellm(base: str, model: str) -> int:
    import litellm as library

    parts = []
    answer = await library.acompletion(
        model=f"openai/{model}", messages=MESSAGES, api_base=base, api_key="k", stream=True
    )
    async for chunk in answer:
        parts.append(chunk.choices[0].delta.content or "")
    return len("".join(parts))


class _Line(asyncio.Protocol):
    """One connection, on which each request waits for its answer."""

    answer: asyncio.Future[bytes]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.answer.set_result(data)


@contextlib.asynccontextmanager
async def bare_asker(base):
    """Next to nothing: what the server, its timers and the system take is all there is."""
    address, loop, idle, lines = urlsplit(base), asyncio.get_running_loop(), [], []

    async def ask(model):
        if not idle:
            _, line = await loop.create_connection(_Line, address.hostname, address.port)
            lines.append(line)
        else:
            line = idle.pop()
        payload = orjson.dumps(body(model, stream=False))
        line.answer = loop.create_future()
        head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
        line.transport.write(head % len(payload) + payload)
        answer = await line.answer
        idle.append(line)
        return orjson.loads(answer.partition(b"\r\n\r\n")[2])["choices"][0]["message"]["content"]

    yield ask
    for line in lines:
        line.transport.close()
    await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def raw_asker(base):
    async with aiohttp.ClientSession() as session:

        async def ask(model):
            url = f"{base}/chat/completions"
            async with session.post(url, json=body(model, stream=False)) as answer:
                return orjson.loads(await answer.read())["choices"][0]["message"]["content"]

        yield ask


@contextlib.asynccontextmanager
async def our_asker(base):
    async def ask(model):
        return await template().create_async(model, MESSAGES, api_base=base)

    yield ask


@contextlib.asynccontextmanager
async def our_sync_asker(base):
    """`create_completion` under a running loop, one after the other."""

    async def ask(model):
        chunks = template().create_completion(model, MESSAGES, stream=False, api_base=base)
        return "".join(map(str, chunks))

    yield ask


@contextlib.asynccontextmanager
async def openai_asker(base):
    from openai import AsyncOpenAI

    async with AsyncOpenAI(base_url=base, api_key="k") as client:

        async def ask(model):
            answer = await client.chat.completions.create(model=model, messages=MESSAGES)
            return answer.choices[0].message.content

        yield ask


@contextlib.asynccontextmanager
async def litellm_asker(base):
    import litellm as library

    async def ask(model):
        answer = await library.acompletion(
            model=f"openai/{model}", messages=MESSAGES, api_base=base, api_key="k"
        )
        return answer.choices[0].message.content

    yield ask


async def in_a_row(asker, base: str, model: str, count: int) -> None:
    async with asker(base) as ask:
        for _ in range(count):
            assert await ask(model) == "ok"


async def at_once(asker, base: str, model: str, *, count: int, most: int) -> None:
    gate = asyncio.Semaphore(most)
    async with asker(base) as ask:

        async def one():
            async with gate:
                assert await ask(model)

        await asyncio.gather(*(one() for _ in range(count)))


def installed(*names: str) -> list[str]:
    """Those of the optional peers that can be measured here."""
    return [name for name in names if importlib.util.find_spec(name) is not None]
