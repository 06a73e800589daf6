"""Values that raise, never end, are huge or hold keys: a prompt is made of them all the same."""

import argparse
import collections
import dataclasses
import time
import types

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.pandas import column, data_frames
from thorough import examples

from g4f_nb.prompting.composing import compose
from g4f_nb.prompting.limits import tokens_of
from g4f_nb.prompting.mentions import candidates
from g4f_nb.prompting.naming import kind_of
from g4f_nb.prompting.summaries import summarize

KEY = "sk-proj-Ab3dEf6hIj9kLm2nOp5qRs8t"


class Raising:
    """Everything that is asked of it raises."""

    def __getattribute__(self, name):
        raise RuntimeError(f"no {name}")

    def __repr__(self):
        raise RuntimeError("no repr")

    def __len__(self):
        raise RuntimeError("no len")

    def __iter__(self):
        raise RuntimeError("no iter")

    def __eq__(self, other):
        raise RuntimeError("no eq")

    def __hash__(self):
        raise RuntimeError("no hash")


class Mute:
    """It cannot be shown."""

    def __repr__(self):
        raise RuntimeError("no repr")


class Lying:
    """It has every attribute, as mocks and proxies have."""

    def __getattr__(self, name):
        return Lying()

    def __call__(self, *_, **__):  # noqa: D102
        return Lying()


class NoText:
    """Its text is none."""

    def __str__(self):
        return 5  # noqa: PLE0307  # on purpose


class RaisingDict(dict):
    """A dict that does not give its items."""

    def items(self):  # noqa: D102
        raise RuntimeError("no items")


def circle():
    made = [1]
    made.append({"again": made})
    return made


def deep():
    made = []
    for _ in range(100_000):
        made = [made]
    return made


def column_of(*values):
    """A table of these; older pandas look into a list of them themselves."""
    cells = np.empty(len(values), dtype=object)
    for number, value in enumerate(values):
        cells[number] = value
    return pd.DataFrame({"a": cells})


HOSTILE = {
    "raising": Raising,
    "a class whose metaclass raises": lambda: type("Meta", (type,), {"__repr__": lambda cls: 1 / 0})(
        "Odd", (), {}
    ),
    "mute": Mute,
    "lying": Lying,
    "no text": NoText,
    "raising dict": lambda: RaisingDict(a=1),
    "list of them": lambda: [Raising(), Mute(), Lying(), RaisingDict(a=1)],
    "column of them": lambda: column_of(Mute(), Lying(), None, {}, []),
    "labels of them": lambda: pd.Series([1, 2], index=[Mute(), Mute()]),
    "array of them": lambda: np.array([Mute(), Mute()], dtype=object),
    "circle": circle,
    "deep": deep,
    "huge number": lambda: 10**100_000,
    "huge numbers": lambda: [10**100_000],
    "million items": lambda: list(range(1_000_000)),
    "million keys": lambda: dict.fromkeys(range(1_000_000), "x" * 10),
    "long texts": lambda: ["x" * 10_000_000] * 5,
    "long names": lambda: pd.DataFrame({"n" * 100_000: ["v" * 1_000_000]}),
    "many columns": lambda: pd.DataFrame(np.zeros((3, 20_000))),
    "surrogate": lambda: ["\ud800"],
    "control": lambda: "\x00\x1b[31m",
    "module that raises": lambda: types.ModuleType("odd", "Its words."),
    "many dimensions": lambda: np.zeros((2,) * 20),
    "nothing in it": lambda: np.zeros((0, 5, 0)),
    "no attributes": type("Holder", (), {"__slots__": ("a",)}),
}


@pytest.mark.clock
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_values_are_told_within_their_budget(name):
    """Nothing that a value does breaks or hangs a prompt, and none is longer than it may be."""
    value = HOSTILE[name]()
    start = time.monotonic()
    made = summarize(value, 500)
    text = made.named("v")
    assert time.monotonic() - start < 20
    assert tokens_of(text) <= 700
    assert isinstance(kind_of(value), str)
    sent = compose("about {v} it\n{v}", {"v": value}, budget=500)
    assert isinstance(sent.content, str)


LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=50) | st.binary(max_size=50)
    | st.decimals() | st.datetimes() | st.uuids()
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text(max_size=8), inner, max_size=20),
    max_leaves=100,
)


