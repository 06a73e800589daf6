"""One of several models that answer as one: what a user wrote, and where a call finds it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from g4f_nb.chunks import ProviderFailed
from g4f_nb.errors import G4FError, InvalidParameterError, UnknownParameterError
from g4f_nb.providers.calling import locate, stream_of
from g4f_nb.providers.combined.breakers import Standing, standing_of
from g4f_nb.providers.combined.contest import Entrant
from g4f_nb.providers.models.model import Model, Provider, check_model, laid_over
from g4f_nb.providers.registry import Resolution, find_provider
from g4f_nb.secret import Veiled
from g4f_nb.typing import AsyncResult, Messages

ModelName = str | Model | Provider


@dataclass(frozen=True, slots=True)
class Member:
    """Its provider, its model (`""` for the call's own, or the default) and its options."""

    provider: Provider
    model: str
    options: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, named: ModelName) -> Member:
        """Read what a user writes; a name that there is not is told at once."""
        options: Mapping[str, Any] = named.options if isinstance(named, Model) else {}
        name = named.name if isinstance(named, Model) else named
        if name is None:
            raise InvalidParameterError(
                'one of the models is None: name each, like "groq:llama-3.3-70b", or leave it out'
            )
        check_model(name)
        if not isinstance(name, str):
            return cls(find_provider(name), "", options)
        left, _, right = name.partition(":")
        return cls(find_provider(left.strip()), right.strip(), options)

    def takes(self, name: str) -> bool:
        """Whether a call may carry this keyword here."""
        try:
            self.provider.check_parameters([name])
        except UnknownParameterError:
            return False
        return True

    def locate(self, model: str, options: Mapping[str, Any]) -> MemberPlace:
        """Where it is asked, and with what; or why it cannot be."""
        given = laid_over(self.options, options)
        try:
            where, given = locate(self.model or model or None, provider=self.provider, **given)
        except G4FError as error:
            return MemberPlace(self, self.model, fault=error.with_traceback(None))
        return MemberPlace(self, where.model, where=where, options=given, asked=Veiled(options))


@dataclass(frozen=True, slots=True)
class MemberPlace:
    """A member as one call finds it: where it is asked with which options, or why it cannot be."""

    member: Member
    model: str
    where: Resolution | None = None
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    # The call's options as they were then.
    asked: Mapping[str, Any] = field(default_factory=dict, repr=False)
    fault: G4FError | None = None

    @property
    def name(self) -> str:
        """The provider's name."""
        return self.member.provider.__name__

    def rest(self, *, failures: int, cool_down: float) -> ProviderFailed | None:
        """Why it is left alone for now; `None` if it is not."""
        seconds = self._standing.rest(failures=failures, cool_down=cool_down)
        if not seconds:
            return None
        worse = self._standing.worse
        reason = f"which is left alone for {seconds:.0f} s after {worse.in_a_row} failures in a row"
        return ProviderFailed(self.name, self.model or None, worse.last_error, reason)

    def entrant(self, call: SharedCall, *, retries: int | None) -> Entrant:
        """The same, ready to be asked; `retries` stands in for what neither call nor member says."""
        return Entrant(
            name=self.name,
            model=self.model or None,
            host=self.where.host if self.where else None,
            standing=self._standing,
            begin=lambda: self._begin(call, retries),
            fault=self.fault,
        )

    @property
    def _standing(self) -> Standing:
        return standing_of(self.name, self.where.host if self.where else None, self.model)

    def _begin(self, call: SharedCall, retries: int | None) -> AsyncResult:
        if self.where is None:
            raise self.fault or RuntimeError(f"{self.name} is nowhere")
        options = self._options_for(call)
        if retries is not None and "max_retries" in self.member.provider.get_parameters():
            options.setdefault("max_retries", retries)
        if call.end is not None:
            options["total_timeout"] = max(0.001, call.end - asyncio.get_running_loop().time())
        return stream_of(self.where, call.messages, options, stream=call.stream)

    def _options_for(self, call: SharedCall) -> Veiled:
        """What was found then, with what has been changed since: a dialogue tells tools and forms later."""
        options, asked = Veiled(self.options), self.asked
        for name in asked.keys() - call.options.keys():
            options.pop(name, None)
        missing = object()
        options.update((name, to) for name, to in call.options.items() if asked.get(name, missing) is not to)
        return options


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedCall:
    """What all are asked; `end` is when the time for the whole is over, by the loop's clock."""

    messages: Messages
    options: Mapping[str, Any] = field(repr=False)
    stream: bool
    end: float | None
