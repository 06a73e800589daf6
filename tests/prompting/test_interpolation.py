"""`{name…}`: what is replaced, and everything that stays exactly as it is typed."""

import contextlib
import datetime as dt
import json
import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from thorough import examples

from g4f_nb.errors import InvalidParameterError
from g4f_nb.prompting.composing import compose

USER = {"x": 5, "name": "Ann", "items": [{"k": "v"}, 2], "df2": {"a": 1}}
LITERAL = [
    r"match \d{3}-\d{2,4} and \w{1,}",
    r"$\frac{1}{2} + \sqrt{n} = \sum_{i=1}^{n}$ \begin{align} \textbf{list} \end{align}",
    "print({'a': 1}, {1, 2}, {}, { })",
    'f"{self.total:.2f} of {len(rows)}"',
    '{"model": "m", "messages": [{"role": "user"}]}',
    "a { color: red } b{color:red}",
    "{% for each in rows %}{{ each.name | upper }}{% endfor %} {{each}} {{{each}}}",
    "${HOME} ${name:-x} %{y}",
    "const {a, b} = {...c, [d]: 1}; `${a}`",
    "{list} {print} {dict} {type(1)} {__builtins__} {__name__} {get_ipython}",
    "{ x } {x } { x} {x + 1} {x, 1} {x: 1} {x:red} {x == 5} {x=5} {x if x else 1} {(x)} {-x}",
    "{x[} {x(} {x.} {x..y} {x!z} {x!} {x:.2f {x",
    "{x[0} {x['} {x[lambda: (y := 1)]} {x(await y)}",
]


def sent(text, **more):
    return compose(text, {**USER, **more}).content


@pytest.mark.parametrize("text", LITERAL)
@pytest.mark.parametrize("frame", ["{}", "```python\n{}\n```", "~~~\n{}\n~~~", "`{}`"])
def test_what_is_no_value_of_the_user_stays_as_typed(text, frame):
    """LaTeX, regular expressions, dicts, JSON, CSS, Jinja, shell, f-strings of other names: all identical."""
    typed = frame.replace("{}", text)
    names = {name: value for name, value in USER.items() if name != "name"}
    assert compose(typed, names).content == typed


@examples(100)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
@example("{{}}")
@example("{{{{0}}}}{x")
def test_any_text_without_a_name_of_the_user_is_identical(text):
    """Whatever is typed, where the user has no variables it is sent as it is."""
    assert compose(text, {"__name__": "__main__", "In": [""], "Out": {}, "_dh": [], "_i": ""}).content == text


@examples(100)
@given(
    st.lists(st.sampled_from(["{", "}", "x", ".", "[0]", "(", ")", "'", '"', ":", "!r", "=", " ", "\\", "a"]))
)
def test_no_text_of_braces_breaks_it(pieces):
    """Braces in any order: a text, or an error that names the expression, and never another exception."""
    with contextlib.suppress(InvalidParameterError):
        assert isinstance(sent("".join(pieces)), str)


@examples(100)
@given(st.text(alphabet="{}x ab\n", max_size=40))
def test_only_the_fields_themselves_change(text):
    """Cut at `{x}` alone, the rest of a text of braces is what was typed."""
    if "{{" in text or "}}" in text:
        return
    assert sent(text) == text.replace("{x}", "5")


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("{x}", "5"),
        ("a{x}b{name}c", "a5bAnnc"),
        ("{items[0]['k']}", "v"),
        ('{items[0]["k"].upper()}', "V"),
        ("{items[0].get('}')}", "None"),
        ("{df2.get('b', {1: 2})}", "{1: 2}"),
        ("{items[\n1\n]}", "2"),
        ("{x:.2f} {x:>4} {x!r} {name!r:>6}", "5.00    5 5  'Ann'"),
        ("{x:,} {x:08.3f} {x!s:>3}", "5 0005.000   5"),
        ("{x=} {name=} {x=:.1f}", "x=5 name='Ann' x=5.0"),
        ("{name.replace('n', 'N')}", "ANN"),
        ("{x.bit_length()}", "3"),
        ("```python\nprint({x})\n```", "```python\nprint(5)\n```"),
        ('{"a": {x}}', '{"a": 5}'),
        ("[{x}, {{x}}]", "[5, {x}]"),
        ("{{name.upper()}} {{x:.2f}}", "{name.upper()} {x:.2f}"),
        ("{{{x}}} {{{{x}}}}", "{5} {{x}}"),
        (r"{{x}+1} {x}}", "{5+1} 5}"),
        ("{名}", "{名}"),
    ],
)
def test_names_of_the_user_are_replaced(typed, expected):
    """Attributes, items, calls, conversions and formats, as in f-strings; doubled braces are literal."""
    assert sent(typed) == expected


