"""Providers for tests of combinations, and the ways to call one."""

from __future__ import annotations

import asyncio

import g4f_nb as nb
from g4f_nb.providers import AsyncGeneratorProvider

HELLO = [{"role": "user", "content": "hello"}]


def says(*steps, name="Says", stream=True):
    """A provider that gives these chunks, raises these errors, sleeps these seconds; `.calls` counts."""

    async def create_async_generator(cls, model, messages, stream=True, **kwargs):
        cls.calls.append({"model": model, "stream": stream, **kwargs})
        try:
            for step in steps:
                if isinstance(step, BaseException):
                    raise step
                if isinstance(step, float):
                    await asyncio.sleep(step)
                else:
                    yield step
        finally:
            cls.ended += 1

    members = {"calls": [], "ended": 0, "create_async_generator": classmethod(create_async_generator)}
    return type(name, (AsyncGeneratorProvider,), members)


def sync(cls, **given):
    """All chunks, as a script gets them."""
    return list(cls.create_completion("", HELLO, **given))


def in_a_cell(cls, **given):
    """All chunks, synchronously where a loop runs."""

    async def go():
        return sync(cls, **given)

    return asyncio.run(go())


def streamed(cls, **given):
    """All chunks, with `async for`."""

    async def go():
        return [one async for one in cls.create_async_generator("", HELLO, **given)]

    return asyncio.run(go())


def whole(cls, **given):
    """The text of `create_async`, as a list of one."""
    return [asyncio.run(cls.create_async("", HELLO, **given))]


def asked(cls, **given):
    """The text of `nb.ask`, as a list of one."""
    return [nb.ask("hello", cls, **given).text]


def awaited(cls, **given):
    """The text of `nb.ask_async`, as a list of one."""

    async def go():
        return [(await nb.ask_async("hello", cls, **given)).text]

    return asyncio.run(go())


CALLS = [sync, in_a_cell, streamed, whole, asked, awaited]


def text(chunks):
    """The answer in a stream."""
    return "".join(map(str, chunks))
