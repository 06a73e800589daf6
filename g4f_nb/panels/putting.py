"""A question as it is typed in a panel, put together with what it names: variables (`@df`) and files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from g4f_nb import frontend
from g4f_nb.prompting.composing import Composed, compose
from g4f_nb.prompting.mentions import mentions, strangers

_LONGEST_NAME = 80
_MOST_STRANGERS = 3


@dataclass(frozen=True, slots=True)
class Typed:
    """What a user has typed, and the files beside it: paths, values, or (bytes, name) from a view."""

    text: str
    files: Sequence[Any] = field(default=(), repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """What goes along, in a word each, for the eyes."""
        return tuple(map(_name_of, self.files))

    def put_together(self, model: str | None = None) -> Composed:
        """What is sent: the text as typed, with what it names before it. Errors come before anything is sent.

        Braces are left alone: in a panel, code is pasted.
        """
        space = namespace()
        notices = tuple(words_of_strangers(self.text, space))
        with ExitStack() as until:
            given = list(_readable(self.files, until))
            found = dict.fromkeys(each.name for each in mentions(self.text, space))
            # A variable is meant, also where a file of that name is in the folder.
            given += [space[name] if Path(name).exists() else name for name in found]
            made = compose(self.text, space, attach=given, raw=True, model=model)
            return replace(made, notices=(*made.notices, *notices))


def words_of_strangers(text: str, space: Mapping[str, Any]) -> Iterator[str]:
    """What to know of each `@name` that names nothing: it is sent as it is, and may be a slip."""
    for name, near in islice(strangers(text, space), _MOST_STRANGERS):
        hint = f"; did you mean @{near}?" if near else ""
        yield f"@{name} is no variable here and goes as text{hint}"


def namespace() -> Mapping[str, Any]:
    """The user's variables, as they are now."""
    shell = frontend.shell()
    return {} if shell is None else dict(shell.user_ns)


def _readable(files: Sequence[Any], until: ExitStack) -> Iterator[Any]:
    """Files from a view as files in a folder of their own, so that all are read alike."""
    folder: Path | None = None
    for each in files:
        if not isinstance(each, tuple):
            yield each
            continue
        data, name = each
        if folder is None:
            folder = Path(until.enter_context(tempfile.TemporaryDirectory(prefix="g4f_nb-")))
        path = folder / (Path(str(name)).name or "file")
        path.write_bytes(data)
        yield str(path)


def _name_of(item: Any) -> str:
    if isinstance(item, tuple):
        return str(item[1])
    if isinstance(item, str | Path) and len(str(item)) < 1000:  # noqa: PLR2004
        return Path(item).name[:_LONGEST_NAME]
    return type(item).__name__
