"""`%%chat` and `%chat`: parse a line, ask, show the answer as it comes."""

from __future__ import annotations

import difflib
import io
import keyword
import math
import re
import shlex
import tokenize
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from IPython.core.error import UsageError
from IPython.core.inputtransformer2 import make_tokens_by_line
from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand
from traitlets import Bool, Unicode

from g4f_nb import asking, commands, frontend, settings
from g4f_nb.cells.screens import BEAT, screen_for
from g4f_nb.cells.terminal import printable
from g4f_nb.errors import G4FError
from g4f_nb.notices import tell
from g4f_nb.providers.base import AbstractProvider
from g4f_nb.providers.models.model import Model, set_used
from g4f_nb.reply import Reply

# Keeps IPython from reading `%chat what is pandas?` as a request for help; taken off again in the magic.
_NOT_HELP = "\N{INVISIBLE SEPARATOR}"

_QUOTES = "“”"
# Names that IPython or Python need for themselves.
_RESERVED = {"In", "Out", "get_ipython", "exit", "quit", "open"}

_KINDS = ("cell", "line")
_NAMES = ("chat", "g4f")

_FLAGS = {
    "--provider": "provider",
    "-p": "provider",
    "--model": "model",
    "-m": "model",
    "--temperature": "temperature",
    "-t": "temperature",
    "--system": "system",
    "-s": "system",
    "--out": "out",
    "-o": "out",
}
_USAGE = """\
%%chat [-p PROVIDER] [-m MODEL] [-t TEMPERATURE] [-s SYSTEM] [-o NAME] [--] [prompt]

    %%chat --provider OpenaiTemplate          OpenAI's own API, with OPENAI_API_KEY
    %%chat -m groq:openai/gpt-oss-120b    provider:model in one word
    %%chat -p Demo -s "Be brief" -o answer    the Reply is in `answer`, and in `_`

The flags end at the first other word or at `--`; the rest, and the cell's body, is the prompt, verbatim."""


def _documented(method: Any) -> Any:
    # `%chat?` shows the docstring: the flags belong into it.
    method.__doc__ = f"Ask a model; the answer is shown as it comes and is a `Reply`.\n\n{_USAGE}"
    return method


@dataclass(slots=True)
class Options:
    """What the flags of one line say."""

    provider: Any = None
    model: Any = None
    temperature: float | None = None
    system: str | None = None
    out: str | None = None
    prompt: str = field(default="")


_QUESTION = re.compile(r"^(\s*(?:[\w.]+\s*=\s*)?%chat\s.*\?)(\s*)$")


class Stopped(KeyboardInterrupt):
    """The user's interrupt, shown in one line: the answer so far is kept, and queued cells do not run."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


@magics_class
class ChatMagics(Magics):
    """Options that hold for the whole notebook: `%config ChatMagics.model = "groq:openai/gpt-oss-120b"`."""

    provider = Unicode(None, allow_none=True, help="the provider where a cell names none").tag(config=True)
    model = Unicode(None, allow_none=True, help="the model where a cell names none").tag(config=True)
    stream = Bool(None, allow_none=True, help="show answers as they come").tag(config=True)

    def __init__(self, shell: Any, **kwargs: Any) -> None:
        super().__init__(shell=shell, **kwargs)
        self._shell = shell
        # The magics that were there before ours, by kind and name.
        self.taken: dict[tuple[str, str], Any] = {}
        self._shown: tuple[Reply | None, int] = (None, 0)
        self.observe(self._tell_settings, ["provider", "model", "stream"])
        self._tell_settings(None)

    def _tell_settings(self, change: Any) -> None:
        if change is not None and change["name"] in ("provider", "model"):
            # What was said last counts, and that is no longer `nb.use`.
            set_used(None)
        settings.set_notebook_layer({"provider": self.provider, "model": self.model, "stream": self.stream})

    @no_var_expand
    @line_cell_magic
    @_documented
    def chat(self, line: str, cell: str | None = None) -> Reply | None:  # noqa: D102  # see `_documented`
        return self._ask(line, cell)

    @no_var_expand
    @line_cell_magic
    def g4f(self, line: str, cell: str | None = None) -> object:  # noqa: D102  # its help is set below
        if cell is not None:
            word = line.split(maxsplit=1)[0] if line.strip() else ""
            if word in commands.COMMANDS:
                raise UsageError(f"%g4f {word} stands in a line of its own, with one %: nothing was sent")
            return self._ask(line, cell)
        user = self._shell.user_ns
        place = commands.Place(
            variable=lambda name: _variable(user, name), ask_secret=frontend.ask_secret, say=_say
        )
        try:
            return commands.run(line.replace(_NOT_HELP, ""), place)
        except KeyboardInterrupt:
            raise Stopped("Stopped.") from None
        except G4FError as error:
            raise _in_one_line(error) from None

    # `%g4f?` shows the docstring: the commands belong into it.
    g4f.__doc__ = f"""Keys, models and settings; a cell that begins with `%%g4f` is one with `%%chat`.

