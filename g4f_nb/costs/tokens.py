"""How many tokens a text has, and how many a model takes: an estimate and a dated table, offline."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Self

import orjson

from g4f_nb.costs.picture_tokens import UNKNOWN_SIZE, picture_tokens, size_of
from g4f_nb.costs.pricing import known_context
from g4f_nb.costs.text_pieces import FEATURES, features_of
from g4f_nb.errors import InvalidParameterError, sort_of
from g4f_nb.files.dataurls import is_data_url, read_data_url
from g4f_nb.messages import check_messages
from g4f_nb.providers.finding.known import look_up
from g4f_nb.providers.models.model import one_named
from g4f_nb.providers.services.rows import Row

# What OpenAI's form of a dialogue adds to its texts: to each message, and to the beginning of the answer.
_A_MESSAGE = 3
_AN_ANSWER = 3
# What every model takes that one can talk to; smaller ones in the tables judge or embed single sentences.
_SMALLEST = 4_000
_A_NAME = 'it must be a name like "openai:gpt-4o-mini"'
_TEXTS = ("text", "input_text", "output_text")


class Estimate(int):
    """A number of tokens that is an estimate and says so; it counts and compares as the number it is.

    `basis` is the tokenizer that was measured, or `None` for a model whose own is not public, or not known
    here; then the numbers of OpenAI's are taken. `margin` is what nine of ten texts stay within.
    """

    basis: str | None
    margin: float | None

    def __new__(cls, count: float, basis: str | None = None, margin: float | None = None) -> Self:
        """The number, rounded."""
        made = super().__new__(cls, round(count))
        made.basis, made.margin = basis, margin
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (int(self), self.basis, self.margin)

    def __repr__(self) -> str:
        sure = "" if self.margin is None else f", ±{self.margin:.0%}"
        return f"about {int(self):,} tokens (an estimate{sure})"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(int(self), spec) if spec else repr(self)


@dataclass(frozen=True, slots=True)
class _Weights:
    name: str
    models: re.Pattern[str]
    margin: float
    values: tuple[float, ...]


def estimate_tokens(
    text_or_messages: str | Sequence[Mapping[str, Any]],
    model: str | None = None,
    *,
    tools: Sequence[Mapping[str, Any]] | None = None,
) -> Estimate:
    """About how many tokens a text, or a dialogue with its pictures and tools, has for a model.

    No tokenizer is loaded and nothing is fetched: what a text is made of is counted and weighed. Measured on
    pieces of 400 to 1,500 characters that the weights had not seen, for OpenAI's models since GPT-4o: half of
    the errors are below 4 % for English, 4 to 6 % for Chinese, Korean and Russian, 7 % for code and the other
    languages of the Latin alphabet; nine of ten stay within 15 %, of single sentences within 18 %. Japanese
    was measured on manuals alone (3 %) and may be a fifth too low in prose. For other models the margin is in
    the answer. Claude's and Gemini's tokenizers are not public, and Claude may well count a third more.
    """
    model = one_named(model)
    if not isinstance(model, str | None):
        raise InvalidParameterError(f"the model is {model!r}: {_A_NAME}")
    _check_tools(tools)
    name = (model or "").lower()
    weights, fits = _weights_for(name)
    if isinstance(text_or_messages, str):
        count = _text_tokens(text_or_messages, weights)
    else:
        count = _AN_ANSWER + sum(
            _message_tokens(message, weights, name) for message in check_messages(text_or_messages)
        )
    if tools is not None and len(tools):
        count += _text_tokens(_as_json(list(tools)), weights)
    return Estimate(count, weights.name if fits else None, weights.margin if fits else None)


def _check_tools(tools: object) -> None:
    if tools is not None and not isinstance(tools, list | tuple | set):
        raise InvalidParameterError(f"tools is {sort_of(tools)}: it must be a list of dicts")


def context_size(model: str) -> int | None:
    """How many tokens a model takes at once, question and answer together; `None` where nobody knows.

    The catalog says it, or else `genai-prices` where the extra `prices` is installed, or else a dated table
    of the commonest models. A local server's window is what it was started with, and is not known here.
    """
    model = one_named(model)
    if not isinstance(model, str) or not model.strip():  # type: ignore[redundant-expr]  # users' own calls
        raise InvalidParameterError(f"the model is {model!r}: {_A_NAME}")
    name, row = _placed(model.strip())
    if row is not None:
        if name in row.context:
            return row.context[name]
        if row.local:
            return None
    found = known_context(name, row.api_base if row is not None else None)
    return found if found is not None else _table_context(name.lower())


def surely_takes(model: str, tokens: float) -> bool:
    """Whether a model takes so many tokens in any case, told without the table that takes a while to load."""
    name, row = _placed(model.strip())
    own = None if row is None else row.context.get(name)
    return tokens <= (_SMALLEST if own is None else own)


def _placed(model: str) -> tuple[str, Row | None]:
    """The model's own name, and the row of its service if it names one."""
    left, colon, right = model.partition(":")
    known = look_up(left) if colon else None
    if known is None:
        return model, None
    return right or (known.row.default_model if known.row is not None else ""), known.row


