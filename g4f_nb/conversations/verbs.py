"""What can be done with a conversation in a word: ask it in every way that there is, save it."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any, Protocol

from g4f_nb import asking, questions
from g4f_nb.conversations.asked import Asking
from g4f_nb.conversations.preparing import Chosen
from g4f_nb.conversations.turnjson import Saved
from g4f_nb.conversations.turns import Turn, checked_content
from g4f_nb.providers.models.model import veiled
from g4f_nb.reply import Reply
from g4f_nb.streaming import Stream

Prompt = questions.Prompt | None


class Begins(Protocol):
    """Whoever makes a question ready to be sent."""

    def begin(self, prompt: Prompt = None, model: Chosen = None, **how: Any) -> Asking: ...  # noqa: D102

    def again(self, turn: Turn | str | None = None, model: Chosen = None, **how: Any) -> dict[str, Any]: ...  # noqa: D102


class Kept(Protocol):
    """Whatever can be written into a file."""

    def as_saved(self) -> Saved: ...  # noqa: D102


def ask(talk: Begins, prompt: Prompt = None, model: Chosen = None, **how: Any) -> Reply:
    """Ask and wait for the whole answer; the arguments are those of `begin` and of `nb.ask`."""
    how = veiled(how)
    with talk.begin(prompt, model, **how).told() as begun:
        asking.complete(begun.question, begun.reply)
    return begun.reply


async def ask_async(talk: Begins, prompt: Prompt = None, model: Chosen = None, **how: Any) -> Reply:
    """`ask` for `await`; cancelling it closes the connection and keeps what had arrived."""
    how = veiled(how)
    with talk.begin(prompt, model, **how).told() as begun:
        await asking.complete_async(begun.question, begun.reply)
    return begun.reply


def stream(talk: Begins, prompt: Prompt = None, model: Chosen = None, **how: Any) -> Stream:
    """Ask and read the answer as it comes, with `for` or `async for`; what had come by its end is kept.

    for piece in talk.stream("And at sunset?"):
        print(piece, end="")
    """
    how = veiled(how)
    begun = talk.begin(prompt, model, **how)
    begun.tell_notices()
    return Stream(begun.question, reply=begun.reply, when_done=begun.finish)


def edit(talk: Begins, turn: Turn | str, prompt: questions.Prompt, model: Chosen = None, **how: Any) -> Reply:
    """Ask something else in the place of a turn, of the same model; that one stays as another branch."""
    how = veiled(how)
    again = talk.again(turn, model, **how)
    if "cache" not in how:
        del again["cache"]  # It is another question: a kept answer to it is as good as ever.
    return ask(talk, checked_content(prompt), **again)


def regenerate(talk: Begins, turn: Turn | str | None = None, model: Chosen = None, **how: Any) -> Reply:
    """Ask the same again, the last question if no other is named; the first answer stays as a branch."""
    how = veiled(how)
    return ask(talk, None, **talk.again(turn, model, **how))


def save(talk: Kept, path: str | PathLike[str], *, overwrite: bool = False) -> Path:
    """Write it to a file: `.json` with all branches, `.md`, `.ipynb`, or `.html` to be read alone.

    A conversation that was saved there before is replaced, any other file only with `overwrite`.
    """
    from g4f_nb.conversations.saving import write

    return write(talk.as_saved(), path, overwrite=overwrite)
