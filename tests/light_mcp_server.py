"""The tools of `mcp_server.py` that tests of starting and ending need, without its SDK, which takes a second.

A line is a message of JSON-RPC, as the protocol's stdio transport says: `python light_mcp_server.py`.
"""

from __future__ import annotations

import json
import os
import sys

NUMBERS = {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}}
NAME = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
TOOLS = {
    "add": (NUMBERS, lambda a, b: str(a + b)),
    "variable": (NAME, lambda name: os.environ.get(name, "(not set)")),
    "pid": ({"type": "object", "properties": {}}, lambda: str(os.getpid())),
}


def answer(method, given):
    """What the server says to one request."""
    if method == "initialize":
        return {
            "protocolVersion": given["protocolVersion"],
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "light", "version": "1"},
        }
    if method == "tools/list":
        return {"tools": [{"name": name, "inputSchema": schema} for name, (schema, _) in TOOLS.items()]}
    said = TOOLS[given["name"]][1](**given.get("arguments") or {}) if method == "tools/call" else ""
    return {"content": [{"type": "text", "text": said}]}


if __name__ == "__main__":
    if "--broken" in sys.argv:
        sys.exit("cannot start: no configuration, key sk-1234567890abcdef")
    for line in sys.stdin:
        asked = json.loads(line)
        if "id" in asked:
            said = answer(asked["method"], asked.get("params") or {})
            sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": said}) + "\n")
            sys.stdout.flush()
