"""The comparing panel: one prompt to several models, their answers side by side while they come."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import traitlets

from g4f_nb.comparing.entry import checked_run
from g4f_nb.comparing.given import ModelName, Prompts, named_prompts
from g4f_nb.conversations.conversation import Conversation
from g4f_nb.errors import G4FError, InvalidParameterError
from g4f_nb.judging import verdicts
from g4f_nb.judging.ballots import Ballots
from g4f_nb.kept.records import text as clean_text
from g4f_nb.keys import type_key
from g4f_nb.loops.ownloop import own_loop
from g4f_nb.masking import secrets_given
from g4f_nb.messages import content_text
from g4f_nb.panels.kept_columns import KeptColumns
from g4f_nb.panels.offers import named, said, tell_models, tell_providers
from g4f_nb.panels.round import Ended, Fared, Round
from g4f_nb.panels.round_view import ballot_view, side_view, sides_view
from g4f_nb.panels.rounds import ModelColumn, Rounds, Told
from g4f_nb.panels.side import Side
from g4f_nb.panels.side_by_side import SideBySide, agreed
from g4f_nb.providers.models.model import HOST_BOUND, Model, laid_over, veiled
from g4f_nb.secret import Secret, Veiled

if TYPE_CHECKING:
    import pandas as pd

_NOT_HERE = ("schema", "data", "params", "repeats", "zip", "prefix", "dry_run", "progress")


class ComparePanel(SideBySide):
    """Ask several models the same and watch their answers side by side; the cell returns at once.

        panel = ComparePanel(["groq:openai/gpt-oss-120b", "ollama:llama3.2"])
        panel                                   # shows it
        panel.ask("Why is the sky blue?")
        panel.results                           # what nb.compare gives

    Args:
        models: as for `nb.compare`; more can be picked in the panel.
        prompts: a list, or a dict of names, to go through with "Next prompt"; anything can be typed as well.
        system: the system prompt.
        conversation: an `nb.Conversation`, whose turns are sent before each prompt.
        blind: sides are shuffled and names hidden until you have voted; it can be switched in the panel.
        judge: under which name your votes are kept.
        seed: of the shuffling, to have it the same again.
        height: a CSS length.
        options: those of `nb.compare` (`temperature=`, `budget=`, `cache=`, `limits=`…). An address or a key
            is for the models that were given here, and for none that is picked later.

    Every prompt is a run of the comparison engine: answers are kept, and asked anew only where they are not.
    """

    blind = traitlets.Bool(default_value=False, help="Whether names are hidden until voted.").tag(sync=True)

    def __init__(
        self,
        models: Sequence[ModelName] | ModelName | None = (),
        prompts: Prompts | None = None,
        *,
        system: str | None = None,
        conversation: Conversation | None = None,
        blind: bool = False,
        judge: str = verdicts.HUMAN,
        seed: int | None = None,
        height: str = "34rem",
        **options: Any,
    ) -> None:
        options = veiled(options)
        _refuse(options)
        bound = Veiled((name, value) for name, value in options.items() if name in HOST_BOUND)
        given = {name: _with(model, bound) for name, model in named(models or ()).items()}
        self._options = Veiled((name, value) for name, value in options.items() if name not in HOST_BOUND)
        # Somebody sits in front of it, and can ask again.
        self._options.setdefault("retries", 1)
        if system is None and conversation is not None:
            system = conversation.system
        self._options["system"] = system
        self._conversation = conversation
        self._prompts = {} if prompts is None else named_prompts(prompts)
        if given:
            # A slip in a name or an option is an error here, where it was written.
            checked_run(self._prompts or "?", list(given.values()), options=self._options)
        self._columns = [ModelColumn(name=name, model=model) for name, model in given.items()]
        self._judge, self._chance = judge, random.Random(seed)
        self._next = 0
        self._kept = KeptColumns(self._secrets)
        super().__init__(kind="compare", blind=blind, height=height)
        told = Told(
            delta=lambda steps: self.tell("delta", sides=steps), settled=self._settled, over=self._over,
            changed=self.tell_state,
        )  # fmt: skip
        self._rounds = Rounds(told, self._lock, self._options)

    def __repr__(self) -> str:
        names = ", ".join(column.name for column in self._columns) or "no model yet"
        return f"<ComparePanel of {names}; {len(self._rounds.all)} prompts asked: shown in a live notebook>"

    # ---- from Python ---------------------------------------------------------------------------------

    @property
    def models(self) -> list[str]:
        """The models that the next prompt goes to."""
        return [column.name for column in self._columns]

    @property
    def results(self) -> pd.DataFrame:
        """All answers that have ended, a row each, with the columns of `nb.compare`."""
        return self._rounds.results()

    @property
    def verdicts(self) -> pd.DataFrame:
        """All verdicts on these answers, of people and of models: `panel.results.llm.verdicts()`."""
        found = self.results
        return verdicts.table([]) if found.empty else verdicts.kept(found)

    def ask(self, prompt: str | Sequence[Mapping[str, Any]], *, name: str | None = None) -> None:
        """Ask all models and return at once; what is still on its way is stopped first.

        `name` is what stands in the column `prompt_id` of the results.
        """
        (_, asked), *_ = named_prompts([prompt] if isinstance(prompt, str) else [list(prompt)]).items()
        self._begin(name or self._free("asked"), asked)

    def ask_next(self) -> bool:
        """Ask the next of the prompts that were given; `False` if there is none left."""
        with self._lock:
            if self._next >= len(self._prompts):
                return False
            name, prompt = list(self._prompts.items())[self._next]
            self._next += 1
        self._begin(name if not self._is_taken(name) else self._free(name), prompt)
        return True

    def add(self, model: ModelName) -> None:
        """One more column; the prompt that is shown is asked of it, too, unless that is judged blindly."""
        with self._lock:
            (name, model), *_ = named([model]).items()
            name = self._unused(name)
            checked_run("?", [model], options=self._options)
            column = ModelColumn(name=name, model=model)
            self._columns.append(column)
            self.problem = ""
            round_ = self._rounds.current
            if round_ is None or round_.blind:
                self.tell_state()
                return
            round_.sides[column.id] = Side(name)
            self.busy = True
            self.tell_state()
        self._rounds.start(round_, [column])

    def remove(self, name: str) -> None:
        """Take a column away; its answers stay in the results."""
        with self._lock:
            column = next((each for each in self._columns if name in (each.name, each.id)), None)
            if column is None:
                raise InvalidParameterError(f"there is no column {name!r}: there are {self.models}")
            self._columns.remove(column)
            found = [each.sides.get(column.id) for each in self._rounds.all]
            self._rounds.stop(side for side in found if side is not None)
            self.tell_state()

    def stop(self) -> None:
        """End all answers on their way and keep what there is of them."""
        self._rounds.stop_all()

    def close(self) -> None:
        """Stop, and take the panel away from every view."""
        # One whose making was refused is closed, too.
        if hasattr(self, "_rounds"):
            self.stop()
        super().close()

    # ---- one round -----------------------------------------------------------------------------------

    def _begin(self, name: str, prompt: Any) -> None:
        with self._lock:
            if not self._columns:
                raise InvalidParameterError("there is no model to ask: add one, like panel.add('Demo')")
            self.stop()
            shown = prompt if isinstance(prompt, str) else "\n".join(_texts(prompt))
            round_ = Round(name, self._after(prompt), shown, self.blind)
            round_.sides = {column.id: Side(column.name) for column in self._columns}
            round_.shuffle(self._chance)
            self._rounds.put(round_)
            self.problem, self.busy = "", True
            self.tell_state(contents=())
            columns = list(self._columns)
        self._rounds.start(round_, columns)

    def _settled(self, round_: Round, side: Side, step: dict[str, Any]) -> None:
        latest = round_ is self._rounds.latest
        self.tell("settled", step=step, side=side_view(round_, side, latest=latest, score={}))

    def _over(self, round_: Round, ended: Ended) -> None:
        # Ballots are made without the lock: they read the disk, and answers of others come meanwhile.
        opens = round_.blind and not round_.revealed and round_.ballots is None
        ballots, problem = None, ""
        try:
            ballots = ended.ballots(self._judge) if opens else None
        except Exception as error:  # noqa: BLE001  # the answers are there, and shown with their names
            problem = said(error)
        with self._lock:
            if ended.sides != list(round_.sides.values()):
                # One was asked again meanwhile, and its end comes here.
                return
            if opens:
                round_.open_ballots(ballots)
                self.problem = problem or self.problem
            self._shown_at = time.monotonic()
            self.tell_state()
            self.keep()
        try:
            self.counted()
        finally:
            with self._lock:
                self.busy = self._rounds.busy

    def _after(self, prompt: Any) -> Any:
        """The prompt behind the turns of the conversation."""
        if self._conversation is None or not self._conversation.messages:
            return prompt
        own = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else list(prompt)
        return [*self._conversation.messages, *own]

    # ---- what the views show ---------------------------------------------------------------------------

    def sides(self) -> list[Side]:
        """The answers to the prompt that is shown, as they stand."""
        round_ = self._rounds.current
        if round_ is None:
            return []
        gone = {id_ for id_ in round_.sides if id_ not in {column.id for column in self._columns}}
        if round_ is not self._rounds.latest:
            gone = set()
        return [side for side in round_.shown if side not in [round_.sides[id_] for id_ in gone]]

    def ballots(self) -> Ballots | None:
        """What is voted on about the prompt that is shown."""
        round_ = self._rounds.current
        return round_.ballots if round_ is not None and round_.hides_names else None

    def voted(self) -> None:
        """After the last pair, names are shown."""
        round_ = self._rounds.current
        if round_ is not None and round_.ballots is not None and round_.ballots.current is None:
            round_.revealed = True
        self.tell_state()
        self.keep()

    def counted(self) -> None:
        """See what has come of the votes on the prompt that is shown; reads the disk."""
        round_ = self._rounds.current
        ballots = None if round_ is None or round_.hides_names else round_.ballots
        if round_ is None or ballots is None:
            return
        notes = agreed(self.results, self._judge) if ballots.done else []
        fared = Fared(ballots.score(), notes)
        with self._lock:
            if fared != round_.fared:
                round_.fared = fared
                self.tell_state()

    def _secrets(self) -> Iterator[Secret]:
        for column in self._columns:
            if isinstance(column.model, Model):
                yield from secrets_given(column.model.options)
        yield from secrets_given(self._options)

    def kept(self) -> tuple[str, str]:
        """The prompts with their answers, as far as a notebook has room for them."""
        return self._kept.of(self._rounds.all)

    def state(self) -> dict[str, Any]:
        """What there is: the prompt, its columns, the vote, and where in the list of prompts it stands."""
        round_, left = self._rounds.current, len(self._prompts) - self._next
        following = list(self._prompts.values())[self._next] if left else None
        state: dict[str, Any] = {
            "at": self._rounds.at, "rounds": len(self._rounds.all),
            "question": round_.question if round_ is not None else None,
            "next": {"left": left, "of": len(self._prompts), "text": _shortened(following)},
            "columns": [{"id": column.id, "title": column.name} for column in self._columns],
            "sides": [], "ballot": None, "blind": False, "notes": [],
        }  # fmt: skip
        if round_ is None:
            return state
        latest = round_ is self._rounds.latest
        state |= {
            "blind": round_.hides_names, "sides": sides_view(round_, self.sides(), latest=latest),
            "ballot": ballot_view(round_),
        }  # fmt: skip
        if round_.hides_names:
            state["columns"] = []
        else:
            state["notes"] = list(round_.fared.notes)
        return state

    # ---- what a view asks for ----------------------------------------------------------------------------

    def hear(self, message: dict[str, Any], buffers: list[memoryview]) -> None:
        """Do what a view asks for; what goes wrong is told in the panel, where the user looks."""
        try:
            match message:
                case {"type": "key", "column": str(column)} if buffers:
                    self._take_key(column, buffers)
                case _:
                    self._hear(message)
        except Exception as error:  # noqa: BLE001  # see above
            self.problem = said(error)
        super().hear(message, buffers)

    def _take_key(self, id_: str, buffers: list[memoryview]) -> None:
        """Keep a key that was typed where it was missed, for this session, and ask again with it."""
        column = next((each for each in self._columns if each.id == id_), None)
        failed = None
        try:
            if column is not None:
                type_key(column.model, lambda _: bytes(buffers.pop()).decode(errors="replace"))
        except G4FError as error:
            failed = said(error)
        except Exception as error:  # noqa: BLE001  # its words are not ours: they may repeat the key
            failed = f"the key was not kept ({type(error).__name__}): set it in the environment instead"
        buffers.clear()
        self.problem = failed or ""
        if not failed:
            self._again(id_)

    def _hear(self, message: Mapping[str, Any]) -> None:
        match message:
            case {"type": "ask", "text": str(text)} if text.strip():
                self.ask(clean_text(text) or "")
            case {"type": "next"}:
                self.ask_next()
            case {"type": "stop", "side": str(id_)}:
                self._rounds.stop(side for side in self.sides() if side.id == id_)
            case {"type": "stop"}:
                self.stop()
            case {"type": "go", "to": int(to)} if 0 <= to < len(self._rounds.all):
                with self._lock:
                    self._rounds.at = to
                    self.tell_state(contents=self.sides())
                self.counted()
            case {"type": "hello"}:
                # Judges may have voted meanwhile.
                self.counted()
            case _:
                self._hear_of_columns(message)

    def _hear_of_columns(self, message: Mapping[str, Any]) -> None:
        match message:
            case {"type": "add", "model": str(model)} if model.strip():
                self.add(model.strip())
            case {"type": "remove", "column": str(column)}:
                self.remove(column)
            case {"type": "again", "column": str(column)}:
                self._again(column)
            case {"type": "providers", "view": str(view)}:
                own_loop().submit(tell_providers(self, view))
            case {"type": "models", "view": str(view), "provider": str(provider)}:
                own_loop().submit(tell_models(self, view, provider))

    def _again(self, id_: str) -> None:
        """Ask one model once more that gave no answer; its new row takes the place of the old one."""
        with self._lock:
            round_ = self._rounds.current
            column = next((each for each in self._columns if each.id == id_), None)
            if round_ is None or column is None or not round_.sides[id_].is_settled:
                return
            round_.sides[id_] = Side(column.name)
            self.busy = True
            self.tell_state()
        self._rounds.start(round_, [column])

    # ---- names -------------------------------------------------------------------------------------------

    def _is_taken(self, name: str) -> bool:
        return any(each.prompt_id == name for each in self._rounds.all)

    def _free(self, name: str) -> str:
        """A name for a prompt that no other has, of those that are still to come either."""
        number = 1
        while self._is_taken(f"{name}-{number}") or f"{name}-{number}" in self._prompts:
            number += 1
        return f"{name}-{number}"

    def _unused(self, name: str) -> str:
        number, made = 1, name
        while made in self.models:
            number += 1
            made = f"{name} ({number})"
        return made


def _refuse(options: Mapping[str, Any]) -> None:
    for name in _NOT_HERE:
        if name in options:
            raise InvalidParameterError(f"{name}= has no meaning in a panel: use nb.compare(…, {name}=…)")


def _with(model: ModelName, bound: Mapping[str, Any]) -> ModelName:
    """A model that was given with the panel, and what belongs to its server: no other model gets that."""
    if not bound:
        return model
    if isinstance(model, Model):
        return Model(model.name, label=model.label, price=model.price, **laid_over(bound, model.options))
    return Model(model, **Veiled(bound))


def _texts(messages: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    return (content_text(message.get("content")) for message in messages)


def _shortened(prompt: Any, most: int = 80) -> str | None:
    if prompt is None:
        return None
    words = " ".join((prompt if isinstance(prompt, str) else " ".join(_texts(prompt))).split())
    return words if len(words) <= most else words[: most - 1] + "…"
