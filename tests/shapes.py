"""Types of every usual form, for the tests of schemas, of fitting and of tools."""

# ruff: noqa: D101  # a docstring would be part of their schema

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, NewType, NotRequired, TypedDict

from pydantic import BaseModel, Field

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from somewhere import Unknown


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


@dataclass
class Point:
    """A place in the plane.

    Attributes:
        x: to the right
    """

    x: float
    y: float = 0.0


@dataclass
class Tree:
    name: str
    children: list[Tree] = field(default_factory=list)


@dataclass
class Even:
    n: int

    def __post_init__(self):
        if self.n % 2:
            raise ValueError(f"{self.n} is odd")


class Film(TypedDict):
    """A film."""

    title: str
    year: NotRequired[int]


class Pair(NamedTuple):
    left: int
    right: str = "r"


class Person(BaseModel):
    name: str = Field(description="in full")
    age: int = Field(ge=0)
    friends: list[Person] = []


class Team(BaseModel):
    lead: Badge
    color: Color = Color.RED


class Badge(BaseModel):
    title: str


UserId = NewType("UserId", int)
Percent = Annotated[float, Field(ge=0, le=100), "in percent"]


@dataclass
class Mixed:
    many: Sequence[Decimal]
    mood: Literal["good", "bad"]
    at: Any = None


@dataclass
class Lost:
    part: Unknown