def test_dates_are_formatted_as_in_f_strings():
    """With blanks and colons in the format; what is no format leaves the field as text."""
    made = sent("{day:%d %B %Y, %H:%M} {day:later}", day=dt.datetime(2024, 5, 1, 9, 30))  # noqa: DTZ001
    assert made == "01 May 2024, 09:30 {day:later}"


def test_names_are_read_as_python_reads_them():
    """Letters of any alphabet, and in any of their forms."""
    assert sent("{данные} {ﬁle}", данные=1, file=2) == "1 2"


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("{_}", "7"), ("{__}", "8"), ("{_3}", "9"), ("{Out[3]}", "9"), ("{In[1]}", "1 + 1"), ("{_mine}", "10")],
)
def test_results_of_cells_are_values(typed, expected):
    """`_`, `__`, `_3`, `Out[3]`, `In[1]`, and a name of the user's that begins with an underscore."""
    names = {"_": 7, "__": 8, "_3": 9, "Out": {3: 9}, "In": ["", "1 + 1"], "_mine": 10}
    assert compose(typed, names).content == expected


def test_a_result_that_is_not_there_yet_is_an_error():
    """IPython's `_` is an empty text before any cell has given something."""
    with pytest.raises(InvalidParameterError, match="no cell has given a result yet"):
        compose("explain {_}", {"_": "", "Out": {}})
    assert compose("{_}", {"_": "mine"}).content == "mine"


@pytest.mark.parametrize("name", ["_i", "_ii", "_i1", "_ih", "_oh", "_dh", "__name__", "_exit_code"])
def test_what_ipython_keeps_for_itself_is_no_name_of_the_user(name):
    """Its own names in the namespace are text."""
    assert compose(f"{{{name}}}", {name: 1}).content == f"{{{name}}}"


def test_a_name_of_ipythons_that_the_user_has_taken_is_the_users():
    """`exit = 3` is a value of the user's."""
    assert compose("{exit} {quit}", {"exit": 3}).content == "3 {quit}"


@pytest.mark.parametrize(
    ("typed", "named", "why"),
    [
        ("so {items[9]} it", "{items[9]}", "IndexError: list index out of range"),
        ("{x.nothing}", "{x.nothing}", "AttributeError"),
        ("{df2['b']}", "{df2['b']}", "KeyError: 'b'"),
        ("{name:.2f}", "{name:.2f}", "ValueError"),
        ("{x()}", "{x()}", "TypeError"),
    ],
)
def test_an_expression_that_raises_is_an_error_that_names_it(typed, named, why):
    """It says which expression, what happened, and how to send it as it stands."""
    with pytest.raises(InvalidParameterError) as caught:
        sent(typed)
    told = str(caught.value)
    assert f"{named} in the prompt has no value: {why}" in told
    assert f"{{{named}}}" in told
    assert "--raw" in told
    assert told.endswith("nothing was sent")


def test_evaluating_leaves_the_namespace_as_it_was():
    """Nothing is assigned, and no `__builtins__` appears in the user's names."""
    names = {"x": [3, 1]}
    assert compose("{x.__len__()} {x[(lambda a: a - 1)(1)]}", names).content == "2 3"
    assert names == {"x": [3, 1]}


def test_a_value_is_frozen_when_it_is_sent():
    """What changes afterwards is not in the prompt."""
    names = {"x": [1]}
    made = compose("{x}", names)
    names["x"].append(2)
    assert made.content == "[1]"


def test_a_coroutine_is_told_and_closed():
    """Its value is nowhere yet; no warning of a coroutine that was never awaited follows."""

    async def fetch():
        return 1

    with pytest.raises(InvalidParameterError, match="it is a coroutine"):
        compose("{fetch()}", {"fetch": fetch})


