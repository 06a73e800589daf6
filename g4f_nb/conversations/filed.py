"""`Filed`, the part of a conversation that goes to files and the disk, and comes back."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any, Self

from g4f_nb.conversations.held import Held
from g4f_nb.conversations.keyless import keyless
from g4f_nb.conversations.names import checked_name, mended_name
from g4f_nb.conversations.preserving import ids_of, kept_talks, read_talk
from g4f_nb.conversations.shelf import shelf
from g4f_nb.conversations.turnjson import Saved, saved_from_json, saved_json
from g4f_nb.errors import InvalidParameterError
from g4f_nb.providers.models.model import Model


class Filed(Held):
    """Saved as a file of the user's, and kept on disk on the way."""

    def save(self, path: str | PathLike[str], *, overwrite: bool = False) -> Path:
        """Write it to a file: `.json` with all branches, `.md`, `.ipynb`, or `.html` to be read alone.

        A conversation that was saved there before is replaced, any other file only with `overwrite`.
        """
        from g4f_nb.conversations.saving import write

        return write(self.as_saved(), path, overwrite=overwrite)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """The conversation that `save` wrote as `.json`, `.md` or `.ipynb`; it goes its own way from there.

        JSON holds everything; of Markdown and notebooks the questions and answers of one branch come back.
        Keys and addresses are in no file: name the model anew where it needs one.
        """
        from g4f_nb.conversations.saving import read

        return cls._of(read(path))

    @classmethod
    def restore(cls, name: str) -> Self:
        """The conversation of that name or id as it was kept on disk, also by an earlier kernel.

        `nb.list_conversations()` lists them. Of several with one name it is the latest that is not in this
        notebook; one that was restored before is given as it is.
        """
        name = checked_name(name)
        there = shelf()
        here: dict[str, Self] = {} if there is None else {each.id: each for each in there.all}
        if name in here:
            return here[name]
        kept = ids_of(name)
        again = [key for key in kept if key in here and here[key].restored]
        for key in [*again, *(key for key in kept if key not in here), *kept]:
            if key in here:
                return here[key]
            saved = read_talk(key)
            if saved is not None:
                return cls._of(saved, kept=True)
        found: Self | None = None if there is None else there.get(name)
        if found is None:
            raise _not_kept(name)
        return found

    def forget(self) -> None:
        """Take it off the notebook's list and off the disk; this object goes on, and is kept no more."""
        there = shelf()
        if there is not None:
            there.remove(self)
        self.keep = False
        self._keeper.forget(self.id)

    def __reduce__(self) -> tuple[Any, ...]:
        # What another process may know of it is what a file holds: no key, no address.
        return _rebuilt, (type(self), saved_json(keyless(self.as_saved())))

    @classmethod
    def _of(cls, saved: Saved, *, kept: bool = False, copied: bool = False) -> Self:
        model: Any = saved.model
        if model is not None and saved.price is not None:
            model = Model(model, price=saved.price)
        made = cls(
            model=model,
            provider=saved.provider,
            system=saved.system,
            limit=saved.limit,
            **saved.options,
        )
        made._name = mended_name(saved.name or "") or made.name
        made._take(saved, kept=kept)
        there = shelf()
        if there is not None and not copied:
            there.put(made, stays=True)
        return made


def _rebuilt(cls: type[Filed], data: Mapping[str, Any]) -> Filed:
    return cls._of(saved_from_json(data), copied=True)


def _not_kept(name: str) -> InvalidParameterError:
    names = ", ".join(dict.fromkeys(repr(each.name) for each in kept_talks(5))) or "none"
    return InvalidParameterError(
        f"no conversation {name!r} was kept: nb.list_conversations() lists them; there are {names}"
    )
