"""`nb.stream`: one answer piece by piece, for `for` and for `async for`, its growing `Reply` beside it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

from g4f_nb import asking, interrupts
from g4f_nb.dialogues.driving import Approval
from g4f_nb.dialogues.plans import ToolLimits
from g4f_nb.errors import G4FError
from g4f_nb.providers.models.model import Provider, one_named, several_named
from g4f_nb.questions import Chosen, Prompt, Question, Several
from g4f_nb.reply import Reply
from g4f_nb.secret import Veiled


class Stream:
    """One answer on its way: iterate over it once, with `for` or with `async for`, for its text in pieces.

    `reply` is the answer so far, at any time. Leaving the loop early, by `break`, an exception, an interrupt
    or a cancellation, closes the connection, and what had arrived stays in `reply`, marked partial.
    """

    def __init__(
        self,
        question: Question,
        *,
        reply: Reply | None = None,
        when_done: Callable[[BaseException | None], object] | None = None,
    ) -> None:
        self.reply = question.new_reply() if reply is None else reply
        self._question: Question | None = question
        self._label = question.label
        # Told once how it ended: with nothing, or with what ended it.
        self._when_done = when_done

    def __iter__(self) -> Iterator[str]:
        """Ask now, and give each piece of text as soon as it is there; tools run on this thread."""
        return self._pieces(self._take())

    def __aiter__(self) -> AsyncIterator[str]:
        """`for` for `async for`; tools run on this loop."""
        return self._async_pieces(self._take())

    def __repr__(self) -> str:
        if self._question is not None:
            return f"Stream({self._label!r}, not begun: iterate over it)"
        return f"Stream({self._label!r}, {self.reply!r})"

    def _take(self) -> Question:
        question, self._question = self._question, None
        if question is None:
            raise G4FError("this stream has been read already: its answer is in .reply, nb.stream asks again")
        return question

    # A generator and not an iterator of a class: a loop that is left drops it, and that closes it.
    def _pieces(self, question: Question) -> Iterator[str]:
        with self._telling(), contextlib.closing(asking.watch(question, self.reply)) as watched:  # type: ignore[type-var]
            read = _Reader(self.reply)
            for _ in watched:
                yield from read.new()
            yield from read.new()
            asking.told(self.reply)

    async def _async_pieces(self, question: Question) -> AsyncIterator[str]:
        with self._telling():
            read = _Reader(self.reply)
            async with contextlib.aclosing(asking.watch_async(question, self.reply)) as watched:  # type: ignore[type-var]
                async for _ in watched:
                    for piece in read.new():
                        yield piece
            for piece in read.new():
                yield piece
            asking.told(self.reply)

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        tell, self._when_done = self._when_done, None
        try:
            yield
        except BaseException as error:
            if tell is not None:
                tell(error)
            elif isinstance(error, KeyboardInterrupt):
                interrupts.tell_where(error, self.reply)
            raise
        if tell is not None:
            tell(None)


class _Reader:
    """What of a growing text has not been given yet."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._length = 0
        self._rounds = 0

    def new(self) -> Iterator[str]:
        steps, text = self._reply.steps, self._reply.text
        if any(step.retracted for step in steps[self._rounds :]):
            # The text of a round that did not fit was given already; the answer goes on from before it.
            self._length = min(self._length, len(text))
        self._rounds = len(steps)
        piece, self._length = text[self._length :], max(len(text), self._length)
        if piece:
            yield piece


def stream(
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
) -> Stream:
    """Ask one question and read the answer as it comes; the arguments are those of `nb.ask`.

        answer = nb.stream("Why is the sky blue?", "groq:openai/gpt-oss-120b")
        for piece in answer:  # or `async for`
            print(piece, end="")
        print(answer.reply.seconds)

    Mistakes are raised here; nothing is sent before the first piece is asked for. With `schema`, text that
    did not fit and was asked for again has been given by then; `answer.reply.text` is without it. An answer
    that is kept (`cache=True`) comes as one piece.
    """
    model, provider = one_named(model), one_named(provider)
    fallback, race = several_named(fallback), several_named(race)
    options = Veiled(
        options, provider=provider, system=system, schema=schema, tools=tools, approve=approve,
        tool_limits=tool_limits, cache=cache, fallback=fallback, race=race,
    )  # fmt: skip
    # A traceback that prints locals must show no key, and a partial shows what it holds.
    tools = None
    return Stream(asking.ready(prompt, model, options))
