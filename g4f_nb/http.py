"""Requests on the wire: pooled sessions, a limit on every wait, retries, and foreign exceptions made ours.

One session lives on each event loop, kept alive across cells and closed with the loop. No cookies are
kept. A redirect never carries a key or a prompt to another origin.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import random
import ssl as tls
import warnings
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit
from urllib.request import (  # type: ignore[attr-defined]  # typeshed leaves the second one out
    getproxies_environment,
    proxy_bypass_environment,
)

from g4f_nb import errors, loops, ownloop
from g4f_nb.credentials import origin
from g4f_nb.environment import variable
from g4f_nb.errors import G4FError
from g4f_nb.failures import error_from_answer
from g4f_nb.secret import Secret, Veiled, redact

if TYPE_CHECKING:
    import aiohttp

_REDIRECTS = {301, 302, 303, 307, 308}
_MOST_REDIRECTS = 5
_LONGEST_PAUSE = 60.0
# After the last event, how long to wait for the end of the body so that the connection can be used again.
_TAIL = 0.25
_LONGEST_COMPLAINT = 4 * 1024 * 1024
_PROXY_NAMES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


class Headers(Veiled):
    """Request headers; their repr shows names only."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds: to connect, for the first byte and each later silence, for the whole; `None` is no limit."""

    connect: float | None = 30.0
    silence: float | None = 120.0
    total: float | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One request, ready to send."""

    method: str
    url: str
    headers: Headers
    body: bytes | None = field(default=None, repr=False)
    secret: Secret | None = None
    limits: Limits = Limits()
    proxy: str | None = field(default=None, repr=False)
    ssl: tls.SSLContext | bool | None = None
    connector: aiohttp.BaseConnector | None = None
    provider: str | None = None
    model: str | None = None


class Answer:
    """The response to a `Call`, its body not yet read."""

    def __init__(self, response: aiohttp.ClientResponse, call: Call, end: float | None) -> None:
        self._response = response
        self._call = call
        self._end = end
        self._broken: G4FError | None = None
        self.silence = call.limits.silence
        self.status = response.status
        self.headers = response.headers
        self.media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    async def piece(self) -> bytes:
        """What comes next of the body, decompressed; `b""` is its end. Each wait has its own deadline."""
        if self._broken is not None:
            raise self._broken
        try:
            return await self._read(self.silence)
        except G4FError as error:
            # aiohttp drops what it had buffered when the connection breaks; it was paid for.
            content = self._response.content
            rest = b"".join(getattr(content, "_buffer", ()))[getattr(content, "_buffer_offset", 0) :]
            if not rest:
                raise
            self._broken = error
            return rest

    async def read(self, limit: int) -> bytes:
        """The whole body."""
        parts: list[bytes] = []
        size = 0
        while piece := await self.piece():
            parts.append(piece)
            size += len(piece)
            if size > limit:
                raise errors.UnreadableResponseError(
                    f"the answer is longer than {limit:,} bytes: if that is meant, raise the cap with "
                    "the setting max_event_bytes (G4F_NB_MAX_EVENT_BYTES)",
                    provider=self._call.provider,
                )
        return b"".join(parts)

    async def finish(self) -> None:
        """Read to the end if that is near, so that the connection can be used again."""
        with contextlib.suppress(G4FError):
            while await self._read(_TAIL):
                pass

    async def _read(self, limit: float | None) -> bytes:
        content = self._response.content
        try:
            # What is there already needs no deadline.
            piece = content.read_nowait()
            if piece or content.at_eof():
                return piece
            with _Deadline(limit, self._end):
                return await content.readany()
        except asyncio.CancelledError as error:
            # Without aiohttp's frames: a notebook would spend half a second on rendering them.
            raise error.with_traceback(None) from None
        except Exception as error:  # noqa: BLE001  # translated below, or raised again there
            failure = translate(error, self._call, "between two pieces of the answer")
        raise failure


class Exchange:
    """Sends a `Call` as an `async with` block that gives its `Answer`; leaving early closes the connection."""

    def __init__(self, call: Call, *, end: float | None = None) -> None:
        self._call = call
        self._end = end
        self._response: aiohttp.ClientResponse | None = None
        self._private: aiohttp.ClientSession | None = None
        self._beat = loops.Heartbeat()

    async def __aenter__(self) -> Answer:
        self._beat.__enter__()
        try:
            return await self._open()
        except BaseException:
            await self.__aexit__(None, None, None)
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._beat.__exit__(None, None, None)
        if self._response is not None:
            # A body read to its end has given its connection back already; any other is cut here.
            self._response.close()
        if self._private is not None:
            self._private.detach()

    async def _open(self) -> Answer:
        call = self._call
        loop = asyncio.get_running_loop()
        end = self._end
        if end is None and call.limits.total is not None:
            end = loop.time() + call.limits.total
        for _ in range(_MOST_REDIRECTS):
            session = self._session(call, loop)
            try:
                with _Deadline(call.limits.silence, end):
                    response = await session.request(
                        call.method,
                        call.url,
                        data=call.body,
                        headers=call.headers,
                        proxy=_proxy_for(call),
                        ssl=True if call.ssl is None else call.ssl,
                        allow_redirects=False,
                        timeout=_timeouts(call.limits.connect),
                    )
            except asyncio.CancelledError as error:
                raise error.with_traceback(None) from None
            except Exception as error:  # noqa: BLE001  # translated, or raised again there
                failure: G4FError | None = translate(error, call, "before the first byte of the answer")
            else:
                failure = None
            if failure is not None:
                raise failure
            self._response = response
            if response.status not in _REDIRECTS or "Location" not in response.headers:
                break
            call = _redirected(call, urljoin(call.url, response.headers["Location"]))
            response.close()
        else:
            raise errors.ConnectionFailedError(
                f"{call.url} redirects in a circle: check api_base=", provider=call.provider
            )
        answer = Answer(response, call, end)
        if response.status >= 400:  # noqa: PLR2004
            body = await answer.read(_LONGEST_COMPLAINT)
            raise error_from_answer(
                response.status,
                body,
                response.headers,
                secret=call.secret,
                provider=call.provider,
                model=call.model,
            )
        return answer

    def _session(self, call: Call, loop: asyncio.AbstractEventLoop) -> aiohttp.ClientSession:
        if call.connector is None:
            return pooled_session(loop, _socks(call.proxy))
        if getattr(call.connector, "_loop", loop) is not loop:
            raise errors.LoopError(
                "the connector was made on another event loop than the one this call runs on: "
                "await the asynchronous form on that loop, or leave connector= out",
                provider=call.provider,
            )
        if self._private is None:
            self._private = _new_session(call.connector, owner=False)
        return self._private


class _Deadline:
    """Limits one wait, like `asyncio.timeout`, which costs as much as a tenth of a small request."""

    __slots__ = ("_end", "_handle", "_limit", "_passed", "_requests", "_task")

    def __init__(self, limit: float | None, end: float | None) -> None:
        self._limit = limit
        self._end = end
        self._passed = False

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        at = self._end
        if self._limit is not None:
            soonest = loop.time() + self._limit
            at = soonest if at is None else min(at, soonest)
        self._task = asyncio.current_task()
        self._requests = self._task.cancelling() if self._task else 0
        self._handle = None if at is None else loop.call_at(at, self._pass)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._handle is not None:
            self._handle.cancel()
        if self._passed and self._task is not None:
            # Somebody else's cancellation, at the same moment, is theirs and goes on.
            if self._task.uncancel() <= self._requests and kind is asyncio.CancelledError:
                raise TimeoutError from None

    def _pass(self) -> None:
        if self._task is not None:
            self._passed = True
            self._task.cancel()


class Attempts:
    """Decides whether a failed call is sent again, and waits between the tries; `total` limits them all."""

    def __init__(self, most: int, *, total: float | None = None) -> None:
        self.end = None if total is None else asyncio.get_running_loop().time() + total
        self._left = most
        self._pause = 0.5
        self._wait = 0.0

    def again(self, error: G4FError) -> bool:
        """Whether this failure may pass by itself, a try is left, and there is time for it.

        The wait is as long as the server asks, else twice as long each time, give or take.
        """
        if self._left <= 0 or not _passing(error):
            return False
        if error.retry_after is not None:
            self._wait = error.retry_after
        else:
            self._wait = self._pause * random.uniform(0.75, 1.25)
            self._pause = min(self._pause * 2, 8.0)
        over = self.end is not None and asyncio.get_running_loop().time() + self._wait >= self.end
        if over or self._wait > _LONGEST_PAUSE:
            return False
        self._left -= 1
        return True

    async def wait(self) -> None:
        """Let the time pass that `again` has settled."""
        await asyncio.sleep(self._wait)


_sessions: dict[tuple[asyncio.AbstractEventLoop, str | None], tuple[Any, AsyncGenerator[None, None]]] = {}


def pooled_session(loop: asyncio.AbstractEventLoop, socks: str | None = None) -> aiohttp.ClientSession:
    """The session of this loop (and SOCKS proxy), made at the first call and closed when the loop ends."""
    found = _sessions.get((loop, socks))
    if found is not None and not found[0].closed:
        session: aiohttp.ClientSession = found[0]
        return session
    for gone in [key for key in _sessions if key[0].is_closed()]:
        _abandon(_sessions.pop(gone)[0])
    session = _new_session(_connector(socks), owner=True)
    keeper = _keeper((loop, socks), session)
    # A suspended async generator is the one thing that every loop closes when it shuts down.
    with contextlib.suppress(StopIteration):
        keeper.asend(None).send(None)
    _sessions[loop, socks] = (session, keeper)
    return session


async def _keeper(
    key: tuple[asyncio.AbstractEventLoop, str | None], session: aiohttp.ClientSession
) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        _sessions.pop(key, None)
        await session.close()


def _new_session(connector: aiohttp.BaseConnector, *, owner: bool) -> aiohttp.ClientSession:
    import aiohttp

    return aiohttp.ClientSession(
        connector=connector,
        connector_owner=owner,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": "g4f_nb"},
    )


def _connector(socks: str | None) -> aiohttp.BaseConnector:
    import aiohttp

    if socks is None:
        # How many run at once is the business of whoever starts them.
        return aiohttp.TCPConnector(limit=0, keepalive_timeout=30)
    try:
        from aiohttp_socks import ProxyConnector
    except ImportError as error:
        raise errors.MissingRequirementsError(
            'a SOCKS proxy needs the extra "socks": pip install "g4f_nb[socks]"'
        ) from error
    connector: aiohttp.BaseConnector = ProxyConnector.from_url(socks, limit=0)
    return connector


def _abandon(session: aiohttp.ClientSession) -> None:
    """Close a session whose loop does not run any more, as far as that goes without it."""
    loop, connector = session._loop, session.connector  # noqa: SLF001  # aiohttp has no public name for it
    if not loop.is_closed() and not loop.is_running():
        with contextlib.suppress(RuntimeError):
            loop.run_until_complete(session.close())
        return
    session.detach()
    if connector is not None:
        # The first step closes the transports; the rest would wait for a loop that is gone.
        closing: Any = connector.close()
        with warnings.catch_warnings(), contextlib.suppress(StopIteration, RuntimeError):
            warnings.simplefilter("ignore")
            closing.send(None)
        closing.close()


@atexit.register
def _close_all() -> None:
    # Our own loop closes its session itself; what is left are sessions on loops that never ended.
    ownloop.stop_own_loop()
    while _sessions:
        _, (session, _) = _sessions.popitem()
        _abandon(session)


_timeout_cache: dict[float | None, Any] = {}


def _timeouts(connect: float | None) -> Any:
    import aiohttp

    # Only connecting is left to aiohttp: its own read limits do not fire in every state.
    if connect not in _timeout_cache:
        _timeout_cache[connect] = aiohttp.ClientTimeout(total=None, sock_connect=connect)
    return _timeout_cache[connect]


def _socks(proxy: str | None) -> str | None:
    return proxy if proxy and proxy.lower().startswith("socks") else None


def _proxy_for(call: Call) -> str | None:
    if call.proxy is not None:
        return None if _socks(call.proxy) else call.proxy
    if call.connector is not None or not any(map(variable, _PROXY_NAMES)):
        return None
    parts = urlsplit(call.url)
    if parts.hostname is None or proxy_bypass_environment(parts.netloc):
        return None
    proxies = getproxies_environment()
    return proxies.get(parts.scheme) or proxies.get("all")


def _redirected(call: Call, url: str) -> Call:
    if origin(url) == origin(call.url):
        return replace(call, url=url)
    if call.body is not None:
        raise errors.ConnectionFailedError(
            f"{call.url} redirects to another host, {url}: nothing was sent there; "
            "if that host is meant, give it as api_base= together with its api_key=",
            provider=call.provider,
        )
    kept = {name: value for name, value in call.headers.items() if name.lower() in ("accept", "content-type")}
    return replace(call, url=url, headers=Headers(kept), secret=None)


def _plain(reason: str | None) -> str:
    # asyncio writes "Connect call failed ('127.0.0.1', 1)"; the address has been said already.
    return "connection refused" if reason and "Connect call failed" in reason else reason or ""


def _passing(error: G4FError) -> bool:
    if isinstance(error, errors.CertificateError) or error.code == "insufficient_quota":
        return False
    if isinstance(error, errors.RequestTimeoutError):
        return error.status is not None
    return isinstance(
        error,
        errors.ConnectionFailedError
        | errors.RateLimitError
        | errors.ServerError
        | errors.StreamInterruptedError,
    )


def translate(error: Exception, call: Call, when: str) -> G4FError:
    """Make one of our errors of whatever the transport raised; what is not the transport's is raised again.

    The original is the cause, without its frames: their locals hold the headers, and with them the key.
    """
    import aiohttp

    if isinstance(error, G4FError):
        return error
    about: dict[str, Any] = {"provider": call.provider, "model": call.model}
    host = urlsplit(call.url).netloc.rpartition("@")[2]
    words = redact(str(error), call.secret)
    made: G4FError
    match error:
        case TimeoutError():
            limits = call.limits
            limit = limits.connect if isinstance(error, aiohttp.ConnectionTimeoutError) else limits.silence
            when = "while connecting" if isinstance(error, aiohttp.ConnectionTimeoutError) else when
            if limits.total is not None and (limit is None or limits.total < limit):
                limit, when = limits.total, f"within the whole time allowed, {when}"
            made = errors.RequestTimeoutError(
                f"{host} was silent for {limit:g} s {when}: try again, or allow more with timeout=", **about
            )
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError() | tls.SSLError():
            made = errors.CertificateError(
                f"{host} cannot prove who it is ({words}): check the address; a private authority's "
                "certificate is given with ssl=ssl.create_default_context(cafile=…)",
                **about,
            )
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            made = errors.ConnectionFailedError(
                f"the proxy refused the way to {host} ({words}): check proxy= or the variable HTTPS_PROXY",
                **about,
            )
        case aiohttp.ClientConnectorDNSError():
            made = errors.ConnectionFailedError(
                f"there is no host named {host}: check api_base= and the network", **about
            )
        case aiohttp.ClientConnectorError() | ConnectionRefusedError():
            reason = getattr(getattr(error, "os_error", error), "strerror", None)
            made = errors.ConnectionFailedError(
                f"nothing answers at {host} ({_plain(reason) or words}): start the server there, or check api_base=",
                **about,
            )
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError():
            made = errors.ConnectionFailedError(f"{call.url!r} is no web address: check api_base=", **about)
        case aiohttp.ClientPayloadError() | aiohttp.ContentTypeError():
            made = errors.StreamInterruptedError(
                f"{host} broke off in the middle of its answer ({words}): ask again", **about
            )
        case aiohttp.ClientResponseError():
            made = errors.UnreadableResponseError(
                f"{host} does not speak HTTP as it should ({words}): check api_base= and any proxy", **about
            )
        case aiohttp.ClientError() | OSError():
            made = errors.ConnectionFailedError(
                f"the connection to {host} broke ({words or type(error).__name__}): try again", **about
            )
        case _:
            raise error
    made.__cause__ = error.with_traceback(None)
    return made
