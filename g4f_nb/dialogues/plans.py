"""What is to be done beside asking: tools, who approves them, limits, the wanted type; and each next step."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from g4f_nb.errors import InvalidParameterError, short
from g4f_nb.tools import Tool, Toolbox
from g4f_nb.typed.wanted import Wanted

# No clock can wait for longer.
_LONGEST = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolLimits:
    """How far a dialogue with tools may go: answers, calls and seconds in all, characters of each result.

    Of calls beyond `calls` the model is told that they were not run; it may go on without them.
    `seconds=None` is no limit. What runs on the user's own thread is not torn away when the time is over: it
    is the last one then.
    """

    rounds: int = 10
    seconds: float | None = 600.0
    result_chars: int = 20_000
    calls: int = 100

    def __post_init__(self) -> None:
        for name in ("rounds", "calls", "result_chars"):
            value = getattr(self, name)
            if type(value) is not int or value < 1:
                raise InvalidParameterError(f"{name} is {short(value)}: it must be a whole number from 1")
        seconds = self.seconds
        is_number = isinstance(seconds, numbers.Real) and not isinstance(seconds, bool)
        if not (seconds is None or (is_number and (seconds == math.inf or 0 <= seconds <= _LONGEST))):
            shown = short(seconds)
            raise InvalidParameterError(
                f"seconds is {shown}: it must be a number from 0, or None for no limit"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingCall:
    """One call that is about to be made, for whoever approves it; `arguments` are JSON values."""

    id: str
    tool: Tool
    arguments: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The tool's name."""
        return self.tool.name

    def __str__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.arguments.items())
        return f"{self.name}({shown})"


# Yes or no, other arguments, or the reason for a no, which the model is told.
Decision = bool | Mapping[str, Any] | str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done beside asking: tools, who approves them, how far it may go, what is wanted."""

    tools: Toolbox = field(default_factory=Toolbox)
    approve: Callable[[PendingCall], Any] | None = None
    limits: ToolLimits = field(default_factory=ToolLimits)
    wanted: Wanted | None = None
    # Of a provider that is made of others: the options of each, whose keys no tool may tell either.
    members: tuple[Mapping[str, Any], ...] = field(default=(), repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Send:
    """Ask the model these messages and add its answer to the reply."""

    messages: list[dict[str, Any]]
    options: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Approve:
    """Ask the user; the outcome is a `Decision`."""

    call: PendingCall


@dataclass(frozen=True, slots=True)
class Run:
    """Call the tool; the outcome is an `Outcome`. What can be stopped is stopped after so many seconds."""

    tool: Tool
    arguments: Mapping[str, Any]
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call gave: a value or an exception."""

    value: Any = None
    error: BaseException | None = None


Effect = Send | Approve | Run
Steps = Generator[Effect, Any, None]


def checked_plan(
    *,
    tools: Sequence[Any] | None,
    approve: Callable[[PendingCall], Any] | None,
    limits: ToolLimits | None,
    schema: Any,
) -> Plan:
    """The plan of one question, every mistake in it told before anything is sent."""
    if approve is not None and not callable(approve):
        raise InvalidParameterError(f"approve= is {short(approve)}: it must be a function that takes a call")
    if limits is not None and not isinstance(limits, ToolLimits):
        raise InvalidParameterError(
            f"tool_limits= is {short(limits)}: it must be nb.ToolLimits(rounds=…, calls=…, seconds=…)"
        )
    return Plan(
        tools=Toolbox.of(tools),
        approve=approve,
        limits=limits or ToolLimits(),
        wanted=None if schema is None else Wanted.of(schema),
    )
