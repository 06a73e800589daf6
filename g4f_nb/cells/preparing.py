"""From the options of a cell to a question that can be sent: the prompt and what is in it, who, and how."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from g4f_nb import frontend
from g4f_nb.cells import approvals, named
from g4f_nb.cells.desk import Desk
from g4f_nb.cells.parsing import Options
from g4f_nb.conversations.asked import Asking
from g4f_nb.conversations.conversation import Conversation
from g4f_nb.conversations.turns import checked_content, prompt_messages
from g4f_nb.errors import NoProviderError
from g4f_nb.masking import mask_of_calls
from g4f_nb.messages import as_messages
from g4f_nb.prompting.composing import Composed, compose
from g4f_nb.prompting.context import Context, context_of
from g4f_nb.providers.registry import Resolution, resolve
from g4f_nb.questions import Question, one_of
from g4f_nb.secret import Veiled


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is said to the model: the prompt with values in it, files beside it, and the system prompt."""

    composed: Composed | None
    system: str | None

    @property
    def content(self) -> Any:
        """The prompt's content, `None` where nothing was typed."""
        return None if self.composed is None else self.composed.content

    @property
    def notices(self) -> tuple[str, ...]:
        """What the user should know of it before it is sent."""
        return () if self.composed is None else self.composed.notices

    def context(self, question: Question | None = None) -> Context:
        """Everything that goes out with it, piece by piece; with a question, also what was said before."""
        pieces = () if self.composed is None else self.composed.pieces
        if question is None:
            return context_of(pieces, system=self.system)
        messages = list(question.messages)
        first = messages.pop(0) if messages and messages[0].get("role") == "system" else None
        return context_of(
            pieces,
            model=question.label,
            system=None if first is None else str(first["content"]),
            # The last message is the prompt, told by its own pieces; where nothing was typed it is ours.
            earlier=messages[:-1] if pieces else messages,
            tools=question.plan.tools.as_json() if question.plan.tools else (),
            mask=mask_of_calls((question.options, *question.plan.members)),
        )


@dataclass(frozen=True, slots=True)
class Ready:
    """A question that can be sent, and what is in it."""

    begun: Asking
    context: Context
    notices: tuple[str, ...]


def prompt_of(options: Options, desk: Desk) -> Prompt:
    """Put the user's values into the prompts, as they are now."""
    system = options.system
    if system is not None:
        system = compose(system, desk.names, raw=options.raw, error=desk.failure).text
    if not options.prompt and not options.attach:
        return Prompt(None, system)
    model = options.model if isinstance(options.model, str) else None
    return Prompt(
        compose(
            options.prompt,
            desk.names,
            attach=options.attach,
            raw=options.raw,
            model=model,
            error=desk.failure,
        ),
        system,
    )


def prepared(conversation: Conversation, options: Options, desk: Desk, *, place: str | None) -> Ready:
    """Check all that can be checked before sending."""
    model, provider = named.who_answers(options, desk.names)
    how = Veiled({"model": model, "provider": provider})
    how.update(given(options, desk))
    how["cache"] = options.cache
    if options.new:
        # Behind nothing: what was said before stays as another branch.
        how["after"] = None
    prompt = prompt_of(options, desk)
    if prompt.system is not None:
        how["system"] = prompt.system
    with _nearest_named(options, desk):
        begun = conversation.begin(
            prompt.content,
            shown=options.prompt or None,
            continues=options.continues,
            place=place,
            interactive=frontend.attached() or frontend.in_terminal(),
            **how,
        )
    notices = (*named.notices_of(options, desk.names), *prompt.notices, *begun.notices)
    return Ready(begun, prompt.context(begun.question), notices)


@contextmanager
def _nearest_named(options: Options, desk: Desk) -> Iterator[None]:
    """A slip in the name of a variable is told as one."""
    try:
        yield
    except NoProviderError:
        near = named.nearest_model(options.model, desk.names)
        if near is None:
            raise
        raise NoProviderError(
            f"{options.model!r} names no provider: did you mean {near}, which is yours?"
        ) from None


def keyless(
    conversation: Conversation, options: Options, desk: Desk
) -> tuple[Resolution, list[dict[str, Any]]]:
    """Where a question would go whose key is missing, and with which messages."""
    model, provider = named.who_answers(options, desk.names)
    prompt = prompt_of(options, desk)
    asked = [] if prompt.content is None else prompt_messages(checked_content(prompt.content))
    before = [] if options.new else conversation.messages
    one, its = one_of(
        model, provider, **{"fallback": None, "race": None, **named.group_of(options, desk.names)}
    )
    where = resolve(one, provider=its, api_base=options.api_base)
    return where, as_messages([*before, *asked], prompt.system or conversation.system)


def given(options: Options, desk: Desk) -> dict[str, Any]:
    """The parameters, tools and the type of a line, as `nb.ask` takes them."""
    found = {**options.parameters, **named.group_of(options, desk.names)}
    if options.tool:
        found["tools"] = named.tools_of(options.tool, desk.names)
        if not options.yes and not options.dry_run:
            approvals.check_askable(found["tools"], desk)
            found["approve"] = partial(approvals.approve, desk=desk)
    if options.schema is not None:
        found["schema"] = named.schema_of(options, desk.names)
    return found
