"""What views of answers side by side are told, with the types of its parts; `side_by_side` says when."""

from __future__ import annotations

from typing import NotRequired, TypedDict


class Step(TypedDict):
    """What is new of one answer: of the block that grows `keep` characters stay, `open` follows them."""

    id: str
    open: str
    keep: NotRequired[int]
    finished: NotRequired[list[str]]
    reasoning: NotRequired[str]
    # What there was before is gone.
    anew: NotRequired[bool]
    # In the place of what could not be rendered.
    plain: NotRequired[str]


class Item(TypedDict):
    """How an answer ended, as it stands below its text."""

    facts: list[str]
    mark: str
    error: str | None
    said: bool


class SideState(TypedDict):
    """One answer without its text; while names are hidden, with a letter in the place of what would tell."""

    id: str
    title: str
    status: str
    tries: int
    item: Item | None
    letter: NotRequired[str]
    # What can be asked again and taken away, how it fared, and whose key is missing.
    column: NotRequired[str | None]
    badge: NotRequired[str]
    key: NotRequired[str | None]


class BallotState(TypedDict):
    """How far the voting is, and which two are voted on."""

    left: str | None
    right: str | None
    ready: bool
    done: int
    total: int
    undo: bool
    skip: bool


class Column(TypedDict):
    """A model that the next prompt goes to."""

    id: str
    title: str


class Following(TypedDict):
    """How many prompts of the list are left, and how the next one begins."""

    left: int
    of: int
    text: str | None


class Summary(TypedDict):
    """What has come of all votes: each model with how often it won, tied, lost; how far judges agree."""

    score: list[tuple[str, int, int, int]]
    notes: list[str]


class State(TypedDict):
    """What there is; the first part in both panels, the rest in the one or the other."""

    question: str | None
    sides: list[SideState]
    ballot: BallotState | None
    blind: bool
    columns: NotRequired[list[Column]]
    notes: NotRequired[list[str]]
    at: NotRequired[int]
    rounds: NotRequired[int]
    next: NotRequired[Following]
    asked: NotRequired[str]
    summary: NotRequired[Summary]
