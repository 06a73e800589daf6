"""Completion of `%%chat` and `%g4f` lines in a live kernel: IPython's matcher API, version 2.

Where a flag's value is typed, Python's own names are no answer: what is offered stands alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from g4f_nb.cells import commands
from g4f_nb.cells.desk import Desk
from g4f_nb.cells.flags import BY_NAME, FLAGS, Flag

# The line up to the cursor: a magic of ours, at the beginning or behind an assignment.
_LINE = re.compile(r"^\s*(?:[^%#'\"]*=\s*)?(%%?)(chat|g4f)(?:\s+(.*))?$", re.DOTALL)
_WORD = re.compile(r"""\S*?("[^"]*("|$)|'[^']*('|$))\S*|\S+""")
# A place in a prompt that is being typed: `{name`, and what is typed of it.
_OPEN_BRACE = re.compile(r"(?<!\{)\{([^{}]*)$")


@dataclass(frozen=True, slots=True)
class Typed:
    """A line as far as it is typed: the flags before the cursor, and the word at it."""

    fragment: str
    flag: Flag | None = None
    in_prompt: bool = False
    given: Mapping[str, str] = field(default_factory=dict)


def matcher(desk: Desk) -> Any:
    """A matcher for one shell."""
    from IPython.core.completer import SimpleCompletion, context_matcher

    @context_matcher(identifier="g4f_nb.chat", priority=200)  # type: ignore[untyped-decorator, unused-ignore]
    def chat_matcher(context: Any) -> Any:
        found = matches(context.full_text, context.cursor_line, context.cursor_position, desk)
        if found is None:
            return {"completions": []}
        fragment, texts = found
        return {
            # A word that nothing fits stands for itself: with nothing to offer, Python's names would come.
            "completions": [SimpleCompletion(text=text) for text in texts or [fragment]],
            "matched_fragment": fragment,
            "suppress": True,
            "ordered": True,
        }

    return chat_matcher


def matches(text: str, line: int, column: int, desk: Desk) -> tuple[str, Sequence[str]] | None:
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
    return typed.fragment, _offered(typed, desk)


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
    return [each for each in found if each.lower().startswith(typed.fragment.lower())]


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
        "conversations": lambda: [each.name for each in desk.talks],
        "parameters": lambda: offers.parameters(typed.given.get("model"), provider, desk.names),
    }
    return kinds[flag.completes]()


def _several(fragment: str, desk: Desk) -> list[str]:
    """Models behind the last comma; what is before it stays."""
    from g4f_nb.cells import offers

    done, comma, last = fragment.rpartition(",")
    return [f"{done}{comma}{name}" for name in offers.models(last, desk.names, provider=None, api_base=None)]


def _in_prompt(before: str, desk: Desk) -> tuple[str, Sequence[str]] | None:
    """The user's names in a `{` of a prompt; their attributes are Python's; prose is nobody's to complete."""
    from g4f_nb.cells import offers

    found = _OPEN_BRACE.search(before)
    if found is None:
        return re.split(r"\s", before)[-1], []
    if not found[1].isidentifier() and found[1]:
        return None
    return found[1], [name for name in offers.variables(desk.names) if name.startswith(found[1])]


def _command(text: str, desk: Desk) -> tuple[str, Sequence[str]]:
    """A subcommand, its flags and its words."""
    words = text.split()
    fragment = "" if not words or text[-1].isspace() else words.pop()
    if not words:
        return fragment, [name for name in commands.COMMANDS if name.startswith(fragment)]
    command = commands.COMMANDS.get(words[0])
    if command is None:
        return fragment, []
    if fragment.startswith("-"):
        return fragment, [name for name in command.flags if name.startswith(fragment)]
    kind = command.words[len(words) - 1] if len(words) <= len(command.words) else ""
    return fragment, _words_of(kind.strip("[]"), fragment, desk)


def _words_of(kind: str, fragment: str, desk: Desk) -> list[str]:
    from g4f_nb.cells import offers

    match kind:
        case "MODEL":
            return offers.models(fragment, desk.names, provider=None, api_base=None)
        case "PROVIDER":
            found = offers.providers(desk.names)
        case "CONVERSATION":
            found = [each.name for each in desk.talks]
        case "FILE":
            return offers.files(fragment)
        case _:
            found = []
    return [each for each in found if each.lower().startswith(fragment.lower())]
