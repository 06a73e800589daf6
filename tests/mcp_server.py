"""A small MCP server, written with the official SDK: `python mcp_server.py` on stdio, `app()` over HTTP."""

from __future__ import annotations

import os
import time

from mcp.server.mcpserver import Image, MCPServer
from mcp.server.mcpserver.exceptions import ToolError

server = MCPServer("small")


@server.tool()
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@server.tool(name="files.read")
def read(path: str) -> str:
    """Read a file."""
    raise ToolError(f"there is no {path}")


@server.tool()
def variable(name: str) -> str:
    """Tell a variable of the environment."""
    return os.environ.get(name, "(not set)")


@server.tool()
def picture() -> Image:
    """Draw a picture."""
    return Image(data=b"0123456789", format="png")


@server.tool()
def slow(seconds: float) -> str:
    """Take its time."""
    time.sleep(seconds)
    return "done"


@server.tool()
def pid() -> int:
    """Tell who runs."""
    return os.getpid()


def app():
    """The same over streamable HTTP."""
    return server.streamable_http_app()


if __name__ == "__main__":
    server.run()
