"""Servers of the Model Context Protocol as tools: a program that is started, or an address that is called.

The connection lives in one task on our own loop, from `open` to `close`: what the protocol's library opens
in a task must be closed in the same one. Nothing is started before `open`.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import re
import shlex
import tempfile
import weakref
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import wait as wait_for_threads
from typing import Any, Self

from g4f_nb import loops
from g4f_nb.errors import (
    ConnectionFailedError,
    G4FError,
    InvalidParameterError,
    RequestTimeoutError,
    shorten,
    sort_of,
)
from g4f_nb.headers import header_fault
from g4f_nb.loops import ownloop
from g4f_nb.protocol import ToolServerError, connected, first_of, listed, load_library, text_of
from g4f_nb.secret import Secret, Veiled, redact, shown_address
from g4f_nb.tools import Tool

_CLOSING = 10.0
# What an interrupt waits for.
_LEAVING = 0.3
_open: weakref.WeakSet[McpServer] = weakref.WeakSet()
_ending: set[Future[None]] = set()


class McpServer(Sequence[Tool]):
    """The tools of one server, a sequence while it is open: `with nb.mcp_tools(…) as tools:`.

    In a notebook, where a block would have to be one cell, `open()` and `close()` do the same.
    """

    def __init__(self, server: str | Sequence[str], options: Mapping[str, Any]) -> None:
        self._options = Veiled(options)
        self._job: ownloop.Job[None] | None = None
        self._url = server if isinstance(server, str) and re.match(r"https?://", server) else None
        # First: one that is refused is shown, too.
        self._command: list[str] = []
        if not self._url:
            self._command = _command(server)
        self._tools: list[Tool] = []
        self._client: Any = None
        self._stop: asyncio.Event | None = None

    @property
    def name(self) -> str:
        """The address, or the program, without anything that may be a key."""
        program = self._command[0] if self._command else ""
        return shown_address(self._url) if self._url else os.path.basename(program)  # noqa: PTH119  # text

    def open(self) -> Self:
        """Start the program or connect, and learn which tools there are."""
        if self._job is not None:
            raise InvalidParameterError(f"{self.name} is open already: use it, or close() it first")
        load_library(over_http=self._url is not None)
        ready: Future[None] = Future()
        self._job = job = ownloop.own_loop().submit(self._live(ready))
        try:
            _wait(ready)
        except BaseException:
            if not ready.done():
                # Interrupted: nobody waits until a program that does not answer has been ended.
                self._job = None
                _leave(job)
            self.close()
            raise
        if not _open:
            atexit.register(_close_all, os.getpid())
        _open.add(self)
        return self

    def close(self) -> None:
        """Disconnect and end the program; a second time does nothing."""
        job, self._job = self._job, None
        self._tools = []
        _open.discard(self)
        if job is None:
            return
        if self._stop is not None:
            job.later(self._stop.set)
        else:
            job.cancel()
        with contextlib.suppress(Exception):
            wait_for_threads({job.future}, timeout=_CLOSING)
        if not job.future.done():
            job.cancel()

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return await loops.in_thread(self.open)

    async def __aexit__(self, *_: object) -> None:
        await loops.in_thread(self.close)

    def __getitem__(self, place: Any) -> Any:
        return self._opened()[place]

    def __iter__(self) -> Iterator[Tool]:
        return iter(self._opened())

    def __len__(self) -> int:
        return len(self._tools)

    def _opened(self) -> list[Tool]:
        if self._job is None:
            raise InvalidParameterError(
                f"the MCP server {self.name} is not open: use it in `with nb.mcp_tools(…) as tools:`, or "
                "open() it before"
            )
        return self._tools

    def __repr__(self) -> str:
        state = f"{len(self)} tools" if self._job else "closed"
        return f"McpServer({self.name!r}, {state})"

    # ---- on our own loop ---------------------------------------------------------------------------

    async def _live(self, ready: Future[None]) -> None:
        """From the connection to its end; a server that goes away in between fails the calls, not this."""
        self._stop = asyncio.Event()
        failure: G4FError | None = None
        with tempfile.TemporaryFile("w+", errors="replace") as log:
            try:
                async with contextlib.AsyncExitStack() as stack:
                    async with loops.time_limit(self._options["timeout"], self._late):
                        self._client = await stack.enter_async_context(
                            connected(self._url, self._command, self._options, log=log)
                        )
                        self._tools = [self._tool(each) for each in await listed(self._client)]
                    ready.set_result(None)
                    await self._stop.wait()
            except Exception as error:  # noqa: BLE001  # the library raises whatever it met
                failure = self._failure(error, log)
            finally:
                self._client = None
        if not ready.done():
            ready.set_exception(failure or ConnectionFailedError(f"{self.name} was closed while it opened"))

    def _late(self) -> RequestTimeoutError:
        return RequestTimeoutError(
            f"the MCP server {self.name} was not ready within {self._options['timeout']:g} s: allow more "
            "with timeout="
        )

    def _failure(self, error: BaseException, log: Any) -> G4FError:
        cause = first_of(error)
        if isinstance(cause, G4FError):
            return cause
        words = redact(" ".join(str(cause).split()), *self._secrets()) or type(cause).__name__
        if self._url is not None:
            return ConnectionFailedError(
                f"no MCP server answers at {self.name} ({words}): check the address, which often ends in /mcp"
            )
        log.seek(0)
        said = redact(log.read()[-500:].strip(), *self._secrets())
        told = f"; it said: {said}" if said else ""
        return ConnectionFailedError(
            f"the MCP server {self.name!r} did not start ({shorten(words, 200)}){told}: run its command in a "
            "terminal to see why"
        )

    def _secrets(self) -> list[Secret | None]:
        given = {**(self._options["env"] or {}), **(self._options["headers"] or {})}
        return [Secret.of(str(value).rpartition(" ")[2]) for value in given.values()]

    def _tool(self, described: Any) -> Tool:
        async def call(**arguments: Any) -> str:
            client = self._client
            if client is None:
                raise ToolServerError(f"the MCP server {self.name} is closed")
            return text_of(await loops.call(client.call_tool(described.name, arguments)))

        return Tool(
            name=re.sub(r"[^A-Za-z0-9_-]", "_", self._options["prefix"] + described.name)[:64],
            description=shorten(described.description or described.title or "", 1024),
            parameters=dict(described.input_schema),
            function=call,
        )


def mcp_tools(
    server: str | Sequence[str],
    *,
    prefix: str = "",
    env: Mapping[str, str] | None = None,
    cwd: str | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = 30.0,
) -> McpServer:
    """The tools of an MCP server: of a command that runs one, or of an address (streamable HTTP).

        with nb.mcp_tools("uvx mcp-server-fetch") as tools:
            nb.ask("What is on example.org?", "groq:openai/gpt-oss-120b", tools=tools)

    The program sees none of this environment but `PATH` and the like; `env` adds to it. `headers` go to an
    address, a key among them. `prefix` stands before each tool's name, `timeout` limits the opening.
    """
    fault = _fault("env", env, '{"NAME": "value"}') or _fault(
        "headers", headers, '{"Authorization": "Bearer …"}'
    )
    if fault is None and headers:
        fault = header_fault(headers, place="headers=")
    options = Veiled(prefix=prefix, env=None, cwd=cwd, headers=None, timeout=timeout)
    if fault is None:
        options["env"] = None if env is None else Veiled(env)
        options["headers"] = None if headers is None else Veiled(headers)
    # A traceback that prints locals must show no key.
    del env, headers
    if fault is not None:
        raise InvalidParameterError(fault)
    return McpServer(server, options)


def _fault(name: str, given: object, example: str) -> str | None:
    """What is wrong with the kind of such a value, which itself may be a key and is not shown."""
    if given is None:
        return None
    if not isinstance(given, Mapping):
        return f"{name}= is {sort_of(given)}: it must be a dict, like {example}"
    wrong = [part for pair in given.items() for part in pair if not isinstance(part, str)]
    if wrong:
        return f"{name}= holds {sort_of(wrong[0])}: names and values are texts, like {example}"
    return None


def _command(server: object) -> list[str]:
    words, fault = [], ""
    if isinstance(server, str):
        try:
            words = shlex.split(server)
        except ValueError as error:
            fault = f"{server!r}, which cannot be read ({error})"
    elif isinstance(server, Sequence) and all(isinstance(word, str) for word in server):
        words = list(server)
    else:
        fault = sort_of(server)
    if not words or any("\0" in word for word in words):
        raise InvalidParameterError(
            'an MCP server is a command, like "uvx mcp-server-fetch" or a list of its words, or an address, '
            f'like "http://localhost:8000/mcp", not {fault or repr(server)}'
        )
    return words


def _wait(ready: Future[None]) -> None:
    ownloop.refuse_own_thread()
    while not ready.done():
        wait_for_threads({ready}, timeout=ownloop.BEAT)
    ready.result()


def _leave(job: ownloop.Job[None]) -> None:
    """End a connection without waiting for long; the end of the program waits for the rest."""
    if not _ending:
        atexit.register(_close_all, os.getpid())
    _ending.add(job.future)
    job.future.add_done_callback(_ending.discard)
    job.cancel()
    wait_for_threads({job.future}, timeout=_LEAVING)


def _close_all(pid: int) -> None:
    """At the end of the program, before our loop ends: a forked child leaves its parent's servers alone."""
    if pid == os.getpid():
        wait_for_threads(list(_ending), timeout=_CLOSING)
        for server in list(_open):
            server.close()
