"""From what is typed to what is sent: values in their places or below, media, mentions, pieces."""

import re
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from later import Later
from PIL import Image
from thorough import rounds

from g4f_nb.errors import InvalidParameterError
from g4f_nb.messages import as_messages
from g4f_nb.prompting.composing import compose

figures = Later("matplotlib.figure")
FRAME = pd.DataFrame({"a": [1, 2]})


def double(number):
    return 2 * number


def test_a_value_of_more_than_a_line_stands_below_under_its_name():
    """The sentence stays one, says what is meant, and a value that is named twice is sent once."""
    made = compose("Is {df} sorted, and what of {df}?", {"df": FRAME})
    assert made.content == (
        "Is `df` sorted, and what of `df`?\n\n`df`: DataFrame, 2 rows × 1 column\ncolumns:\n  a: int64\n"  # noqa: RUF001
        "all rows, as CSV:\na\n1\n2"
    )
    assert made.shown == "Is {df} sorted, and what of {df}?"
    assert made.text == made.content


def test_a_value_alone_on_its_line_stands_there():
    """A table in the middle of a text, a function within a fence of the user's."""
    made = compose("Look:\n  {df}\nand say.", {"df": FRAME})
    assert made.content.startswith("Look:\n  `df`: DataFrame, 2 rows")
    assert made.content.endswith("1\n2\nand say.")
    made = compose("```python\n{double}\n```", {"double": double})
    assert made.content == "```python\ndef double(number):\n    return 2 * number\n```"
    assert "`double`: function" in compose("mend {double}", {"double": double}).content


def test_what_is_told_in_a_line_stands_in_its_place():
    """What has no more than a head needs no block below."""
    assert (
        compose("of {g}!", {"g": FRAME.groupby("a")}).content
        == "of DataFrameGroupBy by a: 2 groups of 2 rows!"
    )


def test_pictures_are_parts_behind_their_names():
    """The text names each, a line tells what it is, and its picture follows."""
    figure, image = figures.Figure(), Image.new("RGB", (8, 8))
    made = compose("Compare {figure} with {image}.", {"figure": figure, "image": image})
    kinds = [part["type"] for part in made.content]
    assert kinds == ["text", "image_url", "text", "image_url"]
    assert made.content[0]["text"].startswith("Compare `figure` with `image`.\n\n`figure`: matplotlib figure")
    assert made.content[2]["text"].startswith("`image`: image, 8×8 pixels")  # noqa: RUF001
    assert isinstance(made.text, str)
    assert "pixels, mode RGB (it cannot be shown to you)" in made.text
    assert as_messages([{"role": "user", "content": made.content}])


def test_attachments_stand_before_the_prompt():
    """Texts, tables and pictures, in the order in which they are given."""
    made = compose(
        "What is it?", {"df": FRAME, "note": "be\nbrief"}, attach=["note", "df", Image.new("L", (4, 4))]
    )
    assert [part["type"] for part in made.content] == ["text", "image_url", "text"]
    first = made.content[0]["text"]
    assert first.index("note:\n\nbe\nbrief") < first.index("`df`: DataFrame") < first.index("image, 4")
    assert made.content[-1] == {"type": "text", "text": "What is it?"}
    assert [piece.kind for piece in made.pieces] == ["prompt", "attachment", "attachment", "attachment"]
    assert isinstance(compose("go", {"df": FRAME}, attach=["df"]).content, str)
    alone = compose("", {}, attach=[Image.new("L", (4, 4))])
    assert [part["type"] for part in alone.content] == ["text", "image_url"]


def test_the_pieces_tell_what_is_sent():
    """The prompt as typed, then each value by its expression, with sizes and tokens."""
    made = compose("{n} of {df.a} {n:.1f}", {"df": FRAME, "n": 3})
    assert [(piece.kind, piece.name) for piece in made.pieces] == [
        ("prompt", "{n} of {df.a} {n:.1f}"), ("value", "n"), ("value", "df.a"), ("value", "n"),
    ]  # fmt: skip
    assert all(piece.tokens > 0 for piece in made.pieces)
    assert made.pieces[2].note == "Series 'a', 2 values"


