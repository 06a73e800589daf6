"""What `schema=` asks for: told to the server or in words, read back from the answer, mended once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from g4f_nb.errors import InvalidParameterError, shorten
from g4f_nb.typed.fitting import MisfitError, fit
from g4f_nb.typed.forms import Choice, Either, NoFormError, Noted, Scalar, form_of
from g4f_nb.typed.loosejson import NoJsonError, read_json
from g4f_nb.typed.oneline import is_json_schema, type_of_line, type_of_names, type_of_schema
from g4f_nb.typed.schemas import Schema, is_strict, schema_of

JsonMode = Literal["schema", "object", "none"]

# Servers want an object; whatever else is asked for comes under this name.
_VALUE = "value"
_FORMS = 'a type like list[int], a dataclass, TypedDict or pydantic model, or a line like "name, age int"'


class UnfitError(ValueError):
    """The answer is not what was asked for; the message says why, for the user and for the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A type that the answer shall have."""

    kind: Any
    schema: Schema
    wrapped: bool
    name: str = "answer"
    given: Any = field(default=None, repr=False)

    @classmethod
    def of(cls, given: Any) -> Wanted:
        """From whatever `schema=` was given: a type, a line, names and types, or a JSON Schema."""
        kind, schema = _kind_of(given)
        try:
            schema = schema or schema_of(kind)
        except NoFormError as error:
            raise InvalidParameterError(f"schema= is no type for an answer: {error}; give {_FORMS}") from None
        wrapped = schema.get("type") != "object"
        if wrapped:
            inner = dict(schema)
            definitions = inner.pop("$defs", None)
            schema = {
                "type": "object",
                "properties": {_VALUE: inner},
                "required": [_VALUE],
                "additionalProperties": False,
            }
            schema |= {"$defs": definitions} if definitions else {}
        name = "".join(char for char in getattr(kind, "__name__", "") if char.isascii() and char.isalnum())
        return cls(kind=kind, schema=schema, wrapped=wrapped, name=name or "answer", given=given)

    def response_format(self, mode: JsonMode) -> dict[str, Any] | None:
        """What a server's JSON mode is told; `None` where there is none, and words must do."""
        match mode:
            case "schema":
                told = {"name": self.name, "schema": self.schema, "strict": is_strict(self.schema)}
                return {"type": "json_schema", "json_schema": told}
            case "object":
                return {"type": "json_object"}
            case "none":
                return None

    def asked_in_words(self, messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The messages with the wish added to the last one of the user."""
        words = (
            "\n\nAnswer with one JSON object and nothing else: no explanation, no code fence. It must fit "
            f"this JSON Schema:\n{orjson.dumps(self.schema).decode()}"
        )
        copied = [dict(message) for message in messages]
        if not copied or copied[-1].get("role") != "user":
            return [*copied, {"role": "user", "content": words.strip()}]
        content = copied[-1].get("content")
        parts = list(content) if isinstance(content, list) else None
        copied[-1]["content"] = f"{content or ''}{words}" if parts is None else [*parts, _text_part(words)]
        return copied

    def read(self, text: str) -> Any:
        """The answer as what was wanted; raises `UnfitError`."""
        try:
            value = self._value(text)
        except NoJsonError as error:
            value = text.strip()
            if not value or not self.wrapped or not _is_one_word(self.kind):
                reason = "the answer is empty" if not value else str(error)
                raise UnfitError(reason) from None
        try:
            return fit(value, self.kind)
        except MisfitError as error:
            raise UnfitError(str(error)) from None

    def hint(self, problem: str) -> str:
        """What the model is told of an answer that does not fit."""
        return (
            f"Your answer does not fit: {problem}. Answer again with the corrected JSON object and nothing "
            f"else, fitting this JSON Schema:\n{orjson.dumps(self.schema).decode()}"
        )

    def _value(self, text: str) -> Any:
        value = read_json(text, kind=None if self.wrapped else dict)
        if self.wrapped and isinstance(value, dict) and value.keys() == {_VALUE}:
            return value[_VALUE]
        return value


def _kind_of(given: Any) -> tuple[Any, Schema | None]:
    if isinstance(given, str):
        if not given.lstrip().startswith("{"):
            return type_of_line(given), None
        try:
            given = orjson.loads(given)
        except orjson.JSONDecodeError as error:
            raise InvalidParameterError(
                f"schema= begins like JSON but is none ({error}): give {_FORMS}"
            ) from None
    if isinstance(given, Mapping):
        if not given:
            raise InvalidParameterError(f"schema= is an empty dict: give {_FORMS}")
        if is_json_schema(given):
            return type_of_schema(given), dict(given)
        return type_of_names(given), None
    # A table or an array has no one truth, and cannot even be compared with a type.
    array = hasattr(given, "__array__") and not isinstance(given, type)
    if given is None or array or isinstance(given, int | float | bytes | list | set):
        raise InvalidParameterError(f"schema= is {shorten(repr(given), 80)}: give {_FORMS}")
    return given, None


def _is_one_word(kind: Any) -> bool:
    """Whether the bare text of an answer can be the value: a text, a number, a choice."""
    form = form_of(kind)
    match form:
        case Scalar() | Choice():
            return True
        case Noted(inner):
            return _is_one_word(inner)
        case Either(arms):
            return any(map(_is_one_word, arms))
        case _:
            return False


def _text_part(words: str) -> dict[str, str]:
    return {"type": "text", "text": words.strip()}
