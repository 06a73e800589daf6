"""What a prompt says of a value, kind by kind."""

import collections
import dataclasses
import datetime as dt
import decimal
import enum
import functools
import pathlib
import uuid

import numpy as np
import pandas as pd
import pydantic
import pytest
from IPython.display import Markdown
from PIL import Image

from g4f_nb.prompting.limits import tokens_of
from g4f_nb.prompting.summaries import summarize
from g4f_nb.reply import Reply


def told(value, budget=2_000):
    return summarize(value, budget).named("v")


def frame(rows=200):
    random = np.random.default_rng(1)
    made = pd.DataFrame(
        {
            "price": random.normal(100, 20, rows).round(2),
            "city": random.choice(["Berlin", "Paris", "Rome"], rows, p=[0.6, 0.3, 0.1]),
            "when": pd.date_range("2024-01-01", periods=rows, freq="h", tz="Europe/Berlin").as_unit("us"),
            "sold": random.random(rows) > 0.5,
            "note": [f"note {each}" for each in range(rows)],
        }
    )
    made.loc[:19, "price"] = np.nan
    made["kind"] = pd.Categorical(made["city"], ordered=True)
    return made


class Colour(enum.Enum):
    """Of one colour."""

    RED = 1


@dataclasses.dataclass
class Point:
    """With a field that is not to be shown."""

    x: int
    y: int
    hidden: str = dataclasses.field(default="hunter2", repr=False)


class Model(pydantic.BaseModel):
    """With a key in it."""

    name: str
    key: pydantic.SecretStr = pydantic.SecretStr("hunter2")


Pair = collections.namedtuple("Pair", "left right")  # noqa: PYI024  # the old kind is what notebooks have


def area(width: float, height: float = 1.0) -> float:
    """The area of a rectangle."""
    return width * height


