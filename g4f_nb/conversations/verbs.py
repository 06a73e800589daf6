"""What can be done with a conversation in a word: ask it in every way that there is, save it."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from g4f_nb import asking, questions
from g4f_nb.conversations.asked import Asking
from g4f_nb.conversations.preparing import Chosen
from g4f_nb.conversations.turnjson import Saved
from g4f_nb.conversations.turns import Turn, checked_content
from g4f_nb.conversations.wishes import END
from g4f_nb.dialogues.driving import Approval
from g4f_nb.dialogues.plans import ToolLimits
from g4f_nb.providers.models.model import Provider, one_named, several_named, veiled
from g4f_nb.questions import Several
from g4f_nb.reply import Reply
from g4f_nb.secret import Veiled
from g4f_nb.streaming import Stream

Prompt = questions.Prompt | None


class _AsBefore:
    """What a question that is asked again had: `None` would take it away."""

    def __repr__(self) -> str:
        return "as before"


_AS_BEFORE: Any = _AsBefore()


class Verbs:
    """The ways to ask, with the keywords that there are; `begin` says what each of them means."""

    if TYPE_CHECKING:

        def begin(self, prompt: Prompt = None, model: Chosen = None, **how: Any) -> Asking: ...  # noqa: D102

        def again(  # noqa: D102
            self, turn: Turn | str | None = None, model: Chosen = None, **how: Any
        ) -> dict[str, Any]: ...

        def as_saved(self) -> Saved: ...  # noqa: D102

    def ask(
        self,
        prompt: Prompt = None,
        model: Chosen = None,
        *,
        provider: str | Provider | None = None,
        system: str | None = None,
        schema: Any = None,
        tools: Sequence[Any] | None = None,
        approve: Approval = None,
        tool_limits: ToolLimits | None = None,
        cache: bool | None = None,
        fallback: Several = None,
        race: Several = None,
        media: Any = None,
        continues: bool = False,
        instead_of: Turn | str | None = None,
        after: Turn | str | None = END,
        shown: str | None = None,
        place: str | None = None,
        **options: Any,
    ) -> Reply:
        """Ask and wait for the whole answer; what is not said is as the conversation has it.

            talk.ask("And at sunset?", temperature=0)

        `prompt` is a text, the parts of a message, or messages. Whom to ask this once (`model`, `provider`,
        `fallback`, `race`) and how (`system`, `schema`, `tools`, `approve`, `tool_limits`, `cache`) is said
        as to `nb.ask`; `media` are files beside the prompt. The other options are the provider's own:
        `temperature=`, `max_tokens=`, `timeout=`…

        `continues` goes on with the answer that broke off: whoever wrote it is asked, if nobody is named.
        `instead_of` names a turn of which this is another version, `after` the turn behind which it stands
        (`None` for the beginning). `shown` is what was typed, where that is not what is sent; a question from
        the same `place` replaces this turn.
        """
        model, provider = one_named(model), one_named(provider)
        fallback, race = several_named(fallback), several_named(race)
        options = _stated(
            options, provider=provider, system=system, schema=schema, tools=tools, approve=approve,
            tool_limits=tool_limits, cache=cache, fallback=fallback, race=race, media=media, shown=shown,
            place=place, instead_of=instead_of,
        )  # fmt: skip
        # A traceback that prints locals must show no key, and a partial shows what it holds. The name stays:
        # IPython shows no arguments of a frame that lacks one.
        tools = None
        with self.begin(prompt, model, continues=continues, after=after, **options).told() as begun:
            asking.complete(begun.question, begun.reply)
        return begun.reply

    async def ask_async(
        self,
        prompt: Prompt = None,
        model: Chosen = None,
        *,
        provider: str | Provider | None = None,
        system: str | None = None,
        schema: Any = None,
        tools: Sequence[Any] | None = None,
        approve: Approval = None,
        tool_limits: ToolLimits | None = None,
        cache: bool | None = None,
        fallback: Several = None,
        race: Several = None,
        media: Any = None,
        continues: bool = False,
        instead_of: Turn | str | None = None,
        after: Turn | str | None = END,
        shown: str | None = None,
        place: str | None = None,
        **options: Any,
    ) -> Reply:
        """`ask` for `await`; cancelling it closes the connection and keeps what had arrived."""
        model, provider = one_named(model), one_named(provider)
        fallback, race = several_named(fallback), several_named(race)
        options = _stated(
            options, provider=provider, system=system, schema=schema, tools=tools, approve=approve,
            tool_limits=tool_limits, cache=cache, fallback=fallback, race=race, media=media, shown=shown,
            place=place, instead_of=instead_of,
        )  # fmt: skip
        tools = None
        with self.begin(prompt, model, continues=continues, after=after, **options).told() as begun:
            await asking.complete_async(begun.question, begun.reply)
        return begun.reply

    def stream(
        self,
        prompt: Prompt = None,
        model: Chosen = None,
        *,
        provider: str | Provider | None = None,
        system: str | None = None,
        schema: Any = None,
        tools: Sequence[Any] | None = None,
        approve: Approval = None,
        tool_limits: ToolLimits | None = None,
        cache: bool | None = None,
        fallback: Several = None,
        race: Several = None,
        media: Any = None,
        continues: bool = False,
        instead_of: Turn | str | None = None,
        after: Turn | str | None = END,
        shown: str | None = None,
        place: str | None = None,
        **options: Any,
    ) -> Stream:
        """Ask and read the answer as it comes, with `for` or `async for`; what had come by its end is kept.

            for piece in talk.stream("And at sunset?"):
                print(piece, end="")

        The arguments are those of `ask`.
        """
        model, provider = one_named(model), one_named(provider)
        fallback, race = several_named(fallback), several_named(race)
        options = _stated(
            options, provider=provider, system=system, schema=schema, tools=tools, approve=approve,
            tool_limits=tool_limits, cache=cache, fallback=fallback, race=race, media=media, shown=shown,
            place=place, instead_of=instead_of,
        )  # fmt: skip
        tools = None
        begun = self.begin(prompt, model, continues=continues, after=after, **options)
        begun.tell_notices()
        return Stream(begun.question, reply=begun.reply, when_done=begun.finish)

    def edit(
        self,
        turn: Turn | str,
        prompt: questions.Prompt,
        model: Chosen = None,
        *,
        provider: str | Provider | None = None,
        system: str | None = _AS_BEFORE,
        schema: Any = _AS_BEFORE,
        tools: Sequence[Any] | None = _AS_BEFORE,
        approve: Approval = _AS_BEFORE,
        tool_limits: ToolLimits | None = _AS_BEFORE,
        cache: bool | None = None,
        media: Any = None,
        shown: str | None = None,
        place: str | None = None,
        **options: Any,
    ) -> Reply:
        """Ask something else in the place of a turn, of the same model; that one stays as another branch.

            talk.edit(talk.turns[0], "Why is the sea blue?")

        What is not said is as the turn had it; `schema=None` or `tools=None` takes that away. The other
        arguments are those of `ask`.
        """
        model, provider = one_named(model), one_named(provider)
        options = _stated(options, provider=provider, cache=cache, media=media, shown=shown, place=place)
        options.update(
            _changed(system=system, schema=schema, tools=tools, approve=approve, tool_limits=tool_limits)
        )
        tools = None
        again = self.again(turn, model, **options)
        if "cache" not in options:
            del again["cache"]  # It is another question: a kept answer to it is as good as ever.
        return _asked(self, checked_content(prompt), again)

    def regenerate(
        self,
        turn: Turn | str | None = None,
        model: Chosen = None,
        *,
        provider: str | Provider | None = None,
        system: str | None = _AS_BEFORE,
        schema: Any = _AS_BEFORE,
        tools: Sequence[Any] | None = _AS_BEFORE,
        approve: Approval = _AS_BEFORE,
        tool_limits: ToolLimits | None = _AS_BEFORE,
        cache: bool | None = None,
        **options: Any,
    ) -> Reply:
        """Ask the same again, the last question if no other is named; the first answer stays as a branch.

            talk.regenerate(temperature=1)

        What is not said is as the turn had it; the arguments are those of `ask`.
        """
        model, provider = one_named(model), one_named(provider)
        options = _stated(options, provider=provider, cache=cache)
        options.update(
            _changed(system=system, schema=schema, tools=tools, approve=approve, tool_limits=tool_limits)
        )
        tools = None
        return _asked(self, None, self.again(turn, model, **options))

    def save(self, path: str | PathLike[str], *, overwrite: bool = False) -> Path:
        """Write it to a file: `.json` with all branches, `.md`, `.ipynb`, or `.html` to be read alone.

        A conversation that was saved there before is replaced, any other file only with `overwrite`.
        """
        from g4f_nb.conversations.saving import write

        return write(self.as_saved(), path, overwrite=overwrite)


def _asked(talk: Verbs, prompt: Any, how: dict[str, Any]) -> Reply:
    with talk.begin(prompt, **how).told() as begun:
        asking.complete(begun.question, begun.reply)
    return begun.reply


def _stated(options: dict[str, Any], **named: Any) -> Veiled:
    """What was said of how to ask; what was not is left to the conversation."""
    named = Veiled(named)
    return veiled(Veiled(options) | {name: value for name, value in named.items() if value is not None})


def _changed(**named: Any) -> Veiled:
    """What was said of how to ask again; `None` takes it away."""
    named = Veiled(named)
    return Veiled((name, value) for name, value in named.items() if value is not _AS_BEFORE)
