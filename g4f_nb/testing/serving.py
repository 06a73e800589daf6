"""A server beside the program: on a thread of its own, for a `with` block or until `stop`."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from .berlin import BerlinServer
from .gigachat import GigaChatServer
from .listening import Listening
from .server import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

AnyServer = TypeVar("AnyServer", bound=Listening)


@contextmanager
def serve(**settings: Any) -> Iterator[Server]:
    """Run a `Server` on a loop and thread of its own; both have ended when the block has.

    The settings are those of `Server`.
    """
    with running(Server(**settings)) as server:
        yield server


def start(**settings: Any) -> tuple[Server, Callable[[], None]]:
    """Like `serve`, for a notebook, where a block would have to be one cell: gives the server and its end."""
    return start_server(Server(**settings))


@contextmanager
def serve_gigachat(**settings: Any) -> Iterator[GigaChatServer]:
    """Run a `GigaChatServer` on a loop and thread of its own; the settings are those of the class."""
    with running(GigaChatServer(**settings)) as server:
        yield server


def start_gigachat(**settings: Any) -> tuple[GigaChatServer, Callable[[], None]]:
    """Like `serve_gigachat`, for a notebook: gives the server and its end."""
    return start_server(GigaChatServer(**settings))


@contextmanager
def serve_berlin(**settings: Any) -> Iterator[BerlinServer]:
    """Run a `BerlinServer` on a loop and thread of its own; the settings are those of the class."""
    with running(BerlinServer(**settings)) as server:
        yield server


def start_berlin(**settings: Any) -> tuple[BerlinServer, Callable[[], None]]:
    """Like `serve_berlin`, for a notebook: gives the server and its end."""
    return start_server(BerlinServer(**settings))


@contextmanager
def running(server: AnyServer) -> Iterator[AnyServer]:
    """Run this server on a loop and thread of its own; both have ended when the block has."""
    server, stop = start_server(server)
    try:
        yield server
    finally:
        stop()


def start_server(server: AnyServer) -> tuple[AnyServer, Callable[[], None]]:
    """Like `running`, without a block: gives the server and its end."""
    ready: Future[Callable[[], object]] = Future()
    thread = threading.Thread(target=_live, args=(server, ready), name="g4f_nb.testing", daemon=True)
    thread.start()
    try:
        ask_to_stop = ready.result()
    except Exception:
        thread.join()
        raise

    def stop() -> None:
        if thread.is_alive():
            ask_to_stop()
            thread.join()

    return server, stop


def _live(server: Listening, ready: Future[Callable[[], object]]) -> None:
    # Not `asyncio.run`: notebooks have it patched to run on the caller's loop.
    with asyncio.Runner() as runner:
        runner.run(_until_stopped(server, ready))


async def _until_stopped(server: Listening, ready: Future[Callable[[], object]]) -> None:
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