@examples(100)
@given(VALUES, st.integers(20, 3_000))
def test_any_value_keeps_to_its_budget(value, budget):
    """Lists in dicts in lists, of any length and depth; a text alone is the user's own and stays whole."""
    made = summarize(value, budget)
    assert isinstance(value, str) or tokens_of(made.named("v")) <= budget + 40


@examples(100)
@given(
    data_frames(
        columns=[
            column("a", dtype=float), column("b", elements=st.text(max_size=200)),
            column("c", dtype="datetime64[ns]"), column("d", elements=LEAVES, dtype=object),
        ]
    ),
    st.integers(60, 2_000),
)  # fmt: skip
def test_any_table_keeps_to_its_budget(table, budget):
    """Columns of any values, some of several types: told, and within the budget."""
    text = summarize(table, budget).named("v")
    assert "cannot be read" not in text
    assert tokens_of(text) <= budget + 120


@pytest.mark.clock
def test_a_text_of_ten_million_characters_goes_in_whole_and_quickly():
    """It is the user's own; how long it is, the list of pieces says."""
    start = time.monotonic()
    made = compose("{v}", {"v": "word " * 2_000_000})
    assert len(made.content) == 10_000_000
    assert made.pieces[1].tokens > 1_000_000
    assert time.monotonic() - start < 30


@pytest.mark.clock
def test_a_frame_of_a_hundred_million_rows_is_quick():
    """It is looked at in a sample, and not copied."""
    made = pd.DataFrame({"a": np.zeros(100_000_000, dtype="int8")})
    start = time.monotonic()
    assert "100,000,000 rows" in summarize(made, 500).head
    assert time.monotonic() - start < 20


def test_candidates_of_hostile_values():
    """The list of variables that a panel offers survives all of them."""
    names = {name.replace(" ", "_"): make() for name, make in HOSTILE.items()}
    assert len(candidates("", names)) == len(names)


