"""Code, JSON and tables are read out of an answer, and a reply has them as attributes."""

from __future__ import annotations

import time

import pytest

import g4f_nb as nb
from g4f_nb.presentable import Block
from g4f_nb.reply import Reply

TEXT = """\
Two steps:

1. Install it:

   ```sh
   run me
   ```
2. Then

```python
x = 1
```

```Python title="b"
y = "```"
```

| planet | moons | mass |
|---|--:|--:|
| **Mars** | 2 | 6,417.1 |
| [Venus](https://a.invalid) |  | 48,675 |
| `Pluto` | 5 | 13 |

```csv
name, age
Ann, 3
```

{"a": [1, 2,]}
"""


def _reply(text):
    reply = Reply()
    reply.add(text)
    return reply


def test_every_fenced_block_has_its_language():
    """Also inside of lists, and a fence that is never closed."""
    blocks = _reply(TEXT).blocks
    assert [block.language for block in blocks] == ["sh", "python", "python", "csv"]
    assert blocks[0] == Block("sh", "run me\n")
    assert _reply("```\nopen").blocks == [Block("", "open")]


def test_code_is_what_one_would_run():
    """The blocks in the language of the first one, joined; nothing of the prose."""
    assert _reply(TEXT.partition("2. Then")[2]).code == 'x = 1\n\ny = "```"\n'
    assert _reply(TEXT).code == "run me\n"
    assert _reply("just words").code == ""


def test_tables_are_frames():
    """Markdown's and CSV's; marks are taken off, numbers are numbers, what is missing is missing."""
    markdown, csv = _reply(TEXT).tables
    assert list(markdown["planet"]) == ["Mars", "Venus", "Pluto"]
    assert list(markdown["mass"]) == [6417.1, 48675.0, 13.0]
    assert markdown["moons"].sum() == 7
    assert markdown["moons"].isna().sum() == 1
    assert str(markdown["moons"].dtype) == "Int64"
    assert csv.to_dict("records") == [{"name": "Ann", "age": 3}]
    assert _reply("no table").tables == []


@pytest.mark.parametrize(
    "text",
    [
        "|a|a|\n|-|-|\n|1|2|3|\n|x|",
        "|a|\n|-|",
        "|a|b|\n|-|-|\n| | |",
        "```csv\n\n```",
        '```csv\na,"b\n1,2,3\n```',
    ],
)
def test_odd_tables_are_no_error(text):
    """Two columns of one name, no rows, nothing in them, broken CSV."""
    for table in _reply(text).tables:
        assert table.shape[1] <= 2


def test_json_of_an_answer():
    """An object or a list, else nothing; a number alone is no JSON answer."""
    assert _reply(TEXT).json == {"a": [1, 2]}
    assert _reply("4").json is None
    assert _reply("no").json is None


def test_a_real_reply_has_them():
    """They are attributes of what `nb.ask` gives."""
    reply = nb.ask("Show me a table and code", "Demo:demo-fast")
    assert list(reply.tables[0]["planet"]) == ["Mercury", "Mars"]
    assert reply.blocks[0].language == "python"
    exec(compile(reply.code, "answer", "exec"), {"print": lambda *_: None})  # noqa: S102  # Demo's own code


@pytest.mark.clock
def test_no_text_takes_long():
    """Text made to take the square of its length does not."""
    begun = time.perf_counter()
    for text in ("[" * 100_000, "*a" * 100_000, "|" * 100_000, "| a |\n|---|\n" * 10_000):
        reply = _reply(text)
        assert reply.blocks == []
        assert isinstance(reply.tables, list)
    assert time.perf_counter() - begun < 30
