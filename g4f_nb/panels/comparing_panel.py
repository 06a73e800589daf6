"""The comparing panel: one prompt to several models, their answers side by side while they come."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from g4f_nb.comparing.entry import checked_run
from g4f_nb.comparing.given import ModelName, Prompts
from g4f_nb.conversations.conversation import Conversation
from g4f_nb.errors import InvalidParameterError
from g4f_nb.judging import verdicts
from g4f_nb.judging.ballots import Ballots
from g4f_nb.masking import secrets_given
from g4f_nb.panels.agenda import Agenda, checked_prompt, shown
from g4f_nb.panels.columns import Columns, given_options
from g4f_nb.panels.compare_acts import CompareActs, Inside
from g4f_nb.panels.compare_messages import State, Step
from g4f_nb.panels.compare_requests import Request
from g4f_nb.panels.given import Switch, checked_seed, checked_word
from g4f_nb.panels.kept_columns import KeptColumns
from g4f_nb.panels.offers import said
from g4f_nb.panels.room import given_conversation
from g4f_nb.panels.round import Ended, Fared, Round
from g4f_nb.panels.round_view import round_state, side_view, sides_on_page
from g4f_nb.panels.rounds import Rounds, Told
from g4f_nb.panels.side import Side
from g4f_nb.panels.side_by_side import SideBySide, agreed
from g4f_nb.providers.models.model import one_named, several_named

if TYPE_CHECKING:
    import pandas as pd


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
        conversation: an `nb.Conversation`, or the name of one of this notebook, whose turns are sent before
            each prompt.
        blind: sides are shuffled and names hidden until you have voted; it can be switched in the panel.
        judge: under which name your votes are kept.
        seed: of the shuffling, to have it the same again.
        height: a CSS length.
        options: those of `nb.compare` (`temperature=`, `budget=`, `cache=`, `limits=`…). An address or a key
            is for the models that were given here, and for none that is picked later.

    Every prompt is a run of the comparison engine: answers are kept, and asked anew only where they are not.
    """

    blind = Switch(default_value=False, help="Whether names are hidden until voted.").tag(sync=True)
    _no_vote = "it takes blind=True and two answers that differ, each pair once"

    def __init__(
        self,
        models: Sequence[ModelName] | ModelName | None = (),
        prompts: Prompts | None = None,
        *,
        system: str | None = None,
        conversation: Conversation | str | None = None,
        blind: bool = False,
        judge: str = verdicts.HUMAN,
        seed: int | None = None,
        height: str = "34rem",
        **options: Any,
    ) -> None:
        models = several_named(models)
        bound, options = given_options(options)
        judge, seed = checked_word("judge", judge, example="Ann"), checked_seed(seed)
        self._columns = Columns(() if models is None else models, bound)
        self._options = options
        self._conversation = None if conversation is None else given_conversation(conversation)
        if system is None and self._conversation is not None:
            system = self._conversation.system
        self._options["system"] = system
        self._agenda = Agenda(prompts, lambda name: name in [each.prompt_id for each in self._rounds.all])
        if self._columns.all:
            # A slip in a name or an option is an error here, where it was written.
            checked_run(self._agenda.prompts or "?", self._columns.models, options=self._options)
        self._judge, self._chance = judge, random.Random(seed)
        inside = Inside(
            ask=self._ask,
            ask_again=self._ask_again,
            stop_side=self._stop_side,
            go=self._go,
            count=self._count,
        )
        self._acts = CompareActs(self, self._columns, inside, self)
        self._kept = KeptColumns(lambda: (*self._columns.secrets, *secrets_given(self._options)))
        super().__init__(_kind="compare", blind=blind, height=height)
        told = Told(
            delta=lambda steps: self._tell("delta", sides=steps), settled=self._settled, over=self._over,
            changed=self._tell_state,
        )  # fmt: skip
        self._rounds = Rounds(told, self._lock, self._options)

    def __repr__(self) -> str:
        if not hasattr(self, "_rounds"):
            # A traceback shows one that could not be made.
            return "<ComparePanel, not made>"
        names = ", ".join(self._columns.names) or "no model yet"
        return f"<ComparePanel of {names}; {len(self._rounds.all)} prompts asked: shown in a live notebook>"

    # ---- from Python ---------------------------------------------------------------------------------

    @property
    def models(self) -> list[str]:
        """The models that the next prompt goes to; `add` and `remove` change them."""
        return self._columns.names

    @property
    def conversation(self) -> Conversation | None:
        """Whose turns are sent before each prompt, if any are; it is given with the panel."""
        return self._conversation

    @property
    def results(self) -> pd.DataFrame:
        """All answers that have ended, a row each, with the columns of `nb.compare`; `ask` adds some."""
        return self._rounds.results()

    @property
    def verdicts(self) -> pd.DataFrame:
        """All verdicts on these answers, of people and of models; `vote` and `.llm.judge` add some."""
        found = self.results
        return verdicts.table([]) if found.empty else verdicts.kept(found)

    def ask(self, prompt: str | Sequence[Mapping[str, Any]], *, name: str | None = None) -> None:
        """Ask all models and return at once; what is still on its way is stopped first.

        `name` is what stands in the column `prompt_id` of the results; one that is taken gets a number.
        """
        if name is not None:
            name = checked_word("name", name, example="rain")
        self._ask(checked_prompt(prompt), name=name)

    def ask_next(self) -> bool:
        """Ask the next of the prompts that were given; `False` if there is none left."""
        with self._lock:
            self._columns.check_any()
            following = self._agenda.take()
        if following is None:
            return False
        self._begin(*following)
        return True

    def add(self, model: ModelName) -> None:
        """One more column; the prompt that is shown is asked of it, too, unless that is judged blindly."""
        model = one_named(model)
        with self._lock:
            checked_run("?", [model], options=self._options)
            column = self._columns.add(model)
            self.problem = ""
            round_ = self._rounds.current
            if round_ is None or round_.blind:
                self._tell_state()
                return
            round_.sides[column.id] = Side(column.name)
            self.busy = True
            self._tell_state()
        self._rounds.start(round_, [column])

    def remove(self, name: str) -> None:
        """Take a column away; its answers stay in the results."""
        with self._lock:
            column = self._columns.remove(name)
            found = [each.sides.get(column.id) for each in self._rounds.all]
            self._rounds.stop(side for side in found if side is not None)
            self._tell_state()

    def ask_again(self, name: str) -> None:
        """Ask one model the prompt on the page once more; its new row takes the place of the old one."""
        column = self._columns.named(name)
        round_ = self._rounds.current
        if round_ is None or column.id not in round_.sides:
            raise InvalidParameterError(f"{name!r} was not asked this prompt yet: use panel.ask(…)")
        if not round_.sides[column.id].is_settled:
            raise InvalidParameterError(
                f"{name!r} is still answering: wait, or use panel.stop({name!r}) first"
            )
        self._ask_again(column.id)

    def stop(self, name: str | None = None) -> None:
        """End all answers on their way, or that of one model, and keep what there is of them."""
        if name is None:
            self._rounds.stop_all()
            return
        id_ = self._columns.named(name).id
        self._rounds.stop([each.sides[id_] for each in self._rounds.all if id_ in each.sides])

    def close(self) -> None:
        """Stop, and take the panel away from every view."""
        # One whose making was refused is closed, too.
        if hasattr(self, "_rounds"):
            self.stop()
        super().close()

    # ---- one round -----------------------------------------------------------------------------------

    def _ask(self, prompt: Any, request: str = "", *, name: str | None = None) -> None:
        name = name or self._agenda.free("asked")
        self._begin(self._agenda.unused(name), prompt, request)

    def _begin(self, name: str, prompt: Any, request: str = "") -> None:
        with self._lock:
            self._columns.check_any()
            self.stop()
            round_ = Round(name, self._after(prompt), shown(prompt), self.blind, request)
            round_.sides = {column.id: Side(column.name) for column in self._columns.all}
            round_.shuffle(self._chance)
            self._rounds.put(round_)
            self.problem, self.busy = "", True
            self._tell_state(contents=())
            columns = list(self._columns.all)
        self._rounds.start(round_, columns)

    def _settled(self, round_: Round, side: Side, step: Step) -> None:
        latest = round_ is self._rounds.latest
        self._tell("settled", step=step, side=side_view(round_, side, latest=latest, score={}))

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
            self._tell_state()
            self._keep()
        try:
            self._count()
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

    def _sides(self) -> list[Side]:
        """The answers to the prompt that is shown, as they stand."""
        return sides_on_page(self._rounds, self._columns.all)

    def _voting(self) -> Ballots | None:
        """What is voted on about the prompt that is shown."""
        round_ = self._rounds.current
        return round_.ballots if round_ is not None and round_.hides_names else None

    def _voted(self) -> None:
        """After the last pair, names are shown."""
        round_ = self._rounds.current
        if round_ is not None and round_.ballots is not None and round_.ballots.current is None:
            round_.revealed = True
        self._tell_state()
        self._keep()

    def _count(self) -> None:
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
                self._tell_state()

    def _to_keep(self) -> tuple[str, str]:
        """The prompts with their answers, as far as a notebook has room for them."""
        models = ", ".join(self.models) or "no model yet"
        return self._kept.of(self._rounds.all, f"Comparing panel · {models}")

    def _state(self) -> State:
        """What there is: the prompt, its columns, the vote, and where in the list of prompts it stands."""
        return {
            "at": self._rounds.at,
            "rounds": len(self._rounds.all),
            "next": self._agenda.as_json(),
            "asked": self._rounds.latest.request if self._rounds.latest is not None else "",
            **round_state(self._rounds, self._columns.all, self._sides()),
        }

    # ---- what a view asks for ----------------------------------------------------------------------------

    def _do(self, request: Request, buffers: list[memoryview]) -> None:
        """Do what a view asks for."""
        self._acts.do(request, buffers)
        super()._do(request, buffers)

    def _stop_side(self, id_: str) -> None:
        """End one answer on the page."""
        self._rounds.stop(side for side in self._sides() if side.id == id_)

    def _go(self, to: int) -> None:
        """Show an earlier prompt, or a later one."""
        if not 0 <= to < len(self._rounds.all):
            return
        with self._lock:
            self._rounds.at = to
            self._tell_state(contents=self._sides())
        self._count()

    def _ask_again(self, id_: str) -> None:
        """Ask a column once more, if it is there and has been asked, and nothing more of it will come."""
        with self._lock:
            round_ = self._rounds.current
            column = self._columns.find(id_)
            if round_ is None or column is None or column.id not in round_.sides:
                return
            if not round_.sides[column.id].is_settled:
                return
            round_.sides[column.id] = Side(column.name)
            self.busy = True
            self._tell_state()
        self._rounds.start(round_, [column], anew=True)
