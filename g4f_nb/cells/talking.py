"""The subcommands of `%g4f` about conversations: which there are, what was said, what it cost, to keep it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from g4f_nb.cells.talks import MAIN
from g4f_nb.cells.values import quoted
from g4f_nb.cells.words import Place, Words
from g4f_nb.conversations.conversation import Conversation
from g4f_nb.conversations.keyless import Mask, mask_of
from g4f_nb.conversations.searching import excerpt, find_turns
from g4f_nb.conversations.turns import Turn
from g4f_nb.errors import InvalidParameterError, shorten
from g4f_nb.tables import Table

# Of a text so much is shown, and so much looked at: a key in what is shown is found whole.
_SHOWN, _REASON, _READ = 100, 60, 10_000
# Of what was found: so much of an answer, and so many turns.
_FOUND, _MOST_FOUND = 200, 30


def conversations_command(_: Words, place: Place) -> Table:
    """List the conversations of this notebook."""
    rows = [(each.name, str(len(each.turns)), _last(each), _money(each)) for each in place.talks]
    note = "%%chat -n NAME goes on with one; without -n, it is main." if rows else ""
    note = f"{note} nb.list_conversations() knows those of earlier kernels, too.".strip()
    title = "" if rows else "No cell has asked anything yet."
    return Table(tuple(rows), ("conversation", "turns", "last question", "cost") if rows else (), title, note)


def history_command(given: Words, place: Place) -> Table:
    """Show the turns of a conversation."""
    try:
        talk = place.talks.known(_name(given.words))
    except InvalidParameterError as error:
        if not given.words:
            raise
        word = quoted(given.words[0])
        hint = f"{error} (%g4f search {word} looks for that word in what was said)"
        raise InvalidParameterError(hint) from None
    mask = mask_of(talk)
    rows = [
        (str(number), _short(turn.shown, mask), _answer(turn, mask), _short(turn.model or "", mask))
        for number, turn in enumerate(talk.turns, 1)
    ]
    return Table(tuple(rows), ("", "question", "answer", "model"), f"Conversation {talk.name}")


def search_command(given: Words, _: Place) -> Table:
    """Find questions and answers again, those of earlier kernels too."""
    rows = [
        (
            found.name,
            f"{found.turn.asked_at.astimezone():%Y-%m-%d %H:%M}",
            excerpt(found.turn.typed, given.words, _SHOWN),
            excerpt(found.turn.text, given.words, _FOUND),
        )
        for found in islice(find_turns(given.words), _MOST_FOUND)
    ]
    what = " ".join(given.words)
    if not rows:
        return Table((), title=f"Nothing that was asked or answered has {what!r} in it.")
    note = "%%chat -n NAME goes on with one of this notebook; %g4f load NAME has an earlier one again."
    return Table(tuple(rows), ("conversation", "asked", "question", "answer"), "", note)


def reset_command(given: Words, place: Place) -> None:
    """Begin a conversation anew: nothing of it is sent any more."""
    talk = place.talks.known(_name(given.words))
    count, name = len(talk.turns), talk.name
    talk.clear()
    place.say(f"Conversation {name} is begun anew: {count} {_turns(count)} no longer sent.")
    if count and talk.keep:
        place.say(
            f"On disk they stay: %g4f load {quoted(name)} earlier has them again, as `earlier`; "
            f"nb.Conversation.restore({name!r}).forget() deletes them."
        )


def fork_command(given: Words, place: Place) -> None:
    """Copy a conversation under another name."""
    source = place.talks.known(_name(given.words[1:]))
    made = place.talks.fork(source, given.words[0])
    place.say(f"{made.name} begins as {source.name} is now: %%chat -n {quoted(made.name)} goes on with it.")


def cost_command(given: Words, place: Place) -> Table:
    """Add up what conversations took and cost, their other branches and dropped turns too."""
    talks = [place.talks.known(given.words[0])] if given.words else list(place.talks)
    rows = [(talk.name, str(len(talk.turns)), _count(talk.tokens), _money(talk)) for talk in talks]
    if len(talks) > 1:
        turns = sum(len(talk.turns) for talk in talks)
        tokens = [talk.tokens for talk in talks]
        costs = [talk.cost for talk in talks]
        every = None if None in tokens else sum(count for count in tokens if count is not None)
        usd = None if None in costs else sum(cost for cost in costs if cost is not None)
        rows.append(("all", str(turns), _count(every), _dollars(usd, sum(talk.spent for talk in talks))))
    headings = ("conversation", "turns", "tokens", "cost") if rows else ()
    return Table(tuple(rows), headings, "" if rows else "No cell has asked anything yet.")


def save_command(given: Words, place: Place) -> None:
    """Write a conversation into a file."""
    file_name, *names = given.words
    if not names and not Path(file_name).suffix and place.talks.find(file_name) is not None:
        whole = f"%g4f save {quoted(file_name + '.json')} {quoted(file_name)}"
        raise InvalidParameterError(f"{file_name!r} is a conversation, and the file is missing: {whole}")
    talk = place.talks.known(_name(names))
    file = talk.save(file_name, overwrite="--force" in given.flags)
    place.say(f"Conversation {talk.name} is in {file}.")


def load_command(given: Words, place: Place) -> None:
    """Have a conversation again, from a file or from the disk; one that is here is not pushed aside."""
    what, *names = given.words
    here = {talk.name: talk for talk in place.talks if talk.turns}
    file = Path(what).expanduser()
    talk = Conversation.load(file) if file.exists() or file.suffix else Conversation.restore(what)
    pushed, before = here.get(talk.name), here.get(names[0] if names else talk.name)
    if before is not None and before is not talk:
        place.talks.forget([talk])
    elif names:
        talk.name = names[0]
    if pushed is not None and pushed is not talk:
        # The loaded one had taken its name over.
        place.talks.put(pushed)
    if before is not None and before is not talk:
        raise InvalidParameterError(
            f"there is a conversation {before.name!r} already: %g4f load {what} NAME gives the loaded one "
            f"another name, or %g4f reset {before.name} makes room"
        )
    count = len(talk.turns)
    place.say(f"{talk.name}, {count} {_turns(count)}: %%chat -n {quoted(talk.name)} goes on with it.")


def _name(words: Sequence[str]) -> str:
    return words[0] if words else MAIN


def _turns(count: int) -> str:
    return "turn" if count == 1 else "turns"


def _last(talk: Conversation) -> str:
    turns = talk.turns
    return _short(turns[-1].shown, mask_of(talk)) if turns else ""


def _answer(turn: Turn, mask: Mask) -> str:
    if turn.error is not None and not turn.text:
        return f"(failed: {_short(turn.error, mask)})"
    said = _short(turn.text, mask) or "(no text)"
    if not turn.partial:
        return said
    if turn.error is None:
        return f"{said} [stopped]"
    return f"{said} [broke off: {shorten(mask(turn.error), _REASON)}]"


def _short(text: str, mask: Mask) -> str:
    # What is listed is saved with the notebook, as a transcript is.
    return shorten(" ".join(mask(text[:_READ]).split()), _SHOWN)


def _count(tokens: int | None) -> str:
    return "not known" if tokens is None else f"{tokens:,}"


def _money(talk: Conversation) -> str:
    return _dollars(talk.cost, talk.spent)


def _dollars(cost: float | None, spent: float) -> str:
    """What is known of the cost; where some of it is not, that it is at least so much."""
    if cost is None:
        return f"at least ${spent:.6f}" if spent else "not known"
    return f"${cost:.6f}" if cost else "free"
