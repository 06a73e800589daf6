"""The server in a terminal: `python -m g4f_nb.testing --port 8123`, until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import sys

from .behaviours import describe
from .server import Server


def main(arguments: list[str] | None = None) -> int:
    """Run the server in the foreground, or list what it can do."""
    parser = argparse.ArgumentParser(
        prog="python -m g4f_nb.testing", description="An OpenAI-compatible server."
    )
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument("--api-key", help="ask for this key")
    parser.add_argument(
        "--latency", type=float, default=0.0, metavar="SECONDS", help="wait before each answer"
    )
    parser.add_argument("--list", action="store_true", help="list the models and what they do, and exit")
    options = parser.parse_args(arguments)
    if options.list:
        _say("\n".join(f"{name:<20} {line}" for name, line in describe().items()))
        return 0
    try:
        asyncio.run(_run(Server(port=options.port, api_key=options.api_key, latency=options.latency)))
    except KeyboardInterrupt:
        return 0
    except OSError as error:
        sys.stderr.write(f"cannot listen on port {options.port}: {error.strerror}\n")
        return 1
    return 0


async def _run(server: Server) -> None:
    async with server:
        _say(f"{server.api_base}  (Ctrl-C ends it, --list says what the models do)")
        await asyncio.Event().wait()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
