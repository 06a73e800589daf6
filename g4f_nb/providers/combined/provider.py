"""Several models as one provider: `FallbackProvider`, `RaceProvider`, `RetryProvider`.

    careful = FallbackProvider(["groq", nb.Model("openai:gpt-4o-mini", timeout=10), "Demo"])
    nb.ask("Why is the sky blue?", careful)

What is made is a provider class like any other: it can be named wherever a model is named. Or, declared:

    class Careful(FallbackProvider):
        members = ("groq", "Demo")
"""

from __future__ import annotations

import asyncio
import copyreg
import math
import random
from abc import ABCMeta
from collections.abc import Callable, Iterable, Mapping, Sequence
from inspect import Parameter, Signature
from numbers import Real
from typing import Any, ClassVar

from g4f_nb import parameters
from g4f_nb.chunks import ProviderFailed
from g4f_nb.errors import InvalidParameterError, ProviderNotWorkingError, short, sort_of
from g4f_nb.loops.handover import closing
from g4f_nb.messages import check_messages
from g4f_nb.notices import tell
from g4f_nb.providers.base import AsyncGeneratorProvider
from g4f_nb.providers.combined.breakers import forget_failures, may_pass
from g4f_nb.providers.combined.contest import NobodyAnsweredError, contest
from g4f_nb.providers.combined.members import Member, MemberPlace, ModelName, SharedCall
from g4f_nb.providers.combined.outcomes import nobody_answered, pause_before
from g4f_nb.providers.models.model import HOST_BOUND, Model, several_named
from g4f_nb.secret import Veiled
from g4f_nb.typing import AsyncResult, Messages

# No clock can wait for longer.
_LONGEST_TIME = 1e9


def _is_time(value: Any) -> bool:
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    return is_number and (value == math.inf or 0 < value <= _LONGEST_TIME)


class _Combining(ABCMeta):
    """The class of these classes: those made by a call are pickled as what they were made of."""