@pytest.mark.parametrize(
    ("typed", "attach"),
    [
        ("{x.y}", []), ("{password:.2f}", []), ("{password!r:d}", []), ("go", ["nowhere.txt"]),
        ("go", ["https://example.com/a.pdf?sig=hunter2-hunter2"]), ("go", ["password.nothing"]),
    ],
)  # fmt: skip
def test_no_frame_of_an_error_shows_what_the_user_has(typed, attach):
    """A traceback with local variables shows names only, and no cause with the user's frames."""
    with pytest.raises(InvalidParameterError) as caught:
        compose(typed, {"x": 1, "password": "hunter2-hunter2"}, attach=iter(attach))
    assert "hunter2" not in str(caught.value)
    frame = caught.value.__traceback__.tb_next
    while frame is not None:
        assert "hunter2" not in repr(frame.tb_frame.f_locals)
        frame = frame.tb_next
    assert caught.value.__cause__ is None


def test_raw_sends_everything_as_typed():
    """No value, no doubled brace, no mention is touched."""
    typed = "{x} {{x}} @x {no_such_thing}"
    made = compose(typed, USER, raw=True)
    assert made.content == made.shown == typed
    assert made.notices == ()


def test_a_slip_in_a_name_is_told():
    """What is nearly a name is sent as typed, with a notice; in fenced code nobody meant it."""
    made = compose("tell me of {nmae}", {"name": 1})
    assert made.content == "tell me of {nmae}"
    assert made.notices == ("{nmae} is sent as typed, for you have no such variable: did you mean {name}?",)
    assert compose("```\n{nmae}\n```", {"name": 1}).notices == ()


def test_a_variable_that_is_not_there_is_told():
    """Where it stands as a word does: after a restart the cell that makes it was perhaps not run again."""
    made = compose("Explain {topic} to {pupils}, please ({topic}).", {"name": 1})
    assert made.content == "Explain {topic} to {pupils}, please ({topic})."
    (told,) = made.notices
    assert told.startswith("{topic} and {pupils} are sent as typed, for you have no such variable: if one")
    assert compose("{topic}", {}).notices[0].startswith("{topic} is sent as typed")
    for code in (
        "say {list} and {print}", "`{topic}`", "a `x {topic} y` b", "/users/{topic}/posts", "${topic}",
        r"\frac {topic}", r"\textbf{topic} x", "x^{topic}", 'f"{topic}a"', "```\n{topic}\n```", "{ topic }",
        "<b>{topic}</b>", "topic={topic}", '{"a": {topic}}', "{{topic}}", "{id}",
    ):  # fmt: skip
        assert compose(code, {"name": 1}).notices == (), code
    assert compose("{topic}", {}, raw=True).notices == ()


def test_a_value_in_a_line_of_code_is_told():
    """A pasted f-string may mean a variable of its own; what stands alone on its line is meant to go in."""
    made = compose('```\nprint(f"{x:.1f} {y}")\n{name}\n```\n{x}', USER)
    assert made.content == '```\nprint(f"5.0 {y}")\nAnn\n```\n5'
    assert made.notices == (
        "{x:.1f} stands in code, and your variable was put in: {{x:.1f}} sends it as typed",
    )


@pytest.mark.parametrize("typed", [r"\frac{x}{2}", "e^{x}", r"\textbf{x}"])
def test_a_value_in_the_place_of_latex_is_told(typed):
    """The rule is one and has no exception; that it met LaTeX is said with the way out."""
    made = sent(typed)
    assert made == typed.replace("{x}", "5")
    assert "{{x}} sends it as typed" in compose(typed, USER).notices[0]
    assert compose("of $a_{x}$", USER).notices
    assert compose("data_{x}.csv {x}", USER).notices == ()


@pytest.mark.clock
@pytest.mark.parametrize(
    "text",
    ["{x[" * 50_000, "{x('" * 50_000, "{" * 200_000, "{x" * 100_000, "{x:" * 50_000, "{x[((((" * 20_000],
)
def test_no_text_makes_the_search_slow(text):
    """Braces by the hundred thousand are read in seconds, and stay."""
    start = time.monotonic()
    assert compose(text, USER).content == text
    assert time.monotonic() - start < 20


def test_json_of_any_shape_survives():
    """A pretty-printed document is not touched by names that are its keys."""
    text = json.dumps({"x": {"name": [{"k": {}}]}}, indent=2)
    assert sent(text) == text
    assert sent(re.sub(r"\s", "", text)) == re.sub(r"\s", "", text)