PLAIN = [
    ("text with {braces} and\nlines", "text with {braces} and\nlines"),
    (5, "5"),
    (1.5, "1.5"),
    (True, "True"),
    (None, "None"),
    (1 + 2j, "(1+2j)"),
    (np.float64(1.5), "1.5"),
    (np.int8(3), "3"),
    (np.array(3), "3"),
    (decimal.Decimal("1.10"), "1.10"),
    (dt.date(2024, 5, 1), "2024-05-01"),
    (dt.timedelta(hours=1), "1:00:00"),
    (pd.Timestamp("2024-05-01"), "2024-05-01 00:00:00"),
    (pd.NaT, "NaT"),
    (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    (pathlib.PurePosixPath("a/b.csv"), "a/b.csv"),
    (Colour.RED, "Colour.RED"),
    (range(3), "range(0, 3)"),
    ([1, "a", None], "[1, 'a', None]"),
    ({"a": [1, 2], "b": {"c": (1,)}}, "{'a': [1, 2], 'b': {'c': (1,)}}"),
    ({3, 1, 2}, "{1, 2, 3}"),
    (frozenset({1}), "frozenset({1})"),
    ((), "()"),
    ([np.float64(1.5), pd.Timestamp("2024-05-01")], "[1.5, 2024-05-01 00:00:00]"),
    (collections.Counter("aab"), "Counter({'a': 2, 'b': 1})"),
    (collections.deque([1, 2]), "deque([1, 2])"),
    (collections.OrderedDict(a=1), "OrderedDict({'a': 1})"),
    (collections.defaultdict(list, a=[1]), "defaultdict({'a': [1]})"),
    (Pair(1, 2), "Pair(left=1, right=2)"),
    (Point(1, 2), "Point(x=1, y=2)"),
    (Model(name="Ann"), "Model(name='Ann', key=SecretStr('**********'))"),
]


@pytest.mark.parametrize(("value", "expected"), PLAIN, ids=[type(value).__name__ for value, _ in PLAIN])
def test_plain_values_go_in_as_they_are(value, expected):
    """Texts and numbers as `str` has them, short containers as Python writes them; the hidden stays so."""
    made = summarize(value, 2_000)
    assert made.whole
    assert made.body == expected


def test_a_reply_is_its_text():
    """An answer goes on to the next model as text."""
    reply = Reply()
    reply.add("forty-two", at=0)
    assert summarize(reply, 2_000).body == "forty-two"


def test_a_long_text_of_its_own_is_never_cut():
    """A text that is named is what the model is to read; what it costs, the list of pieces says."""
    assert summarize("word " * 50_000, 100).body == "word " * 50_000


def test_a_table_is_told_by_its_columns():
    """Shape, types, what is missing, numbers, spans, commonest values, and rows from all over it."""
    text = told(frame(), 700)
    assert "`v`: DataFrame, 200 rows × 6 columns" in text  # noqa: RUF001
    assert "price: float64, 20 missing (10 %), min " in text
    assert "median" in text
    assert "city: str, 3 distinct, top 'Berlin' ×" in text  # noqa: RUF001
    assert (
        "when: datetime64[us, Europe/Berlin], 2024-01-01 00:00:00+01:00 to 2024-01-09 07:00:00+01:00" in text
    )
    assert "sold: bool, " in text
    assert "note: str, all distinct, like 'note 0', 'note 1'" in text
    assert "kind: ordered category of 3" in text
    assert "rows from all over it, as CSV:\nprice,city,when,sold,note,kind\n," in text
    assert "note 199" in text
    assert tokens_of(text) <= 750


def test_a_small_table_is_given_whole():
    """Where every row fits, every row is there, and numbers about so few of them are not."""
    text = told(pd.DataFrame({"a": [1, 2], "b": ["x", None]}, index=pd.Index(["i", "j"], name="key")))
    assert text.endswith("all rows, as CSV:\nkey,a,b\ni,1,x\nj,2,")
    assert "b: str, 1 missing (50 %)" in text
    assert "mean" not in text


@pytest.mark.parametrize("budget", [120, 300, 1_000, 4_000])
@pytest.mark.parametrize("rows", [0, 1, 7, 300, 20_000])
@pytest.mark.parametrize("width", [1, 5, 300])
def test_a_table_keeps_to_its_budget(rows, width, budget):
    """Any size of table for any number of tokens; what was left out is said."""
    made = pd.DataFrame(
        np.arange(rows * width).reshape(rows, width), columns=[f"c{at}" for at in range(width)]
    )
    text = told(made, budget)
    assert tokens_of(text) <= budget + 150
    if width == 300 and budget < 1_000:
        assert "more columns" in text


def test_tables_of_every_form():
    """Several levels, names that come twice or are no text, empty ones, sparse and nullable types."""
    levels = pd.DataFrame(
        [[1, 2]],
        columns=pd.MultiIndex.from_tuples([("a", "x"), ("a", "y")]),
        index=pd.MultiIndex.from_tuples([(1, "k")], names=["n", "m"]),
    )
    assert "('a', 'x'): int64" in told(levels)
    assert "MultiIndex by 'n', 'm'" in told(levels)
    assert told(levels).endswith("n,m,\"('a', 'x')\",\"('a', 'y')\"\n1,k,1,2")
    assert told(pd.DataFrame({"a": [5]}, index=["k"])).endswith("index,a\nk,5")
    assert told(pd.DataFrame({"a": [5]}).dtypes).endswith("index,0\na,int64")
    assert told(pd.DataFrame([[1, 2]], columns=["a", "a"])).count("  a: int64") == 2
    assert "  0: int64" in told(pd.DataFrame([[1]]))
    assert "empty\na: object" in told(pd.DataFrame(columns=["a"]))
    assert told(pd.DataFrame()).startswith("`v`: DataFrame, 0 rows")
    odd = pd.DataFrame(
        {
            "nullable": pd.array([1, None] * 6, dtype="Int64"),
            "truth": pd.array([True, None] * 6, dtype="boolean"),
            "span": pd.to_timedelta(range(12), unit="h"),
            "period": pd.period_range("2024-01", periods=12, freq="M"),
            "lists": [[1, 2]] * 12,
            "mixed": [1, "a", None, 2.5] * 3,
            "sparse": pd.arrays.SparseArray([0, 0, 1] * 4),
            "complex": [1j] * 12,
            "same": [7] * 12,
            "none": [None] * 12,
            "inf": [np.inf, -np.inf, 1.0] * 4,
        }
    )
    odd["when"] = dt.date(2024, 5, 1)
    odd["exact"] = [decimal.Decimal("1.10"), decimal.Decimal(2)] * 6
    odd["range"] = pd.cut(range(12), [-1, 5, 11])
    odd["large"] = [60_000.0, 12_345.678] * 6
    text = told(odd)
    assert "when: object, always 2024-05-01" in text
    assert "exact: object, 2 distinct, top 1.10 ×6, 2 ×6" in text  # noqa: RUF001
    assert "top (-1, 5] ×6, (5, 11] ×6" in text  # noqa: RUF001
    assert "large: float64, min 12345.7, " in text
    assert "max 60000, " in text
    for name in odd.columns.drop("range"):
        assert f"  {name}: {odd[name].dtype}" in text
    assert "nullable: Int64, 6 missing (50 %), always 1" in text
    assert "same: int64, always 7" in text
    assert "period: period[M], 2024-01 to 2024-12" in text
    assert "12 missing (100 %)" in text


def test_series_and_indexes():
    """A column alone has its name, its numbers and its values; an index its labels."""
    assert told(pd.Series([1.5, 2.5, None], name="w")) == (
        "`v`: Series 'w', 3 values\nvalues: float64, 1 missing (33 %), min 1.5, 25 % 1.75, median 2, "
        "75 % 2.25, max 2.5, mean 2, std 0.7071\nall values: 1.5, 2.5, missing"
    )
    assert "DatetimeIndex from 2024-01-01 00:00:00 to 2024-01-03 00:00:00, each D" in told(
        pd.Series([1, 2, 3], index=pd.date_range("2024-01-01", periods=3))
    )
    assert "from 0 to 4, step 2" in told(pd.RangeIndex(0, 6, 2))
    assert "all values: a, b" in told(pd.Index(["a", "b"]))
    assert "empty" not in told(pd.Series([], dtype=float))
    assert "2 groups of 4 rows" in told(pd.DataFrame({"k": [1, 1, 2, 2]}).groupby("k"))


def test_a_large_table_is_looked_at_in_a_sample_and_says_so():
    """Of more than 100,000 rows the numbers are a sample's, the same each time."""
    made = pd.DataFrame({"a": np.arange(300_000)})
    text = told(made)
    assert "numbers from a sample of " in text
    assert text == told(made)


def test_arrays():
    """Shape, type, numbers, and all values or those at the edges; oddities do not matter."""
    assert told(np.arange(6).reshape(2, 3)).startswith(
        "`v`: numpy ndarray, shape 2×3, int64\nmin 0, mean 2.5"  # noqa: RUF001
    )
    assert "..." in told(np.zeros((500, 500)), 200)
    assert tokens_of(told(np.zeros((60, 60, 60, 3)), 300)) <= 350
    assert "1 not finite" in told(np.array([1.0, np.nan]))
    assert "50.0% true" in told(np.array([True, False]))
    assert "['a', None]" in told(np.array(["a", None], dtype=object))
    assert "from a sample of 1,000,000 values" in told(np.zeros(1_500_000, dtype="int8"))
    assert "shape 0" in told(np.array([]))
    assert "int64" in told(np.ma.masked_array([1, 2], [True, False]))
    assert "(1, 2.0)" in told(np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]))


