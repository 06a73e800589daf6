"""Walks through a description of the original in its order: cells of code, for a script and for a notebook.

A walk is a file of cells as editors know them: `# %%` and a title, then code, which may await by itself.
"""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

WALKS = Path(__file__).parent / "walks"


@dataclass(frozen=True, slots=True)
class Step:
    """One name or one example, and what is to be seen of it."""

    title: str
    code: str

    @property
    def awaits(self):
        """Whether it awaits something by itself, as only a notebook's cell may."""
        code = compile(self.code, self.title, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        return bool(code.co_flags & inspect.CO_COROUTINE)

    @property
    def as_script(self):
        """The same for a script: what awaits is a function of its own there."""
        said = f"print({self.title!r}, flush=True)\n"
        if not self.awaits:
            return said + self.code
        code = textwrap.indent(f"{self.code}globals().update(locals())\n", "    ")
        return f"{said}async def _main():\n{code}\nasyncio.run(_main())\n"


def steps_of(name):
    """The cells of one walk."""
    _, *cells = re.split(
        r"^# %% (.*)\n", (WALKS / f"{name}.py").read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    return [Step(title, code) for title, code in zip(cells[::2], cells[1::2], strict=True)]


def in_a_script(steps, *, env, folder):
    """Run all steps as one script of a plain interpreter, every warning an error."""
    file = folder / "walk.py"
    file.write_text("import asyncio\n" + "".join(f"\n{one.as_script}" for one in steps), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", str(file)],
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
        cwd=folder,
        env=env | {"PYTHONUTF8": "1"},
    )
    assert done.returncode == 0, f"{done.stdout[-300:]}\n{done.stderr[-4000:]}"
    titles = [line for line in done.stdout.splitlines() if line in {one.title for one in steps}]
    assert titles == [one.title for one in steps]


def in_cells(steps, *, kernel, folder):
    """Run each step as a cell of a notebook."""
    assert kernel.run(f"import asyncio, os; os.chdir({str(folder)!r})").error is None
    for one in steps:
        result = kernel.run(one.code)
        assert result.error is None, f"{one.title}\n{result.trace}"
