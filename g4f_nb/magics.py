"""`%%chat`, `%chat` and `%g4f`: each parses its line and hands it on; nothing is loaded before that."""

from __future__ import annotations

from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand
from traitlets import Bool, Unicode

from g4f_nb import frontend, settings
from g4f_nb.cells import commands, completion, helptext
from g4f_nb.cells.desk import Desk, Stopped, in_one_line
from g4f_nb.cells.parsing import NOT_HELP, asks_for_help, parse
from g4f_nb.cells.questionmarks import keep_question_marks, take_lone_head
from g4f_nb.cells.scopes import callers_own, seen_by_caller
from g4f_nb.cells.words import Place
from g4f_nb.errors import G4FError
from g4f_nb.notices import tell

_KINDS = ("cell", "line")
_NAMES = ("chat", "g4f")


def _documented(method: Any) -> Any:
    # `%chat?` shows the docstring: the flags belong into it.
    method.__doc__ = f"Ask a model; the answer is shown as it comes and is a `Reply`.\n\n{helptext.usage()}"
    return method


@magics_class
class ChatMagics(Magics):
    """Options that hold for the whole notebook: `%config ChatMagics.model = "groq:openai/gpt-oss-120b"`."""

    provider = Unicode(None, allow_none=True, help="the provider where a cell names none").tag(config=True)
    model = Unicode(None, allow_none=True, help="the model where a cell names none").tag(config=True)
    stream = Bool(None, allow_none=True, help="show answers as they come").tag(config=True)

    def __init__(self, shell: Any, **kwargs: Any) -> None:
        super().__init__(shell=shell, **kwargs)
        self.desk = Desk(shell)
        # The magics that were there before ours, by kind and name.
        self.taken: dict[tuple[str, str], Any] = {}
        self.complete = completion.matcher(self.desk)
        self.observe(self._tell_settings, ["provider", "model", "stream"])
        self._tell_settings(None)

    def _tell_settings(self, change: Any) -> None:
        if change is not None and change["name"] in ("provider", "model"):
            from g4f_nb.providers.models.model import set_used

            # What was said last counts, and that is no longer `nb.use`.
            set_used(None)
        settings.set_notebook_layer({"provider": self.provider, "model": self.model, "stream": self.stream})

    @no_var_expand
    @line_cell_magic
    @_documented
    def chat(self, line: str, cell: str | None = None) -> object:  # noqa: D102  # see `_documented`
        return self._ask(line, cell)

    def _ask(self, line: str, cell: str | None) -> object:
        if asks_for_help(line):
            print(helptext.usage())  # noqa: T201  # asked for
            return None
        options = parse(line, cell)
        if options.out is not None and callers_own(options.out):
            raise UsageError(
                f"--out sets a variable of the notebook, and {options.out} is one of the function's own: "
                f"write {options.out} = %chat … there. Nothing was sent."
            )

        def ask() -> object:
            # Here, for the first time takes a while, and an interrupt then is an interrupt like any other.
            from g4f_nb.cells.answering import answer

            return answer(options, self.desk)

        return self._in_one_line(ask)

    @no_var_expand
    @line_cell_magic
    def g4f(self, line: str, cell: str | None = None) -> object:  # noqa: D102  # its help is set below
        if cell is None:
            return self._in_one_line(lambda: commands.run(line.replace(NOT_HELP, ""), self._place()))
        word = line.split(maxsplit=1)[0] if line.strip() else ""
        if word in commands.COMMANDS:
            raise UsageError(f"%g4f {word} stands in a line of its own, with one %: nothing was sent")
        return self._ask(line, cell)

    # `%g4f?` shows the docstring: the commands belong into it.
    g4f.__doc__ = f"""Keys, models, conversations; a cell that begins with `%%g4f` is one with `%%chat`.

{commands.usage()}"""

    def _in_one_line(self, do: Any) -> object:
        """Do it; what goes wrong is told without our frames, in which the user's mistake is not."""
        try:
            with seen_by_caller(self.desk.shell.user_ns):
                return do()
        except Stopped:
            raise
        except KeyboardInterrupt:
            raise Stopped("Stopped.") from None
        except G4FError as error:
            raise in_one_line(error) from None

    def _place(self) -> Place:
        def variable(name: str) -> Any:
            from g4f_nb.cells import named

            return named.variable(self.desk.names, name)

        return Place(variable=variable, ask_secret=frontend.ask_secret, say=_say, talks=self.desk.talks)

    def after_a_cell(self, result: Any) -> None:
        """Keep what the cell failed with, for `{last_error}`; put the next block of an answer into a cell."""
        self.desk.note_failure(result)
        if self.desk.waiting:
            from g4f_nb.cells.nextcells import after_a_cell

            after_a_cell(result, self.desk)


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
    shell.input_transformers_cleanup.extend((take_lone_head, keep_question_marks))
    shell.events.register("post_run_cell", magics.after_a_cell)
    if getattr(shell, "Completer", None) is not None:
        shell.Completer.custom_matchers.append(magics.complete)


def unload(shell: Any) -> None:
    """Take everything back that `load` registered."""
    magics = _loaded(shell)
    if magics is None:
        return
    registered = shell.magics_manager.magics
    for (kind, name), before in magics.taken.items():
        if not _is_of(magics, registered[kind].get(name)):
            # Somebody has registered theirs after ours: it stays.
            continue
        registered[kind].pop(name, None)
        if before is not None:
            registered[kind][name] = before
    shell.magics_manager.registry.pop("ChatMagics", None)
    _without(shell.configurables, magics)
    for transformer in (take_lone_head, keep_question_marks):
        _without(shell.input_transformers_cleanup, transformer)
    magics.desk.take_back()
    shell.events.unregister("post_run_cell", magics.after_a_cell)
    if getattr(shell, "Completer", None) is not None:
        _without(shell.Completer.custom_matchers, magics.complete)
    settings.set_notebook_layer({})


def _is_of(magics: object, function: object) -> bool:
    return getattr(function, "__self__", None) is magics


def _without(found: list[Any], gone: Any) -> None:
    found[:] = [each for each in found if each is not gone]


def _loaded(shell: Any) -> ChatMagics | None:
    return shell.magics_manager.registry.get("ChatMagics")  # type: ignore[no-any-return]
