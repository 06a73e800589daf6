"""A record in one line, names and types, or JSON Schema: each is a type like any other."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pytest
from shapes import Person

from g4f_nb.errors import InvalidParameterError
from g4f_nb.typed.fitting import MisfitError, fit
from g4f_nb.typed.oneline import is_json_schema, type_of_line, type_of_names, type_of_schema
from g4f_nb.typed.schemas import schema_of

STR, INT, NUM, NULL = ({"type": name} for name in ("string", "integer", "number", "null"))


@pytest.mark.parametrize(
    ("line", "properties"),
    [
        ("name", {"name": STR}),
        ("name, age int", {"name": STR, "age": INT}),
        (" name str ,age integer, ", {"name": STR, "age": INT}),
        ("a float, b number, c bool", {"a": NUM, "b": NUM, "c": {"type": "boolean"}}),
        ("on date", {"on": {"type": "string", "format": "date"}}),
        ("mood good|bad", {"mood": {"type": "string", "enum": ["good", "bad"]}}),
        ("mood 'so so' | bad", {"mood": {"type": "string", "enum": ["so so", "bad"]}}),
        ("tags str[]", {"tags": {"type": "array", "items": STR}}),
        (
            "tags list[str], n list of int",
            {"tags": {"type": "array", "items": STR}, "n": {"type": "array", "items": INT}},
        ),
        ("n int?", {"n": {"anyOf": [INT, NULL]}}),
        ("n? int", {"n": {"anyOf": [INT, NULL]}}),
        ("name: the full name, as written", {"name": STR | {"description": "the full name, as written"}}),
        (
            "name: the person's name, age int: in years",
            {"name": STR | {"description": "the person's name"}, "age": INT | {"description": "in years"}},
        ),
        (
            "name\nage int\nbio: short, sweet",
            {"name": STR, "age": INT, "bio": STR | {"description": "short, sweet"}},
        ),
        (
            "score float: 0 to 1",
            {"score": NUM | {"description": "0 to 1", "minimum": 0.0, "maximum": 1.0}},
        ),
        ("größe int", {"größe": INT}),
    ],
)
def test_a_line_is_a_record(line, properties):
    """Names, types, choices, lists, what may be missing, words for the model."""
    schema = schema_of(type_of_line(line))
    assert schema["properties"] == properties
    assert schema["required"] == list(properties)


def test_brackets_are_a_list():
    """Several records of one kind; values are plain dicts."""
    people = type_of_line("[name, age int]")
    assert schema_of(people)["type"] == "array"
    assert fit([{"name": "a", "age": "3"}], people) == [{"name": "a", "age": 3}]


def test_a_range_is_checked():
    """Words like `0 to 1` are bounds, too."""
    scores = type_of_line("score float: 0 to 1")
    assert fit({"score": 1}, scores) == {"score": 1.0}
    with pytest.raises(MisfitError, match="at most 1"):
        fit({"score": 7}, scores)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "is empty"),
        ("[ ]", "is empty"),
        ("age itn", "did you mean 'int'"),
        ("name age years", "which is none: write it like"),
        ("1st", "without a name"),
        ("a, b, a int", "'a' twice"),
    ],
)
def test_a_line_that_is_none_says_how_to_write_it(line, words):
    """The nearest type, or an example."""
    with pytest.raises(InvalidParameterError, match=words):
        type_of_line(line)


def test_names_and_types_are_a_record():
    """A dict of types."""
    assert fit({"city": "Rome", "n": "3"}, type_of_names({"city": str, "n": int})) == {"city": "Rome", "n": 3}


@pytest.mark.parametrize(
    "annotation",
    [
        Person,
        type_of_line("name, age int?, tags str[], mood good|bad, score float: 0 to 1"),
        list[int],
        dict[str, list[float]],
        int | str | None,
    ],
    ids=str,
)
def test_a_json_schema_is_read_back(annotation):
    """What we write ourselves, as a type again, has the same schema."""
    schema = schema_of(annotation)
    again = schema_of(type_of_schema(schema))
    if annotation is Person:  # it holds itself, which is checked to its first round
        assert again["properties"]["age"] == {"type": "integer", "minimum": 0}
    else:
        assert again == schema


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}, {"a": 1}, {}),
        ({"type": ["integer", "null"]}, None, "x"),
        ({"oneOf": [{"type": "integer"}, {"type": "boolean"}]}, True, "x"),
        ({"const": 5}, 5, 6),
        (
            {"properties": {"a": {"$ref": "#/definitions/A"}}, "definitions": {"A": {"type": "integer"}}},
            {"a": 1},
            {"a": []},
        ),
        ({"type": "object"}, {"x": 1}, []),
        ({}, object, None),
        ({"type": "nonsense"}, object, None),
    ],
)
def test_the_usual_words_of_json_schema_are_checked(schema, good, bad):
    """What is not understood is let through."""
    annotation = type_of_schema(schema)
    assert fit(good, annotation) == good
    if bad is not None:
        with pytest.raises(MisfitError):
            fit(bad, annotation)


def test_a_schema_is_told_from_names_and_types():
    """`{"type": str}` has a field of that name."""

    @dataclass
    class Here:
        a: int

    assert is_json_schema({"type": "object"})
    assert is_json_schema({"properties": {}})
    assert not is_json_schema({"type": str, "city": Here})
    assert not is_json_schema({"city": str})
    assert schema_of(type_of_names({"on": dt.date}))["properties"]["on"]["format"] == "date"
