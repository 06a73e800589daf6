"""Who does what a dialogue needs next, and where: on the user's own thread, on the user's loop, on ours."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any

from g4f_nb import loops
from g4f_nb.dialogues.plans import Approve, Effect, Outcome, PendingCall, Run, Send, Steps
from g4f_nb.errors import G4FError
from g4f_nb.loops import ownloop

Approval = Callable[[PendingCall], Any] | None

# Whatever a user's function raises, the model is told; `sys.exit()` too, which is meant for a script. An
# interrupt is the user's.
_TOLD = (Exception, SystemExit)


def drive(steps: Steps, send: Callable[[Send], Iterator[None]], approve: Approval) -> Iterator[None]:
    """Do it here: tools and approval run on this thread, so that they may touch what is the user's.

    Control is given whenever the reply has grown, and before a tool runs. What an async tool gives is awaited
    on our own loop.
    """
    outcome: Any = None
    error: G4FError | None = None
    with contextlib.closing(steps):
        while (effect := _next(steps, outcome, error)) is not None:
            outcome = error = None
            match effect:
                case Send():
                    try:
                        yield from send(effect)
                    except G4FError as caught:
                        error = caught
                case Approve(call):
                    outcome = approve(call) if approve is not None else True
                    if inspect.isawaitable(outcome):
                        outcome = ownloop.own_loop().submit(_awaited(outcome, None)).result()
                case Run():
                    # What the model asks for is seen before it runs, and the last result before the next.
                    yield
                    outcome = _run_here(effect)
        yield


async def drive_async(
    steps: Steps, send: Callable[[Send], Awaitable[None]], approve: Approval, *, in_threads: bool = False
) -> None:
    """Do it on the loop that runs here; what is synchronous runs on its thread too, or on a worker's."""
    outcome: Any = None
    error: G4FError | None = None
    # A cell that awaits a tool on an otherwise idle loop would not hear of Ctrl-C without a heartbeat.
    with contextlib.closing(steps), loops.Heartbeat():
        while (effect := _next(steps, outcome, error)) is not None:
            outcome = error = None
            match effect:
                case Send():
                    try:
                        await send(effect)
                    except G4FError as caught:
                        error = caught
                case Approve(call):
                    ask = None if approve is None else partial(approve, call)
                    outcome = (
                        True if ask is None else await (loops.in_thread(ask) if in_threads else _now(ask))
                    )
                    if inspect.isawaitable(outcome):
                        outcome = await outcome
                case Run():
                    outcome = await _run_async(effect, in_threads=in_threads)


def _next(steps: Steps, outcome: Any, error: G4FError | None) -> Effect | None:
    try:
        return steps.send(outcome) if error is None else steps.throw(error)
    except StopIteration:
        return None


def _run_here(run: Run) -> Outcome:
    """An interrupt is no outcome of a tool: it goes on to the user."""
    try:
        value = run.tool.run(run.arguments)
        if inspect.isgenerator(value):
            value = list(value)
        elif _is_async(value):
            return ownloop.own_loop().submit(_outcome(value, run.seconds)).result()
    except _TOLD as error:
        return Outcome(error=error)
    return Outcome(value)


async def _run_async(run: Run, *, in_threads: bool) -> Outcome:
    call = partial(run.tool.run, run.arguments)
    try:
        async with _limit(run.seconds):
            value = await (loops.in_thread(call) if in_threads else _now(call))
            if inspect.isgenerator(value):
                value = list(value)
            elif _is_async(value):
                value = await _awaited(value, None)
    except _TOLD as error:
        return Outcome(error=error)
    return Outcome(value)


async def _outcome(value: Any, seconds: float | None) -> Outcome:
    """A task of our loop that raised a SystemExit would take the loop's other work with it."""
    try:
        return Outcome(await _awaited(value, seconds))
    except _TOLD as error:
        return Outcome(error=error)


def _is_async(value: Any) -> bool:
    return inspect.isawaitable(value) or inspect.isasyncgen(value)


async def _now(call: Callable[[], Any]) -> Any:
    return call()


async def _awaited(value: Any, seconds: float | None) -> Any:
    async with _limit(seconds):
        if inspect.isasyncgen(value):
            return [item async for item in value]
        return await value


def _limit(seconds: float | None) -> contextlib.AbstractAsyncContextManager[None]:
    return loops.time_limit(seconds, lambda: TimeoutError(f"it was not done within {seconds:.3g} s"))
