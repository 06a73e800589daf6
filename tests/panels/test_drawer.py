"""Parameters as a form: each kind its input, what is filled in as values."""

from __future__ import annotations

from typing import Literal

import pytest

from g4f_nb.errors import InvalidParameterError
from g4f_nb.panels.drawer import rows_of, values_of
from g4f_nb.providers import AsyncGeneratorProvider, OpenaiTemplate


class Odd(AsyncGeneratorProvider):
    """Takes one parameter of each kind."""

    working = True

    @classmethod
    async def create_async_generator(
        cls,
        model,
        messages,
        stream: bool = True,
        temperature: float | None = None,
        max_tokens: int = 100,
        web_search: bool | None = None,
        stop: list[str] | None = None,
        aspect_ratio: Literal["1:1", "16:9"] = "1:1",
        reasoning_effort: str | None = None,
        seed: dict | None = None,
        api_key: str | None = None,
    ):
        """Answer nothing."""
        yield ""


def test_each_kind_has_its_input():
    """Numbers, whole ones, yes or no, lists, choices, texts, JSON; no key, no messages."""
    rows = {row["name"]: row for row in rows_of(Odd, {"temperature": 0.5})}
    inputs = {name: row["input"] for name, row in rows.items()}
    assert inputs == {
        "temperature": "number",
        "max_tokens": "integer",
        "web_search": "yesno",
        "stop": "list",
        "aspect_ratio": "choice",
        "reasoning_effort": "text",
        "seed": "json",
    }
    assert rows["temperature"]["value"] == "0.5"
    assert rows["max_tokens"]["default"] == "100"
    assert rows["aspect_ratio"]["choices"] == ["1:1", "16:9"]
    assert rows["web_search"]["choices"] == ["yes", "no"]


def test_what_is_filled_in_becomes_values():
    """An empty field is none; what the provider does not take is left out."""
    texts = {
        "temperature": "1", "max_tokens": "7", "web_search": "no", "stop": "a, b ,", "aspect_ratio": "16:9",
        "reasoning_effort": " ", "seed": '{"a": 1}', "api_key": "never", "nonsense": "x",
    }  # fmt: skip
    assert values_of(Odd, texts) == {
        "temperature": 1, "max_tokens": 7, "web_search": False, "stop": ["a", "b"], "aspect_ratio": "16:9",
        "seed": {"a": 1},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("temperature", "warm"),
        ("temperature", "inf"),
        ("max_tokens", "1.5"),
        ("web_search", "maybe"),
        ("seed", "{"),
    ],
)
def test_what_does_not_fit_is_named(name, text):
    """With the parameter, what was written, and what it is."""
    with pytest.raises(InvalidParameterError, match=name):
        values_of(Odd, {name: text})


def test_no_key_is_asked_for_here():
    """Keys and addresses have another place."""
    names = {row["name"] for row in rows_of(OpenaiTemplate, {})}
    assert not {"api_key", "api_base", "headers", "extra_data", "proxy"} & names
