"""How a comparison is to be carried out: cache, pace, tries, order, what an error does, where it runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from g4f_nb.comparing.pacing import Limits
from g4f_nb.errors import InvalidParameterError, short
from g4f_nb.providers.registry import find_provider
from g4f_nb.secret import unshown

# What is true or false for one question, as `nb.ask` takes it, is "use" or "off" here.
Cache = Literal["use", "refresh", "only", "off"] | bool
Timing = Literal["stream", "fast"]
OnError = Literal["row", "raise"]
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "cache": ("use", "refresh", "only", "off"),
    "timing": ("stream", "fast"),
    "on_error": ("row", "raise"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """Every choice but what is asked and of whom."""

    cache: Cache = "use"
    concurrency: int = 64
    limits: Mapping[str, Limits] = field(default_factory=dict)
    retries: int = 4
    timing: Timing = "stream"
    on_error: OnError = "row"
    # Orders the work, and later the drawing of samples; `None` is the order of the rows, and 0.
    seed: int | None = None
    engine: str = "local"

    def __post_init__(self) -> None:
        object.__setattr__(self, "limits", unshown(self.limits))
        if type(self.cache) is bool:
            object.__setattr__(self, "cache", "use" if self.cache else "off")

    def check(self) -> None:
        """Refuse what is no such choice, with what it may be."""
        if type(self.concurrency) is not int or self.concurrency < 1:
            raise InvalidParameterError(
                f"concurrency is {short(self.concurrency)}: it must be a whole number from 1"
            )
        if type(self.retries) is not int or self.retries < 0:
            raise InvalidParameterError(
                f"retries is {short(self.retries)}: it must be a whole number, 0 or more"
            )
        for name, choices in _CHOICES.items():
            given = getattr(self, name)
            if not isinstance(given, str) or given not in choices:
                one_of = " or ".join(choices) if len(choices) == 2 else f"one of {', '.join(choices)}"  # noqa: PLR2004
                raise InvalidParameterError(f"{name} is {short(given)}: it must be {one_of}")
        if self.seed is not None and (type(self.seed) is not int or self.seed < 0):
            raise InvalidParameterError(
                f"seed is {short(self.seed)}: it must be a whole number from 0, and orders work; "
                'a provider\'s own goes into params={"seed": …}'
            )
        if str(self.engine) != "local":
            # The engine's seam: whatever can carry out a comparison is told here from what cannot.
            raise InvalidParameterError(
                f"engine is {short(self.engine)}: it must be 'local', this process; nothing else "
                "(a Dask client, say) can carry out a comparison yet"
            )

    def check_limits(self, asked: Collection[str]) -> None:
        """Refuse limits that would be overlooked: a misspelt provider would not be limited at all."""
        form = 'limits= holds nb.Limits by provider, like {"mistral": nb.Limits(rpm=60)}'
        limits: Any = self.limits
        if not isinstance(limits, Mapping) or not all(isinstance(each, Limits) for each in limits.values()):
            raise InvalidParameterError(form)
        for name in limits:
            # A model's own limits are under its whole name.
            provider = str(name).partition(":")[0]
            if provider.lower() not in asked:
                find_provider(provider)