class CombinedProvider(AsyncGeneratorProvider, metaclass=_Combining):
    """What the three have in common; `CombinedProvider` itself answers nothing."""

    working = True
    takes_secrets = True
    returns_reasoning = False
    members: ClassVar[Sequence[ModelName]] = ()
    # Seconds within which a member has to say something.
    patience: ClassVar[float | None] = None
    # Who has failed so many times in a row is left alone for so many seconds.
    failures: ClassVar[int] = 3
    cool_down: ClassVar[float] = 60.0
    shuffle: ClassVar[bool] = False
    _at_once: ClassVar[bool] = False
    _members: ClassVar[tuple[Member, ...]] = ()
    _made: ClassVar[tuple[Any, ...] | None] = None

    def __new__(  # type: ignore[misc]  # providers are classes: what is made here is one
        cls,
        models: Iterable[ModelName],
        shuffle: bool = False,
        *,
        name: str | None = None,
        patience: float | None = None,
        failures: int = 3,
        cool_down: float = 60.0,
    ) -> type[CombinedProvider]:
        """Combine these models, in this order, to a provider.

        `patience` is how many seconds each gets to say something; who fails `failures` times in a row is left
        alone for `cool_down` seconds. `shuffle` asks in another order each time.
        """
        models = several_named(models)
        how = {"shuffle": shuffle, "patience": patience, "failures": failures, "cool_down": cool_down}
        return cls._combine(models, name, how)

    @classmethod
    def _combine(
        cls, models: Iterable[ModelName], name: str | None, how: Mapping[str, Any]
    ) -> type[CombinedProvider]:
        if isinstance(models, str | Model | type | Mapping) or not isinstance(models, Iterable):
            raise InvalidParameterError(
                f'{cls.__name__} takes a list of models, like {cls.__name__}(["groq", "Demo"]), not '
                f"{sort_of(models)}"
            )
        if not isinstance(name, str | None):
            raise InvalidParameterError(f"name= is {short(name)}: it must be a text")
        if name is not None and not (name and name.isprintable()):
            # It becomes the name of a class, which holds neither a NUL nor half of a surrogate pair.
            raise InvalidParameterError(
                f"name= is {short(name)}: give letters, digits and signs that can be seen, like 'careful'"
            )
        models = tuple(models)
        own = {"members": models, "__module__": __name__, "_made": (cls, models, name, how), **how}
        made: type[CombinedProvider] = type(name or cls.__name__, (cls,), own)
        if name is None:
            made.__name__ = made.__qualname__ = f"{cls.__name__}({', '.join(made._names())})"  # noqa: SLF001  # one of its own
        return made

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._check()
        if "members" not in vars(cls):
            return
        if not cls.members:
            raise InvalidParameterError(f'{cls.__name__} has no members: name at least one, like "Demo"')
        cls._members = tuple(Member.of(one) for one in cls.members)
        cls.label = f"{cls.__name__} of {', '.join(cls._names())}"
        providers = [one.provider for one in cls._members]
        cls.supports_message_history = all(one.supports_message_history for one in providers)
        cls.supports_system_message = all(one.supports_system_message for one in providers)
        # Whoever does not want it takes it out again.
        cls.returns_reasoning = any(getattr(one, "returns_reasoning", False) for one in providers)

    @classmethod
    def _names(cls) -> list[str]:
        return [member.provider.__name__ for member in cls._members]

    @classmethod
    def _check(cls) -> None:
        numbers = {"patience": cls.patience, "cool_down": cls.cool_down, "failures": cls.failures}
        for name, value in numbers.items():
            if not (_is_time(value) or (value is None and name == "patience")):
                shown = short(value)
                raise InvalidParameterError(f"{name} is {shown}: it must be a number above 0")

    @classmethod
    def made_of(cls) -> tuple[Any, ...] | None:
        """What a call has made it of: the class, the models, its name, and how; `None` if it is declared."""
        return vars(cls).get("_made")

    @staticmethod
    def forget_failures() -> None:
        """Ask everybody again who is left alone after failures, as after a server was started anew."""
        forget_failures()

    @classmethod
    def find_places(cls, model: str, options: Mapping[str, Any]) -> tuple[MemberPlace, ...]:
        """Where each member is asked, with the key that is there for it and for no other."""
        return tuple(member.locate(model, options) for member in cls._members)

    @classmethod
    def check_parameters(cls, names: Iterable[str]) -> None:
        """Refuse what belongs to one server, and what no member takes."""
        if not cls._members:
            raise ProviderNotWorkingError(
                f'{cls.__name__} combines nothing: write {cls.__name__}(["groq", "Demo"])',
                provider=cls.__name__,
            )
        for name in names:
            if name in HOST_BOUND:
                raise InvalidParameterError(
                    f"{name}= belongs to one server, and {cls.__name__} asks several: give it to its member, "
                    f'like nb.Model("groq", {name}=…)',
                    provider=cls.__name__,
                )
            if not any(member.takes(name) for member in cls._members):
                parameters.refuse_unknown([name], cls.get_parameters(), provider=cls.__name__)

    @classmethod
    async def create_async_generator(
        cls,
        model: str,
        messages: Messages,
        stream: bool = True,
        *,
        places: tuple[MemberPlace, ...] = (),
        **kwargs: Any,
    ) -> AsyncResult:
        """The answer of the first member that begins one; why others did not comes before it."""
        kwargs = Veiled(kwargs)
        cls.check_parameters(kwargs)
        total = kwargs.get("total_timeout")
        end = None if total is None else asyncio.get_running_loop().time() + total
        call = SharedCall(messages=check_messages(messages), options=kwargs, stream=stream, end=end)
        left = list(places or cls.find_places(model, kwargs))
        if cls.shuffle:
            random.shuffle(left)
        failed: list[ProviderFailed] = []
        for round_ in range(cls._rounds()):
            chosen, resting = cls._rested(left)
            failed += resting
            entrants = [
                place.entrant(call, retries=cls._retries(last=place is chosen[-1])) for place in chosen
            ]
            answer = contest(entrants, at_once=cls._at_once, patience=cls.patience, failed_before=failed)
            try:
                async with closing(answer):
                    async for chunk in answer:
                        _tell(chunk)
                        yield chunk
            except NobodyAnsweredError as nobody:
                lost = nobody.failed
            else:
                return
            failed += [entrant.failed(error) for entrant, error in lost]
            errors = [error for _, error in lost]
            passing = [entrant for entrant, error in lost if may_pass(error)]
            left = [place for place, entrant in zip(chosen, entrants, strict=True) if entrant in passing]
            wait = pause_before(round_, [error for error in errors if may_pass(error)])
            if not left or round_ + 1 == cls._rounds() or wait is None:
                raise nobody_answered(cls.__name__, failed, errors)
            await asyncio.sleep(wait)

    @classmethod
    def _rounds(cls) -> int:
        return 1

    @classmethod
    def _retries(cls, *, last: bool) -> int | None:
        """How often a member's own call is sent again: not at all while there are others to ask."""
        return None if last else 0

    @classmethod
    def _rested(cls, places: Sequence[MemberPlace]) -> tuple[list[MemberPlace], list[ProviderFailed]]:
        """Who is asked now, and who is left alone; if that were all of them, all are asked."""
        ready: list[MemberPlace] = []
        resting: list[ProviderFailed] = []
        for place in places:
            rest = place.rest(failures=cls.failures, cool_down=cls.cool_down)
            if rest is None:
                ready.append(place)
            else:
                resting.append(rest)
        return (ready, resting) if ready else (list(places), [])

    @classmethod
    def _main_method(cls) -> Callable[..., Any]:
        """A function with the parameters of all members, for whoever reads a signature."""
        own = Signature.from_callable(cls.create_async_generator).parameters
        found = {name: own[name] for name in ("model", "messages", "stream")}
        for member in cls._members:
            for name, parameter in member.provider.get_parameters().items():
                if name not in HOST_BOUND:
                    found.setdefault(name, parameter.replace(kind=Parameter.KEYWORD_ONLY))

        def asks() -> None:
            """Nothing: its signature is what it is for."""

        asks.__signature__ = Signature(list(found.values()))  # type: ignore[attr-defined]  # inspect reads it
        return asks


