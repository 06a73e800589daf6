"""What Tab offers in a line of `%%chat`, asked without a kernel; `tests/kernel` asks a real one."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pandas as pd
import pytest
from IPython.core.autocall import ZMQExitAutocall
from small_server import web

import g4f_nb as nb
from g4f_nb.cells import completion, offers
from g4f_nb.cells.desk import Desk
from g4f_nb.cells.flags import FLAGS
from g4f_nb.providers.models import listing
from g4f_nb.testing import serve


class Person:
    """A type of the user's."""


def look_up_weather(city: str) -> str:
    """Tell the weather."""
    return city


@pytest.fixture(autouse=True)
def _fresh(places, monkeypatch):
    monkeypatch.setattr(offers, "_asked", {})
    monkeypatch.setattr(listing, "_listings", {})


@pytest.fixture
def offered():
    names = {
        "mine": nb.Model("Demo"), "prices": [1], "Person": Person, "look_up_weather": look_up_weather,
        "In": [], "_hidden": 1, "open": [2], "exit": ZMQExitAutocall(), "json": json,
    }  # fmt: skip
    desk = Desk(SimpleNamespace(user_ns=names))

    def at_the_end_of(text):
        lines = text.split("\n")
        found = completion.matches(text, len(lines) - 1, len(lines[-1]), desk)
        return None if found is None else (found.fragment, list(found.texts))

    return at_the_end_of


@pytest.mark.parametrize(
    ("text", "fragment", "texts"),
    [
        ("%%chat --te", "--te", ["--temperature"]),
        ("%%chat -m", "-m", ["-m"]),
        ("%%chat -t 0.", "0.", ["0.7"]),
        ("%%chat -f ma", "ma", ["markdown", "math"]),
        ("%%chat -o pri", "pri", ["prices"]),
        ("%%chat --schema P", "P", ["Person"]),
        ("%%chat --tool lo", "lo", ["look_up_weather"]),
        ("%%chat -m mi", "mi", ["mine", "mistral:", "minimax:", "gemini:", "gemini-compat:"]),
        ("%%chat -m Demo:demo-f", "Demo:demo-f", ["Demo:demo-fast"]),
        ("%%chat -p Demo -m fast", "fast", ["demo-fast"]),
        ("%chat --provider=dee", "dee", ["deepseek", "deepinfra"]),
        ("%%chat --race groq,Demo:demo-s", "groq,Demo:demo-s", ["groq,Demo:demo-slow"]),
        ('%%chat -s "a b" --see', "--see", ["--seed"]),
        ("x = %chat -p Dem", "Dem", ["Demo"]),
        ("for i in y:\n    %chat -p Dem", "Dem", ["Demo"]),
        ("%%g4f -p Dem", "Dem", ["Demo"]),
        ("%%chat\nsay {pri", "pri", ["prices"]),
        ("%chat say {pri", "pri", ["prices"]),
        ("%chat say {op", "op", ["open"]),
        ("%chat say {js", "js", ["json"]),
        ("%%chat\nsay {prices.app", "app", ["append"]),
        ("%%chat\nsay {json.decoder.py_scan", "py_scan", ["py_scanstring"]),
        ("%%chat\nsay {Person.__doc", "__doc", ["__doc__"]),
        ("%%chat\nsay {Person.nothing", "nothing", []),
        ("%chat say {ex", "ex", []),
        ("%g4f hi", "hi", ["history"]),
        ("%g4f key dee", "dee", ["deepseek", "deepinfra"]),
        ("%g4f key groq --f", "--f", ["--forget"]),
        ("%g4f use mi", "mi", ["mine", "mistral:", "minimax:", "gemini:", "gemini-compat:"]),
    ],
)  # fmt: skip
def test_what_is_offered(offered, text, fragment, texts):
    """For the word at the cursor, whatever stands before it."""
    assert offered(text) == (fragment, texts)


def test_a_name_with_blanks_is_offered_in_quotes(offered, monkeypatch):
    """As it has to be typed, also where its first quote is typed already."""
    monkeypatch.setattr(Desk, "talks", [SimpleNamespace(name="plan b"), SimpleNamespace(name="main")])
    for text in ("%%chat -n p", '%%chat -n "pl', "%g4f history p"):
        assert offered(text)[1] == ['"plan b"']
    assert offered("%%chat -n ")[1] == ['"plan b"', "main"]


@pytest.mark.parametrize(
    "text", ["%%chat -s ", "%%chat -p xyz", "%%chat hello pri", "%%chat\nhello pri", "%g4f xy "]
)
def test_where_nothing_fits_nothing_is_offered(offered, text):
    """The word is ours all the same, or IPython would offer Python's names for it."""
    assert offered(text)[1] == []


