"""Formulas: what browsers draw, what stays as it was typed, and that nothing of a model's TeX can act."""

from __future__ import annotations

import re

import pytest

from g4f_nb.showing.formulas import mathml
from g4f_nb.showing.rendering import HtmlStream, safe_html


def test_a_formula_is_drawn_by_the_browser_itself():
    """Fractions, roots, sums and matrices become MathML, in a line or as a block of their own."""
    html = safe_html("The roots are $x = \\frac{-b}{2a}$.\n\n$$\\sum_{n=1}^\\infty n$$")
    assert (
        "<mfrac><mrow><mo>\N{MINUS SIGN}</mo><mi>b</mi></mrow><mrow><mn>2</mn><mi>a</mi></mrow></mfrac>"
        in html
    )
    assert '<div class="g4f-math"><math display="block">' in html
    assert "$" not in html


@pytest.mark.parametrize(
    "tex",
    [
        "\\frac{",
        "\\unknowncommand{x}",
        "x" * 3000,
        "{" * 400 + "x" + "}" * 400,
        "\\left(" * 300,
        "^" * 100,
        "",
    ],
)
def test_what_is_no_formula_stays_as_it_was_typed(tex):
    """Half a formula, an unknown command, one without end: nothing fails, and nothing takes long."""
    assert (mathml(tex) or "<math").startswith("<math")
    html = safe_html(f"before\n\n$$\n{tex}\n$$\n\nafter")
    assert "before" in html
    assert "after" in html


@pytest.mark.parametrize(
    "tex",
    [
        "\\href{javascript:window.pwned=1}{x}",
        "\\class{g4f-root}{x}",
        "\\style{background:url(//x)}{x}",
        "\\text{<img src=x onerror=window.pwned=1>}",
        'x \\color{red" onload="window.pwned=1}{y}',
        "</math><script>window.pwned=1</script>",
    ],
)
def test_nothing_of_it_can_act(tex):
    """Links, styles, classes and tags within a formula do not get out of it."""
    tags = re.findall(r"<[^>]*>", mathml(tex) or "")
    assert all(
        re.fullmatch(r"</?m[a-z]+( (display|stretchy|fence|form|width)=\"[\w.]*\")*>", tag) for tag in tags
    )


def test_a_formula_in_a_growing_text_comes_once_it_is_whole():
    """Until its end is there it is text; what stands before it stays as it was sent."""
    stream = HtmlStream()
    stream.add("A line.\n\nAnd $x^")
    first = stream.take()
    assert "<math" not in first.open
    stream.add("2$ here.")
    assert "<msup>" in stream.take().open


def test_where_formulas_are_not_wanted_they_stay_in_code():
    """A saved transcript may be shown where nobody knows MathML."""
    assert safe_html("$x^2$", formulas=False) == '<p><span class="g4f-math"><code>$x^2$</code></span></p>\n'
