"""What a cell would send: where to, with which parameters, and for about how much. Nothing is sent."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from g4f_nb.cells.wording import in_flags
from g4f_nb.chunks import Usage
from g4f_nb.conversations.turns import Content, prompt_text
from g4f_nb.costs.pricing import cost_of
from g4f_nb.costs.tokens import context_size, estimate_tokens
from g4f_nb.errors import ModelNotSupportedError, shorten
from g4f_nb.masking import mask_of_calls
from g4f_nb.messages import content_text
from g4f_nb.providers.models.model import HOST_BOUND
from g4f_nb.providers.registry import Resolution
from g4f_nb.questions import Question
from g4f_nb.secret import Secret, Veiled, redact
from g4f_nb.tables import Table

if TYPE_CHECKING:
    import pandas as pd

# What was said before is only called to mind; what is asked now is shown.
_BEFORE, _NOW = 100, 4000
_PROMPT = 300
# What is no parameter for the model's eyes, or is told in rows of its own.
_APART = HOST_BOUND | {"tools", "timeout", "proxy", "places", "response_format"}


def plan_of(question: Question, notices: Sequence[str] = (), *, refused: str = "") -> Table:
    """The question as a table; no key is in it. `refused` is why it would not be sent."""
    refused = refused or _refused(question)
    # What was said before may repeat a key, and this is saved with the notebook.
    mask = mask_of_calls((question.options, *question.plan.members))
    rows = [
        *([("refused", refused)] if refused else []),
        *question.where.table().rows,
        *_members(question.where),
        *_parameters(question),
        *(_message(message, mask, whole=message is question.messages[-1]) for message in question.messages),
        *_costs(question),
        *(("note", notice) for notice in notices),
    ]
    title = "This would be refused, and nothing sent." if refused else "This would be sent; nothing was."
    return Table(tuple(rows), title=title)


def _members(where: Resolution) -> Iterator[tuple[str, str]]:
    """Of several that answer as one, each with where it would be asked, or why it would not be."""
    for number, place in enumerate(where.places, 1):
        there = place.where
        if there is None:
            told = f"{place.name}, which would not be asked: {in_flags(str(place.fault))}"
        else:
            at = f" at {there.host}" if there.host else ""
            told = f"{there.label}{at} (key: {there.key_words})"
        yield f"model {number}", told


def _refused(question: Question) -> str:
    """Why nothing would be sent, as far as that can be told: nobody can be asked, or has no such model."""
    places = question.where.places
    if places and all(place.where is None for place in places):
        return "none of these models can be asked: mend what is said of one of them"
    provider: Any = question.where.provider
    if not getattr(provider, "models", None):
        return ""
    try:
        provider.get_model(question.where.model)
    except ModelNotSupportedError as error:
        return in_flags(str(error))
    return ""


def plan_without_key(
    where: Resolution, messages: list[dict[str, Any]], parameters: Mapping[str, Any], missing: str
) -> Table:
    """The same where the key is missing: what it would cost can be looked at before one has a key."""
    question = Question(where=where, messages=messages, options=Veiled(parameters))
    return plan_of(question, refused=in_flags(missing))


def plan_of_several(frame: pd.DataFrame, content: Content, system: str | None) -> Table:
    """What a comparison would send, a row a model, from the table that its dry run gives."""
    found = frame.astype(object).where(frame.notna(), None).to_dict("records")
    rows = [_place(row) for row in found]
    costs = frame["cost_usd"].fillna(0).sum()
    said = [("system prompt", system), ("prompt", prompt_text(content))]
    notes = [f"{name}: {shorten(' '.join(text.split()), _PROMPT)}" for name, text in said if text]
    notes += [
        f"{_label(row)} would not be asked: {in_flags(str(row['error']))}" for row in found if row["error"]
    ]
    notes += [f"in all about ${costs:.6f}"] if costs and len(rows) > 1 else []
    send = sum(row[-1] == "" for row in rows)
    title = f"This would be sent to {send} of {len(rows)} models; nothing was."
    headings = ("model", "tokens", "price", "")
    return Table(tuple(rows), headings, title=title, note="\n".join(notes))


def _place(row: Mapping[Any, Any]) -> tuple[str, str, str, str]:
    """One model, with what it would take and cost, or why it would not be asked."""
    label = _label(row)
    if row["error"]:
        return label, "", "", "would not be asked"
    tokens = f"{row['in_tokens']:,} → about {row['out_tokens']:,}" if row["in_tokens"] else ""
    if row["cached"]:
        return label, tokens, "", "its answer is kept: nothing would be sent"
    usd, source = row["cost_usd"], row["price_source"]
    price = "not known" if usd is None else f"about ${usd:.6f} ({source})" if usd else f"free ({source})"
    return label, tokens, price, ""


def _label(row: Mapping[Any, Any]) -> str:
    return f"{row['provider']}:{row['model']}" if row["model"] else str(row["provider"])


def _parameters(question: Question) -> Iterator[tuple[str, str]]:
    given = {
        name: value
        for name, value in question.options.items()
        if name not in _APART and value is not None and not isinstance(value, Secret)
    }
    if given:
        yield "parameters", redact(", ".join(f"{name}={value!r}" for name, value in given.items()))
    if question.plan.tools:
        names = [*question.plan.tools.tools]
        names += [str((one.get("function") or one).get("name")) for one in question.plan.tools.passed_on]
        yield "tools", ", ".join(names)
    if question.plan.wanted is not None:
        yield (
            "schema",
            question.plan.wanted.name + ": " + ", ".join(question.plan.wanted.schema.get("properties", {})),
        )


def _message(message: Mapping[str, Any], mask: Callable[[str], str], *, whole: bool) -> tuple[str, str]:
    content = message.get("content")
    said = mask(content_text(content))
    beside = _media(content)
    calls = message.get("tool_calls")
    said = said or (f"(calls {', '.join(_name(call) for call in calls)})" if calls else "")
    shown = "\n".join(filter(None, [said, *beside]))
    system = message.get("role") == "system"
    if not whole and not system:
        shown = " ".join(shown.split())
    return str(message.get("role")), shorten(shown, _NOW if whole or system else _BEFORE)


def _name(call: Mapping[str, Any]) -> str:
    return str((call.get("function") or {}).get("name"))


def _media(content: Any) -> list[str]:
    """Pictures and other files, by kind: their bytes say nothing to a reader."""
    if not isinstance(content, Sequence) or isinstance(content, str):
        return []
    kinds = [str(part.get("type")) for part in content if isinstance(part, Mapping)]
    return [f"(with: {kind.removeprefix('input_')})" for kind in kinds if kind not in ("text", "input_text")]


def _costs(question: Question) -> Iterator[tuple[str, str]]:
    where = question.where
    tools = question.plan.tools.as_json() if question.plan.tools else None
    tokens = estimate_tokens(question.messages, where.label, tools=tools)
    size = context_size(where.label)
    room = f", of {size:,} that the model takes" if size else ""
    yield "tokens", f"{tokens}{room}"
    usual = question.options.get("max_tokens")
    out = usual if isinstance(usual, int) else 500
    made = cost_of(
        Usage(int(tokens), out, int(tokens) + out),
        provider=where.provider.__name__,
        model=where.model,
        url=where.host,
        own=where.price,
    )
    if made is None:
        table = "" if importlib.util.find_spec("genai_prices") else ", or install g4f_nb[prices]"
        yield "price", f"not known here: set it in prices.toml{table}"
    elif not made.usd:
        yield "price", f"free ({made.source})"
    else:
        yield "price", f"about ${made.usd:.6f} with an answer of {out:,} tokens ({made.source})"
