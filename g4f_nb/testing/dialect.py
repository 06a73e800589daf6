"""A server with a dialect of its own: it reads questions as OpenAI's form and behaves as the table says."""

from __future__ import annotations

import asyncio
import hashlib
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import orjson
from aiohttp import web

from . import wire
from .answers import THOUGHT, Scripted, spoken
from .behaviours import Behaviour
from .faults import COMPLAINTS, Fault, ToldFault, json_response
from .question import ChatRequest, Json, parse, question
from .server import Server, pieces_of, response_for

if TYPE_CHECKING:
    from aiohttp.web import BaseRequest, StreamResponse


class Named(NamedTuple):
    """One event of a stream; a dialect without names leaves them empty."""

    name: str
    data: Json


class DialectServer(Server):
    """The same behaviours in another dialect; a subclass says how to ask and how to answer."""

    key_header: str

    @abstractmethod
    def read(self, request: BaseRequest, body: Json) -> tuple[Json, bool]:
        """The question in OpenAI's form, and whether thoughts are asked for; or a `Fault`."""

    @abstractmethod
    def whole(self, asked: ChatRequest, answer: Scripted) -> Json:
        """The answer as one object."""

    @abstractmethod
    def events(self, asked: ChatRequest, answer: Scripted) -> Iterator[Named]:
        """The answer as a stream."""

    @abstractmethod
    def complaint(self, status: int, said: ToldFault) -> Json:
        """An error in this dialect."""

    @abstractmethod
    def names_chat(self, path: str) -> bool:
        """Whether questions go to this path."""

    @abstractmethod
    def listing(self, request: BaseRequest) -> Json | None:
        """A page of the list of models, if that is what is asked for."""

    def status_of(self, status: int) -> int:
        """The HTTP status that this dialect gives to a fault."""
        return status

    async def answer(self, request: BaseRequest, raw: bytes) -> StreamResponse:
        """Answer as the table says, in this dialect."""
        try:
            return await self._serve(request, raw)
        except Fault as fault:
            return self._refusal(fault)

    async def _serve(self, request: BaseRequest, raw: bytes) -> StreamResponse:
        if self.latency:
            await asyncio.sleep(self.latency)
        key = request.headers.get(self.key_header, "").removeprefix("Bearer ").strip()
        if self.api_key is not None and key != self.api_key:
            raise Fault(401)
        page = self.listing(request) if request.method == "GET" else None
        if page is not None:
            return json_response(page)
        if request.method != "POST" or not self.names_chat(request.path):
            raise Fault(404, f"Not found: {request.method} {request.path}")
        body, thinks = self.read(request, parse(raw) if request.path.startswith("/v1/") else _object(raw))
        behaviour, number = self._find(body["model"])
        asked = question(body, number=number, key=key, redirected=bool(request.query.get("redirected")))
        intercepted = behaviour.intercept(asked, self._tally)
        if intercepted is not None:
            return self._translated(intercepted, request)
        answer = behaviour.say(asked).within(asked)
        if thinks and not answer.words("reasoning_content", "reasoning"):
            answer = replace(answer, deltas=(*spoken(THOUGHT, "reasoning_content"), *answer.deltas))
        return await self._play(request, behaviour, asked, answer)

    async def _play(
        self, request: BaseRequest, behaviour: Behaviour, asked: ChatRequest, answer: Scripted
    ) -> StreamResponse:
        steps: Iterable[bytes]
        if asked.stream:
            response = response_for(behaviour, behaviour.content_type)
            steps = self._framed(behaviour, list(self.events(asked, answer)))
        else:
            body = behaviour.body(orjson.dumps(self.whole(asked, answer)))
            response = response_for(behaviour, "application/json")
            if not behaviour.coding:
                response.content_length = len(body)
            steps = pieces_of(body)
        travelled = behaviour.travel(steps, asked.number)
        return await self.send(request, response, travelled, wire.CODERS[behaviour.coding]())

    def _framed(self, behaviour: Behaviour, events: list[Named]) -> Iterator[bytes]:
        lead = behaviour.lead
        cut = behaviour.edit in (wire.without_end, wire.error_midstream)
        spoilt = events[: 1 + len(events) // 2] if cut else events
        for place, (name, data) in enumerate(spoilt):
            payload = orjson.dumps(data)
            yield lead + _named(behaviour.frame(payload), name)
            lead = b""
            if behaviour.edit is wire.malformed and place == 1:
                yield _named(behaviour.frame(payload[: len(payload) // 2]), name)
        if behaviour.edit is wire.error_midstream:
            yield _named(behaviour.frame(orjson.dumps(self.complaint(500, COMPLAINTS[500]))), "error")

    def _refusal(self, fault: Fault) -> web.Response:
        said = ToldFault(fault.error["message"], fault.error["type"], fault.error["code"])
        status = self.status_of(fault.status)
        return json_response(self.complaint(status, said), status=status, headers=fault.headers)

    def _translated(self, response: web.Response, request: BaseRequest) -> web.Response:
        """What a behaviour answers without an answer, in this dialect: errors under 200, redirects."""
        if response.status == 307:
            response.headers["Location"] = f"{request.path}?redirected=1&{request.query_string}".rstrip("&")
        elif response.content_type == "application/json":
            body = orjson.loads(response.body) if isinstance(response.body, bytes) else {}
            if "error" in body:
                error = body["error"]
                said = ToldFault(error["message"], error["type"], error["code"])
                return json_response(self.complaint(500, said), status=response.status)
        return response


class Said(NamedTuple):
    """One step of an answer: `kind` is text, think, refuse, call or arguments; `place` tells calls apart."""

    kind: str
    text: str = ""
    place: int = 0
    id: str = ""


def steps_of(answer: Scripted) -> Iterator[Said]:
    """An answer, step by step, whatever the dialect calls them."""
    for delta in answer.deltas:
        for name in ("reasoning_content", "reasoning"):
            if delta.get(name):
                yield Said("think", delta[name])
        content = delta.get("content")
        if isinstance(content, list):
            content = "".join(part["text"] for part in content)
        if content:
            yield Said("text", content)
        if delta.get("refusal"):
            yield Said("refuse", delta["refusal"])
        for call in delta.get("tool_calls") or ():
            function = call["function"]
            if call.get("id"):
                yield Said("call", function["name"], call["index"], call["id"])
            yield Said("arguments", function.get("arguments", ""), call["index"])


def calls_of(answer: Scripted) -> list[tuple[str, str, str]]:
    """The calls of an answer: id, name and arguments."""
    calls: dict[int, list[str]] = {}
    for step in steps_of(answer):
        if step.kind == "call":
            calls[step.place] = [step.id, step.text, ""]
        elif step.kind == "arguments":
            calls[step.place][2] += step.text
    return [(call[0], call[1], call[2]) for _, call in sorted(calls.items())]


def text_in(answer: Scripted, *kinds: str) -> str:
    """The text of these steps."""
    return "".join(step.text for step in steps_of(answer) if step.kind in kinds)


def sign(text: str) -> str:
    """What this server puts beside its thoughts, and wants to see again unchanged."""
    return hashlib.sha256(f"signed {text}".encode()).hexdigest()[:32]


def _object(raw: bytes) -> Json:
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise Fault(400, "The body is no JSON object.")
    return body


def _named(framed: bytes, name: str) -> bytes:
    at = framed.find(b"data:")
    return framed if not name or at < 0 else b"%bevent: %b\n%b" % (framed[:at], name.encode(), framed[at:])
