"""Functions become tools: name, words and parameters from what Python knows of them, arguments checked."""

# ruff: noqa: D102, D417  # the docstrings are what is tested

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pandas as pd
import pytest
from shapes import Color, Person, Point

from g4f_nb.errors import InvalidParameterError
from g4f_nb.tools import Tool, Toolbox, tool
from g4f_nb.typed.fitting import MisfitError

INT, STR = {"type": "integer"}, {"type": "string"}


def weather(city: str, days: int = 3, unit: Literal["C", "F"] = "C") -> dict:
    """Tell the weather.

    Args:
        city: where
        days: how many
    """
    return {"city": city, "days": days, "unit": unit}


def described(a: Annotated[int, "the first"], b: list[Point], on: dt.date | None = None):
    return a, b, on


def untyped(a, b=2, c=None, *rest, **others):
    """Do it.

    Args:
        a (int): a number
    """
    return a, b, c, rest, others


def only(a: int, b: int = 5, /, c: int = 6, *, d: int):
    return a, b, c, d


async def later(x: int):
    """Wait."""
    return x


class Shop:
    """A shop."""

    def price(self, item: str, *, color: Color = Color.RED) -> float:
        """Tell a price."""
        return len(item) + (color is Color.BLUE)

    @classmethod
    def named(cls, name: str):
        """Make one."""
        return name

    @staticmethod
    def hours(day: str):
        return day

    def __call__(self, question: str):
        """Ask the shop."""
        return question


@dataclass
class Order:
    """An order of something."""

    item: str
    count: int = 1


def test_a_function_is_a_tool():
    """Name, words, parameters with their meaning, defaults and choices."""
    assert tool(weather).as_json() == {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "Tell the weather.",
            "parameters": {
                "type": "object",
                "properties": {
                    "city": STR | {"description": "where"},
                    "days": INT | {"description": "how many", "default": 3},
                    "unit": STR | {"enum": ["C", "F"], "default": "C"},
                },
                "required": ["city"],
                "additionalProperties": False,
            },
        },
    }


@pytest.mark.parametrize(
    ("function", "name", "description", "properties"),
    [
        (later, "later", "Wait.", ["x"]),
        (Shop().price, "price", "Tell a price.", ["item", "color"]),
        (Shop.named, "named", "Make one.", ["name"]),
        (Shop.hours, "hours", "", ["day"]),
        (Shop(), "Shop", "Ask the shop.", ["question"]),
        (Shop, "Shop", "A shop.", []),
        (Order, "Order", "An order of something.", ["item", "count"]),
        (functools.partial(weather, days=1), "weather", "Tell the weather.", ["city", "unit"]),
        (functools.partial(weather, "Rome"), "weather", "Tell the weather.", ["days", "unit"]),
        (functools.partial(Shop().price, color=Color.BLUE), "price", "Tell a price.", ["item"]),
        (functools.lru_cache(weather), "weather", "Tell the weather.", ["city", "days", "unit"]),
        (untyped, "untyped", "Do it.", ["a", "b", "c"]),
        (only, "only", "", ["a", "b", "c", "d"]),
        (abs, "abs", "Return the absolute value of the argument.", ["x"]),
    ],
)
def test_whatever_can_be_called_is_a_tool(function, name, description, properties):
    """Methods, classes, objects, partials, decorated and async functions, builtins."""
    made = tool(function)
    assert (made.name, made.description) == (name, description)
    assert list(made.parameters["properties"]) == properties


def test_a_type_may_come_from_elsewhere():
    """From the default, from the docstring, from nowhere: then anything is taken."""
    properties = tool(untyped).parameters["properties"]
    assert properties == {"a": INT | {"description": "a number"}, "b": INT | {"default": 2}, "c": {}}
    assert tool(untyped).parameters["additionalProperties"] is True


@pytest.mark.parametrize(
    ("function", "given", "result"),
    [
        (weather, {"city": "Rome", "days": "2"}, {"city": "Rome", "days": 2, "unit": "C"}),
        (weather, {"city": "Rome", "days": None}, {"city": "Rome", "days": 3, "unit": "C"}),
        (described, {"a": 1, "b": [{"x": "1"}]}, (1, [Point(1.0)], None)),
        (described, {"a": 1, "b": [], "on": "2025-01-02"}, (1, [], dt.date(2025, 1, 2))),
        (untyped, {"a": 1, "z": 3}, (1, 2, None, (), {"z": 3})),
        (only, {"a": 1, "d": 4}, (1, 5, 6, 4)),
        (only, {"d": 4, "b": 2, "a": "1"}, (1, 2, 6, 4)),
        (Shop().price, {"item": "abc", "color": "blue"}, 4),
        (Order, {"item": "x"}, Order("x")),
        (functools.partial(weather, days=1), {"city": "Rome"}, {"city": "Rome", "days": 1, "unit": "C"}),
        (functools.partial(weather, "Oslo"), {"days": 1}, {"city": "Oslo", "days": 1, "unit": "C"}),
    ],
)
def test_a_tool_is_run_with_what_its_function_wants(function, given, result):
    """Types are made, defaults stay the function's own, positional-only and other names arrive."""
    made = tool(function)
    assert made.run(made.fit(given)) == result


