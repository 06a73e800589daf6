"""A key that cannot be shown: it prints, pickles and compares without giving itself away."""

from __future__ import annotations

import base64
import copy
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NoReturn, Self, TypeVar
from urllib.parse import unquote, unquote_plus, urlsplit

from g4f_nb.addresses import MASK, mask_addresses
from g4f_nb.spellings import LONG_ENOUGH
from g4f_nb.traces import traces_of

__all__ = [
    "MASK", "SECRET_WORDS", "Secret", "Secrets", "Veiled", "kind_only", "mask_given", "names_only", "redact",
    "redact_beginning", "secrets_in", "secrets_of_address", "secrets_of_headers", "shown_address", "together",
    "unshown",
]  # fmt: skip

T = TypeVar("T")
# A value of such a name is not shown.
SECRET_WORDS = ("key", "token", "secret", "password", "authorization", "cookie", "credential")
# Of a text that will be shortened, and of a key in its longest spelling.
_BEGINNING = 32_000
_LONGEST_KEY = 4_000

# Key-shaped words (`sk-…`, `gsk_…`, `Bearer …`): servers like to repeat the key in their complaint.
_KEY_SHAPED = re.compile(
    r"""(?ix)
    \b(?: (?:sk|gsk|rk|pk|xai|hf|nvapi|pplx|csk|fw|sess|ghp|gho|github_pat)[-_] [A-Za-z0-9_\-*.]{8,}
        | AIza[A-Za-z0-9_\-]{20,} )
    | (?<=bearer\ ) [A-Za-z0-9_\-.=+/]{8,}
    """
)

# Names of headers, fields and parameters that hold one.
_TELLING = re.compile(r"(?i)key|token|secret|passw|authorization|cookie|credential|signature|^(sig|code|k)$")

# Headers that let nobody in, and whose values are words of any text.
_PLAIN_HEADER = re.compile(
    r"(?i)accept|accept-language|content-type|http-referer|referer|user-agent|x-title|cache-control|.*-(version|beta)"
)

# Every call to some services has it, and their complaints are about it.
_NO_KEY_OF_A_QUERY = frozenset({"api-version"})

# What stands before the host of an address: `//user:password@`.
_USER_INFO = re.compile(r"(?<=://)[^\s/?#@'\"]+(?=@)")


class Veiled(dict[str, Any]):
    """Values whose repr shows their names only: a traceback that prints locals must show no key."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({dict.fromkeys(self, MASK)!r})"

    def __or__(self, other: Any) -> Any:
        # A plain dict's `|` and `copy()` would make a plain dict, which shows everything.
        made = self.copy()
        made.update(other)
        return made

    def __copy__(self) -> Self:
        return self.copy()

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return type(self)((name, copy.deepcopy(value, memo)) for name, value in self.items())

    def copy(self) -> Self:
        """As veiled as this one."""
        return type(self)(self)

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"{type(self).__name__} may hold a key and is not pickled: pass names, and let the other side "
            "find its own key"
        )


class _Kind:
    """Stands for a value of a wrong kind, which may hold a key; of that nothing is left but the name."""

    def __repr__(self) -> str:
        # Said as `sort_of` says it, which stands above this module.
        name = type(self).__name__
        return f"{'an' if name[0] in 'aeioAEIO' else 'a'} {name}"

    def __bool__(self) -> bool:
        # Something was given: it is refused, and not taken for nothing.
        return True


def kind_only(given: object) -> Any:
    """What stands for a value of a wrong kind until it is refused: its kind is all that can be seen of it."""
    bases = (_Kind, dict) if isinstance(given, Mapping) else (_Kind,)
    return type(type(given).__name__, bases, {"__module__": __name__})()


def names_only(given: T) -> T:
    """Options that a user wrote, so that only their names are seen; what are none, by its kind."""
    return Veiled(given) if isinstance(given, Mapping) else kind_only(given)  # type: ignore[return-value]  # a dict like the other


# A user's table; messages call it what it is.
_Unshown: type[Veiled] = type("dict", (Veiled,), {"__module__": __name__})


def unshown(given: T, depth: int = 3) -> T:
    """A table that a user wrote, of prices or limits, so that only names are seen; lists in it as well.

    Nothing nests as deep that is one: what lies deeper is of a wrong kind.
    """
    made: Any = given
    if isinstance(made, Mapping):
        if not depth:
            return kind_only(made)  # type: ignore[no-any-return]  # refused wherever it is looked at
        return _Unshown((name, unshown(each, depth - 1)) for name, each in made.items())  # type: ignore[return-value]  # a dict like the other
    if isinstance(made, list | tuple):
        # What such a list holds is a number or a text; a table in it is in a wrong place.
        kept = [kind_only(each) if isinstance(each, Mapping | list | tuple) else each for each in made]
        return kept if isinstance(made, list) else tuple(kept)  # type: ignore[return-value]  # as above
    return given


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
            kind = type(value).__name__
            # It may be a key all the same, as bytes: a traceback with locals shall not show it.
            del value
            raise TypeError(f"a key is a text, not a value of type {kind}")
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

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        # Copied along with whatever holds it; it never changes.
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a key is not pickled: pass the provider's name and let the other side find its own key"
        )


class Secrets(Secret):
    """Several keys that go out with one request; whatever repeats any of them is masked."""

    __slots__ = ("parts",)

    def __init__(self, parts: tuple[Secret, ...]) -> None:
        super().__init__("")
        self.parts = parts

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secrets) and other.parts == self.parts

    def __hash__(self) -> int:
        return hash(self.parts)


def together(secrets: Iterable[Secret | None]) -> Secret | None:
    """All of them as one, for whoever masks what a server says."""
    parts = tuple(dict.fromkeys(secret for secret in secrets if secret is not None))
    return Secrets(parts) if len(parts) > 1 else next(iter(parts), None)


def secrets_in(values: Any) -> Iterator[Secret]:
    """What seems to be a key in headers, in a body or in a query, by the names that it goes by."""
    # No recursion: what holds itself, or nests without end, is refused later, where its name is known.
    ahead, met = [values], set[int]()
    while ahead:
        one = ahead.pop()
        if not isinstance(one, Mapping | list) or id(one) in met:
            continue
        met.add(id(one))
        if isinstance(one, list):
            ahead += reversed(one)
            continue
        for name, value in one.items():
            if isinstance(value, str) and _TELLING.search(str(name)):
                yield from filter(None, map(Secret.of, _with_last_word(value)))
            else:
                ahead.append(value)


def secrets_of_headers(headers: Mapping[str, Any]) -> Iterator[Secret]:
    """What a user's own headers say, whatever they are called: only the user knows which one is a key."""
    yield from secrets_in(headers)
    for name, value in headers.items():
        if isinstance(value, str) and not _PLAIN_HEADER.fullmatch(str(name)):
            yield from (Secret(word) for word in _with_last_word(value) if len(word) >= LONG_ENOUGH)