{commands.usage()}"""

    def _ask(self, line: str, cell: str | None) -> Reply | None:
        if line.strip() in ("-h", "--help"):
            print(_USAGE)  # noqa: T201  # asked for
            return None
        options = parse(line, cell)
        user = self._shell.user_ns
        options.model = _variable(user, options.model)
        options.provider = _variable(user, options.provider)
        # A flag that is not there gives no parameter: a provider of the user's own may take none.
        given: dict[str, Any] = {} if options.temperature is None else {"temperature": options.temperature}
        try:
            question = asking.prepare(
                options.prompt,
                options.model,
                provider=options.provider,
                system=options.system,
                **given,
                interactive=frontend.attached() or frontend.in_terminal(),
            )
            return self._show(question, options)
        except G4FError as error:
            raise _in_one_line(error) from None

    def _show(self, question: asking.Question, options: Options) -> Reply:
        reply = question.new_reply()
        screen = screen_for()
        finished = False
        try:
            for _ in asking.watch(question, reply, beat=BEAT):
                screen.update(reply)
            finished = True
        except KeyboardInterrupt:
            raise Stopped(self._stopped_words(reply)) from None
        finally:
            if finished or reply.text:
                # Kept first, shown then: an answer must not be lost by its display.
                if options.out is not None:
                    self._shell.user_ns[options.out] = reply
                if not finished:
                    # Nothing is returned now, so `_` is set by hand: the partial answer is the user's.
                    self._shell.displayhook.update_user_ns(reply)
                screen.finish(reply)
        self._shown = (reply, self._shell.execution_count)
        return reply

    def _stopped_words(self, reply: Reply) -> str:
        if not reply.text:
            return "Stopped. Nothing had arrived yet."
        # IPython leaves `_` alone where the user has given that name another value.
        hook, user = self._shell.displayhook, self._shell.user_ns
        free = getattr(hook, "_", None) is user.get("_", getattr(hook, "_", None))
        place = "_" if free else f"Out[{self._shell.execution_count}]"
        return f"Stopped. What had arrived is kept in `{place}`."

    def display_once(self, reply: Reply) -> None:
        """IPython's hook for showing a value: a reply that its cell shows already is not shown twice."""
        shown, self._shown = self._shown, (None, 0)
        if reply is shown[0] and self._shell.execution_count == shown[1]:
            if frontend.in_terminal():
                # The terminal has written "Out[1]: " already and waits for something after it.
                print(repr(reply))  # noqa: T201
            return
        raise NotImplementedError  # IPython's word for "show it the usual way"; not abstract


def parse(line: str, cell: str | None = None) -> Options:
    """Read the flags of a line; what follows them, and the cell, is the prompt."""
    options = Options()
    rest = line.replace(_NOT_HELP, "")
    while re.match(r"\s*--?[A-Za-z]|\s*--(\s|$)", rest):
        word, rest = _word(rest)
        if word == "--":
            break
        name, given, value = word.partition("=")
        target = _FLAGS.get(name)
        if target is None:
            raise UsageError(_unknown_flag(name))
        if not given:
            if not rest.strip():
                raise UsageError(f"{name} needs a value after it\n\n{_USAGE}")
            value, rest = _word(rest)
        setattr(options, target, _checked(target, value))
    body = "" if cell is None else cell.strip("\n")
    options.prompt = "\n".join(part for part in (rest.strip(), body) if part.strip())
    if not options.prompt:
        raise UsageError(f"there is no prompt: write it below the line, or after the flags\n\n{_USAGE}")
    return options


def _say(text: str) -> None:
    print(text)  # noqa: T201  # what the command has done


