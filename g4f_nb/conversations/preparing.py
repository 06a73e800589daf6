"""From a question and the turns before it to what is sent: who answers, with which options, what fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from g4f_nb import settings
from g4f_nb.conversations.sending import messages_of
from g4f_nb.conversations.spending import Ledger, check_limit
from g4f_nb.conversations.textonly import readable
from g4f_nb.conversations.trimming import Sizes, fit_turns
from g4f_nb.conversations.turns import Content, Turn, checked_content, prompt_messages
from g4f_nb.errors import G4FError
from g4f_nb.files.media import read_media, with_media
from g4f_nb.messages import as_messages
from g4f_nb.providers import registry
from g4f_nb.providers.finding.known import look_up
from g4f_nb.providers.models.model import HOST_BOUND, Model, Provider, laid_over, says_where, used
from g4f_nb.questions import Question, placed, plan_of
from g4f_nb.secret import Veiled

Chosen = str | Model | Provider | None
# What is done beside asking, and is no option of a provider.
_PLANNED = frozenset({"schema", "approve", "tool_limits"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Who is asked and how; its repr shows no option, for one may be a key."""

    model: Chosen = None
    provider: str | Provider | None = None
    system: str | None = None
    options: Mapping[str, Any] = field(default_factory=Veiled, repr=False)

    @property
    def names_somebody(self) -> bool:
        """Whether it says who is asked."""
        return self.model is not None or self.provider is not None

    @property
    def says_where(self) -> bool:
        """Whether it says who is asked, or at which address."""
        return self.names_somebody or says_where(self.options)

    def beside(self, whom: Given) -> Given:
        """The same, asked of somebody else, with the options of that one beneath its own."""
        system = whom.system if self.system is None else self.system
        options = laid_over(whom.options, self.options)
        return Given(model=whom.model, provider=whom.provider, system=system, options=options)

    def options_over(self, beneath: Given) -> Mapping[str, Any]:
        """The options beneath, as far as whoever is asked here may have them."""
        # Without options there is nothing to decide, and looking up who it is may tell the user things.
        if beneath.options and self.names_somebody and _who(self) is not _who(beneath):
            return Veiled((name, value) for name, value in beneath.options.items() if name not in HOST_BOUND)
        return beneath.options

    def over(self, beneath: Given) -> Given:
        """One question's choice over the conversation's own; what was for one server goes to no other."""
        options = self.options_over(beneath)
        if isinstance(self.model, Model):
            options = laid_over(options, self.model.options)
        chosen = self if self.names_somebody else beneath
        return Given(
            model=chosen.model,
            provider=chosen.provider,
            system=beneath.system if self.system is None else self.system,
            options=laid_over(options, self.options),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What is looked at before anything is sent: whose ledger with which limit, and how long turns are."""

    name: str
    ledger: Ledger
    limit: float | None
    sizes: Sizes


def asked_before(turn: Turn, own: Given) -> Given:
    """Who answered a turn of an earlier kernel, as far as that can be told, else whom it asks now."""
    asked = _named_in(turn)
    given = Given(model=asked, system=turn.system)
    name = own.model.name if isinstance(own.model, Model) else own.model
    try:
        was = registry.choose(asked)
        is_now = registry.choose(name, own.provider)
    except G4FError:
        return replace(given, model=None) if own.names_somebody or _who(given) is None else given
    # The conversation's own choice may have a price and options of its own.
    return replace(given, model=None) if was[0] is is_now[0] and is_now[1] in ("", was[1]) else given


def _named_in(turn: Turn) -> str | None:
    """Who was asked, by name; of several as one the one that answered, for together they have no name."""
    asked, reply = turn.model or "", turn.reply
    if look_up(asked.partition(":")[0]) is not None or reply is None or not reply.provider:
        return turn.model
    return f"{reply.provider}:{reply.model or ''}"


def again_with(chosen: Given, before: Given, own: Given) -> Mapping[str, Any]:
    """What a question that was asked `before` is asked again with, of whom is `chosen` now if anybody is."""
    asked = before if before.names_somebody else replace(before, model=own.model, provider=own.provider)
    # What was given for the server of the first answer goes to no other.
    options = chosen.options_over(asked)
    who = chosen if chosen.names_somebody else before
    same = {"system": before.system, "model": who.model, "provider": who.provider}
    # A kept answer would be the one that is there.
    return Veiled({**options, **same, "cache": False})


def content_of(prompt: object, media: Any) -> Content:
    """What is asked, files as parts of it, so that they are sent again with it."""
    content = checked_content(prompt)
    files = read_media(media)
    if not files:
        return content
    messages = with_media(prompt_messages(content), files)
    whole = not isinstance(content, str) and "role" in content[0]
    return checked_content(messages if whole else messages[0]["content"])


def prepared(
    given: Given,
    content: Content,
    *,
    before: tuple[Turn, ...],
    continues: bool,
    interactive: bool,
    account: Account,
) -> tuple[Question, tuple[str, ...]]:
    """The question, ready to be sent, and what the user should know of it; or why it is not sent."""
    options = Veiled(given.options)
    plan = Veiled((name, options.pop(name)) for name in _PLANNED & options.keys())
    cache = options.pop("cache", False)
    place = placed(given.model, provider=given.provider, interactive=interactive, **options)
    where = place[0]
    check_limit(account.limit, account.ledger, where, account.name)
    fit = fit_turns(
        before,
        content,
        label=where.label,
        system=given.system,
        options=place[1],
        continued=continues,
        sizes=account.sizes,
    )
    messages = messages_of(fit.turns, continued=continues, provider=where.provider.__name__, then=content)
    messages, said = readable(messages, where)
    asked = as_messages(messages, given.system or None)
    made = Question.of(place, asked, plan_of(place, **plan), cache=cache)
    return made, (*fit.notices, *said, *made.notices)


def _who(given: Given) -> Provider | None:
    now = settings.current()
    if not given.names_somebody and used() is None and not now.model and not now.provider:
        # Whoever would be asked by circumstances is told to the user when it is asked.
        return None
    name = given.model.name if isinstance(given.model, Model) else given.model
    try:
        return registry.choose(name, given.provider)[0]
    except G4FError:
        # Whoever asks it is told.
        return None
