"""A small real service behind a login: passwords, tokens that expire, and links that a user has to follow."""

from __future__ import annotations

import asyncio
import contextlib
import http.server
import itertools
import json
import os
import pickle
import threading
import time
import traceback

import aiohttp

import g4f_nb as nb
from g4f_nb.chunks import AuthResult, ProviderInfo, RequestLogin
from g4f_nb.errors import MissingAuthError, ServerError
from g4f_nb.providers import AsyncAuthedProvider

HELLO = [{"role": "user", "content": "hello"}]
PASSWORDS = {"ann": "ann's secret", "bob": "bob's secret"}
ANN = {"account": "ann", "password": PASSWORDS["ann"]}
BOB = {"account": "bob", "password": PASSWORDS["bob"]}
# Of what is planted, no part may be seen.
PLANTED = ("planted-token", "ann's secret", "planted-key")


class LoginServer(http.server.ThreadingHTTPServer):
    """Remembers who logged in and who asked; `busy` seconds is how long a login takes."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.base = f"http://127.0.0.1:{self.server_port}"
        self.tokens = {}
        self.logins, self.questions = [], []
        self.approved = threading.Event()
        self.busy = 0.0
        self.fault = None
        self.numbers = itertools.count(1)

    def expire(self):
        """End every session."""
        self.tokens.clear()

    def handle_error(self, *_):
        """Nothing: a client that goes away is what the tests are about."""


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.approved.set()
        self._answer(200, "thanks")

    def do_POST(self):
        given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with contextlib.suppress(ConnectionError):
            getattr(self, self.path.strip("/"))(**given)

    def login(self, account, password):
        """A token for a password."""
        self.server.logins.append(account)
        time.sleep(self.server.busy)
        if PASSWORDS.get(account) != password:
            return self._answer(401, "wrong password")
        return self._token(account)

    def device(self):
        """A token once the user has opened the link."""
        self.server.logins.append("device")
        if not self.server.approved.wait(20):
            return self._answer(408, "nobody came")
        return self._token("device")

    def chat(self, token, text):
        """The text again, for a token that holds."""
        self.server.questions.append(token)
        if token not in self.server.tokens:
            return self._answer(401, "expired")
        if self.server.fault:
            return self._answer(self.server.fault, "a fault")
        return self._answer(200, f"{self.server.tokens[token]} said {text}")

    def _token(self, account):
        token = f"planted-token-{next(self.server.numbers)}"
        self.server.tokens[token] = account
        self._answer(200, token)

    def _answer(self, status, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def running():
    """A server for a `with` block."""
    with LoginServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


async def _post(server, path, **given):
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{server.base}/{path}", json=given) as answer,
    ):
        text = await answer.text()
        if answer.status == 401:
            raise MissingAuthError(f"the server said: {text}", status=401)
        if answer.status >= 400:
            raise ServerError(text, status=answer.status)
        return text


def service(server, *, login="coroutine", answer="generator", name="Service"):
    """A provider of the test's own for this server, each of its two methods of either kind."""

    async def coroutine_login(cls, account, password, **kwargs):
        return AuthResult(token=await _post(server, "login", account=account, password=password))

    async def generator_login(cls, account, password, **kwargs):
        yield RequestLogin("Service", f"{server.base}/approve")
        yield AuthResult(token=await _post(server, "login", account=account, password=password))

    async def device_login(cls, **kwargs):
        yield RequestLogin("Service", f"{server.base}/approve")
        yield AuthResult(token=await _post(server, "device"))

    async def coroutine_answer(cls, model, messages, auth_result, **kwargs):
        return await _post(server, "chat", token=auth_result.token, text=messages[-1]["content"])

    async def generator_answer(cls, model, messages, auth_result, **kwargs):
        yield ProviderInfo(cls.__name__, model)
        text = await _post(server, "chat", token=auth_result.token, text=messages[-1]["content"])
        for word in text.split():
            yield f"{word} "

    ways = locals()
    members = {
        "working": True,
        "on_auth_async": classmethod(ways[f"{login}_login"]),
        "create_authed": classmethod(ways[f"{answer}_answer"]),
    }
    return type(name, (AsyncAuthedProvider,), members)


def text(chunks):
    """The answer in a stream."""
    return "".join(map(str, chunks)).strip()


def sync(cls, **given):
    """All chunks, as a script gets them."""
    return list(cls.create_completion("m", HELLO, **given))


def in_a_cell(cls, **given):
    """All chunks, synchronously where a loop runs."""

    async def go():
        return sync(cls, **given)

    return asyncio.run(go())


def streamed(cls, **given):
    """All chunks, with `async for`."""

    async def go():
        return [one async for one in cls.create_async_generator("m", HELLO, **given)]

    return asyncio.run(go())


def whole(cls, **given):
    """The text of `create_async`, as a list of one."""
    return [asyncio.run(cls.create_async("m", HELLO, **given))]


def asked(cls, **given):
    """The text of `nb.ask`, as a list of one."""
    return [nb.ask("hello", cls, **given).text]


CALLS = [sync, in_a_cell, streamed, whole, asked]


def file_of(cls, account="ann"):
    """The login file of an account."""
    return cls.get_cache_file(account)


def kept(cls, account="ann"):
    """What the login file holds."""
    return json.loads(file_of(cls, account).read_text())


def shown(error):
    """All that a user, a report or another process may see of an error: chain, frames of ours, pickle."""
    seen, todo, texts = [], [error], [repr(pickle.dumps(error))]
    while todo:
        one = todo.pop()
        if one is None or one in seen:
            continue
        seen.append(one)
        todo += [one.__cause__, one.__context__]
        texts += [str(one), repr(one), repr(vars(one)), repr(one.args)]
        for frame in traceback.TracebackException.from_exception(one, capture_locals=True).stack:
            if "g4f_nb" in frame.filename and f"{os.sep}tests{os.sep}" not in frame.filename:
                texts.append(f"{frame.name}: {frame.locals}")
    return "\n".join(texts)


class Forgetful(dict):
    """Tokens that hold for no question."""

    def __setitem__(self, *_):
        pass
