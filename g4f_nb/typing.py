"""The names that the provider signatures use."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from os import PathLike
from typing import IO, Any, TypeAlias

from g4f_nb.chunks import Chunk

Message: TypeAlias = dict[str, Any]
Messages: TypeAlias = list[Message]
CreateResult: TypeAlias = Iterator[str | Chunk]
AsyncResult: TypeAlias = AsyncIterator[str | Chunk]
MediaItem: TypeAlias = str | bytes | IO[bytes] | PathLike[str] | Any
MediaListType: TypeAlias = list[MediaItem | tuple[MediaItem, str | None]]
