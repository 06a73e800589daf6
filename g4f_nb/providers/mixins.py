"""What several providers share: a list of models, and turning an error payload into an exception."""

from __future__ import annotations

import difflib
from typing import Any

from g4f_nb.errors import ModelNotSupportedError, UnreadableResponseError, shorten
from g4f_nb.secret import redact
from g4f_nb.wire.complaints import as_text, read_complaint
from g4f_nb.wire.failures import error_for


class ProviderModelMixin:
    """A provider's models; each class has its own lists, and nothing it gives away is shared."""

    default_model: str | None = None
    models: list[str] = []  # noqa: RUF012  # class API; `__init_subclass__` gives each class its own copy
    model_aliases: dict[str, str] = {}  # noqa: RUF012
    image_models: list[str] = []  # noqa: RUF012
    vision_models: list[str] = []  # noqa: RUF012
    last_model: str | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in ("models", "model_aliases", "image_models", "vision_models"):
            setattr(cls, name, getattr(cls, name).copy())
        cls.last_model = None

    @classmethod
    def get_models(cls, **kwargs: Any) -> list[str]:
        """The models of this provider, as a new list."""
        del kwargs
        return list(cls.models) or ([cls.default_model] if cls.default_model else [])

    @classmethod
    def get_model(cls, model: str, **kwargs: Any) -> str:
        """The name to send: the default for none, aliases followed, checked where there is a list."""
        del kwargs
        name = model or cls.default_model or (cls.models[0] if cls.models else "")
        if not name:
            raise ModelNotSupportedError(
                f"no model given, and {cls.__name__} has no default: pass model=", provider=cls.__name__
            )
        if name in cls.model_aliases:
            name = cls.model_aliases[name]
        elif cls.models and name not in cls.models and name not in cls.image_models:
            known = [*cls.models, *cls.model_aliases]
            near = difflib.get_close_matches(name, known, n=3, cutoff=0.4) or known[:5]
            raise ModelNotSupportedError(
                f"{cls.__name__} has no model {name!r}: the nearest are {', '.join(near)}",
                provider=cls.__name__,
                model=name,
            )
        # Setting an attribute of a class empties the interpreter's caches for it: 50 microseconds a call.
        if vars(cls).get("last_model") != name:
            cls.last_model = name
        return name


class RaiseErrorMixin:
    """`raise_error` for whole answers; frames of a stream are judged by their reader."""

    @staticmethod
    def raise_error(data: Any, status: int | None = None) -> None:
        """Raise the error that a payload holds: the status decides the class, the payload the message."""
        complaint = read_complaint(data)
        if complaint is not None:
            raise error_for(complaint, status=status)
        if isinstance(data, list) or (isinstance(data, dict) and ("data" in data or "models" in data)):
            return
        if not isinstance(data, dict) or not data.get("choices"):
            shown = shorten(redact(as_text(data)), 200)
            raise UnreadableResponseError(
                f"Invalid response: {shown} — it holds no answer: check that api_base= is a chat server",
                status=status,
            )