@pytest.mark.parametrize(
    "text",
    ["pri", "x = pri", "%timeit pri", "print('%chat -p De", "%chatter -p De", "%%chat\nsay {prices[0].rea"],
)
def test_what_is_not_ours_is_left_alone(offered, text):
    """Python's own completion is as it was."""
    assert offered(text) is None


def test_the_last_error_is_offered_in_a_prompt_once_there_is_one():
    """A cell that failed gives `{last_error}` a meaning; a question that could not be asked does not."""
    desk = Desk(SimpleNamespace(user_ns={"last": 1}))

    def offered():
        return completion.matches("%%chat\nwhy {last", 1, 9, desk).texts

    desk.note_failure(SimpleNamespace(error_in_exec=nb.G4FError("no key"), error_before_exec=None))
    assert list(offered()) == ["last"]
    desk.note_failure(SimpleNamespace(error_in_exec=KeyError("k"), error_before_exec=None))
    assert list(offered()) == ["last", "last_error"]


def test_a_flag_that_was_given_is_not_offered_again(offered):
    """Unless it may come several times."""
    texts = offered("%%chat -t 0 --tool look_up_weather --")[1]
    assert "--temperature" not in texts
    assert "--tool" in texts
    assert set(texts) == {flag.name for flag in FLAGS if flag.name != "--temperature"} | {"--help"}


def test_files_are_offered_for_attach(offered, tmp_path, monkeypatch):
    """With folders, and variables beside them."""
    (tmp_path / "prices.csv").write_text("a\n1\n")
    (tmp_path / "photos").mkdir()
    monkeypatch.chdir(tmp_path)
    assert offered("%%chat --attach p")[1] == ["photos/", "prices.csv", "prices"]
    assert offered(f"%%chat --attach {tmp_path}/ph")[1] == [f"{tmp_path}/photos/"]


def test_a_list_is_fetched_once(offered, monkeypatch):
    """The models of a server come with the first key, and no further key asks for them."""
    with serve(models=["llama-one", "llama-two"]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.api_base)
        for word in ("", "l", "ll", "llama-t", "llama-tw"):
            fragment, texts = offered(f"%%chat -m OpenaiTemplate:{word}")
            assert fragment == f"OpenaiTemplate:{word}"
            assert "OpenaiTemplate:llama-two" in texts
        assert offered(f"%%chat --api-base {server.api_base} -m llama-o")[1] == ["llama-one"]
        assert len(server.requests) == 1


def test_a_list_that_does_not_come_is_not_asked_for_at_every_key(offered, monkeypatch):
    """A server that is down, or slow, is left alone; what is known without it is offered."""
    with web(lambda _: (500, {})) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.address}/v1")
        for word in ("g", "gp", "gpt"):
            offered(f"%%chat -m OpenaiTemplate:{word}")
        seen = len(server.seen)
        offered("%%chat -m OpenaiTemplate:gpt-")
        assert len(server.seen) == seen <= 2  # a failed list is tried once more


def test_nothing_is_said_while_somebody_types(offered, monkeypatch, capsys):
    """A line about a list that could not be had would land in whichever cell ran last."""

    class Shaky(nb.providers.OpenaiTemplate):
        api_key = None
        fallback_models = ["one", "two"]  # noqa: RUF012  # class API

    with web(lambda _: (500, {})) as server:
        Shaky.api_base = f"{server.address}/v1"
        names = {"Shaky": Shaky}
        assert offers.models("o", names, provider="Shaky", api_base=None) == ["one", "two"]
        assert len(server.seen) > 0
    assert capsys.readouterr().err == ""


def test_without_a_key_nobody_is_asked(offered):
    """What the catalog knows is offered: a default is one that stays."""
    assert offered("%%chat -m groq:open")[1] == ["groq:openai/gpt-oss-120b"]


def test_columns_of_a_table_come_at_once_and_first(offered):
    """Without reading the source of pandas, which takes seconds; a property of the user's is not asked."""
    table = pd.DataFrame({"price": [1], "product": ["a"], "my column": [1]})
    names = {"sales": table, "shop": SimpleNamespace(sales=table), "slow": Slow(), "_": nb.Reply()}
    desk = Desk(SimpleNamespace(user_ns=names))

    def texts(prompt):
        found = completion.matches(f"%%chat\n{prompt}", 1, len(prompt), desk)
        return None if found is None else list(found.texts)

    assert texts("of {sales.pr")[:3] == ["price", "product", "prod"]
    assert texts("of {shop.sales.pri") == ["price"]
    assert "mean" in texts("of {sales.price.me")
    assert texts("of {sales._mgr")[0] == "_mgr"
    assert texts("of {nobody.pr") is None
    assert "text" in texts("of {_.te")
    assert texts("of {slow.down.x") is None


class Slow:
    """Whoever looks waits."""

    @property
    def down(self):
        """Not to be asked."""
        raise AssertionError
