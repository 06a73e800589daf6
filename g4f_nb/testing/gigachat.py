"""A small GigaChat on 127.0.0.1: tokens that end, chat, functions, models, counts, vectors and refusals."""

from __future__ import annotations

import asyncio
import base64
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson
from aiohttp import web

from .certificates import new_certificates
from .gigachat_answers import TRIALS, events, saying, whole
from .gigachat_rules import (
    SCOPES,
    Json,
    NotTaken,
    check_chat,
    check_token_request,
    parse,
)
from .listening import Listening

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .seen import Seen

# What the service listed on 2026-01-21, shortened: name and type.
MODELS = {
    "GigaChat": "chat", "GigaChat-2": "chat", "GigaChat-2-Max": "chat", "GigaChat-2-Pro": "chat",
    "GigaChat-Max": "chat", "GigaChat-Plus": "chat", "GigaChat-Pro": "chat", "GigaChat-3-Ultra": "chat",
    "GigaFilter": "filter", "GigaCheckDetection": "aicheck",
    "Embeddings": "embedder", "Embeddings-2": "embedder",
}  # fmt: skip
_NO_FUNCTIONS = "GigaChat"  # in this server's world
_PAGE = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1>"


def new_key(name: str = "client") -> str:
    """An authorization key as the service makes them: the Base64 of an id and a secret."""
    return base64.b64encode(f"{name}:{uuid.uuid4()}".encode()).decode()


@dataclass(frozen=True, slots=True)
class _Pass:
    """A token as the server knows it."""

    key: str = field(repr=False)
    scope: str
    ends: float


class GigaChatServer(Listening):
    """GigaChat's API and its token host on the caller's loop: `async with GigaChatServer() as server`.

    Args:
        keys: the authorization keys, each with the scopes that it may ask for; one key for a person, if none.
        token_seconds: how long a token lives.
        streams: how many chats of an account may run at once; the service's own limits, if not given.
        legacy_tokens: tokens come as `tok` and `exp`, as some of the service's hosts send them.
        types: whether the list of models tells their types.
        tls: HTTPS, with a certificate of an authority of its own, whose file is `ca_file`.
        expired: with `tls`, the certificate has ended.
        port: 0 takes a free one.
    """

    def __init__(
        self,
        *,
        keys: Mapping[str, Iterable[str]] | None = None,
        token_seconds: float = 1800.0,
        streams: int | None = None,
        legacy_tokens: bool = False,
        types: bool = True,
        tls: bool = False,
        expired: bool = False,
        port: int = 0,
    ) -> None:
        self._certificates = new_certificates(expired=expired) if tls else None
        super().__init__(port=port, ssl_context=self._certificates.context if self._certificates else None)
        given = {new_key(): SCOPES[:1]} if keys is None else keys
        self.keys = {key: tuple(scopes) for key, scopes in given.items()}
        self.token_seconds = token_seconds
        self.streams = streams
        self.legacy_tokens = legacy_tokens
        self.types = types
        self.most_at_once = 0
        self._passes: dict[str, _Pass] = {}
        self._running: Counter[str] = Counter()
        self._died = False

    @property
    def key(self) -> str:
        """The first authorization key."""
        return next(iter(self.keys))

    @property
    def auth_url(self) -> str:
        """The address for tokens."""
        return f"{self.origin}/api/v2/oauth"

    @property
    def api_base(self) -> str:
        """The address of the API; still known after the end."""
        return f"{self.origin}/api/v1"

    @property
    def ca_file(self) -> str | None:
        """The file of the authority to trust, with `tls`."""
        return str(self._certificates.ca_file) if self._certificates else None

    @property
    def token_requests(self) -> list[Seen]:
        """The requests for tokens."""
        return [seen for seen in list(self.requests) if seen.path == "/api/v2/oauth"]

    @property
    def chat_requests(self) -> list[Seen]:
        """The chat requests."""
        return [seen for seen in list(self.requests) if seen.path == "/api/v1/chat/completions"]

    @property
    def tokens(self) -> dict[str, str]:
        """The tokens that were given out and not taken back, each with the key it was given for."""
        return {token: each.key for token, each in self._passes.items()}

    def end_tokens(self) -> None:
        """Let every token be over, as if half an hour had passed."""
        self._passes = {token: _Pass(each.key, each.scope, 0.0) for token, each in self._passes.items()}

    async def __aexit__(self, *details: object) -> None:
        """Stop, and remove the authority's file."""
        await super().__aexit__(*details)
        if self._certificates is not None:
            self._certificates.delete()

    # ---- requests ----------------------------------------------------------------------------------

    async def answer(self, request: web.BaseRequest, raw: bytes) -> web.StreamResponse:
        """Answer as the service does."""
        try:
            return await self._route(request, raw)
        except NotTaken as refusal:
            return refusal.response()

    async def _route(self, request: web.BaseRequest, raw: bytes) -> web.StreamResponse:  # noqa: PLR0911
        if (request.method, request.path) == ("POST", "/api/v2/oauth"):
            return self._token(request, raw)
        path = request.path.removeprefix("/api/v1")
        if path == request.path:
            return web.Response(status=404, text="404 page not found\n")
        let_in = self._admit(request)
        match request.method, path.strip("/").split("/"):
            case "POST", ["chat", "completions"]:
                return await self._chat(request, parse(raw), let_in)
            case "GET", ["models"]:
                return _json({"object": "list", "data": [self._card(name) for name in MODELS]})
            case "GET", ["models", name]:
                if name not in MODELS:
                    raise NotTaken(404)
                return _json(self._card(name))
            case "POST", ["tokens", "count"]:
                return _json(_counts(parse(raw)))
            case "POST", ["embeddings"]:
                return _json(_vectors(parse(raw)))
            case "GET", ["balance"]:
                return _json(_balance(let_in))
        return web.Response(status=404, text="404 page not found\n")

    def _token(self, request: web.BaseRequest, raw: bytes) -> web.Response:
        key, scope = check_token_request(request.headers, dict(parse_qsl(raw.decode())), self.keys)
        token, ends = f"eyJ{uuid.uuid4().hex}.{uuid.uuid4().hex}", time.time() + self.token_seconds
        self._passes[token] = _Pass(key, scope, ends)
        names = ("tok", "exp") if self.legacy_tokens else ("access_token", "expires_at")
        return _json(dict(zip(names, (token, int(ends * 1000)), strict=True)))

    def _admit(self, request: web.BaseRequest) -> _Pass:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        known = self._passes.get(token)
        if kind != "Bearer" or known is None:
            raise NotTaken(401)
        if known.ends <= time.time():
            raise NotTaken(401, "Token has expired")
        return known

    def _card(self, name: str) -> Json:
        card = {"id": name, "object": "model", "owned_by": "salutedevices"}
        return card | {"type": MODELS[name]} if self.types else card

    async def _chat(self, request: web.BaseRequest, body: Json, let_in: _Pass) -> web.StreamResponse:
        model = body.get("model")
        refusal = self._trial(model, request)
        if refusal is not None:
            return refusal
        if MODELS.get(str(model)) != "chat" and not _is_trial(str(model)):
            raise NotTaken(404)
        check_chat(body)
        if body.get("functions") and model == _NO_FUNCTIONS:
            raise NotTaken(422, "Requested model does not support functions")
        account = f"{let_in.key} {let_in.scope}"
        most = self.streams or (1 if let_in.scope == SCOPES[0] else 10)
        if self._running[account] >= most:
            raise NotTaken(429)
        self._running[account] += 1
        self.most_at_once = max(self.most_at_once, self._running[account])
        try:
            return await self._say(request, body)
        finally:
            self._running[account] -= 1

    def _trial(self, model: object, request: web.BaseRequest) -> web.Response | None:
        """What the trial models refuse."""
        name = str(model)
        if name == "html-502":
            return web.Response(status=502, text=_PAGE, content_type="text/html", headers={"Server": "SynGX"})
        if name == "dies-once" and not self._died:
            self._died = True
            token = request.headers["Authorization"].removeprefix("Bearer ")
            self._passes.pop(token, None)
            raise NotTaken(401, "Token has expired")
        if name.startswith("error-") and name.removeprefix("error-").isdigit():
            status = int(name.removeprefix("error-"))
            raise NotTaken(status, headers={"Retry-After": "1"} if status == 429 else None)
        return None

    async def _say(self, request: web.BaseRequest, body: Json) -> web.StreamResponse:
        answer = saying(body)
        headers = {name: str(uuid.uuid4()) for name in ("X-Request-Id", "X-Session-Id")}
        if not body.get("stream"):
            # A model thinks for a while: what comes meanwhile comes at the same time.
            await asyncio.sleep(0.01)
            return web.Response(
                body=whole(body, answer), content_type="application/json", charset="utf-8", headers=headers
            )
        response = web.StreamResponse(headers=headers)
        response.content_type = "text/event-stream"
        return await self.send(request, response, events(body, answer))


