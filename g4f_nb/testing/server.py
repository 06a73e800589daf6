"""The OpenAI-compatible server: it answers as the table of behaviours says."""

from __future__ import annotations

import asyncio
import time
import uuid
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from . import pictures, wire
from .answers import said_by
from .behaviours import BEHAVIOURS, Behaviour, Tally, find
from .faults import Fault, json_response
from .listening import Listening
from .question import ChatRequest, parse, question

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from ssl import SSLContext

_FILES = "/v1/images/"
_PATHS = ("/health", "/v1/models", "/v1/chat/completions", "/v1/images/generations")
_BODY_STEPS = 8  # a JSON answer is sent in so many pieces, so that it can break off


class Server(Listening):
    """An OpenAI-compatible server on the caller's running loop: `async with Server() as server`.

    Args:
        models: what `/v1/models` lists (all behaviours, if not given); such a name that is no behaviour
            acts like `echo`.
        api_key: the key to ask for (`Authorization: Bearer …` or `api-key: …`); `None` takes any or none.
        latency: seconds to wait before every answer under `/v1`.
        port: 0 takes a free one.
        ssl_context: makes it an HTTPS server.
        answers: models of your own: what each of them says to a prompt, as a function.
    """

    def __init__(
        self,
        *,
        models: Sequence[str] | None = None,
        api_key: str | None = None,
        latency: float = 0.0,
        port: int = 0,
        ssl_context: SSLContext | None = None,
        answers: Mapping[str, Callable[[str], str]] | None = None,
    ) -> None:
        super().__init__(port=port, ssl_context=ssl_context)
        self.answers = dict(answers or {})
        self.models = [*self.answers, *(BEHAVIOURS if models is None else models)]
        self.api_key = api_key
        self.latency = latency
        self._tally = Tally()
        self._started = int(time.time())

    @property
    def api_base(self) -> str:
        """The address to give to a client; still known after the end."""
        return f"{self.origin}/v1"

    # ---- requests ----------------------------------------------------------------------------------

    async def answer(self, request: web.BaseRequest, raw: bytes) -> web.StreamResponse:
        """Answer as the table says."""
        try:
            return await self._route(request, raw)
        except Fault as fault:
            return fault.response()

    async def _route(self, request: web.BaseRequest, raw: bytes) -> web.StreamResponse:
        match request.method, request.path:
            case "GET", "/health":
                return json_response({"status": "ok"})
            case "GET", "/v1/models":
                await self._admit(request)
                return json_response({"object": "list", "data": [self._card(name) for name in self.models]})
            case "POST", "/v1/chat/completions":
                await self._admit(request)
                return await self._chat(request, raw)
            case "POST", "/v1/images/generations":
                await self._admit(request)
                return self._paint(request, raw)
            case "GET", path if path.startswith(_FILES):
                return web.Response(body=pictures.png(path.removeprefix(_FILES)), content_type="image/png")
            case method, path if path in _PATHS:
                raise Fault(405, f"Not allowed to {method} on {path}.", code="method_not_supported")
            case method, path:
                raise Fault(404, f"Invalid URL ({method} {path})", code="unknown_url")

    async def _admit(self, request: web.BaseRequest) -> None:
        if self.latency:
            await asyncio.sleep(self.latency)
        if self.api_key is None:
            return
        key = _key(request)
        if not key:
            raise Fault(401, "You didn't provide an API key.")
        if key != self.api_key:
            raise Fault(401)

    def _card(self, name: str) -> dict[str, Any]:
        card = {"id": name, "object": "model", "created": self._started, "owned_by": "g4f_nb"}
        return card | {"type": "image"} if name in pictures.MODELS else card

    def _paint(self, request: web.BaseRequest, raw: bytes) -> web.Response:
        body = parse(raw, default_model="image")
        if body["model"] not in pictures.MODELS:
            behaviour, number = self._find(body["model"])
            # Only the refusals of a behaviour hold for images, too.
            asked = ChatRequest(model=body["model"], messages=(), number=number, key=_key(request))
            refused = behaviour.intercept(asked, self._tally)
            if refused is not None:
                return refused
            raise Fault(400, f"The model `{body['model']}` does not make images.", param="model")
        return json_response(pictures.made(body, body["model"], self.api_base))

    async def _chat(self, request: web.BaseRequest, raw: bytes) -> web.StreamResponse:
        body = parse(raw)
        behaviour, number = self._find(body["model"])
        asked = question(
            body, number=number, key=_key(request), redirected=bool(request.query.get("redirected"))
        )
        intercepted = behaviour.intercept(asked, self._tally)
        if intercepted is not None:
            return intercepted
        response, payload = _stream(behaviour, asked) if asked.stream else _whole(behaviour, asked)
        coder = wire.CODERS[behaviour.coding]()
        return await self.send(request, response, behaviour.travel(payload, number), coder)

    def _find(self, model: str) -> tuple[Behaviour, int]:
        if model in self.answers:
            return Behaviour("says what its function says", said_by(self.answers[model])), 0
        found = find(model)
        if found is None and model in self.models:
            found = BEHAVIOURS["echo"], 0
        if found is None:
            text = f"The model `{model}` does not exist or you do not have access to it."
            raise Fault(404, text, code="model_not_found")
        return found


def _key(request: web.BaseRequest) -> str:
    bearer = request.headers.get("Authorization", "")
    return bearer.removeprefix("Bearer ").strip() or request.headers.get("api-key", "")


def response_for(behaviour: Behaviour, content_type: str) -> web.StreamResponse:
    """The head of an answer."""
    response = web.StreamResponse(headers={"x-request-id": f"req_{uuid.uuid4().hex}"})
    response.content_type = content_type
    if behaviour.coding:
        response.headers["Content-Encoding"] = behaviour.coding
    return response


def _whole(behaviour: Behaviour, asked: ChatRequest) -> tuple[web.StreamResponse, list[bytes]]:
    """Give the JSON answer in a few pieces."""
    answer = behaviour.say(asked).within(asked)
    body = behaviour.body(orjson.dumps(wire.completion(asked, answer)))
    response = response_for(behaviour, "application/json")
    if not behaviour.coding:
        response.content_length = len(body)
    return response, pieces_of(body)


def pieces_of(body: bytes) -> list[bytes]:
    """A JSON answer in a few pieces, so that it can break off."""
    size = -(-len(body) // _BODY_STEPS)
    return [body[at : at + size] for at in range(0, len(body), size)]


def _stream(behaviour: Behaviour, asked: ChatRequest) -> tuple[web.StreamResponse, Iterator[bytes]]:
    """Give the streamed answer, one piece an event."""
    answer = behaviour.say(asked).within(asked)
    response = response_for(behaviour, behaviour.content_type)
    response.headers["Cache-Control"] = "no-cache"
    if behaviour.burst and asked.n == 1:
        return response, iter(wire.burst(asked, answer))
    pieces = wire.framed(behaviour.edit(wire.events(asked, answer)), behaviour.frame)
    return response, _led(behaviour.lead, pieces)


def _led(lead: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield lead + next(pieces)
    yield from pieces
