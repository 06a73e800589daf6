"""Asks a hostile server, and looks at what came of it and what was left behind."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any

from g4f_nb import errors
from g4f_nb.providers import OpenaiTemplate
from g4f_nb.reply import Reply
from g4f_nb.wire.sessions import pooled_session

from .cases import Case, Fails, Text
from .server import Host

ASKED = [{"role": "user", "content": "hello"}]
KEY = "sk-planted-0123456789abcdef"


def arguments(case: Case, host: Host, mode: str, **more: Any) -> dict[str, Any]:
    """What a call of this case is given."""
    usual = {"api_base": f"{case.scheme}://{host.address}/v1", "api_key": KEY, "max_retries": 0, "timeout": 5}
    return {**usual, "stream": mode == "stream", **case.given, **more}


async def outcome_of(given: dict[str, Any]) -> Text | errors.G4FError:
    """Ask; give the answer or the error. Anything but one of our errors is raised."""
    reply = Reply()
    try:
        async for chunk in OpenaiTemplate.create_async_generator("m", ASKED, **given):
            reply.add(chunk)
    except errors.G4FError as error:
        return error
    return as_text(reply)


def as_text(reply: Reply) -> Text:
    """What there is to compare of an answer."""
    calls = tuple((call.name, call.arguments) for call in reply.tool_calls)
    return Text(reply.text, reply.finish_reason, reply.reasoning, calls)


def check(case: Case, outcome: Text | errors.G4FError, host: Host) -> None:
    """Hold the outcome against the expected one."""
    expected = case.outcome
    if isinstance(expected, Text):
        assert outcome == expected
    else:
        _check_error(expected, outcome)
    if case.requests is not None and host.connections:
        assert len(host.requests) == case.requests


def _check_error(expected: Fails, error: Text | errors.G4FError) -> None:
    assert isinstance(error, expected.kind), repr(error)
    assert errors.G4FError in (expected.kind, *expected.kind.__mro__)
    for words in expected.says:
        assert words in str(error)
    assert error.partial == expected.partial
    if expected.status is not None:
        assert error.status == expected.status
    if expected.retry_after is not None:
        assert error.retry_after is not None
        assert abs(error.retry_after - expected.retry_after) < 2
    if "does not speak HTTP" in str(error) or "broke off" in str(error):
        # The parser makes up a status of 400.
        assert error.status is None
        assert not re.search(r"\(400\b|\b400,", str(error))
    shown = f"{error} {error!r} {vars(error)} {error.__cause__!r} {error.__context__!r}"
    assert KEY not in shown


async def nothing_is_left(host: Host) -> None:
    """No task, no connection that is in use, on this side or on that."""
    end = time.monotonic() + 3
    connector: Any = pooled_session(asyncio.get_running_loop()).connector
    while (host.busy or len(asyncio.all_tasks()) > 1) and time.monotonic() < end:  # noqa: ASYNC110
        # What was cancelled takes a turn of the loop to end, and a closed connection to be seen over there.
        await asyncio.sleep(0.005)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert host.busy == 0
    assert not connector._acquired


async def well_again(case: Case, host: Host, **more: Any) -> None:
    """A healthy request to the same server, through the same session, right after."""
    host.healthy = True
    given = arguments(case, host, "whole", **more)
    outcome = await outcome_of(
        {**given, "timeout": 5, "max_retries": 0, "extra_data": None, "total_timeout": None}
    )
    assert outcome == Text("well again")