@pytest.mark.parametrize(
    "value",
    [
        KEY,
        {"a": [KEY]},
        pd.DataFrame({"key": [KEY, "x"]}),
        pd.Series([KEY]),
        np.array([KEY]),
        ValueError(f"refused: {KEY}"),
        KEY.encode(),
        type("Client", (), {"__init__": lambda self: setattr(self, "api_key", KEY)})(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_surely_a_key_is_masked_in_values(value):
    """In whatever it stands, and also where it is formatted."""
    made = compose("{v} {v!r} {v=}", {"v": value})
    assert KEY not in made.text
    assert "***" in made.text
    assert KEY not in repr(made)
    assert not any(KEY in repr(piece) for piece in made.pieces)


def test_a_key_that_is_known_here_is_masked_whatever_it_looks_like(monkeypatch):
    """The environment's key of any service, in any value; what the user typed is the user's own word."""
    monkeypatch.setenv("GROQ_API_KEY", "plainly a pass phrase")
    made = compose("{v}", {"v": {"x": "plainly a pass phrase"}})
    assert made.content == "{'x': '***'}"


def test_what_goes_by_the_name_of_a_secret_is_masked_unless_it_is_asked_for():
    """In an object's attributes, a dict, the environment; by its own name it goes in, for that is meant."""

    class Client:
        def __init__(self):
            self.host, self.api_key, self.tokens = "h", "hunter2", ["a"]

    names = {
        "client": Client(),
        "config": {
            "user": "ann",
            "password": "hunter2",
            "db": {"secret": "hunter2"},
            "key": "k",
            "token": "the",
        },
        "environ": {"PGPASSWORD": "hunter2", "SOME_TOKEN": "hunter2", "HOME": "/h"},
    }
    text = compose("{client} {config} {environ}", names).content
    assert "hunter2" not in text
    for kept in ("'h'", "['a']", "'ann'", "'key': 'k'", "'token': 'the'", "'/h'"):
        assert kept in text
    # A variable of its own is put in, for it was meant.
    assert compose("{password}", {"password": "hunter2"}).content == "hunter2"


@pytest.mark.parametrize(
    "place",
    [
        "config['password']", "config['password']!r", "config['password']:>9", "config['password'][:3]",
        "environ['MY_TOKEN']", "environ.get('MY_TOKEN')", "client.api_key", "client.login.password",
        "client.login.password.upper()", "config['passwords']",
    ],
)  # fmt: skip
def test_what_a_place_takes_by_the_name_of_a_secret_is_masked_and_told(place):
    """An item, an attribute, a variable of the environment; and how it is sent all the same."""
    client = types.SimpleNamespace(api_key="hunter2", login=types.SimpleNamespace(password="hunter2"))
    names = {
        "config": {"password": "hunter2", "passwords": ["hunter2"]},
        "environ": {"MY_TOKEN": "hunter2"},
        "client": client,
    }
    made = compose(f"Is {{{place}}} good?", names)
    assert made.content == "Is *** good?"
    assert "goes by the name of a secret" in made.notices[0]
    assert "word = " in made.notices[0]
    with pytest.raises(ValueError, match="by the name of a secret"):
        compose("go", names, attach=["client.api_key"])


def test_a_column_of_cookies_is_no_secret():
    """Tables, numbers of a table and methods are sent, whatever their column is called."""
    frame = pd.DataFrame({"cookies": [1, 2]})
    made = compose("{frame['cookies'].sum()} {frame.cookies}", {"frame": frame})
    assert made.content.startswith("3 `frame.cookies`")
    assert "1, 2" in made.content
    assert not made.notices


@dataclasses.dataclass
class Login:
    """A dataclass without a word on what may be shown."""

    user: str
    password: str


Row = collections.namedtuple("Row", "user password")  # noqa: PYI024  # with any kind of values


@pytest.mark.parametrize(
    "value",
    [
        argparse.Namespace(user="ann", password="hunter2"),
        [types.SimpleNamespace(user="ann", inner=types.SimpleNamespace(password="hunter2"))],
        Row("ann", "hunter2"),
        Login("ann", "hunter2"),
        {"user": "ann", "password": ["hunter2", "b"]},
        {"user": "ann", "api_key": {"hunter2": 1}},
        {"user": "ann", "passphrase": 1.5, b"password": "hunter2"},
        {"user": "ann", ("db", "password"): "hunter2"},
        {"user": pd.Series(["ann"]), "password": pd.Series(["hunter2"])},
        pd.Series({"password": "hunter2", "user": "ann"}),
        pd.Series({("db", "password"): "hunter2", ("db", "user"): "ann"}),
        pd.Series(["hunter2"], name="password"),
        pd.DataFrame({"user": ["ann"], "password": ["hunter2"]}),
        pd.DataFrame({"value": ["ann", "hunter2"]}, index=["user", "password"]),
        pd.concat([pd.Series({"password": "hunter2"}), pd.Series("ann", index=map(str, range(100_001)))]),
        pl.DataFrame({"user": ["ann"], "password": ["hunter2"]}),
        pl.Series("password", ["hunter2"]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_whatever_goes_by_the_name_of_a_secret_is_masked_in_every_kind(value):
    """Namespaces, named tuples, keys of bytes, labels of rows, columns of texts; and any kind of value."""
    text = compose("{value}", {"value": value}).content
    assert "hunter2" not in text
    assert "***" in text
    assert "ann" in text or "password" in text


@pytest.mark.parametrize("form", ["!r", "!s", "="])
def test_the_repr_of_a_collection_is_masked_as_the_collection_is(form):
    """Dicts, namespaces and named tuples, also within each other."""
    inner = [types.SimpleNamespace(password="hunter2"), Row("ann", ["hunter2"]), Login("ann", "hunter2")]
    text = compose(f"{{v{form}}}", {"v": {"MY_TOKEN": "hunter2", "n": 1, "inner": inner}}).content
    assert "hunter2" not in text
    assert text.endswith("Login(user='ann', password='***')]}")


def test_what_says_nothing_is_not_masked():
    """That there is no password, is worth knowing; a number of cookies is a number."""
    config = {"password": "", "api_key": None, "use_password": True, "secrets": []}
    assert compose("{config}", {"config": config}).content == str(config)
    assert "max 41" in compose("{sold}", {"sold": pd.DataFrame({"cookies": [*range(40), 41]})}).content
    assert compose("{n}", {"n": types.SimpleNamespace(a=1)}).content == "SimpleNamespace(a=1)"


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("postgres://bob:hunter2xyz@db/x?a=1", "postgres://bob:***@db/x?a=1"),
        ("redis://:hunter2xyz@db:6379", "redis://:***@db:6379"),
        ("amqp://bob:hun@ter/2#x?y:z@db", "amqp://bob:***@db"),
        ("http://localhost:8080/a@b", "http://localhost:8080/a@b"),
        ("http://localhost:8080?mail=a@b", "http://localhost:8080?mail=a@b"),
        ("see https://a.b/c:d, and mail bob@example.com", "see https://a.b/c:d, and mail bob@example.com"),
    ],
)
def test_the_password_in_an_address_is_masked(address, sent):
    """In texts, collections, tables and errors; the rest of the address stays."""
    assert compose("{a}", {"a": address}).content == sent
    assert compose("{a!s}", {"a": address}).content == sent
    assert sent in compose("{a}", {"a": {"DATABASE_URL": address}}).content
    assert sent in compose("{a}", {"a": pd.Series([address])}).content
    assert sent in compose("{last_error}", {}, error=ValueError(f"no answer from {address}")).content
    assert sent in compose("go", {"a": [address]}, attach=["a"]).content


@pytest.mark.clock
def test_addresses_without_end_are_read_quickly():
    """A text of beginnings of addresses takes no time that grows with its square."""
    start = time.perf_counter()
    compose("{a}", {"a": "a://b:" * 100_000})
    assert time.perf_counter() - start < 20


@pytest.mark.parametrize(
    "name", ["pk_customer_identifier", "hf_dataset_name_of_2024", "sk_learn_pipeline_step"]
)
def test_names_that_only_begin_like_keys_are_left_alone(name):
    """A column `pk_customer_identifier` is no key."""
    assert name in compose("{v}", {"v": pd.DataFrame({name: [1]})}).content


def test_the_error_of_an_expression_shows_no_key():
    """What a user's code says in its exception is masked."""

    class Client:
        def __getattr__(self, name):
            raise ValueError(f"bad key {KEY}")

    with pytest.raises(ValueError, match="has no value") as caught:
        compose("{v.x}", {"v": Client()})
    assert KEY not in str(caught.value)


class Deaf:
    """Whoever asks it for anything that it has not, is told something else."""

    def __getattr__(self, name):
        raise ValueError(name)


class Classless:
    """It does not say what it is."""

    @property
    def __class__(self):
        raise RuntimeError("no class")


class Pathless:
    """A path that leads nowhere, for whoever asks."""

    def __fspath__(self):
        raise ValueError("no path")


class Numbered:
    """A path that is none."""

    def __fspath__(self):
        return 5


class Unnamed:
    """It has a name, and does not give it."""

    @property
    def __name__(self):
        raise RuntimeError("no name")


@pytest.mark.parametrize("kind", [Deaf, Classless, Pathless, Numbered, Unnamed, Raising])
@pytest.mark.parametrize("as_name", [True, False])
def test_what_is_attached_may_raise_as_what_is_in_braces_may(kind, as_name):
    """By its name or itself: it is said to be unreadable, or shown as it shows itself."""
    value = kind()
    assert kind.__name__ in compose("go", {"v": value}, attach=["v" if as_name else value]).text


class _Nameless(type):
    @property
    def __name__(cls):
        raise RuntimeError("no name")


class Nameless(metaclass=_Nameless):
    """Its class has no name for anybody."""


class Leaving:
    """Whoever wants to read it, is thrown out."""

    def __repr__(self):
        raise SystemExit(3)


@pytest.mark.parametrize(
    "value", [Nameless(), Nameless, Leaving(), [Leaving()], {"a": Nameless()}], ids=["a", "b", "c", "d", "e"]
)
def test_what_ends_a_program_or_has_no_name_is_said_to_be_unreadable(value):
    """A cell does not end of a value, and no raw error of it comes out."""
    assert compose("{v}", {"v": value}).content
    assert compose("go", {"v": value}, attach=["v"]).content
    assert kind_of(value)
    if isinstance(value, Leaving):
        with pytest.raises(ValueError, match="has no value: SystemExit"):
            compose("{v!r}", {"v": value})
