"""A conversation as a notebook: its questions as `%%chat` cells, its answers as their outputs; and back.

It can be read anywhere without a kernel, and run again.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from g4f_nb.controls import clean
from g4f_nb.conversations.markdownform import answered, branch_of, facts_of, in_a_line, user_turn
from g4f_nb.conversations.replyjson import DamagedError, listed, table, text_or_none
from g4f_nb.conversations.sending import GO_ON
from g4f_nb.conversations.turnjson import Saved
from g4f_nb.conversations.turns import Turn, prompt_text
from g4f_nb.errors import InvalidParameterError, sort_of
from g4f_nb.showing.bundles import mimebundle
from g4f_nb.showing.inert import safe_text

_FORM = 1
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MAGIC = "%%chat"
# The ids of the cells before the questions.
_OURS = ("about", "begin")


def as_notebook(saved: Saved) -> dict[str, Any]:
    """The current branch, as nbformat 4.5 has it."""
    about = {"version": _FORM, "name": saved.name, "model": saved.model, "system": saved.system}
    title = f"# {safe_text(saved.name or 'A conversation')}"
    about_it, begin = _OURS
    cells = [_markdown(about_it, title), _code(begin, _beginning(saved))]
    taken = set(_OURS)
    for number, turn in enumerate(branch_of(saved), 1):
        place = turn.place or ""
        # Run again, a cell replaces the turn that it made.
        cell_id = place if _ID.fullmatch(place) and place not in taken else f"turn-{number}"
        taken.add(cell_id)
        cells.append(_cell(saved, turn, cell_id))
    return {
        "cells": cells,
        "metadata": {
            "g4f_nb": {name: value for name, value in about.items() if value},
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def from_notebook(data: Any) -> Saved:
    """The conversation that `as_notebook` wrote; cells that were added are not of it."""
    try:
        notebook = table(data, "the notebook")
        about = table(notebook.get("metadata", {}), "its metadata").get("g4f_nb")
        if about is None:
            raise InvalidParameterError("it is a notebook that no conversation was saved as")
        form = table(about, "its metadata").get("version")
        if not isinstance(form, int) or form > _FORM:
            raise InvalidParameterError(f"its form is {form!r}, and this g4f_nb knows {_FORM}")
        turns: list[Turn] = []
        for cell in listed(notebook, "cells"):
            facts = table(cell.get("metadata", {}), "a cell's metadata").get("g4f_nb")
            if facts is not None:
                turns.append(_turn(cell, table(facts, "a cell's facts"), turns[-1] if turns else None))
        return in_a_line(about, turns)
    except DamagedError as error:
        failure = InvalidParameterError(f"it is damaged: {error}")
    raise failure


def is_whole(data: Any) -> bool:
    """Whether the notebook is a conversation and nothing else: no cell is somebody's own."""
    from_notebook(data)
    return all(
        cell.get("id") in _OURS or "g4f_nb" in table(cell.get("metadata", {}), "a cell's metadata")
        for cell in listed(data, "cells")
    )


def _beginning(saved: Saved) -> str:
    given = {"model": saved.model, "system": saved.system}
    said = "".join(f", {name}={value!r}" for name, value in given.items() if value)
    return f"%load_ext g4f_nb\nimport g4f_nb as nb\n\nnb.Conversation({_word(saved.name)!r}{said});"


def _word(name: str | None) -> str:
    """The name as a flag takes it: one word."""
    return (
        "-".join("".join(char if char.isprintable() else " " for char in name or "").split()).lstrip("-")
        or "main"
    )


def _cell(saved: Saved, turn: Turn, cell_id: str) -> dict[str, Any]:
    text = prompt_text(turn.prompt) or turn.shown
    facts: dict[str, Any] = {"asked_at": turn.asked_at.isoformat(), "continues": turn.continues}
    facts |= facts_of(turn)
    if turn.shown != text:
        facts["shown"] = turn.shown
    if turn.reply is not None and not turn.reply.text:
        facts["empty"] = True
    elif turn.reply is not None and clean(turn.reply.text) != turn.reply.text:
        # What is shown holds nothing that a terminal would obey.
        facts["text"] = turn.reply.text
    made = _code(cell_id, "\n".join(_source(saved, turn, text)))
    made["metadata"] = {"g4f_nb": {name: value for name, value in facts.items() if value}}
    made["outputs"] = list(_outputs(turn))
    return made


def _source(saved: Saved, turn: Turn, text: str) -> Iterator[str]:
    words = [_MAGIC, "-n", shlex.quote(_word(saved.name))]
    if turn.model and turn.model != saved.model:
        words += ["-m", shlex.quote(turn.model)]
    if "{" in text:
        # Nothing in it is to be replaced.
        words.append("--raw")
    if turn.continues and text == GO_ON:
        yield " ".join([*words, "--continue"])
        return
    yield " ".join(words)
    yield text


def _outputs(turn: Turn) -> Iterator[dict[str, Any]]:
    if turn.reply is not None:
        shown = {kind: _lines(text) for kind, text in mimebundle(turn.reply).items()}
        yield {"output_type": "display_data", "data": shown, "metadata": {}}
    if turn.error:
        yield {"output_type": "error", "ename": "G4FError", "evalue": turn.error, "traceback": [turn.error]}


def _turn(cell: Mapping[str, Any], facts: Mapping[str, Any], before: Turn | None) -> Turn:
    first, _, text = _joined(cell.get("source")).partition("\n")
    if not first.startswith(_MAGIC):
        raise DamagedError(f"a cell of a turn begins with {first[:40]!r}, not with {_MAGIC}")
    if facts.get("continues") is True and not text.strip():
        text = GO_ON
    turn = user_turn({**facts, "place": cell.get("id")}, text, before)
    for output in listed(cell, "outputs"):
        shown = output.get("data")
        if isinstance(shown, Mapping) and "text/plain" in shown:
            text = text_or_none(facts, "text") or _joined(shown["text/plain"])
            return answered(turn, facts, "" if facts.get("empty") is True else text)
    return turn


def _code(cell_id: str, source: str) -> dict[str, Any]:
    return {
        "cell_type": "code", "id": cell_id, "metadata": {}, "execution_count": None,
        "source": _lines(source), "outputs": [],
    }  # fmt: skip


def _markdown(cell_id: str, source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": cell_id, "metadata": {}, "source": _lines(source)}


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + lines[-1:]


def _joined(source: Any) -> str:
    if isinstance(source, list):
        source = "".join(map(str, source))
    if not isinstance(source, str):
        raise DamagedError(f"a text in it is {sort_of(source)}")
    return source
