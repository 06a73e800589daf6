"""The way to GigaChat that one call takes, and what its answers mean: requests in, JSON and errors out."""

from __future__ import annotations

import ssl as tls
import uuid
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import orjson

from g4f_nb.calls import Call, Headers, TimeLimits
from g4f_nb.errors import CertificateError, ConversationTooLongError, G4FError, UnreadableResponseError
from g4f_nb.providers.gigachat.account import GigaChatAccount
from g4f_nb.providers.gigachat.trust import unknown_authority
from g4f_nb.providers.sending.outgoing import encoded, secrets_of_call
from g4f_nb.providers.sending.shortlived import Token
from g4f_nb.providers.services.hosts import join
from g4f_nb.secret import Secret, together
from g4f_nb.wire.complaints import read_complaint
from g4f_nb.wire.failures import error_for, excerpt

if TYPE_CHECKING:
    import aiohttp

_TOO_LARGE = 413


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The way to GigaChat that one call takes: on whose account, by which connection, with which limits."""

    account: GigaChatAccount
    provider: str
    limits: TimeLimits
    retries: int
    streams: int
    proxy: Secret | None = None
    trust: tls.SSLContext | bool | None = None
    connector: aiohttp.BaseConnector | None = None
    headers: Headers = field(default_factory=Headers)

    def call(
        self, method: str, path: str, token: Token, body: Any = None, *, model: str | None = None
    ) -> Call:
        """One request of the API."""
        streams = isinstance(body, dict) and bool(body.get("stream"))
        headers = Headers(Accept="text/event-stream" if streams else "application/json")
        if streams:
            headers["Cache-Control"] = "no-store"
        if body is not None:
            headers["Content-Type"] = "application/json"
        headers.update(self.headers)
        headers["Authorization"] = f"Bearer {token.secret.reveal()}"
        url = join(self.account.base, path)
        return self._sent(
            Call(
                method,
                url,
                headers,
                body=None if body is None else encoded(body, self.provider),
                # The key goes to another host, which may be as talkative.
                secret=secrets_of_call(
                    together((token.secret, self.account.secret)),
                    url,
                    headers=self.headers,
                    extra_data=None,
                    proxy=self.proxy,
                ),
                limits=self.limits,
                model=model,
            )
        )

    def token_call(self) -> Call:
        """The request for a token."""
        secret = self.account.secret
        headers = Headers(Accept="application/json", RqUID=str(uuid.uuid4()))
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        headers["Authorization"] = f"Basic {secret.reveal() if secret else ''}"
        body = urlencode({"scope": self.account.scope}).encode()
        limits = replace(self.limits, total=None)
        return self._sent(
            Call("POST", self.account.auth_url, headers, body=body, secret=secret, limits=limits)
        )

    def _sent(self, call: Call) -> Call:
        return replace(
            call, proxy=self.proxy, ssl=self.trust, connector=self.connector, provider=self.provider
        )


def json_of(body: bytes, line: Line, secret: Secret | None) -> Any:
    """The JSON of a whole answer; one that is none, or an error, is raised."""
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        data = body
    if data is body:
        # Outside of the handler: the parser's error holds the whole text, which may repeat a token.
        shown = excerpt(body.decode(errors="replace"), secret=secret)
        raise UnreadableResponseError(
            f"{line.provider} sent no JSON but {shown!r}: check api_base=", provider=line.provider
        )
    complaint = read_complaint(data)
    if complaint is not None:
        raise error_for(complaint, secret=secret, provider=line.provider)
    return data


def as_meant(error: G4FError) -> G4FError:
    """What this service means by an error that means something else, or less, elsewhere."""
    if isinstance(error, CertificateError):
        return unknown_authority(error)
    if error.status == _TOO_LARGE and not isinstance(error, ConversationTooLongError):
        told = ConversationTooLongError(str(error))
        told.__dict__.update(vars(error))
        told.args = (f"{str(error).partition(' — ')[0]} — the messages are longer than the model's context",)
        return told
    return error
