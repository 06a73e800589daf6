"""Completion of `%%chat` and `%g4f` lines in a live kernel: IPython's matcher API, version 2.

Where a flag's value is typed, Python's own names are no answer: what is offered stands alone. An IPython
before 8.6, as Google Colab has it, knows only the first version, and mixes them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from g4f_nb.cells import commands
from g4f_nb.cells.desk import Desk
from g4f_nb.cells.flags import BY_NAME, FLAGS, Flag
from g4f_nb.cells.values import quoted
from g4f_nb.errors import G4FError

# The line up to the cursor: a magic of ours, at the beginning or behind an assignment.
_LINE = re.compile(r"^\s*(?:[^%#'\"]*=\s*)?(%%?)(chat|g4f)(?:\s+(.*))?$", re.DOTALL)
_WORD = re.compile(r"""\S*?("[^"]*("|$)|'[^']*('|$))\S*|\S+""")
# A place in a prompt that is being typed: `{name`, and what is typed of it.
_OPEN_BRACE = re.compile(r"(?<!\{)\{([^{}]*)$")
# What begins with a name, and goes on with names behind points.
_ATTRIBUTE = re.compile(r"(?P<path>[^\W\d]\w*(?:\.[^\W\d]\w*)*)\.(?P<begun>\w*)")


