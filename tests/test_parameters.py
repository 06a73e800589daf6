"""What a provider takes, read from its signature: names, kinds, defaults, examples, and never a key."""
# the signature alone is what counts here

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable
from inspect import signature
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NewType, Optional, Union

import pytest

from g4f_nb import parameters
from g4f_nb.chunks import BaseConversation, JsonConversation
from g4f_nb.errors import UnknownParameterError
from g4f_nb.parameters import (
    BASIC_PARAMETERS,
    PARAMETER_EXAMPLES,
    SAFE_PARAMETERS,
    ParameterRow,
    parameter_row,
    refuse_unknown,
    resolve_annotation,
    safe_parameters,
)
from g4f_nb.providers import AbstractProvider, AsyncGeneratorProvider, AsyncProvider, OpenaiTemplate

if TYPE_CHECKING:
    from decimal import Decimal

ORIGINAL = [
    "model", "messages", "stream", "timeout", "proxy", "media", "response_format", "prompt",
    "negative_prompt", "tools", "conversation", "history_disabled", "temperature", "top_k", "top_p",
    "frequency_penalty", "presence_penalty", "max_tokens", "stop", "api_key", "api_base", "seed",
    "width", "height", "max_retries", "web_search", "guidance_scale", "num_inference_steps",
    "randomize_seed", "safe", "enhance", "private", "aspect_ratio", "n",
]  # fmt: skip


def test_the_names_are_the_originals_in_order_and_two_more():
    """The first 34 are the original's."""
    assert list(SAFE_PARAMETERS[:34]) == ORIGINAL
    assert SAFE_PARAMETERS[34:] == ("reasoning_effort", "total_timeout")


def test_the_basic_parameters_hold_no_example():
    """The same eight keys; what were examples are `None`, so that nothing sends them."""
    assert dict(BASIC_PARAMETERS) == {
        "provider": None,
        "model": "",
        "messages": [],
        "stream": False,
        "timeout": None,
        "response_format": None,
        "max_tokens": None,
        "stop": None,
    }


def test_the_examples_are_the_originals_and_three_more():
    """Twelve names, then what used to stand among the defaults."""
    three = {"timeout": 120, "max_tokens": 4096, "stop": ["stop1", "stop2"]}
    assert len(PARAMETER_EXAMPLES) == 15
    assert {name: PARAMETER_EXAMPLES[name] for name in three} == three
    assert PARAMETER_EXAMPLES["temperature"] == 1
    assert [message["role"] for message in PARAMETER_EXAMPLES["messages"]] == ["system", "user"]


@pytest.mark.parametrize("table", [BASIC_PARAMETERS, PARAMETER_EXAMPLES])
def test_the_tables_are_read_only(table):
    """No caller changes what the next one gets."""
    assert isinstance(table, MappingProxyType)
    with pytest.raises(TypeError):
        table["model"] = "x"


class _Everything(AsyncGeneratorProvider):
    default_model = "m-1"

    @staticmethod
    async def create_async_generator(
        model: str,
        messages: list,
        stream: bool = True,
        temperature: float | None = None,
        stop: list[str] | None = None,
        api_key: str = "planted-key",
        conversation: BaseConversation | None = None,
        width: Optional[int] = None,  # noqa: UP045
        not_safe: int = 3,
        **kwargs: Any,
    ):
        """Give nothing."""
        yield ""


def test_as_json_is_a_filled_in_request():
    """Defaults, else examples, else zeros; the basic keys always; the key masked."""
    filled = _Everything.get_parameters(as_json=True)
    assert filled == {
        "provider": "_Everything",
        "model": "m-1",
        "messages": [{"role": "user", "content": ""}],
        "stream": True,
        "timeout": None,
        "response_format": None,
        "max_tokens": None,
        "stop": ["stop1", "stop2"],
        "temperature": 1,
        "api_key": "***",
        "conversation": PARAMETER_EXAMPLES["conversation"],
        "width": 0,
    }


