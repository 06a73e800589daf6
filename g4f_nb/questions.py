"""`Question`: what is asked, of whom, with which tools and in which form; checked, and ready to be sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any

from g4f_nb.dialogues.driving import Approval
from g4f_nb.dialogues.plans import Plan, ToolLimits, checked_plan
from g4f_nb.errors import InvalidParameterError, UnknownParameterError, short
from g4f_nb.kept.identity import key_of
from g4f_nb.messages import as_messages
from g4f_nb.providers.calling import locate
from g4f_nb.providers.models.model import Model, Provider
from g4f_nb.providers.registry import Resolution
from g4f_nb.providers.sending.adapting import row_in_force
from g4f_nb.reply import Reply
from g4f_nb.secret import Veiled
from g4f_nb.typed.wanted import JsonMode

Prompt = str | Sequence[Mapping[str, Any]]
Chosen = str | Model | Provider | None
Several = Sequence[str | Model | Provider] | None

# What a question takes beside the options of its provider, and how near a slip is to it.
_OWN = (
    "provider",
    "system",
    "schema",
    "tools",
    "approve",
    "tool_limits",
    "cache",
    "fallback",
    "race",
    "media",
)
_NEAR = 0.8
_UNKNOWN = (
    "it cannot be told whether this is the same question again (a class of your own answers it, or a "
    "parameter is no text or number), so it is asked, and its answer is not kept"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked, of whom; ready to be sent. Its repr shows no option, for one may be a key."""

    where: Resolution
    messages: list[dict[str, Any]]
    options: Mapping[str, Any] = field(repr=False)
    plan: Plan = field(default_factory=Plan)
    # Under which key the answer is kept and looked for; `None` where it is not to be, or cannot be.
    key: str | None = None
    # What the user should know of it.
    notices: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        place: tuple[Resolution, Mapping[str, Any]],
        messages: list[dict[str, Any]],
        plan: Plan,
        *,
        cache: bool = False,
    ) -> Question:
        """These messages for what `locate` has found, with tools and the wanted type told in its form."""
        where, options = place
        wanted = plan.wanted
        key = key_of(place, plan, messages) if _checked_cache(cache, plan) else None
        if "tools" in options:
            # An empty list is no tools; some services refuse to be told so.
            options = Veiled({**options, "tools": plan.tools.as_json()} if plan.tools else options)
            if not plan.tools:
                del options["tools"]
        if wanted is not None:
            # Some services do not take both; a model that calls tools understands words well enough.
            told = None if plan.tools else wanted.response_format(_json_mode(where))
            if told is not None and "response_format" not in options:
                options = Veiled({**options, "response_format": told})
            if told is None or told["type"] != "json_schema":
                messages = wanted.asked_in_words(messages)
        notices = (_UNKNOWN,) if cache and key is None else ()
        return cls(where=where, messages=messages, options=options, plan=plan, key=key, notices=notices)

    @property
    def label(self) -> str:
        """`"provider:model"`, for a user's eyes."""
        return self.where.label

    def new_reply(self) -> Reply:
        """An empty reply that knows whom it will come from."""
        reply = Reply(provider=self.where.provider.__name__, model=self.where.model or None)
        reply.messages = list(self.messages)
        reply.returns_reasoning = bool(getattr(self.where.provider, "returns_reasoning", False))
        reply.price = self.where.price
        reply.asked_with = (self.options, *self.plan.members)
        return reply

    def send(self, messages: list[dict[str, Any]], options: Mapping[str, Any]) -> Question:
        """The next round's question to the same model."""
        return replace(self, messages=messages, options=options)


def prepare(
    prompt: Prompt,
    model: Chosen = None,
    *,
    provider: str | Provider | None = None,
    system: str | None = None,
    schema: Any = None,
    tools: Sequence[Any] | None = None,
    approve: Approval = None,
    tool_limits: ToolLimits | None = None,
    cache: bool = False,
    fallback: Several = None,
    race: Several = None,
    interactive: bool = False,
    **options: Any,
) -> Question:
    """Check everything that can be checked before sending, and raise a clear error otherwise.

    It belongs on the user's own thread: looking for a key may need it.
    """
    # A traceback that prints locals must show no key: from here on only names are seen. A partial among the
    # tools may hold one, too, and it shows what it holds.
    options = Veiled(options if tools is None else {**options, "tools": tools})
    tools = None
    model, provider = one_of(model, provider, fallback=fallback, race=race)
    place = placed(model, provider=provider, interactive=interactive, **options)
    plan = plan_of(place, schema=schema, approve=approve, tool_limits=tool_limits)
    return Question.of(place, as_messages(prompt, system), plan, cache=cache)


def placed(
    model: Chosen, *, provider: str | Provider | None, interactive: bool, **options: Any
) -> tuple[Resolution, dict[str, Any]]:
    """`locate`, where a slip of a keyword of questions themselves is told as one: no provider knows them."""
    options = Veiled(options)
    try:
        return locate(model, provider=provider, interactive=interactive, **options)
    except UnknownParameterError as error:
        name = error.parameter
        near = get_close_matches(name, _OWN, 1, _NEAR) if name is not None and name in options else ()
        if not near:
            raise
        failure = UnknownParameterError(
            f"there is no keyword {name}=: did you mean {near[0]}=?", parameter=name, provider=error.provider
        )
    raise failure


def one_of(
    model: Chosen, provider: str | Provider | None, *, fallback: Several, race: Several
) -> tuple[Chosen, str | Provider | None]:
    """Who is asked: the model itself, or several as one."""
    if fallback is None and race is None:
        return model, provider
    from g4f_nb.providers.combined.grouping import grouped

    return grouped(model, provider, fallback=fallback, race=race)


def _checked_cache(cache: object, plan: Plan) -> bool:
    if not isinstance(cache, bool):
        raise InvalidParameterError(
            f"cache= is {short(cache)}: it must be True, for an answer that is kept, or False"
        )
    if cache and plan.tools:
        raise InvalidParameterError("cache=True has no meaning with tools: a kept answer runs no tool")
    return cache


def plan_of(
    place: tuple[Resolution, Mapping[str, Any]],
    *,
    schema: Any = None,
    approve: Approval = None,
    tool_limits: ToolLimits | None = None,
) -> Plan:
    """What is to be done beside asking, for the questions of one place: once for many of them."""
    try:
        plan = checked_plan(tools=place[1].get("tools"), approve=approve, limits=tool_limits, schema=schema)
    except InvalidParameterError as error:
        # Without the frames that hold the functions: what a partial holds, its repr shows.
        failure = error.alone()
    else:
        return replace(plan, members=tuple(_options_of_members(place[0]))) if place[0].places else plan
    raise failure


def _options_of_members(where: Resolution) -> Iterator[Mapping[str, Any]]:
    for place in where.places:
        yield place.options
        if place.where is not None:
            yield from _options_of_members(place.where)


def _json_mode(where: Resolution) -> JsonMode:
    """How a service keeps answers to JSON: as its class says, else its row; unknown is not at all."""
    said = getattr(where.provider, "json_mode", None)
    if said is None and where.address is not None:
        row = row_in_force(where.provider, where.address)
        said = row.json_mode if row is not None else None
    return said or "none"