def test_functions_and_classes_bring_their_source():
    """What the user wrote is what the model reads; of built-in ones signature and words."""
    made = summarize(area, 2_000)
    assert made.in_place("area").startswith("def area(width: float, height: float = 1.0) -> float:\n")
    assert made.named("area").startswith(f"`area`: function of {__name__}\n```python\ndef area(")
    assert "class Point:" in told(Point)
    assert "@dataclasses.dataclass" in told(Point)
    assert told(len) == "`v`: function len(obj, /)\nReturn the number of items in a container."
    assert "def area" in told(functools.lru_cache(area))
    assert "functools.partial of" in told(functools.partial(area, 2))
    assert "class builtins.int" in told(int)
    assert "(cut: " in told(pytest.Item, 100)


def test_modules_tell_their_public_names():
    """Each with its signature and first line; a module of a thousand names is short, too."""
    text = told(functools)
    assert text.startswith("`v`: module functools (functools.py)\n")
    assert "reduce(" in text
    assert tokens_of(told(np)) <= 900
    assert "more names" in told(np)


def test_pictures_are_pictures(tmp_path):
    """A figure, its axes, an image and the bytes of one are media, with a line about each."""
    from matplotlib.figure import Figure

    figure = Figure()
    axes = figure.subplots(1, 2)
    axes[0].set(title="Sales", xlabel="year")
    for each in (figure, axes[0], axes):
        made = summarize(each, 2_000)
        assert made.media.type == "image/png"
        assert "matplotlib figure, 640×480 pixels, 2 axes: 'Sales' x 'year'" in made.head  # noqa: RUF001
    image = Image.new("RGB", (30, 20))
    assert summarize(image, 2_000).head == "image, 30×20 pixels, mode RGB"  # noqa: RUF001
    assert (
        summarize(Image.new("L", (9000, 90)), 2_000).head == "image, 9000×90 pixels, mode L, sent as 4096×41"  # noqa: RUF001
    )
    image.save(tmp_path / "a.png")
    made = summarize((tmp_path / "a.png").read_bytes(), 2_000)
    assert made.media.type == "image/png"


