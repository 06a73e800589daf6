"""Who is looking: a notebook with a person in front of it, a run without one, a terminal, a script."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from collections.abc import Mapping
from typing import Any

from g4f_nb.errors import InvalidParameterError


class NobodyTypesError(InvalidParameterError):
    """A key was asked for where a program runs the notebook."""


def shell() -> Any | None:
    """The running IPython shell, if this is one."""
    if "IPython" not in sys.modules:
        return None
    from IPython.core.getipython import get_ipython

    return get_ipython()


def in_kernel() -> bool:
    """Whether this process is a Jupyter kernel."""
    return getattr(shell(), "kernel", None) is not None


def attached() -> bool:
    """Whether a person's front end sent the cell that runs now.

    nbclient, nbconvert, papermill and nbval allow no input from a user; that is how they are known.
    """
    return bool((_request().get("content") or {}).get("allow_stdin", False))


def cell_code() -> str:
    """The source of the cell that runs now, as the front end sent it."""
    return str((_request().get("content") or {}).get("code", ""))


def can_ask() -> bool:
    """Whether somebody can be asked something now: a person's front end, or a terminal to type in."""
    return attached() or (in_terminal() and sys.stdin is not None and sys.stdin.isatty())


def running_cell() -> tuple[str | None, str]:
    """The id of the cell that runs now, as far as the front end tells it, and the id of this run of it."""
    sent = _request()
    cell = (sent.get("metadata") or {}).get("cellId")
    return cell if isinstance(cell, str) and cell else None, str((sent.get("header") or {}).get("msg_id"))


def notebook() -> str | None:
    """What tells the notebook that runs here from others, as far as the front end says; no path of it."""
    names: Mapping[str, Any] = getattr(shell(), "user_ns", {})
    # Jupyter's server tells its kernels, VS Code its cells.
    path = os.environ.get("JPY_SESSION_NAME") or names.get("__vsc_ipynb_file__")
    if not names or not isinstance(path, str) or not path:
        return None
    # Where IPython began: many a folder has an `Untitled.ipynb`.
    began = next(iter(names.get("_dh") or ()), "")
    return hashlib.sha256(f"{began}\0{path}".encode(errors="replace")).hexdigest()[:16]


def _request() -> Mapping[str, Any]:
    """The message that the front end sent with the cell that runs now; empty where there is none."""
    kernel = getattr(shell(), "kernel", None)
    try:
        return (kernel.get_parent("shell") if kernel is not None else None) or {}
    except (AttributeError, LookupError, TypeError):
        return {}


def in_terminal() -> bool:
    """Whether this is IPython in a terminal."""
    return shell() is not None and not in_kernel()


def ask_secret(prompt: str) -> str:
    """Ask whoever sits in front of it; what is typed is shown to nobody and kept nowhere."""
    if in_kernel() or (sys.stdin is not None and sys.stdin.isatty()):
        # In a kernel this is the kernel's own: the front end shows a password box. One that takes no input,
        # as when a program runs the notebook, is an error of the kernel's.
        import getpass

        with contextlib.suppress(NotImplementedError, EOFError):
            return getpass.getpass(prompt)
    raise NobodyTypesError(
        "nobody can type a key here: set the provider's variable (like OPENAI_API_KEY) in the environment, "
        "or write it into a file .env in this folder"
    )
