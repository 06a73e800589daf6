"""One request to GigaChat: with a token, in its turn, and again with a fresh one where that is refused."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from functools import partial
from typing import Any, TypeVar

from g4f_nb.chunks import Chunk
from g4f_nb.credentials import origin
from g4f_nb.errors import G4FError, MissingAuthError, RequestTimeoutError
from g4f_nb.loops.handover import closing
from g4f_nb.providers.gigachat.line import Line, as_meant, json_of
from g4f_nb.providers.gigachat.oauth import refused, token_of
from g4f_nb.providers.sending.lanes import SharedLane, lane
from g4f_nb.providers.sending.requesting import Reader, batches
from g4f_nb.providers.sending.shortlived import Token
from g4f_nb.secret import Secret
from g4f_nb.wire.attempts import Attempts
from g4f_nb.wire.http import Exchange

T = TypeVar("T")
_UNAUTHORIZED = 401


async def stream(
    line: Line,
    body: dict[str, Any],
    *,
    model: str,
    reader_for: Callable[[str, Secret], Reader],
    limit: int,
) -> AsyncGenerator[list[str | Chunk], None]:
    """A chat's answer, a batch of chunks for each piece that arrives."""
    attempts = Attempts(line.retries, total=line.limits.total)
    own, renewed, begun = _own_lane(line), False, False
    async with _turn(line, own, attempts):
        while True:
            token = await _token(line, attempts)
            call = line.call("POST", "/chat/completions", token, body, model=model)
            pieces = batches(
                call,
                attempts,
                reader_for=partial(_reader, reader_for, call.secret or token.secret),
                limit=limit,
            )
            failure: G4FError
            try:
                async with closing(pieces):
                    async for chunks in pieces:
                        begun = True
                        own.move()
                        yield chunks
            except G4FError as error:
                failure = as_meant(error)
            else:
                return
            if begun or renewed or failure.status != _UNAUTHORIZED:
                raise failure.alone()
            renewed = True
            refused(line, token)


async def fetch(
    line: Line,
    method: str,
    path: str,
    body: Any = None,
    *,
    read: Callable[..., T],
    limit: int,
    turn: bool = False,
) -> T:
    """What `read` makes of the JSON that the API answers, once for all; with `turn` it counts as a stream.

    It is given the keys of the call, which what it says of an answer must not show.
    """
    attempts = Attempts(line.retries, total=line.limits.total)
    renewed = False
    async with _turn(line, _own_lane(line), attempts) if turn else contextlib.nullcontext():
        while True:
            token = await _token(line, attempts)
            failure: G4FError
            call = line.call(method, path, token, body)
            try:
                async with Exchange(call, end=attempts.end) as answer:
                    return read(
                        json_of(await answer.read(limit), line, call.secret),
                        provider=line.provider,
                        secret=call.secret,
                    )
            except G4FError as error:
                failure = as_meant(error)
            if isinstance(failure, MissingAuthError) and not renewed and failure.status == _UNAUTHORIZED:
                renewed = True
                refused(line, token)
            elif not attempts.again(failure):
                raise failure.alone() from failure.__cause__
            else:
                await attempts.wait()


def _reader(reader_for: Callable[[str, Secret], Reader], secret: Secret, media_type: str) -> Reader:
    # What the server says may repeat the token.
    return reader_for(media_type, secret)


@contextlib.asynccontextmanager
async def _turn(line: Line, own: SharedLane, attempts: Attempts) -> AsyncGenerator[None, None]:
    """Wait until the account may have one more stream."""
    limit, late = asyncio.timeout_at(attempts.end), ""
    async with contextlib.AsyncExitStack() as entered:
        try:
            async with limit:
                await entered.enter_async_context(own.turn(line.streams, patience=line.limits.silence))
        except TimeoutError:
            late = f"nothing came in it for {line.limits.silence or 0:g} s"
            if limit.expired():
                late = f"{line.limits.total or 0:g} s for the whole call are over"
        if late:
            raise RequestTimeoutError(
                f"{line.provider} answers {line.streams} at a time for this account, and an earlier answer "
                f"is still open ({late}): finish or close that one, or allow more with max_streams=",
                provider=line.provider,
            )
        yield


async def _token(line: Line, attempts: Attempts) -> Token:
    """The account's token, if it comes in the time that the whole call has."""
    limit = asyncio.timeout_at(attempts.end)
    try:
        async with limit:
            return await token_of(line)
    except TimeoutError:
        if not limit.expired():
            raise
    raise RequestTimeoutError(
        f"{line.provider} was allowed {line.limits.total or 0:g} s for the whole call, which were over "
        "before a token came: allow more with total_timeout=",
        provider=line.provider,
    )


def _own_lane(line: Line) -> SharedLane:
    """The lane of this key: the service counts streams by account."""
    return lane(("GigaChat", line.account.secret, origin(line.account.auth_url)))