def test_what_is_given_is_a_copy():
    """Changing a result changes neither the tables, nor the signature, nor the next result."""
    before = _Everything.get_parameters(as_json=True)
    spoilt = _Everything.get_parameters(as_json=True)
    spoilt["stop"].append("x")
    spoilt["messages"][0]["content"] = "x"
    spoilt["messages"].append("x")
    spoilt["conversation"].clear()
    assert _Everything.get_parameters(as_json=True) == before
    AbstractProvider.get_parameters(as_json=True)["messages"].append("x")
    assert BASIC_PARAMETERS["messages"] == []


def test_all_messages_of_the_example_where_system_messages_are_taken():
    """Otherwise the last one only."""

    class Both(_Everything):
        supports_system_message = True

    assert [m["role"] for m in Both.get_parameters(as_json=True)["messages"]] == ["system", "user"]


def test_a_parameter_tells_its_default_from_its_example():
    """`stop` has no default: a form that reads the rows sends nothing."""
    rows = {row.name: row for row in _Everything.get_parameter_rows()}
    assert rows["stop"] == ParameterRow(
        name="stop", kind="list[str] | None", default=None, example=["stop1", "stop2"]
    )
    assert (rows["stream"].default, rows["stream"].value) == (True, True)
    assert (rows["width"].default, rows["width"].value) == (None, 0)
    assert rows["api_key"].default == "***"
    rows["stop"].example.append("x")
    assert _Everything.get_parameter_rows()[4].example == ["stop1", "stop2"]
    found = _Everything.get_parameters()
    assert list(found) == [
        "model",
        "messages",
        "stream",
        "temperature",
        "stop",
        "api_key",
        "conversation",
        "width",
    ]
    assert found["stop"].default is None
    assert found["stream"].default is True


def test_a_provider_that_does_not_stream_has_no_such_parameter():
    """`supports_stream` decides, on every kind of class."""

    class Whole(_Everything):
        supports_stream = False

    assert "stream" not in Whole.get_parameters()
    assert Whole.get_parameters(as_json=True)["stream"] is False
    assert list(AsyncProvider.get_parameters()) == ["model", "messages"]


class _Named(dict):
    pass


_Id = NewType("_Id", int)
ANNOTATIONS = [
    (int, 0),
    (float, 0.0),
    (bool, False),
    (str, ""),
    (dict, {}),
    (list, []),
    (_Named, {}),
    (None, None),
    (type(None), None),
    (list[str], []),
    (dict[str, int], {}),
    (bool | None, False),
    (None | bool, False),
    (Optional[float], 0.0),  # noqa: UP045
    (Union[None, list[int], str], []),  # noqa: UP007
    (Optional["int"], 0),
    (Literal["low", "high"], "low"),
    (Literal["low"] | None, "low"),
    (BaseConversation, {}),
    (JsonConversation | None, {}),
    (Any, None),
    (_Id, 0),
    (NewType("_Deep", _Id) | None, 0),
    (Annotated[int, "pixels"], 0),
    (Annotated[Literal["low", "high"] | None, "effort"], "low"),
    (tuple[int, ...], None),
    (Callable[[int], str], None),
    (object, None),
    ("int", 0),
    ("str", ""),
    ("bool | None", False),
    ("list[str]", []),
    ("Optional[int]", 0),
    ("Literal['a', 'b']", "a"),
    ("Decimal", None),
    ("Decimal | None", None),
    ("decimal.Decimal[int] | None", None),
    ("dict[str, Decimal] | None", {}),
    ("list[Decimal]", []),
    ("Literal['low'] | Decimal", "low"),
    ("Annotated[bool, Decimal(1)]", False),
    ("'int'", 0),
    ("Optional['list[Decimal]']", []),
    ("no annotation at all (", None),
]


@pytest.mark.parametrize(("annotation", "zero"), ANNOTATIONS, ids=str)
def test_the_zero_of_every_form_of_annotation(annotation, zero):
    """The first arm of a union that is not None, the first literal, `bool` before `int`."""

    def main(width=None):
        pass

    main.__annotations__ = {"width": annotation}
    value = parameter_row(signature(main).parameters["width"], main).example
    assert value == zero
    assert type(value) is type(zero)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the statement is new in 3.12")
