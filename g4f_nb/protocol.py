"""Servers of the Model Context Protocol, spoken to with the protocol's own library, which is optional."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from g4f_nb.errors import MissingRequirementsError

# Seconds of silence; a tool may take its time, and has its own limit in a dialogue.
_HTTP_LIMIT = 300.0


class ToolServerError(Exception):
    """What a tool server says went wrong; the model is told."""


def load_library(*, over_http: bool) -> None:
    """Import it on the thread that asks: it takes a while, in which our own loop serves everybody else."""
    try:
        import mcp.client.stdio
        from mcp import Client  # noqa: F401  # older versions have none

        if over_http:
            import httpx2  # noqa: F401
            import mcp.client.streamable_http  # noqa: F401
    except ImportError as error:
        raise MissingRequirementsError(
            "tools of an MCP server need the package mcp, version 2 or newer: install g4f_nb[mcp]"
        ) from error


def connected(url: str | None, command: Sequence[str], options: Mapping[str, Any], *, log: Any) -> Any:
    """A client of the address, or of the program that the command starts; to be entered."""
    if url is not None:
        return _over_http(url, options)
    from mcp import Client, StdioServerParameters
    from mcp.client.stdio import stdio_client

    program = StdioServerParameters(
        command=command[0], args=list(command[1:]), env=options["env"], cwd=options["cwd"]
    )
    # Not our stderr: a notebook's has no file behind it, and what a server logs is no output of a cell.
    return Client(stdio_client(program, errlog=log))


@contextlib.asynccontextmanager
async def _over_http(url: str, options: Mapping[str, Any]) -> AsyncIterator[Any]:
    import httpx2
    from mcp import Client
    from mcp.client.streamable_http import streamable_http_client

    headers = options["headers"]
    # A key that was given for this address must not follow to another one.
    follow = headers is None
    async with (
        httpx2.AsyncClient(headers=headers, follow_redirects=follow, timeout=_HTTP_LIMIT) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        yield client


async def listed(client: Any) -> list[Any]:
    """All tools, page by page."""
    page = await client.list_tools()
    tools = list(page.tools)
    while page.next_cursor:
        page = await client.list_tools(cursor=page.next_cursor)
        tools += page.tools
    return tools


def text_of(result: Any) -> str:
    """What a tool gave, as text; what is none is told."""
    parts = []
    for part in result.content:
        match part.type:
            case "text":
                parts.append(part.text)
            case "image" | "audio":
                parts.append(f"({part.type}, {part.mime_type}, {len(part.data) * 3 // 4:,} bytes)")
            case "resource":
                parts.append(getattr(part.resource, "text", None) or f"(file {part.resource.uri})")
            case _:
                parts.append(f"(see {getattr(part, 'uri', part.type)})")
    text = "\n".join(parts)
    if result.is_error:
        raise ToolServerError(text or "the tool failed and did not say why")
    if not text and result.structured_content is not None:
        import orjson

        return orjson.dumps(result.structured_content).decode()
    return text


def first_of(error: BaseException) -> BaseException:
    """What went wrong first, within the groups that task groups raise."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
