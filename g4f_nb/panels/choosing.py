"""Whom a panel asks: the text in its picker as what a conversation takes, and why it cannot be used."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from g4f_nb.conversations.conversation import Conversation
from g4f_nb.conversations.preparing import Chosen
from g4f_nb.errors import G4FError, InvalidParameterError, MissingAuthError, UnknownParameterError
from g4f_nb.notices import unheard
from g4f_nb.panels.offers import name_of, said
from g4f_nb.providers import registry
from g4f_nb.providers.calling import locate
from g4f_nb.providers.demo import Demo
from g4f_nb.providers.models.model import Model, Provider
from g4f_nb.secret import Veiled

_DEMO = "Demo answers offline, with samples only: pick a model above for real answers."
_NOBODY = (
    "No model is chosen, so Demo answers: offline, with samples only. For real answers pick a model above, "
    'set a key like OPENAI_API_KEY, or say nb.use("ollama:llama3.2").'
)


class Choice:
    """What the texts in the picker stand for; a class or an `nb.Model` may have no name in the registry."""

    def __init__(self, model: Chosen, provider: str | Provider | None) -> None:
        self._named: dict[str, Any] = {}
        self.text = self._text(model, provider)

    def name(self, conversation: Conversation) -> str:
        """The text for what a conversation asks by itself, `""` if it leaves that open."""
        return self._text(conversation.model, conversation.provider)

    def keep(self, texts: Iterable[str]) -> None:
        """Let go of all texts but these and the panel's own."""
        wanted = {self.text, *texts}
        self._named = {text: chosen for text, chosen in self._named.items() if text in wanted}

    def of(self, text: str, conversation: Conversation) -> Chosen:
        """What to ask; `None` leaves it to the conversation, with all that was given for its model."""
        if not text.strip() or text == self.name(conversation):
            return None
        chosen: Chosen = self._named.get(text, text.strip())
        return chosen

    def options(self, text: str, conversation: Conversation) -> dict[str, Any]:
        """The options that a question to this model would have."""
        return Veiled(conversation.options_for(self.of(text, conversation)))

    def provider(self, text: str, conversation: Conversation) -> Provider:
        """Whose model it is."""
        model = self.of(text, conversation)
        if model is None:
            model = conversation.model
            named = conversation.provider
        else:
            named = None
        name = model.name if isinstance(model, Model) else model
        return registry.choose(name, named, interactive=True)[0]

    def class_of(self, name: str) -> Provider | None:
        """The class that was given under this name, if one was."""
        given = self._named.get(name)
        return given if isinstance(given, type) else None

    def problem(self, text: str, conversation: Conversation) -> str:
        """Why it cannot be used, with the way out; `""` if it can."""
        if not text.strip():
            return ""
        try:
            model, whose = self.of(text, conversation), None
            if model is None:
                model, whose = conversation.model, conversation.provider
            locate(model, provider=whose, interactive=True, **self.options(text, conversation))
        except G4FError as error:
            return said(error)
        return ""

    def hint(self, text: str, conversation: Conversation) -> str:
        """What to know before the first question: who answers if nobody is chosen; that Demo is no model."""
        try:
            with unheard():
                if text.strip() or conversation.model is not None or conversation.provider is not None:
                    return _DEMO if self.provider(text, conversation) is Demo else ""
                provider, _, chosen_by = registry.choose(None, None, interactive=True)
        except G4FError as error:
            return said(error)
        return _NOBODY if provider is Demo else f"{provider.__name__} answers, chosen by {chosen_by}."

    def refuse_slips(self, conversation: Conversation) -> None:
        """An option that the model does not take is an error where it was written.

        What else is wrong with the model can be mended in the panel, which tells it.
        """
        try:
            with unheard():
                options = self.options("", conversation)
                locate(conversation.model, provider=conversation.provider, interactive=True, **options)
        except (InvalidParameterError, UnknownParameterError):
            raise
        except G4FError:
            return

    def name_for(self, model: Model | Provider) -> str:
        """The text in the picker that stands for this from now on."""
        return self._text(model, None)

    def help_for(self, error: Exception) -> str:
        """What a view can offer as a way out beside trying again: a field for a key, say."""
        return f"key:{error.provider}" if isinstance(error, MissingAuthError) and error.provider else ""

    def _text(self, model: Chosen, provider: str | Provider | None) -> str:
        if isinstance(model, Model):
            text = name_of(model)
            self._named[text] = model
            return text
        if provider is not None:
            cls, name, _ = registry.choose(model, provider)
            own = isinstance(provider, type) and not name
            model = cls if own else f"{cls.__name__}:{name}" if name else cls.__name__
        if model is None:
            return ""
        text = name_of(model)
        if isinstance(model, type):
            self._named[text] = model
        return text
