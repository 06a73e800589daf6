"""Which conversation is meant by a name: one of this notebook, or one that was kept on disk."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from g4f_nb.conversations.groups import group_from_json
from g4f_nb.conversations.names import checked_name
from g4f_nb.conversations.preserving import ids_of, kept_talks, read_talk
from g4f_nb.conversations.replyjson import DamagedError
from g4f_nb.conversations.shelf import Shelf, shelf
from g4f_nb.conversations.turnjson import Saved
from g4f_nb.errors import G4FError, InvalidParameterError
from g4f_nb.notices import tell
from g4f_nb.providers.finding.known import look_up
from g4f_nb.providers.models.model import Model
from g4f_nb.secret import Veiled


class Kept(Protocol):
    """What is restored."""

    @property
    def id(self) -> str: ...  # noqa: D102

    @property
    def restored(self) -> bool: ...  # noqa: D102


T = TypeVar("T", bound=Kept)
_TOGETHER = re.compile(r"(Fallback|Race|Retry)Provider\(.*\)$")
_NUMBER = re.compile(r"[\W\d_]+")


def restored(name: str, rebuild: Callable[[Saved], T]) -> T:
    """The conversation of that name or id as it was kept; one that is here already is given as it is."""
    name = checked_name(name)
    there: Shelf[Any] | None = shelf()
    here: dict[str, T] = {} if there is None else {each.id: each for each in there.all}
    if name in here:
        return here[name]
    kept = ids_of(name)
    again = [key for key in kept if key in here and here[key].restored]
    for key in [*again, *(key for key in kept if key not in here), *kept]:
        if key in here:
            return here[key]
        saved = read_talk(key)
        if saved is not None:
            return rebuild(saved)
    found: T | None = None if there is None else there.get(name)
    if found is None:
        raise _not_kept(name)
    return found


def named(name: str, make: Callable[[str], T]) -> T:
    """The notebook's conversation of that name; where there is none it is made, and a slip is told."""
    there: Shelf[Any] | None = shelf()
    if there is None:
        return make(name)
    with there.lock:
        name = checked_name(name)
        found: T | None = there.get(name)
        if found is not None:
            return found
        near = _near(name, there.names)
        made = make(name)
    if near is not None:
        tell(f"{name!r} is a new conversation: there is {near!r}, if that was meant", once=False)
    return made


def tell_namesake(name: str | None) -> None:
    """Say that a name which is given now is that of another conversation of this notebook, too."""
    there: Shelf[Any] | None = shelf()
    other = there.get(name) if there is not None and name is not None else None
    if other is not None and other.all_turns:
        tell(
            f"there is a conversation {name!r} already: by that name the new one is found from here on, and "
            "nb.list_conversations() has both"
        )


def settings_of(saved: Saved) -> dict[str, Any]:
    """With which arguments a conversation like this one is made."""
    model = _model_of(saved)
    if model is not None and saved.price is not None:
        model = Model(model, price=saved.price)
    given = {"model": model, "provider": saved.provider, "system": saved.system, "limit": saved.limit}
    return Veiled({**given, **saved.options})


def lost_of(saved: Saved) -> str | None:
    """What that was called whom it asked, where nobody can tell here who it was."""
    return saved.model if saved.model is not None and _model_of(saved) is None else None


def _model_of(saved: Saved) -> Any:
    """Whom it asks: a name, several as one; `None` where nobody can tell."""
    if saved.group is not None:
        try:
            return group_from_json(saved.group)
        except (G4FError, DamagedError):
            return None
    name = saved.model
    # Readable forms say only what several were called together.
    nameless = saved.nameless or (name is not None and _TOGETHER.match(name) is not None)
    return None if nameless and look_up(name or "") is None else name


def _near(name: str, names: tuple[str, ...]) -> str | None:
    """The name that may have been meant; chapter-1 and chapter-2 are two names, and so are x and x-2."""
    bare = _NUMBER.sub("", name)
    others = [each for each in names if _NUMBER.sub("", each) != bare]
    return next(iter(difflib.get_close_matches(name, others, n=1, cutoff=0.8)), None)


def _not_kept(name: str) -> InvalidParameterError:
    names = ", ".join(dict.fromkeys(repr(each.name) for each in kept_talks(5))) or "none"
    return InvalidParameterError(
        f"no conversation {name!r} was kept: nb.list_conversations() lists them; there are {names}"
    )
