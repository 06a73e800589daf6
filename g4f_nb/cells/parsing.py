"""From a line, and the cell beneath it, to what is asked: flags to the first other word, then the prompt."""

from __future__ import annotations

import io
import re
import shlex
from dataclasses import dataclass
from typing import Any

from IPython.core.error import UsageError

from g4f_nb.cells.flags import BY_NAME, Flag
from g4f_nb.cells.slips import meant_by
from g4f_nb.cells.values import PARTED, HidesKeyError, UnfitValueError, names
from g4f_nb.secret import redact

# Keeps IPython from reading `%chat what is pandas?` as a request for help; taken off again here.
NOT_HELP = "\N{INVISIBLE SEPARATOR}"
HELP_WORDS = ("-h", "--help")
_NEVER_MEANT = ("--yes", "-y")
_MORE = "%chat --help shows them all. Nothing was sent."

_QUOTES = "“”"
_QUOTED = re.compile("[\"'“”\\\\]")
# What begins like a flag; `-5 + 3` and `- a point` are prompts.
_FLAG = re.compile(r"\s*--?[A-Za-z]|\s*--(\s|$)")
# What a word processor makes of the dashes of a flag.
_DASHES = re.compile(r"\s*[\u2010-\u2015\u2212-]+(?P<name>[A-Za-z][A-Za-z-]*)")
# The fields that are parameters of a provider under the same name.
PARAMETERS = ("temperature", "max_tokens", "top_p", "stop", "seed", "timeout", "api_base", "proxy")
# What the value of a flag is where a second word was perhaps meant to belong to it.
_ONE_WORD = {
    "--out": "the name of a variable is one word, like my_answer",
    "--stop": 'several words stand in quotes, --stop "{}", and each further text has a --stop of its own',
    "--name": 'a name of several words stands in quotes, -n "{}"',
    "--fork": 'a name of several words stands in quotes, --fork "{}"',
}
_LONE_WORD = re.compile(r"[\w-]+")
_KEYS = ("--api-key", "--key", "-k", "--api_key", "--apikey", "--token", "--password")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What one line says: a field for each flag of the table, and the prompt."""

    provider: Any = None
    model: Any = None
    fallback: tuple[str, ...] = ()
    race: tuple[str, ...] = ()
    compare: tuple[str, ...] = ()
    api_base: str | None = None
    proxy: str | None = None
    timeout: float | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    system: str | None = None
    set_: tuple[tuple[str, Any], ...] = ()
    attach: tuple[str, ...] = ()
    tool: tuple[str, ...] = ()
    yes: bool = False
    raw: bool = False
    show_context: bool = False
    dry_run: bool = False
    format: str | None = None
    out: str | None = None
    schema: str | None = None
    # What stands behind it without quotes: the prompt, or the rest of a line of several words.
    behind_schema: str = ""
    code: bool = False
    no_stream: bool = False
    quiet: bool = False
    cache: bool = False
    name: str | None = None
    new: bool = False
    fork: str | None = None
    continues: bool = False
    prompt: str = ""
    # Of the line, behind its flags.
    first_word: str = ""
    # What the user should know of how the line was read.
    notices: tuple[str, ...] = ()

    @property
    def parameters(self) -> dict[str, Any]:
        """What goes to the provider; a flag that is not there gives no parameter, for it may take none."""
        given = {name: getattr(self, name) for name in PARAMETERS}
        given["stop"] = list(self.stop) or None
        return {name: value for name, value in given.items() if value is not None} | dict(self.set_)


def parse(line: str, cell: str | None = None) -> Options:
    """Read the flags of a line; what follows them, and the cell, is the prompt, verbatim."""
    found: dict[str, Any] = {}
    rest = line.replace(NOT_HELP, "")
    last: tuple[Flag, str] | None = None
    ended = False
    while _FLAG.match(rest := _with_plain_dashes(rest)):
        before, (word, rest) = rest, _word(rest)
        last = None
        if ended := word == "--":
            break
        name, equals, value = word.partition("=")
        flag = BY_NAME.get(name)
        if flag is None:
            raise UsageError(_unknown(name))
        if flag.takes and not equals:
            if not rest.strip():
                raise UsageError(f"{name} needs a value after it: {flag.written}. {_MORE}")
            value, rest = _word(rest)
        if flag.check is names and rest.lstrip().startswith(","):
            raise UsageError(f"{flag.name} is {redact(value)!r}: {PARTED}. {_MORE}")
        # Without quotes: what follows may have been meant to belong to it.
        last = None if _QUOTED.search(before[: len(before) - len(rest)]) else (flag, value)
        if not flag.takes and equals:
            raise UsageError(f"{name} takes no value: write {name} alone. {_MORE}")
        _put(found, flag, value)
    body = "" if cell is None else cell.strip("\n")
    prompt = "\n".join(part for part in (rest.strip(), body) if part.strip())
    if cell is not None:
        _refuse_a_key(rest, meant=ended)
    notices = _left_over(*last, rest.strip(), body) if last is not None and rest.strip() else ()
    behind = rest.strip() if last is not None and last[0].name == "--schema" else ""
    first = "" if ended else next(iter(rest.split(maxsplit=1)), "")
    options = Options(**found, behind_schema=behind, prompt=prompt, first_word=first, notices=notices)
    _check_together(options)
    if not prompt and not options.continues:
        raise UsageError(
            "there is no prompt: write it below the line, or after the flags. %chat --help shows examples"
        )
    return options


def _refuse_a_key(line: str, *, meant: bool) -> None:
    """In the first line of a cell it would be sent as words of the prompt; `meant`: it stands behind `--`."""
    flags = [word.partition("=")[0] for word in line.split()]
    flag = next((each for each in flags if each.startswith("--") and each.lower() in _KEYS), None)
    if flag is not None and not meant:
        raise UsageError(
            f"{flag} stands in the prompt and would be sent with it: a key {_IN_A_CELL}. "
            "Nothing was sent; a question about it stands below the line, or behind --"
        )
    if redact(line) != line:
        raise UsageError(
            f"the first line would send a key or a password as words of the prompt: that {_IN_A_CELL}. "
            "Nothing was sent"
        )


def _torn(system: str, rest: str, body: str) -> tuple[str, ...]:
    """A system prompt of several words without quotes: of a line it is told, in a cell it is plain."""
    told = f"-s is {system!r} alone, and the prompt begins with {' '.join(rest.split())[:40]!r}"
    if body.strip():
        raise UsageError(
            f'{told}: put a system prompt of several words in quotes, -s "{system} …", or -- before a '
            f"prompt that begins in the first line. {_MORE}"
        )
    return (f'{told}: several words stand in quotes, -s "{system} …"',)


def _left_over(flag: Flag, value: str, rest: str, body: str) -> tuple[str, ...]:
    """Words behind the last flag, which may have been meant for that: sent as they stand, and told."""
    if flag.name == "--system":
        return _torn(value, rest, body)
    if flag.name not in _ONE_WORD or not body.strip() or not _LONE_WORD.fullmatch(rest):
        return ()
    way = _ONE_WORD[flag.name].format(f"{value} {rest}")
    return (f"{flag.name} is {value!r} alone, and the prompt begins with {rest!r}: {way}",)


def asks_for_help(line: str) -> bool:
    """Whether the line is nothing but a wish for help."""
    return line.replace(NOT_HELP, "").strip() in HELP_WORDS


def _with_plain_dashes(text: str) -> str:
    """A flag that was pasted from a document, as it was meant; a prompt that begins with a dash stays."""
    seen = _DASHES.match(text)
    if seen is None or seen[0].isascii():
        return text
    name = seen["name"]
    meant = f"-{name}" if len(name) == 1 else f"--{name}"
    return f"{meant}{text[seen.end() :]}" if meant in BY_NAME else text


def _put(found: dict[str, Any], flag: Flag, written: str) -> None:
    if not flag.takes:
        found[flag.target] = True
        return
    value = _checked(flag, written)
    if flag.many:
        before = found.get(flag.target, ())
        if flag.name == "--set" and value[0] in dict(before):
            raise UsageError(f"--set names {value[0]} twice: give it once. {_MORE}")
        found[flag.target] = (*before, value)
        return
    if flag.target in found:
        raise UsageError(f"{flag.name} is given twice: give it once. {_MORE}")
    found[flag.target] = value


def _checked(flag: Flag, written: str) -> Any:
    try:
        if not flag.prose and redact(written) != written:
            raise HidesKeyError  # noqa: TRY301  # told as the others are
        return flag.check(written)
    except HidesKeyError:
        # Not shown: it may be the key itself.
        if flag.name == "--proxy":
            raise UsageError(f"--proxy would hold a password: {_OTHER_PROXY}") from None
        raise UsageError(f"{flag.name} would hold a key or a password: that {_IN_A_CELL}") from None
    except UnfitValueError as unfit:
        told = str(unfit)
        raise UsageError(
            f"{flag.name} is {redact(written)!r}: {told}{'' if told.endswith('?') else '.'} {_MORE}"
        ) from None


# What cannot go together, and why.
_PARTED: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("fallback", ("race", "compare"), "give one of them"),
    ("race", ("compare",), "give one of them"),
    ("compare", ("name", "new", "fork", "continues"), "a comparison belongs to no conversation"),
    ("compare", ("code", "format"), "its answers stand side by side"),
    ("new", ("continues", "fork"), "give one of them"),
    ("continues", ("fork",), "give one of them"),
    ("continues", ("cache",), "what goes on with a stopped answer is no question that was asked before"),
    ("continues", ("schema",), "half of an answer is no data"),
    ("cache", ("tool",), "a kept answer runs no tool"),
    ("code", ("schema", "format"), "the code goes into the next cell"),
    ("quiet", ("format", "no_stream", "show_context", "dry_run"), "the one hides what the other shows"),
)


def _check_together(options: Options) -> None:
    for one, others, why in _PARTED:
        for other in others:
            if getattr(options, one) and getattr(options, other):
                raise UsageError(
                    f"{_flag_of(one)} has no meaning with {_flag_of(other)}: {why}. Nothing was sent."
                )
    if options.yes and not options.tool:
        raise UsageError("--yes runs tools without asking, and there is none: add --tool NAME")
    if options.compare and options.tool and not options.yes:
        raise UsageError("--compare asks several at once, and nobody can approve their tools: add --yes")
    twice = next((name for name, _ in options.set_ if name in PARAMETERS and _is_given(options, name)), None)
    if twice is not None:
        raise UsageError(f"--set names {twice}, which --{twice.replace('_', '-')} sets: give one of them")


def _is_given(options: Options, name: str) -> bool:
    return getattr(options, name) not in (None, ())


def _flag_of(field: str) -> str:
    return next(flag.name for flag in BY_NAME.values() if flag.target == field)


def _word(text: str) -> tuple[str, str]:
    """The first word, quotes honoured, and what follows it."""
    if text.lstrip().startswith(_QUOTES[0]) and _QUOTES[1] in text:
        # What a word processor makes of quotes.
        quoted, _, rest = text.lstrip()[1:].partition(_QUOTES[1])
        return quoted, rest
    stream = io.StringIO(text)
    lexer = shlex.shlex(stream, posix=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        word = lexer.get_token()
    except ValueError:
        raise UsageError(f"a quote is opened and not closed in {redact(text.strip())!r}. {_MORE}") from None
    return word or "", text[stream.tell() :]


_IN_A_CELL = (
    "does not belong into a cell, where it would be saved with the notebook: run %g4f key PROVIDER and "
    "type it into the box that opens, or set the provider's variable (like OPENAI_API_KEY) in the "
    "environment or in a file .env in this folder"
)
_OTHER_PROXY = (
    "that does not belong into a cell, where it would be saved with the notebook: set HTTPS_PROXY to the "
    "whole address in the environment, and leave --proxy out. Nothing was sent."
)


def _unknown(name: str) -> str:
    if name.lower() in _KEYS:
        return f"a key {_IN_A_CELL}"
    if name in HELP_WORDS:
        return f"{name} stands alone: %chat --help. Nothing was sent."
    near = near_flags(name)
    hint = f"did you mean {near[0]}?" if near else "put -- before a prompt that begins like a flag."
    return f"there is no flag {redact(name)}: {hint} {_MORE}"


def near_flags(name: str) -> list[str]:
    """The flags that were probably meant; never the one that lets tools run without asking."""
    found = meant_by(name, [known for known in (*BY_NAME, *HELP_WORDS) if known not in _NEVER_MEANT])
    return [found] if found else []