@pytest.mark.parametrize(
    ("function", "given", "words"),
    [
        (weather, {}, "city: is missing"),
        (weather, {"city": "x", "unit": "K"}, 'unit: one of "C", "F"'),
        (weather, {"town": "x"}, "city: is missing; town: is not known: the names are city, days, unit"),
        (described, {"a": "x", "b": [{}]}, r"a: a whole number.*b\[0\]\.x: is missing"),
        (functools.partial(weather, days=1), {"city": "Rome", "days": 9}, "days: is not known"),
        (later, {"x": []}, "x: a whole number"),
    ],
)
def test_wrong_arguments_are_told_to_the_model(function, given, words):
    """All that is wrong, by name; what a partial has settled cannot be changed."""
    with pytest.raises(MisfitError, match=words):
        tool(function).fit(given)


def test_a_bound_value_is_not_shown():
    """A key that a partial holds is in no schema."""

    def fetch(path: str, *, api_key: str = "planted-default"):
        """Get it."""

    for function in (fetch, functools.partial(fetch, api_key="planted")):
        assert "planted" not in str(tool(function).as_json())


def test_a_tool_has_a_name_of_its_own_if_one_is_given():
    """Also as a decorator; the tool can be called like the function."""

    @tool(name="get", description="Get it.")
    def fetch(x: int):
        """Not this."""
        return x

    assert (fetch.name, fetch.description, fetch(5)) == ("get", "Get it.", 5)
    again = tool(fetch, name="other")
    assert (again.name, again.description) == ("other", "Get it.")
    assert tool(tool)  # a tool takes functions of its own kind, too
    assert tool(lambda x: x, name="same").name == "same"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([5], "a tool is a function, not an int"),
        ([lambda x: x], "a lambda has no name"),
        ([weather, weather], "two tools are named 'weather'"),
        (
            [functools.partial(tool, name="größe")(weather) if False else "x"],
            "a tool is a function, not a str",
        ),
        (weather, r"tools is a function: it must be a list, like \[function\]"),
        ({"type": "function"}, "tools is a dict: it must be a list"),
        ("weather", "tools is a str"),
        (5, r"tools is an int: it must be a list, like \[function\]"),
        ([None], "a tool is None, not a function: pass functions"),
    ],
)
def test_what_is_no_tool_is_refused(given, words):
    """Before anything is sent, with the way out."""
    with pytest.raises(InvalidParameterError, match=words):
        Toolbox.of(given)


def test_a_parameter_that_no_model_can_give_is_told():
    """By its name, with its type and the way out."""

    def wait(lock: memoryview) -> None:
        del lock

    with pytest.raises(InvalidParameterError, match=r"because of its parameter 'lock': its type .*a default"):
        Toolbox.of([wait])


def test_a_name_that_no_server_takes_is_refused():
    """Letters, digits, _ and -."""
    with pytest.raises(InvalidParameterError, match="no name for a tool"):
        tool(weather, name="größe")


@pytest.mark.parametrize("given", [weather, None, tool(weather)], ids=["function", "decorator", "tool"])
def test_a_name_or_description_that_is_no_text_is_refused(given):
    """At once, also where a decorator has no function yet."""
    with pytest.raises(InvalidParameterError, match="name= is 5: the name of a tool is a text"):
        tool(given, name=5)
    with pytest.raises(InvalidParameterError, match="description= is 5: the description of a tool is a text"):
        tool(given, description=5)


def test_a_parameter_that_json_cannot_express_needs_a_default():
    """A DataFrame cannot come from a model; with a default the parameter is left out."""

    def count(frame: pd.DataFrame, column: str):
        return len(frame[column])

    def preset(column: str, frame: pd.DataFrame = None):
        return column, frame

    def lost(x: Nowhere):  # noqa: F821
        return x

    with pytest.raises(InvalidParameterError, match=r"'frame': its type DataFrame.*functools\.partial"):
        tool(count)
    with pytest.raises(InvalidParameterError, match="'Nowhere' is not found"):
        tool(lost)
    assert list(tool(preset).parameters["properties"]) == ["column"]
    bound = tool(functools.partial(count, pd.DataFrame({"a": [1, 2]})))
    assert bound.run(bound.fit({"column": "a"})) == 2


def test_pydantic_models_are_parameters():
    """They arrive as instances."""

    def greet(person: Person, more: Any = None):
        return person.name

    made = tool(greet)
    assert made.run(made.fit({"person": {"name": "Ann", "age": 3}})) == "Ann"


def test_a_box_holds_functions_and_dicts():
    """Functions are run here, dicts are passed on as they are; a list in the list is opened."""
    passed = {"type": "function", "function": {"name": "other", "parameters": {}}}
    box = Toolbox.of([weather, passed, [later, tool(untyped)]])
    assert list(box.tools) == ["weather", "later", "untyped"]
    assert box.as_json()[-1] is passed
    assert box.is_passed_on("other")
    assert not box.is_passed_on("weather")
    assert box.unknown("wether") == "There is no tool named 'wether': did you mean 'weather'?"
    assert "there are weather, later, untyped" in box.unknown("zzz")
    assert not Toolbox.of(None)
    assert isinstance(box.tools["later"], Tool)