def _with_last_word(value: str) -> set[str]:
    # Of `Bearer …` and `Basic …` the last word counts, and where it stands alone the whole.
    return {value.strip(), value.strip().rpartition(" ")[2]}


def secrets_of_address(url: str) -> Iterator[Secret]:
    """What must not be shown of an address: keys in its query, a user's name and password."""
    try:
        parts = urlsplit(url)
        query, authority = parts.query, parts.netloc
    except ValueError:
        # No address, but it may hold a password all the same.
        query, authority = "", url.partition("://")[2]
    yield from _secrets_of_query(query)
    user, at, _ = authority.rpartition("@")
    if at:
        password = user.partition(":")[2]
        basic = base64.b64encode(unquote(user).encode()).decode()
        yield from filter(None, map(Secret.of, (user, password, unquote(password), basic)))


def _secrets_of_query(query: str) -> Iterator[Secret]:
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        # A server repeats it as it was sent, or as it has read it: with `+` as it is, or as a blank.
        readings = {value, unquote(value), unquote_plus(value)}
        telling = _TELLING.search(unquote_plus(name))
        if telling or (len(value) >= LONG_ENOUGH and name not in _NO_KEY_OF_A_QUERY):
            yield from filter(None, map(Secret.of, readings))


def redact(text: str, *secrets: Secret | None) -> str:
    """Mask the given keys, and whatever else looks like one, in a text that a user will see.

    A key is also found as JSON, HTML or an address would write it, in base64, and where it is cut short.
    """
    text = mask_given(text, *secrets)
    if "@" in text:
        text = _USER_INFO.sub(MASK, text)
    return _KEY_SHAPED.sub(MASK, mask_addresses(text))


def mask_given(text: str, *secrets: Secret | None) -> str:
    """Mask these keys, in whatever spelling and however much of them is there, and nothing else.

    So is one whose letters stand apart by what nobody sees: Markdown's marks, characters of no width.
    """
    each = [
        secret
        for given in secrets
        for secret in (given.parts if isinstance(given, Secrets) else (given,))
        if secret is not None and secret.reveal()
    ]
    parts, at = list[str](), 0
    for start, end in traces_of(text, each) if each else ():
        parts += [text[at:start], MASK]
        at = end
    return "".join((*parts, text[at:])) if parts else text


def redact_beginning(text: str, *secrets: Secret | None) -> str:
    """Like `redact`, of as much of a very long text as anybody will see; the rest is dropped unread."""
    if len(text) <= _BEGINNING:
        return redact(text, *secrets)
    start = redact(text[:_BEGINNING], *secrets)
    if len(start) < 2 * _LONGEST_KEY:
        # Nearly all of it was keys.
        return redact(text, *secrets)
    # The cut may have gone through a key, which is not known for one then.
    return start[:-_LONGEST_KEY]


def shown_address(url: str) -> str:
    """An address as a message may show it: without its query, and without user and password."""
    if "@" not in url and "?" not in url and "#" not in url:
        return str(url)
    scheme, mark, rest = url.partition("://")
    if not mark:
        scheme, rest = "", url
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    before, at, _ = authority.rpartition("@")
    _, colon, port = authority.rpartition("]")[2].partition(":")
    if at:
        rest = MASK + rest[len(before) :]
    elif "@" in rest and colon and not port.isdigit():
        # No port: a password with a slash or a question mark in it.
        rest = f"{MASK}@{rest.rpartition('@')[2]}"
    return scheme + mark + re.split(r"[?#]", rest, maxsplit=1)[0]
