"""Code of an answer into the next cell, block by block, and never its prose.

A front end takes one new cell for each cell that was run; JupyterLab and Notebook drop the others without a
word. So the first block comes at once, and each of the others when the one before it has been run.
"""

from __future__ import annotations

import difflib
from typing import Any

from g4f_nb import frontend
from g4f_nb.cells.desk import Desk
from g4f_nb.presentable import Block
from g4f_nb.reply import Reply
from g4f_nb.secret import MASK

# What a cell runs as it is, and what it runs beneath a line of its own.
_PYTHON = {"", "python", "py", "python3", "ipython", "ipython3", "pycon"}
_MAGICS = {
    "bash": "%%bash", "sh": "%%bash", "shell": "%%bash", "html": "%%html", "svg": "%%svg",
    "javascript": "%%javascript", "js": "%%javascript", "latex": "%%latex", "markdown": "%%markdown",
    "md": "%%markdown",
}  # fmt: skip
# A cell is the one that was waited for although a little of it was changed.
_ALIKE = 0.6
_MASKED = f"{MASK} stands for a key of yours, for a cell is saved with the notebook; `_.code` has all of it."


def cells_of(reply: Reply) -> list[str]:
    """The blocks of an answer that a notebook can run, each as a cell."""
    return [cell for block in reply.blocks if (cell := _cell(block))]


def _cell(block: Block) -> str:
    code, language = block.code.strip("\n"), block.language.strip().lower()
    if not code.strip():
        return ""
    if language in _PYTHON:
        return _without_prompts(code) if language == "pycon" or code.startswith(">>> ") else code
    magic = _MAGICS.get(language)
    return f"{magic}\n{code}" if magic else ""


def _without_prompts(code: str) -> str:
    """An interactive session as the code that was typed in it."""
    typed = [line for line in code.splitlines() if line.startswith((">>>", "..."))]
    return "\n".join(line[4:] for line in typed)


def put(reply: Reply, desk: Desk) -> str | None:
    """Put the code into the next cells; gives what is to be said about it."""
    shown = reply.as_shown()
    cells = cells_of(shown)
    if not cells:
        what = "no code in the answer" if not reply.blocks else "no code in it that a cell could run"
        return f"--code: there is {what}."
    if not (frontend.attached() or frontend.in_terminal()):
        # A program that runs the notebook adds no cells to it.
        return "--code: nobody is here to put it into a cell; the code is in `_.code`."
    desk.waiting[:], desk.fresh = cells, True
    desk.shell.set_next_input(cells[0])
    notes = [_MASKED] if cells != cells_of(reply) else []
    more = len(cells) - 1
    if more:
        blocks = "One more block comes" if more == 1 else f"{more} more blocks come"
        notes.append(f"{blocks} when the one before has been run; all are in `_.blocks`.")
    return f"--code: {' '.join(notes)}" if notes else None


def after_a_cell(result: Any, desk: Desk) -> None:
    """When the block that was put into a cell has been run, the next one follows."""
    if desk.fresh:
        # This is the cell that asked.
        desk.fresh = False
        return
    if len(desk.waiting) < 2:  # noqa: PLR2004  # the one that was run, and one more
        desk.waiting.clear()
        return
    raw = getattr(getattr(result, "info", None), "raw_cell", None) or ""
    alike = difflib.SequenceMatcher(None, raw.strip(), desk.waiting[0].strip()).ratio()
    if alike < _ALIKE or not getattr(result, "success", False):
        return
    del desk.waiting[0]
    desk.shell.set_next_input(desk.waiting[0])
