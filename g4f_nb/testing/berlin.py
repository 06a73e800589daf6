"""A small Berlin on 127.0.0.1: logins whose tokens end, and answers as JSON objects, joined and torn."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from .listening import Listening
from .travel import Leave, Pause, Step

if TYPE_CHECKING:
    from .seen import Seen

Json = dict[str, Any]

# The trial models, and what each does; any other name answers with the prompt's last line.
TRIALS = {
    "joined": "objects without line ends between them",
    "torn": "objects torn apart at every byte",
    "null": "some objects with content null",
    "error-N": "HTTP status N",
    "code-N": "status 200, and an object with code N in the place of the answer",
    "late-code-N": "the same in the middle of the answer",
    "text": "a line that is no JSON in the middle of the answer",
    "html": "a page with status 200",
    "empty": "no body at all",
    "half": "the body ends in the middle of an object",
    "cut": "the connection ends in the middle of the answer",
    "stall": "a beginning, and then silence",
    "drip-N": "N milliseconds between two objects",
}


class BerlinServer(Listening):
    """A server of the kind that `Berlin` talks to, on the caller's loop: `async with BerlinServer() as s`.

    Args:
        account: who may log in.
        password: with which password.
        in_body: a token that is over is told by an object with status 200, not by the status 401.
        port: 0 takes a free one.
    """

    def __init__(
        self,
        *,
        account: str = "me@example.org",
        password: str = "0123456789abcdef0123456789abcdef",  # noqa: S107  # of a server on this machine
        in_body: bool = False,
        port: int = 0,
    ) -> None:
        super().__init__(port=port)
        self.account = account
        self.password = password
        self.in_body = in_body
        self._tokens: set[str] = set()

    @property
    def api_base(self) -> str:
        """The address to give to the provider."""
        return self.origin

    @property
    def logins(self) -> list[Seen]:
        """The login requests."""
        return [seen for seen in list(self.requests) if seen.path == "/api/login"]

    @property
    def chats(self) -> list[Seen]:
        """The chat requests."""
        return [seen for seen in list(self.requests) if seen.path == "/api/chat/completions"]

    def end_tokens(self) -> None:
        """Let every token be over."""
        self._tokens.clear()

    def new_token(self) -> str:
        """A token as a login would give it."""
        token = uuid.uuid4().hex
        self._tokens.add(token)
        return token

    async def answer(self, request: web.BaseRequest, raw: bytes) -> web.StreamResponse:
        """Answer as such a server does."""
        try:
            body = orjson.loads(raw)
        except orjson.JSONDecodeError:
            body = None
        if not isinstance(body, dict):
            return _json({"code": 400, "message": "no JSON"}, status=400)
        match request.method, request.path:
            case "POST", "/api/login":
                return self._login(body)
            case "POST", "/api/chat/completions":
                return await self._chat(request, body)
        return web.Response(status=404, text="404 page not found")

    def _login(self, body: Json) -> web.Response:
        if (body.get("account"), body.get("password")) != (self.account, self.password):
            return _json({"code": 400, "message": "wrong account or password", "data": None})
        return _json({"code": 200, "message": "ok", "data": {"token": self.new_token()}})

    async def _chat(self, request: web.BaseRequest, body: Json) -> web.StreamResponse:
        if request.headers.get("token") not in self._tokens:
            over = {"code": 401, "message": "token expired"}
            return _json(over, status=200 if self.in_body else 401)
        options = body.get("options")
        if not isinstance(options, dict) or not isinstance(body.get("prompt"), str):
            return _json({"code": 422, "message": "no prompt"}, status=422)
        model = str(options.get("model"))
        if model.startswith("error-"):
            status = int(model.removeprefix("error-"))
            return _json({"code": status, "message": f"asked for {status}"}, status=status)
        response = web.StreamResponse()
        response.content_type = "text/html" if model == "html" else "application/octet-stream"
        said = body["prompt"].splitlines()[-1].partition(": ")[2]
        return await self.send(request, response, _steps(model, said))


def _steps(model: str, text: str) -> Iterator[Step]:  # noqa: C901  # one arm a trial
    if model == "html":
        yield b"<!doctype html><html><body><h1>Welcome</h1></body></html>"
        return
    if model.startswith("code-"):
        yield _line({"code": int(model.removeprefix("code-")), "message": "asked for"})
        return
    lines = [_line({"content": word}) for word in re.findall(r"\S+\s*|\s+", text)]
    if model == "empty":
        lines = []
    elif model == "null":
        lines = [part for line in lines for part in (_line({"content": None}), line)]
    whole = b"".join(lines)
    half = len(lines) // 2
    match model.partition("-")[0]:
        case "joined":
            yield whole.replace(b"}\n{", b"}{").strip()
        case "torn":
            for byte in whole:
                yield bytes([byte])
                yield Pause(0)
        case "half":
            yield whole[: len(whole) // 2 + 3]
        case "late" | "text" | "cut" | "stall":
            yield from lines[:half]
            yield from _middle(model)
        case "drip":
            for line in lines:
                yield line
                yield Pause(int(model.removeprefix("drip-")) / 1000)
        case _:
            yield from lines


def _middle(model: str) -> Iterator[Step]:
    if model.startswith("late-code-"):
        yield _line({"code": int(model.removeprefix("late-code-")), "message": "asked for"})
    elif model == "text":
        yield b"quota exceeded, come back tomorrow\n"
    elif model == "cut":
        yield Leave.CUT
    else:
        yield Pause(60)


def _line(data: Json) -> bytes:
    return orjson.dumps(data) + b"\n"


def _json(data: Json, *, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(data), status=status, content_type="application/json")