# What a front end says beside each.
_KINDS: Mapping[str, str] = {
    "providers": "provider", "models": "model", "several models": "model", "variables": "variable",
    "types": "type", "functions": "function", "files": "file", "conversations": "conversation",
    "parameters": "parameter",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Typed:
    """A line as far as it is typed: the flags before the cursor, and the word at it."""

    fragment: str
    flag: Flag | None = None
    in_prompt: bool = False
    given: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Offer:
    """What the word at the cursor may become; `kind` says beside it what that is."""

    fragment: str
    texts: Sequence[str] = ()
    kind: str = "value"


def matcher(desk: Desk) -> Any:
    """A matcher for one shell."""
    from IPython.core import completer

    if not hasattr(completer, "context_matcher"):
        return _older(desk)
    from IPython.core.completer import SimpleCompletion, context_matcher

    @context_matcher(identifier="g4f_nb.chat", priority=200)  # type: ignore[untyped-decorator, unused-ignore]
    def chat_matcher(context: Any) -> Any:
        try:
            found = matches(context.full_text, context.cursor_line, context.cursor_position, desk)
        except G4FError:
            # A setting that is wrong, say: whoever asks is told, and nobody who types.
            found = None
        if found is None:
            return {"completions": []}
        return {
            # A word that nothing fits stands for itself: with nothing to offer, Python's names would come.
            "completions": [
                SimpleCompletion(text=text, type=found.kind) for text in found.texts or [found.fragment]
            ],
            "matched_fragment": found.fragment,
            "suppress": True,
            "ordered": True,
        }

    return chat_matcher


def _older(desk: Desk) -> Callable[[str], list[str]]:
    """The same for an IPython that asks with the last word, as it splits words, and knows only this line."""

    def chat_matcher(word: str) -> list[str]:
        before = desk.shell.Completer.text_until_cursor.split("\n")[-1]
        try:
            found = matches(before, 0, len(before), desk)
        except G4FError:
            found = None
        if found is None:
            return []
        before_it = len(found.fragment) - len(word)
        return [each[before_it:] if before_it >= 0 else word[:-before_it] + each for each in found.texts]

    return chat_matcher


def matches(text: str, line: int, column: int, desk: Desk) -> Offer | None:
    """The word at the cursor and what it may become; `None` where it is none of ours."""
    lines = text.split("\n")
    before = lines[line][:column] if line < len(lines) else ""
    head = next((number for number, each in enumerate(lines) if each.strip()), 0)
    in_cell = re.match(r"\s*%%(chat|g4f)\b", lines[head]) is not None
    if in_cell and line > head:
        return _in_prompt(before, desk)
    found = _LINE.match(before)
    if found is None or found[3] is None or (found[1] == "%%" and line != head):
        return None
    if found[2] == "g4f" and found[1] == "%":
        return _command(found[3], desk)
    typed = read(found[3])
    if typed.in_prompt:
        return _in_prompt(before, desk)
    kind = "flag" if typed.flag is None else _KINDS.get(typed.flag.completes, "value")
    return Offer(typed.fragment, _offered(typed, desk), kind)


def read(text: str) -> Typed:
    """What the flags before the cursor say; quotes that are still open are taken as they are."""
    given: dict[str, str] = {}
    words = [match[0] for match in _WORD.finditer(text)]
    fragment = "" if not words or (text[-1:].isspace() and not _is_open(words[-1])) else words.pop()
    flag: Flag | None = None
    for word in words:
        if flag is not None:
            given[flag.target], flag = word.strip("\"'"), None
            continue
        name, equals, value = word.partition("=")
        found = BY_NAME.get(name)
        if found is None or word == "--":
            return Typed(fragment, in_prompt=True, given=given)
        if equals:
            given[found.target] = value.strip("\"'")
        elif found.takes:
            flag = found
        else:
            given[found.target] = ""
    name, equals, value = fragment.partition("=")
    if flag is None and equals and name in BY_NAME and BY_NAME[name].takes:
        return Typed(value, BY_NAME[name], given=given)
    in_prompt = flag is None and bool(fragment) and not fragment.startswith("-")
    return Typed(fragment, flag, in_prompt, given)


def _is_open(word: str) -> bool:
    return any(word.count(quote) % 2 for quote in "\"'")


def _offered(typed: Typed, desk: Desk) -> list[str]:
    if typed.flag is None:
        return _flags(typed)
    found = _values(typed.flag, typed, desk)
    if typed.flag.completes in ("models", "several models", "files"):
        return found
    return _beginning(found, typed.fragment)


def _beginning(found: Sequence[str], fragment: str) -> list[str]:
    """Those that begin like this; quotes around either make no difference."""
    wanted = fragment.lstrip("\"'").lower()
    return [each for each in found if each.lstrip('"').lower().startswith(wanted)]


def _flags(typed: Typed) -> list[str]:
    """The flags that may come now, by their long names; those that were given do not come twice."""
    left = [flag for flag in FLAGS if flag.many or flag.target not in typed.given]
    names = [flag.name for flag in left]
    if re.fullmatch(r"-[a-z]", typed.fragment):
        # `-m` is whole already, and would be lost for `--model`.
        names = [flag.short for flag in left if flag.short == typed.fragment]
    return [name for name in [*names, "--help"] if name.startswith(typed.fragment)]


def _values(flag: Flag, typed: Typed, desk: Desk) -> list[str]:
    from g4f_nb.cells import offers

    provider, base = typed.given.get("provider"), typed.given.get("api_base")
    kinds: Mapping[str, Callable[[], list[str]]] = {
        "": lambda: list(flag.choices),
        "providers": lambda: offers.providers(desk.names),
        "models": lambda: offers.models(typed.fragment, desk.names, provider=provider, api_base=base),
        "several models": lambda: _several(typed.fragment, desk),
        "variables": lambda: offers.variables(desk.names),
        "types": lambda: offers.types(desk.names),
        "functions": lambda: offers.functions(desk.names),
        "files": lambda: [
            *offers.files(typed.fragment),
            *(name for name in offers.variables(desk.names) if name.startswith(typed.fragment)),
        ],
        "conversations": lambda: [quoted(each.name) for each in desk.talks],
        "parameters": lambda: offers.parameters(typed.given.get("model"), provider, desk.names),
    }
    return kinds[flag.completes]()


def _several(fragment: str, desk: Desk) -> list[str]:
    """Models behind the last comma; what is before it stays."""
    from g4f_nb.cells import offers

    done, comma, last = fragment.rpartition(",")
    return [f"{done}{comma}{name}" for name in offers.models(last, desk.names, provider=None, api_base=None)]


def _in_prompt(before: str, desk: Desk) -> Offer | None:
    """The user's names in a `{` of a prompt, and their attributes; prose is nobody's to complete.

    IPython's own way to attributes reads the source of what they belong to: of a table the first Tab takes
    seconds.
    """
    from g4f_nb.prompting.naming import LAST_ERROR, users_names

    found = _OPEN_BRACE.search(before)
    if found is None:
        return Offer(re.split(r"\s", before)[-1])
    if (of := _ATTRIBUTE.fullmatch(found[1])) is not None:
        return _attribute(of["path"], of["begun"], desk)
    if not found[1].isidentifier() and found[1]:
        return None
    error = [] if desk.failure is None else [LAST_ERROR]
    names = [name for name in [*users_names(desk.names), *error] if name.startswith(found[1])]
    return Offer(found[1], names, "variable")


def _attribute(path: str, begun: str, desk: Desk) -> Offer | None:
    from g4f_nb.cells import offers

    found = offers.attributes(path, desk.names)
    if found is None:
        return None
    hidden = begun.startswith("_")
    texts = [name for name in found if name.startswith(begun) and (hidden or not name.startswith("_"))]
    return Offer(begun, texts, "attribute")


def _command(text: str, desk: Desk) -> Offer:
    """A subcommand, its flags and its words."""
    words = text.split()
    fragment = "" if not words or text[-1].isspace() else words.pop()
    if not words:
        return Offer(fragment, [name for name in commands.COMMANDS if name.startswith(fragment)], "command")
    command = commands.COMMANDS.get(words[0])
    if command is None:
        return Offer(fragment)
    if fragment.startswith("-"):
        return Offer(fragment, [name for name in command.flags if name.startswith(fragment)], "flag")
    kind = command.words[len(words) - 1] if len(words) <= len(command.words) else ""
    kind = kind.strip("[]")
    return Offer(fragment, _words_of(kind, fragment, desk), kind.lower() or "value")


def _words_of(kind: str, fragment: str, desk: Desk) -> list[str]:
    from g4f_nb.cells import offers

    match kind:
        case "MODEL":
            return offers.models(fragment, desk.names, provider=None, api_base=None)
        case "PROVIDER":
            found = offers.providers(desk.names)
        case "CONVERSATION":
            found = [quoted(each.name) for each in desk.talks]
        case "FILE":
            return offers.files(fragment)
        case _:
            found = []
    return _beginning(found, fragment)
