"""One login at a time for each account, however many tasks, loops and threads need it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import subprocess
import sys
import threading
import time

import pytest
from login_server import ANN, HELLO, asked, in_a_cell, kept, service, streamed, sync, text

from g4f_nb.chunks import RequestLogin
from g4f_nb.errors import MissingAuthError
from g4f_nb.providers import AsyncAuthedProvider

pytestmark = pytest.mark.usefixtures("quick_garbage")


def together(cls, number, **given):
    """So many questions at once on one loop."""

    async def one():
        return [chunk async for chunk in cls.create_async_generator("m", HELLO, **given)]

    async def go():
        return await asyncio.gather(*(one() for _ in range(number)), return_exceptions=True)

    return asyncio.run(go())


@pytest.mark.parametrize("login", ["coroutine", "generator"])
@pytest.mark.parametrize("begun", [False, True])
def test_many_tasks_log_in_once(server, login, begun):
    """At the beginning, and when the session ends while all of them ask; each sees what the login shows."""
    server.busy = 0.1
    cls = service(server, login=login)
    if begun:
        sync(cls, **ANN)
        server.expire()
    answers = together(cls, 10, **ANN)
    assert {text(chunks) for chunks in answers} == {"ann said hello"}
    assert server.logins == ["ann"] * (1 + begun)
    shown_to = sum(RequestLogin("Service", f"{server.base}/approve") in chunks for chunks in answers)
    if login == "coroutine":
        assert shown_to == 0
    else:
        # Whose question was refused after the login was done did not wait for it.
        assert shown_to >= 1 if begun else shown_to == 10
    assert kept(cls) == {"token": f"planted-token-{1 + begun}"}


def test_many_threads_log_in_once(server):
    """Each with a loop of its own, in a cell or not."""
    server.busy = 0.2
    cls = service(server, login="generator")
    results = []
    threads = [
        threading.Thread(target=lambda call=call: results.append(text(call(cls, **ANN))))
        for call in [sync, in_a_cell, streamed, asked] * 2
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == ["ann said hello"] * 8
    assert server.logins == ["ann"]


def test_a_login_that_fails_fails_for_all_who_waited(server):
    """A wrong password is tried once, not ten times: accounts are locked for less."""
    server.busy = 0.1
    cls = service(server)
    failures = together(cls, 10, account="ann", password="planted-key")
    assert {type(failure) for failure in failures} == {MissingAuthError}
    assert server.logins == ["ann"]
    with pytest.raises(MissingAuthError):
        sync(cls, account="ann", password="planted-key")
    assert server.logins == ["ann"] * 2


@pytest.mark.clock
def test_whoever_began_it_may_go(server):
    """The others get their login without a second one."""
    server.busy = 0.3
    cls = service(server, login="generator")

    async def one():
        return text([chunk async for chunk in cls.create_async_generator("m", HELLO, **ANN)])

    async def go():
        first = asyncio.create_task(one())
        await asyncio.sleep(0.05)
        others = [asyncio.create_task(one()) for _ in range(3)]
        await asyncio.sleep(0.05)
        first.cancel()
        return await asyncio.gather(first, *others, return_exceptions=True)

    first, *others = asyncio.run(go())
    assert isinstance(first, asyncio.CancelledError)
    assert others == ["ann said hello"] * 3
    assert server.logins == ["ann"]


@pytest.mark.clock
def test_whoever_began_it_may_end_with_its_loop(server):
    """Then another makes the login anew; nobody waits for ever."""
    server.busy = 0.3
    cls = service(server)
    results = []

    def short():
        async def go():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.1):
                    async for _ in cls.create_async_generator("m", HELLO, **ANN):
                        pass

        asyncio.run(go())

    threads = [
        threading.Thread(target=short),
        threading.Thread(target=lambda: results.append(text(sync(cls, **ANN)))),
    ]
    for thread in threads:
        thread.start()
        time.sleep(0.05)
    for thread in threads:
        thread.join(30)
    assert results == ["ann said hello"]
    assert len(server.logins) <= 2


def test_a_reader_that_pauses_holds_nobody_up(server):
    """The login goes on while its first reader does something else."""
    cls = service(server, login="generator")

    async def go():
        paused = cls.create_async_generator("m", HELLO, **ANN)
        assert isinstance(await anext(paused), RequestLogin)
        other = [chunk async for chunk in cls.create_async_generator("m", HELLO, **ANN)]
        rest = [chunk async for chunk in paused]
        return text(other), text(rest)

    assert asyncio.run(go()) == ("ann said hello", "ann said hello")
    assert server.logins == ["ann"]


@pytest.mark.clock
def test_leaving_ends_the_login(server):
    """Nobody waits any more: its task is over and its connection closed before the caller goes on."""
    cls = service(server, login="device")

    async def go():
        chunks = cls.create_async_generator("m", HELLO)
        assert isinstance(await anext(chunks), RequestLogin)
        await asyncio.sleep(0.05)
        await chunks.aclose()
        return [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]

    assert asyncio.run(go()) == []
    chunks = cls.create_completion("m", HELLO)
    assert isinstance(next(chunks), RequestLogin)
    chunks.close()
    server.approved.set()
    gc.collect()
    assert text(sync(cls)) == "device said hello"


def test_a_login_that_cancels_itself_is_an_error():
    """It is not begun again for ever."""

    class Gone(AsyncAuthedProvider):
        @classmethod
        async def on_auth_async(cls, **kwargs):
            raise asyncio.CancelledError

        @classmethod
        async def create_authed(cls, model, messages, auth_result, **kwargs):
            yield "never"

    with pytest.raises(RuntimeError, match="login of Gone cancelled itself"):
        sync(Gone)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_logs_in_for_itself(config):
    """What the parent was in the middle of does not hold it up."""
    code = """
import asyncio, os, sys, threading, warnings
warnings.simplefilter("ignore", DeprecationWarning)
from g4f_nb.chunks import AuthResult, RequestLogin
from g4f_nb.providers import AsyncAuthedProvider
slow = True

class Service(AsyncAuthedProvider):
    @classmethod
    async def on_auth_async(cls, **kwargs):
        yield RequestLogin("Service", "http://x.invalid")
        await asyncio.sleep(30 if slow else 0)
        yield AuthResult(token="t")

    @classmethod
    async def create_authed(cls, model, messages, auth_result, **kwargs):
        yield auth_result.token

chunks = Service.create_completion("m", [])
next(chunks)
child = os.fork()
if not child:
    slow = False
    print("".join(map(str, Service.create_completion("m", []))), flush=True)
    os._exit(0)
sys.exit(os.waitpid(child, 0)[1] or chunks.close())
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "t"
