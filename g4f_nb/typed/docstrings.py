"""What a docstring says of a function and of each parameter, in the styles of Google, NumPy and Sphinx."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_NAMES = r"args|arguments|parameters|params|other parameters|keyword args|keyword arguments|attributes|fields"
_SECTIONS = (
    _NAMES + r"|returns?|yields?|raises|warns|examples?|notes?|see also|references|warnings?|todo|methods"
)
_GOOGLE = re.compile(rf"(?i)({_SECTIONS}):\s*$")
_NUMPY = re.compile(rf"(?i)({_SECTIONS})\s*$")
_UNDERLINE = re.compile(r"-{3,}\s*$")
_PARAMETERS = re.compile(rf"(?i)(?:{_NAMES})$")
_SPHINX = re.compile(r":(\w+)(?:\s+([^:]*))?:\s*(.*)$")
# `name: words`, `name (type): words`, `*names: words`
_ENTRY = re.compile(r"\*{0,2}(\w+)\s*(?:\(([^)]*)\))?\s*:\s*(.*)$")
# `name : type`, `name, other : type`, `name`
_NUMPY_ENTRY = re.compile(r"(\*{0,2}\w+(?:\s*,\s*\*{0,2}\w+)*)\s*(?::\s*(.*))?$")


@dataclass(frozen=True, slots=True)
class Documented:
    """A docstring, read."""

    summary: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)


def read_docstring(text: str) -> Documented:
    """Take a docstring apart: the words before its first section, and what is said of each parameter."""
    lines = inspect.cleandoc(text).splitlines()
    read = Documented()
    summary: list[str] = []
    sphinx = False
    sections = _sections(lines)
    for line in next(sections)[1]:
        field_ = _SPHINX.match(line)
        sphinx = sphinx or field_ is not None
        if not sphinx:
            summary.append(line)
    _read_sphinx(lines, read)
    for title, body in sections:
        if _PARAMETERS.fullmatch(title):
            _read_entries(body, read)
    return Documented("\n".join(summary).strip(), read.parameters, read.types)


def _sections(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """The text before any section first, then each section's title and lines."""
    title, body, numpy = "", [], False
    position = 0
    while position < len(lines):
        line = lines[position]
        heading = _GOOGLE.match(line)
        underlined = position + 1 < len(lines) and _UNDERLINE.match(lines[position + 1])
        if underlined:
            heading = _NUMPY.match(line)
        if heading is None:
            body.append(line)
        else:
            yield title, _marked(body, numpy=numpy)
            title, body, numpy = heading[1], [], bool(underlined)
            position += bool(underlined)
        position += 1
    yield title, _marked(body, numpy=numpy)


def _marked(body: list[str], *, numpy: bool) -> list[str]:
    # An entry of NumPy's begins at the margin, one of Google's is indented; a mark tells them apart below.
    return ["\0", *body] if numpy else body


def _read_entries(body: list[str], read: Documented) -> None:
    numpy = body[:1] == ["\0"]
    lines = inspect.cleandoc("\n" + "\n".join(body[1:] if numpy else body)).splitlines()
    names: list[str] = []
    for line in lines:
        inside = line.startswith((" ", "\t")) or not line.strip()
        if not inside:
            names = _entry(line, read, numpy=numpy)
        elif line.strip():
            for name in names:
                read.parameters[name] = f"{read.parameters[name]} {line.strip()}".strip()


def _entry(line: str, read: Documented, *, numpy: bool) -> list[str]:
    match = (_NUMPY_ENTRY if numpy else _ENTRY).match(line.strip())
    if match is None:
        return []
    names = [name.strip().lstrip("*") for name in match[1].split(",")]
    kind = (match[2] or "").strip()
    for name in names:
        read.parameters[name] = "" if numpy else match[3].strip()
        if kind:
            read.types[name] = re.sub(r",?\s*(optional|default.*)$", "", kind)
    return names


def _read_sphinx(lines: list[str], read: Documented) -> None:
    name = None
    for line in lines:
        match = _SPHINX.match(line)
        if match is not None:
            words = (match[2] or "").split()
            name = (
                words[-1].lstrip("*")
                if match[1] in ("param", "parameter", "arg", "argument") and words
                else None
            )
            if name is not None:
                read.parameters[name] = match[3].strip()
                if len(words) > 1:
                    read.types[name] = " ".join(words[:-1])
            elif match[1] == "type" and words:
                read.types[words[-1]] = match[3].strip()
        elif name is not None and line.startswith((" ", "\t")):
            read.parameters[name] = f"{read.parameters[name]} {line.strip()}".strip()
        else:
            name = None
