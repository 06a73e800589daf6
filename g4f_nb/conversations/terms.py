"""`Terms`, what holds for every question of a conversation: its name, whom it asks, how, for how much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from g4f_nb.conversations.names import checked_name
from g4f_nb.conversations.preparing import Chosen, Given
from g4f_nb.conversations.turns import check_words
from g4f_nb.entering import check_text
from g4f_nb.errors import G4FError, InvalidParameterError, NoProviderError, sort_of
from g4f_nb.halves import sound
from g4f_nb.masking import secrets_given
from g4f_nb.parameters import SAFE_PARAMETERS
from g4f_nb.prices import Price, dollars
from g4f_nb.providers import registry
from g4f_nb.providers.models.model import HOST_BOUND, Model, check_model, veiled
from g4f_nb.secret import Secret, Veiled

# What is no parameter of a provider.
_OF_QUESTIONS = ("schema", "tools", "approve", "tool_limits", "cache", "media")
# What a conversation has beside its options, and where.
_APART = {
    "model": 'choose with talk.model = "groq:llama-3.3-70b"',
    "provider": 'choose with talk.model = "groq:llama-3.3-70b"',
    "system": 'write it with talk.system = "Answer in one sentence."',
    "limit": 'set it with talk.limit = "2 USD"',
    "name": 'change it with talk.name = "physics"',
    "keep": "set it with talk.keep = True",
    "interactive": "leave it out",
}
# Of a model that comes back as what it was called, and how to give the conversation another one.
NAMELESS = "which no name tells here (a class of your own, or a server's address, is in no file)"
HOW_TO_NAME = "talk.model = …"


class Terms:
    """Each is checked where it is set; whoever changes one holds the conversation's lock."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.own = Given()
        self.limit: float | None = None
        # Whom it asked in an earlier kernel, where no name tells who that is.
        self.lost: str | None = None

    def begin_with(self, given: Given, limit: str | float | None) -> None:
        """Set all but the name at once."""
        _check(given.model)
        if not isinstance(given.provider, str | type | None):
            registry.find_provider(given.provider)
        _check_options(given)
        self.own = given
        self.allow(limit)

    def rename(self, name: str) -> None:
        """Call it otherwise."""
        self.name = checked_name(name)

    def choose(self, model: Chosen) -> None:
        """Ask somebody else; a key or an address that was given for one server is not another's."""
        _check(model)
        options = Veiled(Given(model=model).options_over(self.own))
        if model is None:
            options = Veiled((name, value) for name, value in options.items() if name not in HOST_BOUND)
        self.own, self.lost = replace(self.own, model=model, provider=None, options=options), None

    def instruct(self, system: str | None) -> None:
        """Set the system prompt."""
        self.own = replace(self.own, system=checked_system(system))

    def ask_with(self, options: Mapping[str, Any]) -> None:
        """Set the options of every question."""
        if not isinstance(options, Mapping):
            raise InvalidParameterError(f"options are {sort_of(options)}: they must be a dict")
        for name in options:
            check_text("the name of an option", name, "options are like {'temperature': 0}")
            if name in _APART:
                raise InvalidParameterError(f"{name}= is no option of a question: {_APART[name]}")
        self.own = replace(self.own, options=veiled(options))

    def allow(self, limit: str | float | None) -> None:
        """Set what it may cost."""
        self.limit = dollars(limit, "limit")

    def borrow(self, other: Terms) -> None:
        """Ask whom another one asks, and with its options; the system prompt stays."""
        self.own, self.lost = replace(other.own, system=self.own.system or other.own.system), other.lost

    def check_found(self, given: Given) -> None:
        """Refuse a question that names nobody, where it is not known here whom the conversation asked."""
        if self.lost is not None and not given.names_somebody:
            raise NoProviderError(
                f"the conversation {self.name!r} asked {self.lost}, {NAMELESS}: name whom to ask, "
                f"{HOW_TO_NAME}, or name a model for this question"
            )

    # ---- as it is kept -----------------------------------------------------------------------------

    @property
    def options(self) -> Mapping[str, Any]:
        """The options of every question, those of an `nb.Model` among them."""
        model = self.own.model
        return Veiled({**(model.options if isinstance(model, Model) else {}), **self.own.options})

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The keys among the options."""
        return tuple(secrets_given(self.options))

    @property
    def price(self) -> Price | None:
        """What the user says that the model costs."""
        return self.own.model.price if isinstance(self.own.model, Model) else None

    @property
    def model_name(self) -> str | None:
        """The model as a text."""
        return self.lost or _name_of(self.own.model)

    @property
    def provider_name(self) -> str | None:
        """Whose model it is, as a text."""
        return _name_of(self.own.provider)


def checked_system(system: str | None) -> str | None:
    """A system prompt, if it is one."""
    check_words(system=system)
    return None if system is None else sound(system)


def _check(model: Chosen) -> None:
    check_model(model.name if isinstance(model, Model) else model)


def _check_options(given: Given) -> None:
    """A parameter that nobody reads is told where it is written, and not with the first question.

    Those that every provider may have are left to that: a file may hold them for another model.
    """
    unusual = [each for each in given.options if each not in (*SAFE_PARAMETERS, *HOST_BOUND, *_OF_QUESTIONS)]
    if not unusual or not given.names_somebody:
        return
    model = given.model.name if isinstance(given.model, Model) else given.model
    try:
        provider = registry.choose(model, given.provider)[0]
    except G4FError:
        # Whoever asks is told, and may name another one before.
        return
    provider.check_parameters(unusual)


def _name_of(chosen: Chosen) -> str | None:
    if isinstance(chosen, Model):
        return _name_of(chosen.name)
    return chosen if isinstance(chosen, str | None) else chosen.__name__
