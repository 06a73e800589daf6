"""Docstrings of three styles are read for what they say of a function and its parameters."""

from __future__ import annotations

import pytest

from g4f_nb.typed.docstrings import Documented, read_docstring

GOOGLE = """Add two numbers.

    In a second paragraph: more.

    Args:
        a (int, optional): the first
            of them
        b: the second: indeed
        *rest: more

    Returns:
        c: the sum
    """
NUMPY = """Add two numbers.

    In a second paragraph: more.

    Parameters
    ----------
    a : int, optional
        the first
        of them
    b
        the second: indeed
    *rest : float
        more

    Returns
    -------
    c : int
        the sum
    """
SPHINX = """Add two numbers.

    In a second paragraph: more.

    :param int a: the first
        of them
    :param b: the second: indeed
    :param rest: more
    :type rest: float
    :returns: the sum
    :rtype: int
    """


@pytest.mark.parametrize("text", [GOOGLE, NUMPY, SPHINX], ids=["google", "numpy", "sphinx"])
def test_the_three_styles_say_the_same(text):
    """The words before the first section, and each parameter's, lines joined."""
    read = read_docstring(text)
    assert read.summary == "Add two numbers.\n\nIn a second paragraph: more."
    assert read.parameters == {"a": "the first of them", "b": "the second: indeed", "rest": "more"}
    assert read.types["a"] == "int"


@pytest.mark.parametrize(
    "text", ["", "One line.", "Args:", "Args:\n    : x", "Parameters\n---", "::", ":param:"]
)
def test_odd_docstrings_are_no_error(text):
    """Empty sections, marks without names."""
    assert isinstance(read_docstring(text), Documented)


def test_a_colon_in_prose_is_no_section():
    """Only the usual titles begin one."""
    read = read_docstring("Do it.\n\nNote that: x\nRemember:\n    a: b")
    assert read.parameters == {}
    assert "Remember:" in read.summary
