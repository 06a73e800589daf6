"""How a key may be written where it is repeated: escaped, in an address, in HTML, in base64."""

from __future__ import annotations

import base64
import functools
import html.entities
import re
from collections.abc import Iterator, Mapping, Sequence

# Characters; fewer may be any word.
LONG_ENOUGH = 8
_OF_URLS = {"+": "-", "/": "_"}
_HEX = "(?:3[0-9]|[46][1-9a-f]|[57][0-9a])"
_CODED = re.compile(
    rf"%(?:25){{0,3}}{_HEX}|&(?:amp;){{0,3}}#(?:x0*{_HEX}|0*(?:4[89]|5[0-7]|6[5-9]|[789]\d|1[01]\d|12[0-2]));|\\u00{_HEX}",
    re.IGNORECASE,
)


def in_base64(value: str) -> Iterator[list[str]]:
    """What of a key is the same in base64, whatever stands around it: its bits can be cut in three ways."""
    data = value.encode(errors="replace")
    for ahead in range(3):
        bits = base64.b64encode(bytes(ahead) + data).decode().rstrip("=")
        whole = (ahead + len(data)) * 8 // 6
        # In addresses it has two letters of its own.
        form = [
            f"(?:{spellings_of(char)}|{_OF_URLS[char]})" if char in _OF_URLS else char
            for char in bits[-(-ahead * 8 // 6) : whole]
        ]
        if len(form) >= LONG_ENOUGH:
            yield form


def spellings_of(char: str) -> str:
    """The pattern of one character in every way that programs write it: letters and digits as they are."""
    # Repetitions are bounded: a page of nothing but backslashes is read in no time, too.
    if char.isascii() and char.isalnum():
        return char
    return rf"(?:\\{{0,4}}{re.escape(char)}|(?i:{_codes_of(char)}))"


def coded_spellings_of(char: str) -> str:
    """Likewise, where somebody took the pains to write letters and digits as codes."""
    return rf"(?:\\{{0,4}}{re.escape(char)}|{_codes_of(char)})"


def codes_letters(text: str) -> bool:
    """Whether some letter or digit is written as a code, which no program does by itself."""
    return _CODED.search(text) is not None


def _codes_of(char: str) -> str:
    code = ord(char)
    # An address in an address is encoded twice: `%252F`.
    percent = "".join(f"%(?:25){{0,3}}{byte:02x}" for byte in char.encode(errors="replace"))
    named = "".join(f"|{name}" for name in _html_names().get(char, ()))
    entity = rf"&(?:amp;){{0,3}}(?:#x0*{code:x}|#0*{code}{named});"
    escaped = "".join(rf"\\{{1,4}}u{unit.hex()}" for unit in _units(char))
    return rf"{entity}|{percent}|{escaped}"


@functools.cache
def _html_names() -> Mapping[str, Sequence[str]]:
    """What HTML calls a character: `&plus;` is one name of `+`."""
    names: dict[str, list[str]] = {}
    for name, char in html.entities.html5.items():
        if name.endswith(";"):
            names.setdefault(char, []).append(re.escape(name[:-1]))
    return names


def _units(char: str) -> list[bytes]:
    data = char.encode("utf-16-be", errors="surrogatepass")
    return [data[at : at + 2] for at in range(0, len(data), 2)]
