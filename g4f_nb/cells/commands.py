"""`%g4f SUBCOMMAND`: a table of small commands; a new one is one more row in `COMMANDS`."""

from __future__ import annotations

import importlib
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from g4f_nb.cells.slips import meant_by
from g4f_nb.cells.words import IN_A_CELL, Place, Words
from g4f_nb.errors import InvalidParameterError
from g4f_nb.secret import redact
from g4f_nb.tables import Table

# How many words a command takes that takes as many as there are.
_ANY = 1_000
# What other programs call the same.
_OTHERWISE = {
    "list": "conversations", "ls": "conversations", "clear": "reset", "new": "reset", "copy": "fork",
    "open": "load", "write": "save", "log": "history", "find": "search", "grep": "search",
    "price": "cost", "settings": "config",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Command:
    """One subcommand: how it is written, what it does in a line, and the function that does it.

    What the function returns is shown, and is the cell's value.
    """

    usage: str
    help: str
    run: Callable[[Words, Place], object]
    surplus: str = ""

    @property
    def flags(self) -> list[str]:
        """The flags of its usage."""
        return [word for word in self.usage.replace("[", " ").replace("]", " ").split() if word[:2] == "--"]

    @property
    def words(self) -> list[str]:
        """The words of its usage, in brackets where they may be left out."""
        return [word for word in self.usage.split()[1:] if word.strip("[].").isupper()]

    @property
    def least(self) -> int:
        """How many words it needs."""
        return sum(word[0] != "[" for word in self.words)

    @property
    def most(self) -> int:
        """How many words it takes."""
        return _ANY if any(word.endswith("...") for word in self.words) else len(self.words)


def run(line: str, place: Place) -> object:
    """Run one line; a mistyped word is an error with the nearest name, and nothing is sent to any model."""
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise InvalidParameterError(f"a quote is opened and not closed in {line.strip()!r}") from error
    name = words[0] if words else "help"
    name = "help" if name in ("-h", "--help") else name
    command = COMMANDS.get(name)
    if command is None:
        shown, near = redact(name), _near(name, COMMANDS)
        raise InvalidParameterError(f"there is no %g4f {shown}: {near} Nothing was sent.")
    given = Words(
        tuple(word for word in words[1:] if not word.startswith("--")),
        frozenset(word for word in words[1:] if word.startswith("--")),
    )
    for flag in sorted(given.flags - set(command.flags)):
        # Without its value, which may be a key.
        flag = redact(flag.partition("=")[0])  # noqa: PLW2901
        raise InvalidParameterError(f"%g4f {name} has no flag {flag}: {_near(flag, command.flags)}")
    if len(given.words) > command.most:
        much = command.surplus or f"it is written %g4f {command.usage}"
        raise InvalidParameterError(f"that is too much for %g4f {name}: {much}")
    if len(given.words) < command.least:
        raise InvalidParameterError(f"that is too little for %g4f {name}: it is written %g4f {command.usage}")
    return command.run(given, place)


def usage() -> str:
    """All commands, a line each, for the magic's own help."""
    width = max(len(command.usage) for command in COMMANDS.values())
    return "\n".join(f"    %g4f {each.usage:<{width}}  {each.help}" for each in COMMANDS.values())


def _near(name: str, names: Sequence[str] | Mapping[str, Any]) -> str:
    near = meant_by(name, names) or _OTHERWISE.get(name)
    if near in names:
        return f"did you mean {near}?"
    return f"there are {', '.join(names)}." if names else "it takes none."


def _help(_: Words, __: Place) -> Table:
    rows = [(f"%g4f {command.usage}", command.help) for command in COMMANDS.values()]
    return Table(tuple(rows), note="%%chat asks a model; %chat? shows its flags.")


def _late(module: str, name: str) -> Callable[[Words, Place], object]:
    """A command's function, loaded when it is run: showing the help must not load what all of them need."""

    def run(given: Words, place: Place) -> object:
        found = getattr(importlib.import_module(f"g4f_nb.cells.{module}"), name)
        return found(given, place)

    return run


COMMANDS: dict[str, Command] = {
    "models": Command(
        "models [PROVIDER]", "the models that a provider offers", _late("settingup", "models_command")
    ),
    "providers": Command(
        "providers [--local]",
        "the providers, and where the key of each is found (--local: which run on this machine)",
        _late("settingup", "providers_command"),
    ),
    "use": Command(
        "use [MODEL] [--reset]",
        "what answers where no provider is named; with a model, chooses it",
        _late("settingup", "use_command"),
    ),
    "key": Command(
        "key [PROVIDER] [--save] [--forget]",
        "where keys are found; with a provider, asks for its key (--save: keeps it in the keyring)",
        _late("settingup", "key_command"),
        IN_A_CELL,
    ),
    "config": Command(
        "config", "every setting, its value and what sets it", _late("settingup", "config_command")
    ),
    "conversations": Command(
        "conversations", "the conversations of this notebook", _late("talking", "conversations_command")
    ),
    "history": Command(
        "history [CONVERSATION]",
        "what was asked and answered; without a name, in main",
        _late("talking", "history_command"),
    ),
    "search": Command(
        "search WORD...",
        "questions and answers with all of these words, those of earlier kernels too",
        _late("talking", "search_command"),
    ),
    "reset": Command("reset [CONVERSATION]", "begins a conversation anew", _late("talking", "reset_command")),
    "fork": Command(
        "fork NAME [CONVERSATION]",
        "a copy under another name; the conversation stays as it is",
        _late("talking", "fork_command"),
    ),
    "save": Command(
        "save FILE [CONVERSATION] [--force]",
        "writes a conversation into a file: .json, .md, .ipynb or .html (--force: over any file)",
        _late("talking", "save_command"),
    ),
    "load": Command(
        "load FILE [NAME]",
        "has a conversation again: from a file, or by its name, as an earlier kernel had it",
        _late("talking", "load_command"),
    ),
    "cost": Command(
        "cost [CONVERSATION]",
        "tokens and cost of one conversation, or of all",
        _late("talking", "cost_command"),
    ),
    "help": Command("help", "this table", _help),
}
