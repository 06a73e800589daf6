"""Conversations with their turns and what those have cost; a turn is a row of its own.

Two kernels that go on with one conversation both keep their turns, and overwrite nothing.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from g4f_nb.stored import damage
from g4f_nb.stored.inbox import Row
from g4f_nb.stored.packing import packed
from g4f_nb.stored.sqlite_file import Storage

SCHEMA = """
CREATE TABLE IF NOT EXISTS conversations (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, title TEXT NOT NULL, changed_at REAL NOT NULL,
    settings BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS turns (
    conversation TEXT NOT NULL, turn TEXT NOT NULL, parent TEXT, record BLOB NOT NULL,
    PRIMARY KEY (conversation, turn)
);
CREATE TABLE IF NOT EXISTS costs (
    conversation TEXT NOT NULL, turn TEXT NOT NULL, usd REAL, tokens INTEGER, guess REAL,
    PRIMARY KEY (conversation, turn)
)
"""
# What a turn has cost: its id, dollars, tokens, and a guess where nobody knows.
Cost = tuple[str, float | None, int | None, float | None]


class Talks:
    """The conversations of a store."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def keep(self, id: str, name: str, title: str, settings: Mapping[str, Any]) -> None:  # noqa: A002  # its name
        """Keep what a conversation is called and how it asks, and that it has changed now."""
        row = (id, name, title, time.time(), packed(settings))
        self._storage.write("INSERT OR REPLACE INTO conversations VALUES (?, ?, ?, ?, ?)", [row])

    def keep_turns(self, id: str, turns: Iterable[tuple[str, str | None, Mapping[str, Any]]]) -> None:  # noqa: A002
        """Keep new turns, each with the one before it."""
        rows = [(id, turn, parent, packed(record)) for turn, parent, record in turns]
        self._storage.write("INSERT OR REPLACE INTO turns VALUES (?, ?, ?, ?)", rows)

    def move_turns(self, id: str, moved: Iterable[tuple[str, str | None]]) -> None:  # noqa: A002
        """Put turns behind another one each."""
        query = "UPDATE turns SET parent = ? WHERE conversation = ? AND turn = ?"
        self._storage.write(query, [(parent, id, turn) for turn, parent in moved])

    def drop_turns(self, id: str, gone: Iterable[str]) -> None:  # noqa: A002
        """Delete turns."""
        query = "DELETE FROM turns WHERE conversation = ? AND turn = ?"
        self._storage.write(query, [(id, turn) for turn in gone])

    def keep_costs(self, id: str, costs: Iterable[Cost]) -> None:  # noqa: A002
        """Keep what turns have cost, also those that were dropped."""
        query = "INSERT OR REPLACE INTO costs VALUES (?, ?, ?, ?, ?)"
        self._storage.write(query, [(id, *cost) for cost in costs])

    def latest(self, most: int) -> list[Row]:
        """The latest: id, name, title, when it changed, settings, turns, costs that are unknown, dollars."""
        rows = self._read(
            "SELECT id, name, title, changed_at, settings,"
            " (SELECT count(*) FROM turns WHERE conversation = id),"
            " (SELECT count(*) FROM costs WHERE conversation = id AND usd IS NULL),"
            " (SELECT sum(usd) FROM costs WHERE conversation = id)"
            " FROM conversations ORDER BY changed_at DESC"
            # Those with no date come first, and take nobody's place.
            " LIMIT ? + (SELECT count(*) FROM conversations WHERE changed_at >= ?)",
            (most, damage.END_OF_TIME),
        )
        return _together(list(damage.readable(rows, _listed, "a conversation")))[:most]

    def ids_of(self, name: str) -> list[str]:
        """The ids of the conversations of that name or id, the latest first."""
        rows = self._read("SELECT id, changed_at FROM conversations WHERE id = ? OR name = ?", (name, name))
        # One that began in a file and went on in memory is in both.
        return list(dict.fromkeys(key for key, _ in sorted(rows, key=lambda row: -_age(row[1]))))

    def changed_at(self, id: str) -> float:  # noqa: A002
        """When one changed last, in seconds since 1970; 0 where there is none."""
        rows = self._read("SELECT changed_at FROM conversations WHERE id = ?", (id,))
        return max((_age(at) for (at,) in rows), default=0.0)

    def count_turns(self, id: str) -> int:  # noqa: A002
        """How many turns one has."""
        rows = self._read("SELECT count(*) FROM turns WHERE conversation = ?", (id,))
        return sum(count for (count,) in rows)

    def find(self, id: str) -> tuple[str, dict[str, Any]] | None:  # noqa: A002
        """The name and the settings of one."""
        rows = self._read("SELECT name, settings FROM conversations WHERE id = ?", (id,))
        return (rows[-1][0], damage.record(rows[-1][1], "settings")) if rows else None

    def turns(self, id: str) -> list[dict[str, Any]]:  # noqa: A002
        """All turns of one as they were kept, and behind which they stand now."""
        rows = self._read("SELECT parent, record FROM turns WHERE conversation = ? ORDER BY rowid", (id,))
        return [{**damage.record(record, "turn"), "parent": parent} for parent, record in rows]

    def costs(self, id: str) -> list[Cost]:  # noqa: A002
        """What the turns of one have cost."""
        return self._read("SELECT turn, usd, tokens, guess FROM costs WHERE conversation = ?", (id,))

    def with_words(self, words: Iterable[str]) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Turns that may hold all of these words, the newest first: whose, what that is called, the record.

        The records hold them somewhere, as a name of a field, say: whoever asks looks where they are.
        """
        conditions, values = _conditions(words)
        query = f"SELECT conversation, turn FROM turns WHERE {conditions} ORDER BY rowid DESC"  # noqa: S608  # only ?
        names: dict[str, Any] = dict(self._read("SELECT id, name FROM conversations", ()))
        one = "SELECT record FROM turns WHERE conversation = ? AND turn = ?"
        for key in self._read(query, tuple(values)):
            # One at a time: a turn with pictures is large.
            rows = self._read(one, key)
            # What is damaged is told to whoever reads all of it.
            record = damage.record_or_none(rows[-1][0]) if rows else None
            if record is not None:
                name = names.get(key[0])
                yield key[0], name if isinstance(name, str) else "", record

    def forget(self, id: str) -> None:  # noqa: A002
        """Delete one."""
        for table in ("turns", "costs"):
            self._storage.write(f"DELETE FROM {table} WHERE conversation = ?", [(id,)])  # noqa: S608  # constant
        self._storage.write("DELETE FROM conversations WHERE id = ?", [(id,)])

    def _read(self, query: str, values: tuple[Any, ...]) -> list[Any]:
        self._storage.flush()
        return self._storage.read(query, values)


def _listed(row: Row) -> Row:
    key, name, title, at, settings, *counts = row
    texts = damage.text(key, "id"), damage.text(name, "name"), damage.text(title, "title")
    return (*texts, damage.moment(at, "changed_at"), damage.record(settings, "settings"), *counts)


def _age(changed_at: object) -> float:
    return damage.moment_or_none(changed_at) or 0.0


def _conditions(words: Iterable[str]) -> tuple[str, list[str]]:
    """What is true of records that hold these words: SQLite knows small and large letters of ASCII alone."""
    parts, values = [], []
    for word in words:
        forms = sorted({word, word.lower(), word.upper(), word.capitalize(), word.title()})
        parts.append(f"({' OR '.join(['CAST(record AS TEXT) LIKE ? ESCAPE char(1)'] * len(forms))})")
        values += [f"%{_escaped(json.dumps(form, ensure_ascii=False)[1:-1])}%" for form in forms]
    return " AND ".join(parts), values


def _escaped(text: str) -> str:
    for sign in ("\x01", "%", "_"):
        text = text.replace(sign, f"\x01{sign}")
    return text


def _together(rows: list[Row]) -> list[Row]:
    """One row a conversation, the latest first: what began in a file and went on in memory is in both."""
    found: dict[str, Row] = {}
    for row in sorted(rows, key=lambda row: row[3]):
        before = found.pop(row[0], (0, 0, None))
        paid = [each for each in (before[-1], row[-1]) if each is not None]
        found[row[0]] = (*row[:5], before[-3] + row[5], before[-2] + row[6], sum(paid) if paid else None)
    return list(found.values())[::-1]
