"""A key that cannot be shown: it prints, pickles and compares without giving itself away."""

from __future__ import annotations

import hashlib
import re
from typing import Any, NoReturn

MASK = "***"
_LONG_ENOUGH = 8

# Key-shaped words (`sk-…`, `gsk_…`, `Bearer …`): servers like to repeat the key in their complaint.
_KEY_SHAPED = re.compile(
    r"""(?ix)
    \b(?: (?:sk|gsk|rk|pk|xai|hf|nvapi|pplx|csk|fw|sess|ghp|gho|github_pat)[-_] [A-Za-z0-9_\-*.]{8,}
        | AIza[A-Za-z0-9_\-]{20,} )
    | (?<=bearer\ ) [A-Za-z0-9_\-.=+/]{8,}
    """
)


class Veiled(dict[str, Any]):
    """Values whose repr shows their names only: a traceback that prints locals must show no key."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({dict.fromkeys(self, MASK)!r})"


class Secret:
    """Holds a key; `reveal()` is the only way to read it, and `repr`, `str` and pickle refuse to."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    @classmethod
    def of(cls, value: str | Secret | None) -> Secret | None:
        """Wrap a key; `None` and `""` are no key."""
        if isinstance(value, Secret):
            return value
        if value is not None and not isinstance(value, str):
            raise TypeError(f"a key is a text, not a value of type {type(value).__name__}")
        # Keys are pasted: a stray line end would make an illegal header.
        value = value.strip() if value else None
        return cls(value) if value else None

    def reveal(self) -> str:
        """Give the key itself, for the one line that puts it on the wire."""
        return self._value

    def fingerprint(self) -> str:
        """Twelve hex digits that tell two keys apart without showing either."""
        return hashlib.sha256(self._value.encode()).hexdigest()[:12]

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a key is not pickled: pass the provider's name and let the other side find its own key"
        )


def redact(text: str, *secrets: Secret | None) -> str:
    """Mask the given keys, and whatever else looks like one, in a text that a user will see."""
    for secret in secrets:
        if secret is None or not secret.reveal():
            continue
        if len(secret.reveal()) >= _LONG_ENOUGH:
            text = text.replace(secret.reveal(), MASK)
        else:
            # A key like "k" for a local server is masked where it stands alone, not inside of words.
            text = re.sub(rf"(?<!\w){re.escape(secret.reveal())}(?!\w)", MASK, text)
    return _KEY_SHAPED.sub(MASK, text)
