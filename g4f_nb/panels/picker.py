"""A field to pick a model in: search over providers, with their keys and hosts, and over their models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import traitlets

from g4f_nb.comparing.given import ModelName
from g4f_nb.errors import G4FError, InvalidParameterError
from g4f_nb.loops.ownloop import own_loop
from g4f_nb.panels.given import Text
from g4f_nb.panels.offers import name_of, named, tell_models, tell_providers
from g4f_nb.panels.served import Served
from g4f_nb.providers.models.model import Model, Provider, check_model, one_named, several_named
from g4f_nb.providers.registry import resolve
from g4f_nb.secret import redact


class PickedModel(traitlets.Unicode):  # type: ignore[type-arg]  # not generic where it runs
    """A model as the text in a field; a class or an `nb.Model` may be set, too, and `None` for nobody."""

    # What the widget says first of whatever is given.
    veil = staticmethod(one_named)

    def validate(self, obj: Any, value: Any) -> str:
        """Give the text, or say what it is instead."""
        if value is None:
            return ""
        if isinstance(value, str):
            return value
        if not isinstance(value, Model):
            check_model(value)
        return str(obj._text_of(value))  # noqa: SLF001  # the widget whose trait it is


class ModelPicker(Served):
    """Pick a model: type to search, arrows and Enter, or a click.

        picker = ModelPicker("groq:openai/gpt-oss-120b")
        picker                                  # shows it
        nb.ask("Hello", picker.model)

    Args:
        value: what is picked at first, as everywhere: `"provider:model"`, a class or an `nb.Model`.
        models: models of your own that are offered first, by their labels.
        description: what stands before the field.

    `value` is the text in the field, synced and observable; `model` what to pass where a model is named. No
    list is fetched before the field is opened, and models only from the provider that is chosen there.
    """

    _files = (
        "shared.js", "parts.js", "choosing.js", "picker.js",
        "shared.css", "parts.css", "choosing.css", "picker.css",
    )  # fmt: skip

    value = PickedModel(help="What is picked, as provider:model.").tag(sync=True)
    description = Text("Model", help="What stands before the field.").tag(sync=True)
    choices: traitlets.List[str] = traitlets.List(help="The models that are offered first.").tag(sync=True)
    problem = traitlets.Unicode(help="Why it cannot be used, with the way out.").tag(sync=True)
    place = traitlets.Unicode(help="Which host it goes to, and where the key is found.").tag(sync=True)

    def __init__(
        self,
        value: ModelName | None = None,
        *,
        models: Sequence[ModelName] = (),
        description: str = "Model",
    ) -> None:
        value, models = one_named(value), several_named(models)
        offered = named(models)
        # A class or an `nb.Model` has a name in the field, and is itself where it is used.
        if value is not None and not isinstance(value, str):
            offered = {name_of(value): value, **offered}
        self._named = offered
        super().__init__(value=value, description=description, choices=list(offered))

    def __repr__(self) -> str:
        return f"<ModelPicker of {self.value or 'no model yet'}: shown in a live notebook>"

    def _text_of(self, model: Model | Provider) -> str:
        """A model that is no text, as its text in the field, for which it stands from now on."""
        text = name_of(model)
        self._named[text] = model
        return text

    @property
    def model(self) -> ModelName:
        """What is picked, for wherever a model is named, an error where nothing is; `value` can be set."""
        if not self.value.strip():
            raise InvalidParameterError("no model is picked yet: pick one, or set picker.value")
        chosen: ModelName = self._named.get(self.value, self.value.strip())
        return chosen

    def _hear(self, message: dict[str, Any], buffers: list[memoryview]) -> None:
        """Fetch what a view wants to offer."""
        del buffers
        match message:
            case {"type": "providers", "view": str(view)}:
                own_loop().submit(tell_providers(self, view))
            case {"type": "models", "view": str(view), "provider": str(provider)}:
                own_loop().submit(tell_models(self, view, provider))

    @traitlets.observe("value")
    def _check(self, _: object) -> None:
        problem = place = ""
        if self.value.strip():
            try:
                found = resolve(self.model)
            except G4FError as error:
                problem = redact(str(error))
            else:
                problem = found.missing or ""
                place = f"{found.host or 'answers offline'} · key: {found.key_words}"
        self.problem, self.place = problem, place