def test_a_value_may_have_so_many_tokens(monkeypatch):
    """By the call, else by the setting."""
    made = pd.DataFrame({f"column_{each}": range(500) for each in range(40)})
    small = compose("{df}", {"df": made}, budget=200)
    assert small.pieces[1].tokens < 300
    monkeypatch.setenv("G4F_NB_VALUE_TOKENS", "4000")
    assert 2_000 < compose("{df}", {"df": made}).pieces[1].tokens < 4_200


def failed():
    try:
        return {}["nothing"]
    except KeyError as error:
        return error


def test_the_last_error_goes_in_by_name(monkeypatch):
    """As a compact traceback, without values of variables: the newest there is, or a given one."""
    monkeypatch.setattr(sys, "last_exc", None, raising=False)
    monkeypatch.setattr(sys, "last_value", failed(), raising=False)
    made = compose("Explain:\n{last_error}", {})
    assert made.content.startswith("Explain:\nKeyError: 'nothing'\nThe lines that led there")
    assert 'return {}["nothing"]' in made.content
    assert "→" in made.content
    assert compose("{last_error}", {}, error=ValueError("other")).content == "ValueError: other"
    assert compose("{last_error}", {"last_error": "mine"}).content == "mine"
    assert "KeyError" in compose("why?", {}, attach=["last_error"]).content


def test_without_an_error_its_name_is_an_error(monkeypatch):
    """Nothing is sent about nothing; the way out is told."""
    monkeypatch.setattr(sys, "last_exc", None, raising=False)
    monkeypatch.setattr(sys, "last_value", None, raising=False)
    with pytest.raises(InvalidParameterError, match=r"no cell has failed yet.*\{\{last_error\}\}"):
        compose("{last_error}", {})


def test_errors_are_told_with_causes_groups_and_notes():
    """What it was caused by, and what was said beside it."""
    try:
        try:
            failed_inside = {}
            failed_inside["k"]
        except KeyError as error:
            error.add_note("look at the spelling")
            raise ValueError("no such thing") from error
    except ValueError as error:
        made = compose("{e}", {"e": error}).content
    assert made.index("ValueError: no such thing") < made.index("It was caused by:\nKeyError: 'k'\nlook at")
    assert "ExceptionGroup: both" in compose("{e}", {"e": ExceptionGroup("both", [ValueError("a")])}).content


def test_the_frames_of_libraries_are_few_and_come_after_the_users():
    """A long way through a library is told by its last steps."""
    try:
        pd.DataFrame({"a": [1]})["b"]
    except KeyError as error:
        made = compose("{e}", {"e": error}).content
    assert "It was caused by" in made
    mine, _, theirs = made.partition("Then inside of libraries")
    assert 'pd.DataFrame({"a": [1]})["b"]' in mine
    assert "pandas/core/frame.py:" in theirs
    assert "/site-packages/" not in made


def test_nothing_of_what_is_composed_shows_values_in_its_repr():
    """A prompt may be long and private: its repr tells what was typed."""
    assert "hunter2" not in repr(compose("{x}", {"x": "hunter2"}))


def test_the_page_shows_what_is_sent(capsys):
    """The example of docs/prompts.md prints what stands below it."""
    page = (Path(__file__).parents[2] / "docs" / "prompts.md").read_text(encoding="utf-8")
    code, printed = re.search(r"```python\n(.*?)```\n\n```\n(.*?)```", page, re.DOTALL).groups()
    exec(code, {})  # noqa: S102  # the document's own code
    assert capsys.readouterr().out == printed


MANY = rounds(20_000, 7_000)


@pytest.mark.clock
@pytest.mark.parametrize(
    "typed",
    ["{a} " * MANY, "{a}" * MANY, "{a(" * 5 * MANY, "{aaa}{abc}" * MANY, "```\n{a}.\n```\n" * (MANY // 4)],
    ids=["spaced", "dense", "open", "unknown", "fenced"],
)
def test_a_prompt_of_many_places_is_put_together_in_no_time(typed):
    """The time grows with the text, and not with its square; 20,000 places took half a minute and more."""
    start = time.process_time()
    compose(typed, {"a": 1, "abcd": 2, "aab": 3})
    # At a third of the length a square takes a ninth of the time.
    assert time.process_time() - start < rounds(20, 2)


def test_a_call_is_made_each_time_that_it_stands_there():
    """What a place gives may change from one to the next."""
    assert (
        compose("{next(it)} {it.__next__()} {it.__next__()}", {"it": iter("abc")}).content == "{next(it)} a b"
    )
