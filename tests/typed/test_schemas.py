"""Every usual form of annotation has a JSON Schema, and what has none says where and why."""

from __future__ import annotations

import collections
import datetime as dt
import decimal
import pathlib
import typing
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import make_dataclass
from typing import Annotated, Any, Literal, Optional, TypeVar, Union

import pandas as pd
import pytest
from annotated_types import Ge, Len
from shapes import Color, Film, Level, Lost, Mixed, Pair, Percent, Person, Point, Team, Tree, UserId
from typing_extensions import ReadOnly, TypeAliasType

from g4f_nb.typed.forms import Field, NoFormError
from g4f_nb.typed.schemas import is_strict, schema_of, schema_of_fields

T = TypeVar("T")
STR, INT, NUM, NULL = ({"type": name} for name in ("string", "integer", "number", "null"))


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        (str, STR),
        (int, INT),
        (float, NUM),
        (bool, {"type": "boolean"}),
        (None, NULL),
        (Any, {}),
        (object, {}),
        (T, {}),
        (UserId, INT),
        (TypeAliasType("Alias", list[int]), {"type": "array", "items": INT}),
        (ReadOnly[int], INT),
        (decimal.Decimal, NUM),
        (dt.datetime, {"type": "string", "format": "date-time"}),
        (dt.date, {"type": "string", "format": "date"}),
        (dt.time, {"type": "string", "format": "time"}),
        (pd.Timestamp, {"type": "string", "format": "date-time"}),
        (dt.timedelta, {"type": "number", "description": "in seconds"}),
        (uuid.UUID, {"type": "string", "format": "uuid"}),
        (pathlib.Path, {"type": "string", "description": "a path"}),
        (list, {"type": "array", "items": {}}),
        (list[int], {"type": "array", "items": INT}),
        (typing.List[int], {"type": "array", "items": INT}),  # noqa: UP006
        (Sequence[str], {"type": "array", "items": STR}),
        (Iterable[str], {"type": "array", "items": STR}),
        (set[int], {"type": "array", "items": INT, "uniqueItems": True}),
        (collections.deque[int], {"type": "array", "items": INT}),
        (tuple[int, ...], {"type": "array", "items": INT}),
        (tuple[int, int], {"type": "array", "items": INT, "minItems": 2, "maxItems": 2}),
        (tuple[int, str], {"type": "array", "prefixItems": [INT, STR], "minItems": 2, "maxItems": 2}),
        (dict, {"type": "object", "additionalProperties": True}),
        (dict[str, int], {"type": "object", "additionalProperties": INT}),
        (
            Mapping[str, list[int]],
            {"type": "object", "additionalProperties": {"type": "array", "items": INT}},
        ),
        (Optional[int], {"anyOf": [INT, NULL]}),  # noqa: UP045
        (int | None, {"anyOf": [INT, NULL]}),
        (Union[int, str], {"anyOf": [INT, STR]}),  # noqa: UP007
        (Union[int, UserId], INT),  # noqa: UP007
        (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}),
        (Literal[1, "b", None], {"enum": [1, "b", None]}),  # noqa: PYI061
        (Literal[Color.RED], {"type": "string", "enum": ["red"]}),
        (Color, {"type": "string", "enum": ["red", "blue"]}),
        (Level, {"type": "integer", "enum": [1, 2]}),
        (Annotated[int, "how many"], {"type": "integer", "description": "how many"}),
        (Annotated[int, Ge(1)], {"type": "integer", "minimum": 1}),
        (Annotated[list[int], Len(1, 3)], {"type": "array", "items": INT, "minItems": 1, "maxItems": 3}),
        (Percent, {"type": "number", "description": "in percent", "minimum": 0, "maximum": 100}),
    ],
    ids=str,
)
def test_a_type_has_its_schema(annotation, schema):
    """Plain types, containers, unions, choices, dates and notes."""
    assert schema_of(annotation) == schema


def _object(required, **properties):
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def test_records_have_their_parts():
    """Dataclass, TypedDict and NamedTuple; docstrings of one's own are told, Python's are not."""
    point = _object(["x"], x=NUM | {"description": "to the right"}, y=NUM | {"default": 0.0})
    assert schema_of(Point) == point | {"description": "A place in the plane."}
    assert schema_of(Film) == _object(["title"], title=STR, year=INT) | {"description": "A film."}
    assert schema_of(Pair) == _object(["left"], left=INT, right=STR | {"default": "r"})
    assert schema_of(make_dataclass("Made", [("a", int)])) == _object(["a"], a=INT)
    many = {"type": "array", "items": NUM}
    mood = {"type": "string", "enum": ["good", "bad"]}
    assert schema_of(Mixed) == _object(["many", "mood"], many=many, mood=mood, at={})


def test_a_type_that_holds_itself_is_a_definition():
    """As Python writes it and as pydantic does."""
    tree = schema_of(Tree)
    assert tree["$ref"] == "#/$defs/Tree"
    assert tree["$defs"]["Tree"]["properties"]["children"]["items"] == {"$ref": "#/$defs/Tree"}
    person = schema_of(list[Person])
    assert person["items"] == {"$ref": "#/$defs/Person"}
    assert person["$defs"]["Person"]["properties"]["age"] == {"type": "integer", "minimum": 0}


def test_pydantic_s_schema_is_made_plain():
    """References are replaced, for few servers know them; titles, which say nothing new, go."""
    schema = schema_of(Team)
    assert schema["properties"]["lead"] == {
        "type": "object",
        "properties": {"title": {"type": "string"}},
        "required": ["title"],
    }
    assert "$defs" not in schema
    assert "title" not in schema
    assert schema["properties"]["color"] == {"type": "string", "enum": ["red", "blue"], "default": "red"}


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (bytes, "bytes cannot be written in JSON"),
        (Callable[[], int], "cannot be written"),
        (list[pd.DataFrame], "DataFrame cannot be written"),
        (Lost, "part: its type 'Unknown' is not found"),
        (make_dataclass("Made", [("a", complex)]), "a: its type complex"),
        ("Nowhere", "'Nowhere' is not found"),
    ],
    ids=str,
)
def test_what_json_cannot_say_is_refused(annotation, words):
    """The message names the type and where it stands."""
    with pytest.raises(NoFormError, match=words):
        schema_of(annotation)


def test_what_may_be_left_out_need_not_be_null():
    """An optional parameter is of its type or absent: fewer servers understand a union with null."""
    fields = [
        Field("a", int | None, required=False, default=None),
        Field("b", Annotated[int | None, "words"], required=False),
    ]
    properties = schema_of_fields(fields)["properties"]
    assert properties == {"a": INT, "b": INT | {"description": "words"}}


@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("api_key", "abc"),
        ("n", None),
        ("text", "x" * 1000),
        ("at", object()),
        ("auth", "sk-1234567890abcdef"),
    ],
)
def test_a_default_that_is_no_help_is_not_told(name, default):
    """Keys, by name or by look, long texts and what JSON has no word for."""
    schema = schema_of_fields([Field(name, Any, required=False, default=default)])
    assert schema["properties"][name] == {}


@pytest.mark.parametrize(
    ("annotation", "strict"),
    [
        (make_dataclass("Made", [("a", int | None), ("b", list[Literal["x"]])]), True),
        (Point, False),
        (Film, False),
        (make_dataclass("Made", [("a", dict[str, int])]), False),
        (make_dataclass("Made", [("a", Any)]), False),
        (Person, False),
    ],
    ids=str,
)
def test_strict_schemas_are_told_apart(annotation, strict):
    """Strict servers refuse defaults, open objects and parts of any type."""
    assert is_strict(schema_of(annotation)) is strict