@pytest.mark.parametrize(
    ("alias", "zero"),
    [
        ("type Size = int", 0),
        ("type Size = bool | None", False),
        ("type Inner = list[str]\ntype Size = Inner | None", []),
        ("type Size[T] = dict[str, T]", {}),
        ("type Size = NotThere | None", None),
    ],
)
def test_an_alias_is_what_it_stands_for(alias, zero):
    """The `type` statement, used as a name, within a union, or with a parameter of its own."""
    names = {}
    exec(alias, names)  # noqa: S102  # a statement that the oldest Python cannot read
    generic = "[T]" in alias
    for annotation in ("Size[int]" if generic else "Size", names["Size"], "Size | None"):
        code = "def main(width=None): ..."
        exec(code, names)  # noqa: S102
        names["main"].__annotations__ = {"width": annotation}
        value = parameter_row(signature(names["main"]).parameters["width"], names["main"]).example
        assert value == zero
        assert type(value) is type(zero)


def test_a_parameter_without_annotation_has_no_zero():
    """Nothing is known of it."""

    def main(width=None):
        pass

    assert parameter_row(signature(main).parameters["width"], main).example is None


def test_text_is_resolved_one_by_one():
    """One name imported for typing only spoils no other; it stays its own text."""

    def main(amount: Decimal, width: int): ...

    written = signature(main).parameters
    assert resolve_annotation(written["amount"].annotation, main) == "Decimal"
    assert resolve_annotation(written["width"].annotation, main) is int
    assert parameter_row(written["width"], main).example == 0


def test_params_is_a_text_on_the_class():
    """Names, types as written, defaults; the key masked; a text and no method, on every Python."""
    assert type(_Everything.params) is str
    lines = _Everything.params.splitlines()
    assert lines[0] == "_Everything supports: ("
    assert lines[1] == "    model: str,"
    assert "    temperature: float | None = None," in lines
    assert '    api_key: str = "***",' in lines
    assert lines[-1] == ")"
    assert "planted" not in _Everything.params
    assert "not_safe" not in _Everything.params


def test_types_are_written_as_their_author_wrote_them():
    """Also where the annotations are no text but types."""

    class Typed(AbstractProvider):
        supports_stream = True
        default_model: ClassVar = "best"

        @classmethod
        def create_completion(
            cls, model="", messages=(), stream=False, temperature=None, stop=None, **kwargs
        ):
            """Give nothing."""

    names = {"model": str, "stream": bool, "temperature": float, "stop": Optional[list[str]]}  # noqa: UP045
    Typed.create_completion.__func__.__annotations__ = names
    assert Typed.params == (
        'Typed supports: (\n    model: str = "best",\n    messages = (),\n    stream: bool = False,\n'
        "    temperature: float = None,\n    stop: Optional[list[str]] = None,\n)"
    )


def test_the_template_shows_what_it_takes():
    """The original's parameters and ours."""
    found = OpenaiTemplate.get_parameters()
    assert {"temperature", "tools", "seed", "n", "max_retries", "reasoning_effort", "api_base"} <= set(found)
    assert all(name in OpenaiTemplate.params for name in found)
    filled = OpenaiTemplate.get_parameters(as_json=True)
    assert (filled["timeout"], filled["api_key"], filled["seed"]) == (120, "", 42)


def test_only_safe_names_are_shown():
    """`headers` and `ssl` are no part of a request that may be shown."""
    shown = safe_parameters(OpenaiTemplate.create_async_generator)
    assert not {"headers", "ssl", "connector", "extra_data"} & set(shown)


def test_an_unknown_keyword_is_refused_with_the_nearest():
    """By name; where nothing is near, with all of them."""
    with pytest.raises(UnknownParameterError, match=r"Groq takes no parameter 'temprature'.*'temperature'"):
        refuse_unknown(["model", "temprature"], SAFE_PARAMETERS, provider="Groq")
    with pytest.raises(UnknownParameterError, match="it takes a, b") as caught:
        refuse_unknown(["zzz"], ["b", "a"], provider="Groq")
    assert isinstance(caught.value, builtins.TypeError)
    assert caught.value.provider == "Groq"
    refuse_unknown([], [], provider="Groq")
    assert parameters.MASK == "***"