def _is_trial(model: str) -> bool:
    return model in TRIALS or (model.startswith("drip-") and model.removeprefix("drip-").isdigit())


def _counts(body: Json) -> list[Json]:
    if MODELS.get(str(body.get("model"))) is None:
        raise NotTaken(404)
    return [
        {"object": "tokens", "tokens": len(text.split()), "characters": len(text)} for text in _input(body)
    ]


def _vectors(body: Json) -> Json:
    model = str(body.get("model"))
    if MODELS.get(model) != "embedder":
        raise NotTaken(404)
    vectors = [
        {
            "object": "embedding",
            "embedding": [float(len(text)), float(text.count(" ")), 1.0],
            "index": place,
            "usage": {"prompt_tokens": len(text.split())},
        }
        for place, text in enumerate(_input(body))
    ]
    return {"object": "list", "data": vectors, "model": model}


def _balance(let_in: _Pass) -> Json:
    if let_in.scope == "GIGACHAT_API_CORP":
        raise NotTaken(403)
    left = {"GigaChat": 900_000, "GigaChat-Max": 50_000, "embeddings": 9_999_967}
    return {"balance": [{"usage": name, "value": value} for name, value in left.items()]}


def _input(body: Json) -> list[str]:
    given = body.get("input")
    if not isinstance(given, list) or not all(isinstance(text, str) for text in given):
        raise NotTaken(422, "Invalid params: input must be an array of strings")
    return given


def _json(value: Any) -> web.Response:
    headers = {name: str(uuid.uuid4()) for name in ("X-Request-Id", "X-Session-Id")}
    return web.Response(
        body=orjson.dumps(value), content_type="application/json", charset="utf-8", headers=headers
    )
