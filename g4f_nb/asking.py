"""One question to one reply: `prepare` decides where it goes, `answer` lets it happen on our own loop."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from g4f_nb import loops, ownloop, settings
from g4f_nb.chunks import Chunk, RequestLogin
from g4f_nb.errors import G4FError, MissingAuthError, UnknownParameterError
from g4f_nb.handover import closing
from g4f_nb.messages import as_messages
from g4f_nb.notices import tell_login
from g4f_nb.providers.base import AsyncGeneratorProvider, AsyncProvider, chunks_in_thread
from g4f_nb.providers.failing import note_failure
from g4f_nb.providers.model import Model, Provider, veiled
from g4f_nb.providers.registry import Resolution, decide, options_for
from g4f_nb.reply import Reply
from g4f_nb.secret import Secret, Veiled

Prompt = str | Sequence[Mapping[str, Any]]
_NOT_OPTIONS = {
    "stream": "a reply is always read as a stream; to have it piece by piece, iterate over the provider's "
    "create_completion, or use %%chat",
    "messages": "a list of messages is the prompt itself, so pass it first",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked, of whom; ready to be sent. Its repr shows no option, for one may be a key."""

    where: Resolution
    messages: list[dict[str, Any]]
    options: Mapping[str, Any] = field(repr=False)

    @property
    def label(self) -> str:
        """`"provider:model"`, for a user's eyes."""
        return self.where.label

    def new_reply(self) -> Reply:
        """An empty reply that knows whom it will come from."""
        reply = Reply(provider=self.where.provider.__name__, model=self.where.model or None)
        reply.messages = list(self.messages)
        return reply


def prepare(
    prompt: Prompt,
    model: str | Model | Provider | None = None,
    *,
    provider: str | Provider | None = None,
    system: str | None = None,
    interactive: bool = False,
    **options: Any,
) -> Question:
    """Check everything that can be checked before sending, and raise a clear error otherwise.

    It belongs on the user's own thread: looking for a key may need it.
    """
    # A traceback that prints locals must show no key: from here on only names are seen.
    options = Veiled(options)
    where, given = locate(model, provider=provider, interactive=interactive, **options)
    return Question(where=where, messages=as_messages(prompt, system), options=given)


def locate(
    model: str | Model | Provider | None = None,
    *,
    provider: str | Provider | None = None,
    interactive: bool = False,
    **options: Any,
) -> tuple[Resolution, dict[str, Any]]:
    """Where a model's questions go, and with which options: once for many of them.

    The key that is found here goes along, so that nobody looks for it again on our own loop's thread.
    """
    given = options_for(model, provider, veiled(options))
    for name in _NOT_OPTIONS.keys() & given.keys():
        raise UnknownParameterError(f"{name}= has no meaning here: {_NOT_OPTIONS[name]}")
    where = decide(
        model.name if isinstance(model, Model) else model,
        provider=provider,
        options=given,
        interactive=interactive,
    )
    if where.missing is not None:
        raise MissingAuthError(where.missing, provider=where.provider.__name__)
    where.provider.check_parameters(given)
    # None means "not given", but a time limit of None means "no limit".
    given = Veiled((name, value) for name, value in given.items() if value is not None or name == "timeout")
    if where.address is not None:
        given |= where.address.options()
        given.setdefault("timeout", settings.current().timeout)
    return where, given


async def chunks_of(question: Question) -> AsyncIterator[str | Chunk]:
    """The stream of one question, from whichever kind of provider.

    It is a stream also where only the whole is wanted: what had arrived when it broke off is not lost.
    """
    where, options = question.where, Veiled(question.options)
    if not where.provider.takes_secrets:
        for name, value in options.items():
            if isinstance(value, Secret):
                options[name] = value.reveal()
    if issubclass(where.provider, AsyncProvider):
        yield await where.provider.create_async(where.model, question.messages, **options)
        return
    if issubclass(where.provider, AsyncGeneratorProvider):
        generator = where.provider.create_async_generator(
            where.model, question.messages, stream=True, **options
        )
    else:
        generator = chunks_in_thread(
            partial(where.provider.create_completion, where.model, question.messages, stream=True, **options)
        )
    try:
        async with closing(generator):
            async for chunk in generator:
                yield chunk
    except G4FError as error:
        note_failure(where.provider.__name__, error)
        raise


async def answer(
    question: Question,
    reply: Reply,
    on_change: Callable[[], None] | None = None,
) -> Reply:
    """Fill the reply; if it breaks off, `reply.partial` says so and the text so far is kept."""
    start = time.perf_counter()
    chunks = chunks_of(question)
    try:
        async with contextlib.aclosing(chunks):  # type: ignore[type-var]  # an async generator
            async for chunk in chunks:
                reply.add(chunk, at=time.perf_counter() - start)
                if on_change is not None:
                    on_change()
                elif isinstance(chunk, RequestLogin):
                    # Nobody sees the reply before it is whole, and it waits for the user.
                    tell_login(chunk.label, chunk.login_url)
        reply.end_round()
    except BaseException as error:
        reply.partial = True
        if isinstance(error, G4FError):
            error.partial = error.partial or reply.text or None
        raise
    finally:
        reply.seconds = time.perf_counter() - start
    return reply


def watch(question: Question, reply: Reply, *, beat: float | None = None) -> Iterator[None]:
    """Fill the reply and give control each time something was added, to a caller that shows it as it comes.

    With `beat` control comes also after so many seconds of silence. Leaving early, an interrupt or an error
    ends the stream and closes its connection; what had arrived by then is in the reply, marked partial.
    """
    start = time.perf_counter()
    batches = loops.own_batches(chunks_of(question), beat=beat)
    reply.partial = True
    try:
        for batch in batches:
            at = reply.seconds = time.perf_counter() - start
            for chunk in batch:
                reply.add(chunk, at=at)
            yield
        reply.end_round()
        reply.partial = False
    finally:
        batches.close()
        reply.seconds = time.perf_counter() - start
        for chunk in batches.rest():
            reply.add(chunk, at=reply.seconds)


def ask(
    prompt: Prompt,
    model: str | Model | Provider | None = None,
    *,
    provider: str | Provider | None = None,
    system: str | None = None,
    **options: Any,
) -> Reply:
    """Ask one question and wait for the whole reply; works in a notebook as anywhere else.

    `model` is `"provider:model"`, a provider class or an `nb.Model`. The options are the provider's own:
    `temperature=`, `max_tokens=`, `timeout=` (seconds of silence), `api_base=`, `api_key=`, `tools=`…

        ask("Why is the sky blue?", "groq:openai/gpt-oss-120b", temperature=0)
    """
    options = Veiled(options)
    question = prepare(prompt, model, provider=provider, system=system, **options)
    return ownloop.own_loop().submit(answer(question, question.new_reply())).result()


async def ask_async(
    prompt: Prompt,
    model: str | Model | Provider | None = None,
    *,
    provider: str | Provider | None = None,
    system: str | None = None,
    **options: Any,
) -> Reply:
    """Ask one question and await the whole reply; cancelling it closes the connection."""
    options = Veiled(options)
    question = prepare(prompt, model, provider=provider, system=system, **options)
    return await loops.call(answer(question, question.new_reply()))
