"""One question to one reply: `prepare` decides where it goes, `watch` and `answer` let it happen.

With tools or `schema=` a question has several rounds (`dialogue`). The model is asked on our own loop. Tools
run on the thread or loop of whoever asked; for `answer`, which is on our loop itself, on worker threads.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from g4f_nb import loops
from g4f_nb.chunks import Chunk
from g4f_nb.dialogues import driving
from g4f_nb.dialogues.dialogue import converse
from g4f_nb.dialogues.driving import Approval
from g4f_nb.dialogues.plans import Plan, ToolLimits, checked_plan
from g4f_nb.errors import G4FError, InvalidParameterError, SchemaError
from g4f_nb.loops import ownloop
from g4f_nb.loops.bell import Bell
from g4f_nb.messages import as_messages
from g4f_nb.notices import tell, tell_login
from g4f_nb.providers.calling import batches_of, locate, stream_of
from g4f_nb.providers.models.model import Model, Provider
from g4f_nb.providers.registry import Resolution
from g4f_nb.providers.sending.adapting import row_in_force
from g4f_nb.reply import Reply
from g4f_nb.secret import Veiled
from g4f_nb.typed.wanted import JsonMode

Prompt = str | Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked, of whom; ready to be sent. Its repr shows no option, for one may be a key."""

    where: Resolution
    messages: list[dict[str, Any]]
    options: Mapping[str, Any] = field(repr=False)
    plan: Plan = field(default_factory=Plan)

    @classmethod
    def of(
        cls, place: tuple[Resolution, Mapping[str, Any]], messages: list[dict[str, Any]], plan: Plan
    ) -> Question:
        """These messages for what `locate` has found, with tools and the wanted type told in its form."""
        where, options = place
        wanted = plan.wanted
        if "tools" in options:
            # An empty list is no tools; some services refuse to be told so.
            options = Veiled({**options, "tools": plan.tools.as_json()} if plan.tools else options)
            if not plan.tools:
                del options["tools"]
        if wanted is not None:
            # Some services do not take both; a model that calls tools understands words well enough.
            told = None if plan.tools else wanted.response_format(_json_mode(where))
            if told is not None and "response_format" not in options:
                options = Veiled({**options, "response_format": told})
            if told is None or told["type"] != "json_schema":
                messages = wanted.asked_in_words(messages)
        return cls(where=where, messages=messages, options=options, plan=plan)

    @property
    def label(self) -> str:
        """`"provider:model"`, for a user's eyes."""
        return self.where.label

    def new_reply(self) -> Reply:
        """An empty reply that knows whom it will come from."""
        reply = Reply(provider=self.where.provider.__name__, model=self.where.model or None)
        reply.messages = list(self.messages)
        reply.returns_reasoning = bool(getattr(self.where.provider, "returns_reasoning", False))
        reply.price = self.where.price
        return reply

    def send(self, messages: list[dict[str, Any]], options: Mapping[str, Any]) -> Question:
        """The next round's question to the same model."""
        return replace(self, messages=messages, options=options)


def prepare(
    prompt: Prompt,
    model: str | Model | Provider | None = None,
    *,
    provider: str | Provider | None = None,
    system: str | None = None,
    schema: Any = None,
    approve: Approval = None,
    tool_limits: ToolLimits | None = None,
    interactive: bool = False,
    **options: Any,
) -> Question:
    """Check everything that can be checked before sending, and raise a clear error otherwise.

    It belongs on the user's own thread: looking for a key may need it.
    """
    # A traceback that prints locals must show no key: from here on only names are seen.
    options = Veiled(options)
    place = locate(model, provider=provider, interactive=interactive, **options)
    plan = plan_of(place, schema=schema, approve=approve, tool_limits=tool_limits)
    return Question.of(place, as_messages(prompt, system), plan)


def plan_of(
    place: tuple[Resolution, Mapping[str, Any]],
    *,
    schema: Any = None,
    approve: Approval = None,
    tool_limits: ToolLimits | None = None,
) -> Plan:
    """What is to be done beside asking, for the questions of one place: once for many of them."""
    try:
        plan = checked_plan(tools=place[1].get("tools"), approve=approve, limits=tool_limits, schema=schema)
    except InvalidParameterError as error:
        # Without the frames that hold the functions: what a partial holds, its repr shows.
        failure = error.alone()
    else:
        return replace(plan, members=tuple(_options_of_members(place[0]))) if place[0].places else plan
    raise failure


