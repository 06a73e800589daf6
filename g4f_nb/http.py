"""Requests on the wire: a limit on every wait, redirects that keep keys at home, and tries again."""

from __future__ import annotations

import asyncio
import contextlib
import random
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit
from urllib.request import (  # type: ignore[attr-defined]  # typeshed leaves the second one out
    getproxies_environment,
    proxy_bypass_environment,
)

from g4f_nb import errors, loops
from g4f_nb.calls import Call, Headers
from g4f_nb.credentials import origin
from g4f_nb.environment import variable
from g4f_nb.errors import G4FError
from g4f_nb.failures import error_from_answer
from g4f_nb.secret import Secret
from g4f_nb.sessions import new_session, pooled_session
from g4f_nb.translation import translate

if TYPE_CHECKING:
    import aiohttp

_REDIRECTS = {301, 302, 303, 307, 308}
_MOST_REDIRECTS = 5
_LONGEST_PAUSE = 60.0
# After the last event, how long to wait for the end of the body so that the connection can be used again.
_TAIL = 0.25
_LONGEST_COMPLAINT = 4 * 1024 * 1024
_PROXY_NAMES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


class Answer:
    """The response to a `Call`, its body not yet read."""

    def __init__(self, response: aiohttp.ClientResponse, call: Call, end: float | None) -> None:
        self._response = response
        self._call = call
        self._end = end
        self._broken: G4FError | None = None
        self.silence = call.limits.silence
        self.media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    async def piece(self) -> bytes:
        """What comes next of the body, decompressed; `b""` is its end. Each wait has a deadline."""
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

    async def read(self, limit: int, *, cut: bool = False) -> bytes:
        """The whole body; one that is longer than `limit` is an error, or is cut off there."""
        parts: list[bytes] = []
        size = 0
        while piece := await self.piece():
            parts.append(piece)
            size += len(piece)
            if size > limit and cut:
                break
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
    """Sends a `Call` for an `async with` that gives its `Answer`; leaving early cuts the connection."""

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
            body = await answer.read(_LONGEST_COMPLAINT, cut=True)
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
            self._private = new_session(call.connector, owner=False)
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
        if not self._passed or self._task is None:
            return
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


_timeout_cache: dict[float | None, Any] = {}


def _timeouts(connect: float | None) -> Any:
    import aiohttp

    # Only connecting is left to aiohttp: its own read limits do not fire in every state.
    if connect not in _timeout_cache:
        _timeout_cache[connect] = aiohttp.ClientTimeout(total=None, sock_connect=connect)
    return _timeout_cache[connect]


def _socks(proxy: Secret | None) -> str | None:
    # A proxy's address may hold a password.
    return proxy.reveal() if proxy is not None and proxy.reveal().lower().startswith("socks") else None


def _proxy_for(call: Call) -> str | None:
    if call.proxy is not None:
        return None if _socks(call.proxy) else call.proxy.reveal()
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
            f"{call.url} redirects to another address, {url}: nothing was sent there; "
            "if that host is meant, give it as api_base= together with its api_key=",
            provider=call.provider,
        )
    kept = {name: value for name, value in call.headers.items() if name.lower() in ("accept", "content-type")}
    return replace(call, url=url, headers=Headers(kept), secret=None)


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
