"""A server beside the program: on a thread of its own, for the length of a `with` block."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .server import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from ssl import SSLContext


@contextmanager
def serve(
    *,
    models: Sequence[str] | None = None,
    api_key: str | None = None,
    latency: float = 0.0,
    port: int = 0,
    ssl_context: SSLContext | None = None,
) -> Iterator[Server]:
    """Run a `Server` on a loop and thread of its own; both have ended when the block has."""
    server = Server(models=models, api_key=api_key, latency=latency, port=port, ssl_context=ssl_context)
    ready: Future[Callable[[], object]] = Future()
    thread = threading.Thread(target=_live, args=(server, ready), name="g4f_nb.testing", daemon=True)
    thread.start()
    try:
        stop = ready.result()
    except Exception:
        thread.join()
        raise
    try:
        yield server
    finally:
        stop()
        thread.join()


def _live(server: Server, ready: Future[Callable[[], object]]) -> None:
    # Not `asyncio.run`: notebooks have it patched to run on the caller's loop.
    with asyncio.Runner() as runner:
        runner.run(_until_stopped(server, ready))


async def _until_stopped(server: Server, ready: Future[Callable[[], object]]) -> None:
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    try:
        await server.__aenter__()
    except Exception as error:  # noqa: BLE001  (whatever it is, the caller's thread raises it)
        ready.set_exception(error)
        return
    ready.set_result(lambda: loop.call_soon_threadsafe(stopped.set))
    try:
        await stopped.wait()
    finally:
        await server.__aexit__()
