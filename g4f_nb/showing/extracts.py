"""What can be read out of an answer's text: its code, its JSON, its tables."""

from __future__ import annotations

import re
from functools import cache
from io import StringIO
from typing import TYPE_CHECKING, Any

from g4f_nb.presentable import Block
from g4f_nb.typed.loosejson import NoJsonError, read_json

if TYPE_CHECKING:
    import pandas as pd
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_DELIMITERS = {"csv": ",", "tsv": "\t"}
_NUMBER = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?(?:[eE][+-]?\d+)?")
# Emphasis, code and links in a table's cell; what they hold is the value.
_MARKS = re.compile(r"^(\*\*|__|\*|_|`)(.+)\1$")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


def extract(text: str, what: str) -> Any:
    """`code`, `blocks`, `json` or `tables` of a text."""
    match what:
        case "code":
            return code_of(text)
        case "blocks":
            return blocks_of(text)
        case "json":
            return json_of(text)
        case "tables":
            return tables_of(text)
        case _:
            raise AttributeError(f"an answer has no {what!r}")


def blocks_of(text: str) -> list[Block]:
    """Every fenced block, in order; a fence that is never closed goes to the end of the text."""
    return [_block(token) for token in _reader().parse(text) if token.type == "fence"]


def paragraphs_of(text: str) -> list[str]:
    """What stands by itself in a text, as paragraphs or as HTML, each from its first character on."""
    tokens = _reader().parse(text)
    alone = (
        token
        for before, token in zip([None, *tokens], tokens, strict=False)
        if token.type == "html_block" or (before is not None and before.type == "paragraph_open")
    )
    return [token.content.lstrip() for token in alone if token.level <= 1]


def code_of(text: str) -> str:
    """The blocks in the language of the first one, joined: what a user would run."""
    blocks = blocks_of(text)
    return "\n".join(block.code for block in blocks if block.language == blocks[0].language)


def json_of(text: str) -> Any:
    """The JSON object or list of a text, or `None`."""
    try:
        value = read_json(text)
    except NoJsonError:
        return None
    return value if isinstance(value, dict | list) else None


def tables_of(text: str) -> list[pd.DataFrame]:
    """Every table, in Markdown or as a fenced block of CSV or TSV; columns of numbers are numbers."""
    found = []
    tokens = _reader().parse(text)
    for position, token in enumerate(tokens):
        if token.type == "table_open":
            found.append(_table(tokens[position:]))
        elif token.type == "fence":
            table = _csv(_block(token))
            if table is not None:
                found.append(table)
    return found


@cache
def _reader() -> MarkdownIt:
    from markdown_it import MarkdownIt

    # Blocks are all that is looked at; reading what is inside of lines may take the square of their length.
    return MarkdownIt("commonmark").enable("table").disable("inline")


def _block(token: Token) -> Block:
    words = token.info.split()
    return Block(words[0].lower() if words else "", token.content)


def _table(tokens: list[Token]) -> pd.DataFrame:
    import pandas as pd

    rows: list[list[str]] = []
    for position, token in enumerate(tokens):
        if token.type == "tr_open":
            rows.append([])
        elif token.type in ("th_open", "td_open"):
            rows[-1].append(_plain(tokens[position + 1].content))
        elif token.type == "table_close":
            break
    frame = pd.DataFrame(rows[1:], columns=rows[0])
    return _numbered(frame)


def _plain(cell: str) -> str:
    cell = _LINK.sub(r"\1", cell.strip())
    match = _MARKS.match(cell)
    return match[2] if match else cell


def _numbered(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns that hold nothing but numbers become numbers, an empty cell of theirs a missing one."""
    import pandas as pd

    columns = []
    for position in range(frame.shape[1]):
        column = frame.iloc[:, position]
        filled = [cell for cell in column if cell]
        if filled and all(_NUMBER.fullmatch(cell) for cell in filled):
            column = pd.to_numeric(column.str.replace(",", "").replace("", None))
            # Whole numbers stay whole where one of them is missing.
            column = column.convert_dtypes() if len(filled) < len(column) else column
        columns.append(column)
    return pd.concat(columns, axis=1) if columns else frame


def _csv(block: Block) -> pd.DataFrame | None:
    import pandas as pd

    delimiter = _DELIMITERS.get(block.language)
    if delimiter is None or not block.code.strip():
        return None
    try:
        return pd.read_csv(StringIO(block.code), sep=delimiter, skipinitialspace=True)
    except ValueError:
        # pandas' parser errors are ValueErrors: a block that only claims to be CSV.
        return None