def load(shell: Any) -> None:
    """Register the magics; a second time changes nothing."""
    if _loaded(shell) is not None:
        return
    registered = shell.magics_manager.magics
    taken = registered["cell"].get("chat")
    magics = ChatMagics(shell, parent=shell)
    if taken is not None:
        owner = getattr(getattr(taken, "__self__", None), "__module__", None) or taken.__module__
        tell(f"%%chat belonged to {owner} and is g4f_nb's now; %unload_ext g4f_nb gives it back", once=False)
    magics.taken = {(kind, name): registered[kind].get(name) for kind in _KINDS for name in _NAMES}
    shell.register_magics(magics)
    shell.input_transformers_cleanup.append(_keep_question_marks)
    formatter = shell.display_formatter.ipython_display_formatter
    formatter.for_type(Reply, magics.display_once)


def unload(shell: Any) -> None:
    """Take everything back that `load` registered."""
    magics = _loaded(shell)
    if magics is None:
        return
    registered = shell.magics_manager.magics
    for (kind, name), before in magics.taken.items():
        registered[kind].pop(name, None)
        if before is not None:
            registered[kind][name] = before
    shell.magics_manager.registry.pop("ChatMagics", None)
    shell.configurables[:] = [each for each in shell.configurables if each is not magics]
    shell.input_transformers_cleanup[:] = [
        each for each in shell.input_transformers_cleanup if each is not _keep_question_marks
    ]
    shell.display_formatter.ipython_display_formatter.pop(Reply, None)
    settings.set_notebook_layer({})


def _loaded(shell: Any) -> ChatMagics | None:
    return shell.magics_manager.registry.get("ChatMagics")  # type: ignore[no-any-return]


def _variable(user: Mapping[str, Any], name: Any) -> Any:
    """The `nb.Model` or provider class that the user keeps under this name, else the name itself."""
    value = user.get(name) if isinstance(name, str) else None
    if isinstance(value, Model) or (isinstance(value, type) and issubclass(value, AbstractProvider)):
        return value
    return name


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
    except ValueError as error:
        raise UsageError(f"a quote is opened and not closed in {text.strip()!r}\n\n{_USAGE}") from error
    return word or "", text[stream.tell() :]


def _unknown_flag(name: str) -> str:
    if name in ("--api-key", "--key", "-k", "--api_key"):
        return (
            "a key does not belong into a cell, where it would be saved with the notebook: set the "
            "provider's variable (like OPENAI_API_KEY) in the environment or in a file .env in this folder"
        )
    near = difflib.get_close_matches(name, list(_FLAGS), n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else "put -- before a prompt that begins like a flag."
    return f"there is no flag {name}: {hint} Nothing was sent.\n\n{_USAGE}"


def _checked(target: str, value: str) -> Any:
    if target == "temperature":
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not 0 <= number < math.inf:
            raise UsageError(f"--temperature is {value!r}: it is a number from 0, like 0.7")
        return number
    taken = value in _RESERVED or value.startswith("_") or keyword.iskeyword(value)
    if target == "out" and (taken or not value.isidentifier()):
        raise UsageError(f"--out is {value!r}: it is the name of a variable of yours, like answer")
    return value


def _in_one_line(error: G4FError) -> G4FError:
    """Show the error without frames: they are ours, and the user's mistake is not in them."""
    text = f"\x1b[31m{type(error).__name__}\x1b[0m: {printable(str(error))}"
    error._render_traceback_ = lambda: [text]  # type: ignore[method-assign]  # IPython's hook
    return error


def _keep_question_marks(lines: list[str]) -> list[str]:
    """`%chat what is pandas?` is a prompt, while `%chat?` still asks for help."""
    if not lines or lines[0].lstrip().startswith("%%"):
        return lines
    found = [number for number, each in enumerate(lines) if _QUESTION.match(each)]
    if not found:
        return lines
    inside = _lines_in_strings(lines)
    return [
        _QUESTION.sub(rf"\1{_NOT_HELP}\2", each) if number in found and number not in inside else each
        for number, each in enumerate(lines)
    ]


def _lines_in_strings(lines: list[str]) -> set[int]:
    """The numbers of the lines that begin within a text of several lines; those are the user's own."""
    tokens = (token for line in make_tokens_by_line(lines) for token in line)
    spans = [
        (token.start[0], token.end[0])
        for token in tokens
        if token.type != tokenize.NEWLINE and token.end[0] > token.start[0] and token.string.strip()
    ]
    return {number for first, last in spans for number in range(first, last)}