def _table_context(name: str) -> int | None:
    # Most names of a long listing are none of them: one look for all.
    if _any_known().search(name):
        for pattern, size in _data()["contexts"]["models"].items():
            if re.search(pattern, name):
                return int(size)
    return None


@functools.cache
def _any_known() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in _data()["contexts"]["models"]))


def _message_tokens(message: Mapping[str, Any], weights: _Weights, model: str) -> float:
    content = message.get("content")
    parts = [content] if isinstance(content, str) else content if isinstance(content, Sequence) else []
    count = _A_MESSAGE + sum(_part_tokens(part, weights, model) for part in parts)
    for name in ("tool_calls", "name", "reasoning_content"):
        if message.get(name):
            count += _text_tokens(_as_json(message[name]), weights)
    return count


def _part_tokens(part: Any, weights: _Weights, model: str) -> float:
    if isinstance(part, str):
        return _text_tokens(part, weights)
    if not isinstance(part, Mapping):
        return 0
    if part.get("type") in _TEXTS:
        return _text_tokens(str(part.get("text") or ""), weights)
    if part.get("type") in ("image_url", "input_image"):
        given = part.get("image_url")
        about = given if isinstance(given, Mapping) else part
        url = given.get("url") if isinstance(given, Mapping) else given
        return picture_tokens(model, _size(url), detail=str(about.get("detail") or ""))
    # Of sound, films and documents the services publish no rule that could be told from the bytes.
    return 0


def _size(url: Any) -> tuple[int, int]:
    if isinstance(url, str) and is_data_url(url):
        try:
            return size_of(read_data_url(url)[1]) or UNKNOWN_SIZE
        except ValueError:
            pass
    return UNKNOWN_SIZE


def _text_tokens(text: str, weights: _Weights) -> float:
    if not text:
        return 0
    return max(1.0, sum(map(float.__mul__, weights.values, map(float, features_of(text)))))


def _as_json(value: Any) -> str:
    if isinstance(value, str):
        return value
    try:
        return orjson.dumps(value, default=str).decode()
    except orjson.JSONEncodeError:
        pass
    # Not from within: the original holds what it was given.
    raise InvalidParameterError(
        "what is counted cannot be written as JSON (it holds itself, hundreds of lists one in the other, or "
        "a key that is no text): give tools and messages of texts, numbers, and flat lists and dicts"
    )


def _weights_for(model: str) -> tuple[_Weights, bool]:
    """The weights of a model's tokenizer, and whether it is known to be that one."""
    for weights in _all_weights():
        if weights.models.search(model):
            return weights, True
    return _all_weights()[0], not model


@functools.cache
def _all_weights() -> tuple[_Weights, ...]:
    found = tuple(
        _Weights(name, re.compile(about["models"]), about["margin"], tuple(map(float, about["values"])))
        for name, about in _data()["weights"].items()
    )
    if any(len(weights.values) != len(FEATURES) for weights in found):
        raise ValueError("tokens.toml does not hold one weight for each feature")
    return found


@functools.cache
def _data() -> dict[str, Any]:
    return tomllib.loads(resources.files("g4f_nb.costs").joinpath("tokens.toml").read_text(encoding="utf-8"))