def _options_of_members(where: Resolution) -> Iterator[Mapping[str, Any]]:
    for place in where.places:
        yield place.options
        if place.where is not None:
            yield from _options_of_members(place.where)


def _json_mode(where: Resolution) -> JsonMode:
    """How a service keeps answers to JSON: as its class says, else its row; unknown is not at all."""
    said = getattr(where.provider, "json_mode", None)
    if said is None and where.address is not None:
        row = row_in_force(where.provider, where.address)
        said = row.json_mode if row is not None else None
    return said or "none"


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
    with _filling(reply, start):
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
    with _filling(reply, start):
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
    work = driving.drive_async(
        converse(reply, question.plan, question.options),
        lambda send: loops.call(
            _round(question.send(send.messages, send.options), reply, start, grown.ring_from_anywhere)
        ),
        question.plan.approve,
    )
    task = asyncio.get_running_loop().create_task(work)
    task.add_done_callback(lambda _: grown.ring())
    with _filling(reply, start):
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
def _filling(reply: Reply, start: float) -> Iterator[None]:
    """What there is stays in the reply, and an error that ends it leads to it."""
    reply.partial = True
    try:
        yield
        reply.partial = reply.stopped_by is not None
    except BaseException as error:
        if isinstance(error, G4FError):
            error.partial = error.partial or reply.text or None
            error.reply = reply
        elif isinstance(error, KeyboardInterrupt):
            error.reply = reply  # type: ignore[attr-defined]  # for `sys.last_value`
        raise
    finally:
        reply.seconds = time.perf_counter() - start


def ask(
    prompt: Prompt,
    model: str | Model | Provider | None = None,
    *,
    provider: str | Provider | None = None,
    system: str | None = None,
    schema: Any = None,
    tools: Sequence[Any] | None = None,
    approve: Approval = None,
    tool_limits: ToolLimits | None = None,
    **options: Any,
) -> Reply:
    """Ask one question and wait for the whole reply; works in a notebook as anywhere else.

    `model` is `"provider:model"`, a provider class or an `nb.Model`. The options are the provider's own:
    `temperature=`, `max_tokens=`, `timeout=` (seconds of silence), `api_base=`, `api_key=`…

        ask("Why is the sky blue?", "groq:openai/gpt-oss-120b", temperature=0)

    `tools` are functions that the model may call; they run here, on this thread. `approve` is asked before
    each call: a function that takes it and gives yes, no, or other arguments. `tool_limits` bounds it all.
    With `schema`, a type or a line like `"name, age int"`, the answer is an instance of it, in `.data`.
    """
    options = Veiled(options if tools is None else {**options, "tools": tools})
    # A partial may hold a key, and it shows what it holds.
    del tools
    question = prepare(
        prompt, model, provider=provider, system=system, schema=schema, approve=approve,
        tool_limits=tool_limits, **options,
    )  # fmt: skip
    return complete(question, question.new_reply())


def complete(question: Question, reply: Reply) -> Reply:
    """Fill the reply and wait for it, as `ask` does; tools run on this thread."""
    start = time.perf_counter()
    with _filling(reply, start):
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
    model: str | Model | Provider | None = None,
    *,
    provider: str | Provider | None = None,
    system: str | None = None,
    schema: Any = None,
    tools: Sequence[Any] | None = None,
    approve: Approval = None,
    tool_limits: ToolLimits | None = None,
    **options: Any,
) -> Reply:
    """`ask` for `await`; cancelling it closes the connection. Tools run on this loop, async ones too."""
    options = Veiled(options if tools is None else {**options, "tools": tools})
    # A partial may hold a key, and it shows what it holds.
    del tools
    question = prepare(
        prompt, model, provider=provider, system=system, schema=schema, approve=approve,
        tool_limits=tool_limits, **options,
    )  # fmt: skip
    return await complete_async(question, question.new_reply())


async def complete_async(question: Question, reply: Reply) -> Reply:
    """`complete` for `await`; tools run on this loop."""
    start = time.perf_counter()
    with _filling(reply, start):
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
