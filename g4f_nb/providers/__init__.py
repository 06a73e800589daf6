"""Every provider class, loaded on first use: `from g4f_nb.providers import OpenaiTemplate, Groq, Demo`."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from g4f_nb.providers.base import AbstractProvider as AbstractProvider
    from g4f_nb.providers.base import AsyncGeneratorProvider as AsyncGeneratorProvider
    from g4f_nb.providers.base import AsyncProvider as AsyncProvider
    from g4f_nb.providers.base import BaseProvider as BaseProvider
    from g4f_nb.providers.demo import Demo as Demo
    from g4f_nb.providers.mixins import ProviderModelMixin as ProviderModelMixin
    from g4f_nb.providers.mixins import RaiseErrorMixin as RaiseErrorMixin
    from g4f_nb.providers.openai_template import OpenaiTemplate as OpenaiTemplate

    # The rows of catalog.toml; a test holds this list and the file together.
    class OpenAI(OpenaiTemplate):
        """OpenAI."""

    class OpenRouter(OpenaiTemplate):
        """OpenRouter."""

    class Groq(OpenaiTemplate):
        """Groq."""

    class Ollama(OpenaiTemplate):
        """A local Ollama."""


_HOMES = {
    "BaseProvider": "base",
    "AbstractProvider": "base",
    "AsyncProvider": "base",
    "AsyncGeneratorProvider": "base",
    "ProviderModelMixin": "mixins",
    "RaiseErrorMixin": "mixins",
    "OpenaiTemplate": "openai_template",
    "Demo": "demo",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(importlib.import_module(f"g4f_nb.providers.{_HOMES[name]}"), name)
    elif name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    else:
        from g4f_nb.providers.catalog import catalog

        if name not in catalog():
            raise AttributeError(f"module {__name__!r} has no provider {name!r}")
        value = catalog()[name]
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    from g4f_nb.providers.rows import rows

    return sorted([*_HOMES, *(row.class_name for row in rows().values())])
