"""Names of conversations: one short line, of signs that can be seen."""

from __future__ import annotations

import re

from g4f_nb.errors import InvalidParameterError, short, shorten
from g4f_nb.halves import sound

# Characters; a longer name would push everything else out of a list.
LONGEST_NAME = 80
_MADE_UP = re.compile("chat-[0-9a-f]{4}")


def made_up_name(id: str) -> str:  # noqa: A002  # what a conversation calls it
    """The name of a conversation that was given none."""
    return f"chat-{id[:4]}"


def is_made_up(name: str) -> bool:
    """Whether nobody has given that name."""
    return _MADE_UP.fullmatch(name) is not None


def checked_name(name: object) -> str:
    """A name of a conversation, without blanks around it; or why it is none."""
    if not isinstance(name, str) or not name.strip():
        raise InvalidParameterError(
            f"the name of a conversation is {short(name)}: it must be a text, like 'physics'"
        )
    name = sound(name.strip())
    if len(name) > LONGEST_NAME:
        raise InvalidParameterError(
            f"the name of a conversation has {len(name):,} characters, {shorten(name, 20)!r}: give one of at "
            f"most {LONGEST_NAME}"
        )
    if not name.isprintable():
        raise InvalidParameterError(
            f"the name of a conversation is {name!r}, with a character that cannot be seen: give one of "
            "letters, digits, signs and blanks"
        )
    return name


def mended_name(name: str) -> str:
    """A name from a file or an older store, as far as it can be one: its commands for terminals are gone."""
    seen = "".join(char if char.isprintable() else " " for char in sound(name))
    return shorten(" ".join(seen.split()).lstrip("- "), LONGEST_NAME)
