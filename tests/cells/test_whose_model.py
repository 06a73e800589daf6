"""Whose a model is: what -p names, and classes of the user's, in every place where a model is named."""

from __future__ import annotations

import pytest

from g4f_nb.errors import ModelNotSupportedError
from g4f_nb.providers.models.model import used

_MINE = """
from g4f_nb.providers import AsyncGeneratorProvider
class Mine(AsyncGeneratorProvider):
    models = []
    @classmethod
    async def create_async_generator(cls, model, messages, **kwargs):
        yield f"mine, as {model}"
"""


@pytest.fixture
def mine(asked, shell):
    """A provider class of the user's in the notebook."""
    assert shell.run_cell(_MINE).success
    return asked


def test_a_variable_of_another_provider_is_none_of_this_ones(mine, shell):
    """`-p Mine -m echo` is Mine's model of that name; `OpenaiTemplate:echo` is nobody's there."""
    sent, _ = mine("-p Mine -m echo", "hello")
    assert sent == []
    assert shell.user_ns["_"].text == "mine, as echo"


def test_a_variable_of_the_same_provider_keeps_its_options(mine):
    """Its address is that of the variable."""
    (sent,), _ = mine("-p OpenaiTemplate -m upper", "hello")
    assert sent.body["model"] == "upper"


def test_use_knows_a_class_of_the_users(mine, shell):
    """As -m does, with a model behind its name."""
    assert shell.run_cell("%g4f use Mine:echo").success
    assert (used().provider.__name__, used().model) == ("Mine", "echo")
    mine("", "hello")
    assert shell.user_ns["_"].text == "mine, as echo"


def test_use_refuses_what_a_closed_list_does_not_have(shell):
    """Nothing is chosen."""
    result = shell.run_cell("%g4f use Demo:dmo")
    assert isinstance(result.error_in_exec, ModelNotSupportedError)
    assert used() is None
