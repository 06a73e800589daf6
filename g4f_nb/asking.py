"""One question to one reply: `watch`, `complete` and `answer` let it happen, `nb.ask` is made of them.

With tools or `schema=` a question has several rounds (`dialogue`). The model is asked on our own loop. Tools
run on the thread or loop of whoever asked; for `answer`, which is on our loop itself, on worker threads.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

from g4f_nb import interrupts, loops
from g4f_nb.chunks import Chunk
from g4f_nb.dialogues import driving
from g4f_nb.dialogues.dialogue import converse
from g4f_nb.dialogues.driving import Approval
from g4f_nb.dialogues.plans import ToolLimits
from g4f_nb.errors import G4FError, SchemaError
from g4f_nb.loops import ownloop
from g4f_nb.loops.bell import Bell
from g4f_nb.masking import secrets_given
from g4f_nb.notices import tell, tell_login
from g4f_nb.providers.calling import batches_of, stream_of
from g4f_nb.providers.models.model import Provider, one_named, several_named
from g4f_nb.questions import Chosen, Prompt, Question, Several, prepare
from g4f_nb.reply import Reply
from g4f_nb.secret import Veiled


def chunks_of(question: Question) -> AsyncIterator[str | Chunk]:
    """The stream of one question, from whichever kind of provider.

    It is a stream also where only the whole is wanted: what had arrived when it broke off is not lost.
    """
    return stream_of(question.where, question.messages, question.options, stream=True)


async def answer(
    question: Question,
    reply: Reply,
    on_change: Callable[[], None] | None = None,
    *,
    stream: bool = True,
) -> Reply:
    """Fill the reply on our own loop; what is synchronous of the user's runs on worker threads.

    If it breaks off, `reply.partial` says so and what there was is kept.
    """
    start = time.perf_counter()
    with _filling(question, reply, start):
        if question.key is not None and await _is_found_async(question, reply):
            return reply
        if not question.plan.tools and question.plan.wanted is None:
            # The common case, thousands of times in a comparison: nothing can follow the answer.
            await _round(question, reply, start, on_change, stream=stream)
            reply.end_round()
            return reply
        await driving.drive_async(
            converse(reply, question.plan, question.options),
            lambda send: _round(
                question.send(send.messages, send.options), reply, start, on_change, stream=stream
            ),
            question.plan.approve,
            in_threads=True,
        )
    return reply


async def _round(
    question: Question,
    reply: Reply,
    start: float,
    on_change: Callable[[], None] | None = None,
    *,
    stream: bool = True,
) -> None:
    """One answer of the model, added to the reply."""
    batches = batches_of(question.where, question.messages, question.options, stream=stream)
    login = None
    try:
        async for batch in batches:
            reply.add_all(batch, at=time.perf_counter() - start)
            if on_change is not None:
                on_change()
            elif reply.login is not login:
                # Nobody sees the reply before it is whole, and it waits for the user.
                login = reply.login
                if login is not None:
                    tell_login(login.label, login.login_url)
    finally:
        await batches.aclose()


def watch(question: Question, reply: Reply, *, beat: float | None = None) -> Iterator[None]:
    """Fill the reply and give control each time something was added, to a caller that shows it as it comes.

    With `beat` control comes also after so many seconds of silence. Tools run on this thread. Leaving early,
    an interrupt or an error ends the stream and closes its connection; what had arrived by then is in the
    reply, marked partial.
    """
    start = time.perf_counter()
    with _filling(question, reply, start):
        if _is_found(question, reply):
            return
        yield from driving.drive(
            converse(reply, question.plan, question.options),
            lambda send: _watch_round(question.send(send.messages, send.options), reply, start, beat),
            question.plan.approve,
        )


def _watch_round(question: Question, reply: Reply, start: float, beat: float | None) -> Iterator[None]:
    batches = loops.own_batches(chunks_of(question), beat=beat)
    try:
        for batch in batches:
            at = reply.seconds = time.perf_counter() - start
            for chunk in batch:
                reply.add(chunk, at=at)
            yield
    finally:
        batches.close()
        reply.seconds = time.perf_counter() - start
        for chunk in batches.rest():
            reply.add(chunk, at=reply.seconds)


async def watch_async(question: Question, reply: Reply) -> AsyncIterator[None]:
    """`watch` for `async for`; tools run on this loop, and each piece is there as soon as it has come."""
    start = time.perf_counter()
    grown = Bell()
    with _filling(question, reply, start):
        if await _is_found_async(question, reply):
            return
        work = driving.drive_async(
            converse(reply, question.plan, question.options),
            lambda send: loops.call(
                _round(question.send(send.messages, send.options), reply, start, grown.ring_from_anywhere)
            ),
            question.plan.approve,
        )
        task = asyncio.get_running_loop().create_task(work)
        task.add_done_callback(lambda _: grown.ring())
        try:
            while not task.done():
                await grown.wait()
                yield
            await task
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task}, timeout=ownloop.CLOSING)


@contextlib.contextmanager
def _filling(question: Question, reply: Reply, start: float) -> Iterator[None]:
    """What there is stays in the reply, and an error that ends it leads to it; a whole answer may be kept."""
    reply.partial = True
    try:
        yield
        reply.partial = reply.stopped_by is not None
    except BaseException as error:
        if isinstance(error, G4FError):
            error.partial = error.partial or reply.text or None
            error.reply = reply
        elif isinstance(error, KeyboardInterrupt):
            interrupts.lead_to(error, reply)
        raise
    finally:
        reply.seconds = time.perf_counter() - start
    if question.key is not None and not reply.cached:
        from g4f_nb.kept.answers import keep

        keys = (question.options, *question.plan.members)
        keep(question.key, reply, (key for options in keys for key in secrets_given(options)))


def _is_found(question: Question, reply: Reply) -> bool:
    """Whether the answer is kept; then it is in the reply, and nothing is sent."""
    if question.key is None:
        return False
    from g4f_nb.kept.answers import take

    return take(question.key, reply, question.plan.wanted)


async def _is_found_async(question: Question, reply: Reply) -> bool:
    # On a thread of its own: the file may be slow, and the loop has others to serve.
    return question.key is not None and await asyncio.to_thread(_is_found, question, reply)


def ask(
    prompt: Prompt,
    model: Chosen = None,
    *,
    provider: str | Provider | None = None,
    system: str | None = None,
    schema: Any = None,
    tools: Sequence[Any] | None = None,
    approve: Approval = None,
    tool_limits: ToolLimits | None = None,
    cache: bool = False,
    fallback: Several = None,
    race: Several = None,
    **options: Any,
) -> Reply:
    """Ask one question and wait for the whole reply; works in a notebook as anywhere else.

    `model` is `"provider:model"`, a provider class or an `nb.Model`. The options are the provider's own:
    `temperature=`, `max_tokens=`, `timeout=` (seconds of silence), `api_base=`, `api_key=`…

        ask("Why is the sky blue?", "groq:openai/gpt-oss-120b", temperature=0)

    `tools` are functions that the model may call; they run here, on this thread. `approve` is asked before
    each call: a function that takes it and gives yes, no, or other arguments. `tool_limits` bounds it all.
    With `schema`, a type or a line like `"name, age int"`, the answer is an instance of it, in `.data`.
    With `cache=True` the same question gets the same answer, and nothing is sent (`.cached` says so).
    `fallback` are models that are asked in turn until one answers, `race` such that are asked at once.
    """
    model, provider = one_named(model), one_named(provider)
    fallback, race = several_named(fallback), several_named(race)
    options = Veiled(
        options, provider=provider, system=system, schema=schema, tools=tools, approve=approve,
        tool_limits=tool_limits, cache=cache, fallback=fallback, race=race,
    )  # fmt: skip
    # A traceback that prints locals must show no key, and a partial shows what it holds.
    tools = None
    question = ready(prompt, model, options)
    reply = question.new_reply()
    try:
        return complete(question, reply)
    except KeyboardInterrupt as error:
        interrupts.tell_where(error, reply)
        raise


def ready(prompt: Prompt, model: Chosen, how: Veiled) -> Question:
    """The question of `ask` and its kin, and what should be known of it told to a user without a screen."""
    question = prepare(prompt, model, **how)
    for notice in question.notices:
        tell(notice)
    return question


def complete(question: Question, reply: Reply) -> Reply:
    """Fill the reply and wait for it, as `ask` does; tools run on this thread."""
    start = time.perf_counter()
    with _filling(question, reply, start):
        if not _is_found(question, reply):
            for _ in driving.drive(
                converse(reply, question.plan, question.options),
                lambda send: _ask_round(question.send(send.messages, send.options), reply, start),
                question.plan.approve,
            ):
                pass
    return told(reply)


def _ask_round(question: Question, reply: Reply, start: float) -> Iterator[None]:
    ownloop.own_loop().submit(_round(question, reply, start)).result()
    yield from ()


async def ask_async(
    prompt: Prompt,
    model: Chosen = None,
    *,
    provider: str | Provider | None = None,
    system: str | None = None,
    schema: Any = None,
    tools: Sequence[Any] | None = None,
    approve: Approval = None,
    tool_limits: ToolLimits | None = None,
    cache: bool = False,
    fallback: Several = None,
    race: Several = None,
    **options: Any,
) -> Reply:
    """`ask` for `await`; cancelling it closes the connection. Tools run on this loop, async ones too."""
    model, provider = one_named(model), one_named(provider)
    fallback, race = several_named(fallback), several_named(race)
    options = Veiled(
        options, provider=provider, system=system, schema=schema, tools=tools, approve=approve,
        tool_limits=tool_limits, cache=cache, fallback=fallback, race=race,
    )  # fmt: skip
    # A traceback that prints locals must show no key, and a partial shows what it holds.
    tools = None
    question = ready(prompt, model, options)
    return await complete_async(question, question.new_reply())


async def complete_async(question: Question, reply: Reply) -> Reply:
    """`complete` for `await`; tools run on this loop."""
    start = time.perf_counter()
    with _filling(question, reply, start):
        if not await _is_found_async(question, reply):
            await driving.drive_async(
                converse(reply, question.plan, question.options),
                lambda send: loops.call(_round(question.send(send.messages, send.options), reply, start)),
                question.plan.approve,
            )
    return told(reply)


def told(reply: Reply) -> Reply:
    """Say what became of it, to a user who has nothing but the reply."""
    if reply.stopped_by is not None:
        tell(f"the answer is not finished: {reply.stopped_by}; its .messages can be sent on", once=False)
    elif reply.parse_error is not None:
        raise SchemaError(
            f"the answer does not fit the schema: {reply.parse_error}; .partial holds its text, and .reply "
            "all of it",
            provider=reply.provider,
            model=reply.model,
            partial=reply.text,
            reply=reply,
        )
    return reply
