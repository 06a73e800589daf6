"""Records that say where the answer is: asked again, the same answer is kept once, and not once a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from g4f_nb.stored.damage import record_or_none

# The run and the position of the cell that has the answer.
Target = tuple[str, int]
# How such a record begins.
MARK = b'{"same_as":'


def pointing(target: Target, answer: bytes, beside: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """A record with the answer of that cell and with these values of its own; and the whole of it."""
    own = orjson.dumps(beside)
    # Of two values of one name the later one counts.
    end = b"," + own[1:] if beside else b"}"
    return MARK + orjson.dumps(target) + end, answer[:-1] + end


def target_of(record: bytes) -> Target | None:
    """The cell that has the answer, if it is another one."""
    if not record.startswith(MARK):
        return None
    found = (record_or_none(record) or {}).get("same_as")
    # One that is damaged points nowhere.
    return tuple(found) if isinstance(found, list) and list(map(type, found)) == [str, int] else None


def joined(answer: bytes, pointer: bytes) -> bytes:
    """The whole record: what the answer says, and what the pointer says of it otherwise."""
    own = orjson.loads(pointer)
    del own["same_as"]
    # Of two values of one name the later one counts.
    return answer if not own else answer[:-1] + b"," + orjson.dumps(own)[1:]