def test_bytes_that_are_no_picture():
    """Text is read, anything else told by its size and beginning."""
    assert told(b"hello") == "`v`: 5 bytes of text\nhello"
    assert told(b"%PDF-1.7 \xff").startswith("`v`: 10 bytes, application/pdf")
    assert told(bytes(range(256)) * 9).startswith("`v`: 2,304 bytes: b'\\x00\\x01")


def test_what_gives_its_values_once_keeps_them():
    """Generators, iterators and open files are not read for a prompt."""
    source = iter([1, 2])
    assert "not taken" in told(source)
    assert "not taken" in told(each for each in source)
    assert "not taken" in told(map(str, source))
    assert list(source) == [1, 2]


def test_objects_are_told_by_their_own_words_or_their_attributes():
    """`str` where the class has one, else what is not hidden."""

    class Shop:
        """A small shop."""

        def __init__(self):
            self.name, self._secret = "Ann's", "hunter2"

    class Loud(Shop):
        def __str__(self):
            return "a loud shop"

    assert told(Shop()) == '`v`: Shop object: A small shop.\nShop(name="Ann\'s")'
    assert told(Loud()) == "`v`:\na loud shop"


def test_a_few_tables_together_are_each_told():
    """The sheets of a file, the parts of a split: each as it would be alone, within the one budget."""
    text = told({"a": frame(), "b": np.arange(3), "n": 1})
    assert text.startswith("`v`: dict of 3\n`['a']`: DataFrame, 200 rows")
    assert "`['b']`: numpy ndarray, shape 3, int64" in text
    assert "`['n']`:\n1" in text
    assert "`[1]`: Series" in told((pd.DataFrame({"x": [1]}), pd.Series([2])))
    assert tokens_of(told([frame()] * 4, 800)) <= 1_000


def test_what_a_cell_has_shown_as_text_is_its_text():
    """`Markdown` and `HTML` of IPython."""
    assert told(Markdown("**so**")) == "`v`:\n**so**"


def test_long_containers_are_shortened_and_say_so():
    """From the largest that fits: fewer items, shorter texts, fewer levels; the rest is counted."""
    text = told(list(range(100_000)), 300)
    assert text.startswith("`v`: list of 100,000, shortened\n[0, 1, 2")
    assert text.endswith("more)]")
    assert tokens_of(text) <= 330
    deep = {"a": {"b": {"c": {"d": ["x" * 500] * 50}}}}
    assert tokens_of(told(deep, 150)) <= 180
    assert "characters)" in told(deep, 600)
