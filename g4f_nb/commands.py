"""`%g4f SUBCOMMAND`: a table of small commands; a new one is one more row in `COMMANDS`."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from g4f_nb import settings
from g4f_nb.errors import InvalidParameterError, ProviderNotFoundError
from g4f_nb.keys import forget_key, list_keys, type_key
from g4f_nb.listings.surveying import list_providers
from g4f_nb.loops.ownloop import own_loop
from g4f_nb.providers.finding.known import look_up, nearest
from g4f_nb.providers.models.model import Model, Provider, used
from g4f_nb.providers.registry import choose, options_for
from g4f_nb.providers.using import Using, use
from g4f_nb.secret import redact
from g4f_nb.tables import Table


@dataclass(frozen=True, slots=True)
class Place:
    """What a command may use of the place where it was typed."""

    # The `nb.Model` or provider class that the user keeps under a name, else the name itself.
    variable: Callable[[str], Any]
    ask_secret: Callable[[str], str]
    say: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Words:
    """What stands after a subcommand."""

    words: tuple[str, ...]
    flags: frozenset[str]


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
    def most(self) -> int:
        """How many words it takes."""
        return sum(word.strip("[]").isupper() for word in self.usage.split())


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
    return command.run(given, place)


def usage() -> str:
    """All commands, a line each, for the magic's own help."""
    width = max(len(command.usage) for command in COMMANDS.values())
    return "\n".join(f"    %g4f {each.usage:<{width}}  {each.help}" for each in COMMANDS.values())


def _near(name: str, names: Sequence[str] | Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(name, list(names), n=1, cutoff=0.5)
    if near:
        return f"did you mean {near[0]}?"
    return f"there are {', '.join(names)}." if names else "it takes none."


def _key(given: Words, place: Place) -> object:
    if {"--save", "--forget"} <= given.flags:
        raise InvalidParameterError("--save and --forget contradict each other: give one of them")
    whose = _provider(given.words[0], place) if given.words else None
    if "--forget" in given.flags:
        place.say(forget_key(whose))
        return None
    if whose is None:
        if given.flags:
            raise InvalidParameterError("--save needs a provider: %g4f key PROVIDER --save")
        return list_keys()
    place.say(type_key(whose, place.ask_secret, save="--save" in given.flags))
    return None


def _provider(word: str, place: Place) -> str | Model | Provider:
    named: str | Model | Provider = place.variable(word)
    if isinstance(named, str) and look_up(named.partition(":")[0]) is None:
        near = nearest(named)
        hint = f"did you mean {near[0]}?" if near else "%g4f providers lists them."
        # It is not shown: somebody may have written the key itself there.
        raise ProviderNotFoundError(f"there is no provider of that name: {hint} {_IN_A_CELL}")
    return named


_IN_A_CELL = (
    "A key itself is never written into a cell, where it would be saved with the notebook: run "
    "%g4f key PROVIDER and type it into the box that opens."
)


def _use(given: Words, place: Place) -> Using:
    if "--reset" in given.flags or given.words[:1] in (("none",), ("None",)):
        return use(None)
    return use(place.variable(given.words[0])) if given.words else use()


def _providers(given: Words, __: Place) -> Table:
    asked = "--local" in given.flags
    frame = list_providers(local=True) if asked else list_providers()
    rows = []
    filled: list[dict[Any, Any]] = frame.astype(object).where(frame.notna(), "").to_dict("records")
    for each in filled:
        key = each["key_from"] or each["problem"] or "none needed"
        runs = (_runs(each),) if asked else ()
        rows.append((each["name"], each["default_model"], *runs, key, each["host"]))
    headings = ("provider", "default model", *(("runs",) if asked else ()), "key", "address")
    note = "" if asked else "%g4f providers --local looks for servers that run on this machine."
    return Table(tuple(rows), headings, "", f"{note} nb.list_providers() tells more.".strip())


def _runs(each: Mapping[str, Any]) -> str:
    if not each["running"]:
        return "no"
    count = each["models"]
    return "yes" if count == "" else f"yes, {count} model{'' if count == 1 else 's'}"


def _models(given: Words, place: Place) -> Table:
    whose: str | Model | Provider | None = place.variable(given.words[0]) if given.words else None
    options = options_for(whose, None, {})
    cls: Any = choose(whose.name if isinstance(whose, Model) else whose)[0]
    bound = {name: options[name] for name in ("api_key", "api_base") if options.get(name) is not None}
    if hasattr(cls, "get_models_async"):
        names = own_loop().submit(cls.get_models_async(**bound)).result()
    else:
        names = cls.get_models() if hasattr(cls, "get_models") else []
    note = f"%g4f use {cls.__name__}:NAME uses one of them from now on." if names else "It lists no models."
    return Table(tuple((name,) for name in names), (f"models of {cls.__name__}",) if names else (), "", note)


def _config(_: Words, __: Place) -> Table:
    rows = [(name, repr(value), source) for name, value, source in settings.explained()]
    note = f"nb.use comes before provider and model: {use()!r}" if used() else ""
    return Table(tuple(rows), ("option", "value", "set by"), "", note)


def _help(_: Words, __: Place) -> Table:
    rows = [(f"%g4f {command.usage}", command.help) for command in COMMANDS.values()]
    return Table(tuple(rows), note="%%chat asks a model; %chat? shows its flags.")


COMMANDS: dict[str, Command] = {
    "key": Command(
        "key [PROVIDER] [--save] [--forget]",
        "where keys are found; with a provider, asks for its key (--save: keeps it in the keyring)",
        _key,
        _IN_A_CELL,
    ),
    "use": Command(
        "use [MODEL] [--reset]", "what answers where no provider is named; with a model, chooses it", _use
    ),
    "providers": Command(
        "providers [--local]",
        "the providers, and where the key of each is found (--local: which run on this machine)",
        _providers,
    ),
    "models": Command("models [PROVIDER]", "the models that a provider offers", _models),
    "config": Command("config", "every setting, its value and what sets it", _config),
    "help": Command("help", "this table", _help),
}
