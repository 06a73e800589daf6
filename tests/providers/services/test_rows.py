"""Rows: what a table may say, and that whatever is wrong is told with the file and the key."""

from __future__ import annotations

import pytest
from frames import our_frames

from g4f_nb.errors import InvalidParameterError, ProviderNotWorkingError
from g4f_nb.providers import OpenaiTemplate
from g4f_nb.providers.catalog import make_class
from g4f_nb.providers.services.hosts import find_host
from g4f_nb.providers.services.rows import describe, make_row, of_row, rows

BASE = "http://127.0.0.1:1/v1"


def _row(name="mybox", **values):
    return make_row(name, {"api_base": BASE} | values, where=f"mine.toml, [{name}]")


def test_a_row_needs_an_address_only():
    """Everything else has a default; the class is named after the row."""
    row = _row("my-box", api_base=f"{BASE}/")
    assert (row.class_name, row.label, row.api_base, row.auth) == ("MyBox", "my-box", BASE, "bearer")
    assert (row.tools, row.json_mode, row.checked) == (None, "", True)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"api_bse": BASE}, r"^mine.toml, \[mybox\] has the key 'api_bse'.* did you mean 'api_base'\?$"),
        ({"zzz": 1}, "has the key 'zzz', which nothing reads: the keys are label, "),
        ({"local": "yes"}, r"\[mybox\]: local is 'yes': it must be true or false"),
        ({"label": 7}, "label is 7: it must be a text"),
        ({"api_key_env": 7}, "api_key_env is 7: it must be a list of texts"),
        ({"drop": ["a", 1]}, "it must be a list of texts"),
        ({"rename": {"a": 1}}, "rename is a dict: it must be a table of texts"),
        ({"context": {"m": True}}, "it must be a table of whole numbers"),
        (
            {"auth": "basic"},
            "auth is 'basic': it must be one of bearer, api-key, x-api-key, x-goog-api-key, none",
        ),
        ({"class_name": "my box"}, "it must be what Python imports, like 'MyBox'"),
        (
            {"api_base": "localhost:8000"},
            r"\[mybox\]: api_base does not fit: 'localhost:8000' is no web address",
        ),
        ({"api_base": ""}, r"\[mybox\] has no address: give api_base"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_key(values, message):
    """And with the way out."""
    with pytest.raises(InvalidParameterError, match=message):
        _row(**values)


@pytest.mark.parametrize("name", ["", "a b", "a:b", "1a", "ä"])
def test_a_name_is_one_that_can_be_typed(name):
    """Before a colon, and in Python."""
    with pytest.raises(InvalidParameterError, match="name is letters, digits"):
        _row(name)


@pytest.mark.parametrize(
    "values",
    [
        {"api_key_env": "sk-planted-0123456789"},
        {"api_host_env": "planted:1234/x"},
        {"headers": {"Authorization": "Bearer planted", "x": 1}},
        {"headers": "planted"},
        {"api_base": "https://user:planted@host/v1"},
        {"label": ["sk-planted-0123456789"]},
        {"api_key": "planted"},
    ],
)
def test_a_key_in_the_wrong_place_is_not_repeated(values):
    """Neither in the error, nor where the place was the right one, in the row's repr."""
    with pytest.raises(InvalidParameterError) as caught:
        _row(**values)
    frames = our_frames(caught.value)
    assert frames
    assert "planted" not in str(caught.value) + "".join(str(frame.locals) for frame in frames)
    assert "planted" not in repr(_row(headers={"Authorization": "planted"}))


def test_a_table_that_is_none():
    """`mybox = 1` in place of `[mybox]`."""
    with pytest.raises(InvalidParameterError, match=r"\[mybox\] is 1: a provider is a table"):
        make_row("mybox", 1, where="mine.toml, [mybox]")


def test_the_docstring_says_what_a_user_should_know():
    """The quirk, and what is not verified."""
    row = _row(quirks="It is slow.", unverified=["models"], url="https://mybox.invalid")
    assert describe(row).split("\n\n") == [
        "mybox, over its OpenAI-compatible API (https://mybox.invalid).",
        "It is slow.",
        "Not verified: models.",
    ]


def test_a_class_of_its_own_is_dressed_with_its_row():
    """What the class says itself stays."""

    @of_row("groq")
    class Groq(OpenaiTemplate):
        """It is fast."""

        label = "Mine"

    assert Groq.__doc__.split("\n\n")[1] == "It is fast."
    assert (Groq.row, Groq.label, Groq.api_base) == (rows()["groq"], "Mine", rows()["groq"].api_base)


def test_an_address_that_only_a_variable_knows(monkeypatch):
    """Without it the error names the variable; a path of the service's own is added."""
    row = make_row("site", {"api_host_env": "SITE_HOST", "api_path": "/serve"}, where="t")
    cls = make_class(row)
    given = {"api_base": None, "api_endpoint": None, "api_key": "k"}
    with pytest.raises(ProviderNotWorkingError, match="set the environment variable SITE_HOST, or pass"):
        find_host(cls, **given)
    for value in ("site.invalid", "https://site.invalid", "https://site.invalid/", "site.invalid/serve"):
        monkeypatch.setenv("SITE_HOST", value)
        assert str(find_host(cls, **given).base) == "https://site.invalid/serve"
    assert str(find_host(cls, **given | {"api_base": BASE}).base) == BASE