class FallbackProvider(CombinedProvider):
    """Asks one model after another, in the order given, until one begins to answer.

    Once content has come (text, reasoning, tool calls, pictures…), it is that one's answer, whatever follows.
    """


class RaceProvider(CombinedProvider):
    """Asks all models at once; the first that says something answers, and the others are ended.

    Each of them may cost what it has done until then.
    """

    _at_once = True

    @classmethod
    def _retries(cls, *, last: bool) -> int | None:
        del last
        return None


class RetryProvider(FallbackProvider):
    """A `FallbackProvider` that goes through its models again, where a failure may pass by itself.

    A wrong key, a bad request and the like are not tried again.
    """

    max_retries: ClassVar[int] = 3

    def __new__(  # type: ignore[misc]  # as above
        cls,
        models: Iterable[ModelName],
        shuffle: bool = False,
        single_provider_retry: bool = False,
        max_retries: int = 3,
        *,
        name: str | None = None,
        patience: float | None = None,
        failures: int = 3,
        cool_down: float = 60.0,
    ) -> type[CombinedProvider]:
        """Combine these models; `max_retries` times they are tried again, with growing pauses between.

        `single_provider_retry` takes the first of them only.
        """
        models = several_named(models)
        if single_provider_retry and not isinstance(models, str):
            models = tuple(models)[:1]
        how = {"shuffle": shuffle, "patience": patience, "failures": failures, "cool_down": cool_down}
        return cls._combine(models, name, how | {"max_retries": max_retries})

    @classmethod
    def _check(cls) -> None:
        super()._check()
        if type(cls.max_retries) is not int or cls.max_retries < 0:
            raise InvalidParameterError(
                f"max_retries is {short(cls.max_retries)}: it must be a whole number from 0"
            )

    @classmethod
    def _rounds(cls) -> int:
        return cls.max_retries + 1

    @classmethod
    def _retries(cls, *, last: bool) -> int | None:
        del last
        return 0


def _pickled(cls: Any) -> Any:
    made = vars(cls).get("_made")
    return cls.__qualname__ if made is None else (_combined, made)


def _combined(cls: type[CombinedProvider], *made: Any) -> type[CombinedProvider]:
    return cls._combine(*made)


copyreg.pickle(_Combining, _pickled)

# The original's name for it.
IterListProvider = FallbackProvider


def _tell(chunk: object) -> None:
    """One line for whoever sees nothing but the text; the whole story is in the stream."""
    if isinstance(chunk, ProviderFailed) and chunk.error is not None:
        tell(
            f"{chunk.label} did not answer ({chunk.error}), so another one does; .failed of a reply says why"
        )
