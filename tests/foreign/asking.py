"""The same few questions to every foreign server, in all the ways that they can be asked."""

from __future__ import annotations

import asyncio
from typing import Any

from g4f_nb.providers import OpenaiTemplate
from g4f_nb.reply import Reply

WAYS = ["stream", "whole", "sync", "beside a loop"]


def ask(base: str, model: str, prompt: str, way: str, **given: Any) -> Reply:
    """One question, as a stream or whole, awaited or at either door of the synchronous form."""
    messages = [{"role": "user", "content": prompt}]
    given = {"api_base": base, "timeout": 60, "max_retries": 0, "stream": way != "whole"} | given

    async def awaited() -> Reply:
        reply = Reply()
        async for chunk in OpenaiTemplate.create_async_generator(model, messages, **given):
            reply.add(chunk)
        return reply

    def synchronous() -> Reply:
        reply = Reply()
        for chunk in OpenaiTemplate.create_completion(model, messages, **given):
            reply.add(chunk)
        return reply

    async def beside_a_loop() -> Reply:
        return synchronous()

    if way == "sync":
        return synchronous()
    return asyncio.run(beside_a_loop() if way == "beside a loop" else awaited())
