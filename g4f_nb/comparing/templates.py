"""Prompts with places for values: only `{name}` of a known name is filled, other braces stay as typed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from g4f_nb.errors import InvalidParameterError
from g4f_nb.notices import tell

Prompt = str | Sequence[Mapping[str, Any]]
_PLACE = re.compile(r"\{([^\W\d]\w*)\}")
# The same where prose has it: not in code, not behind a command of LaTeX or inside of something else.
_CODE = re.compile(r"(`+).*?\1", re.DOTALL)
_IN_PROSE = re.compile(r"(?<![^\s(\"'“«:;,])\{([^\W\d]\w*)\}(?![^\s).,:;!?\"'”»])")


def names_in(prompt: Prompt) -> set[str]:
    """Every name that stands alone in braces, whether a value of that name exists or not."""
    return {name for text in _texts(prompt) for name in _PLACE.findall(text)}


def fill(prompt: Prompt, values: Mapping[str, str]) -> Prompt:
    """The prompt with these values in their places."""
    if isinstance(prompt, str):
        return _filled(prompt, values)
    return [{**message, "content": _content(message.get("content"), values)} for message in prompt]


def tell_of_names(prompt_id: str, prompt: Prompt, columns: Collection[str]) -> None:
    """Say which `{name}` is sent as it is typed, where it looks as if a value was meant."""
    texts = [_CODE.sub("", text) for text in _texts(prompt)]
    left = sorted({name for text in texts for name in _IN_PROSE.findall(text)} - set(columns))
    if left:
        shown = ", ".join(f"{{{name}}}" for name in left)
        there = ", ".join(map(repr, columns))
        tell(f"prompt {prompt_id!r} is sent with {shown} as typed: the data has {there}", once=False)


def check_names(prompt_id: str, prompt: Prompt, columns: Collection[str]) -> None:
    """Refuse a prompt that uses none of the data, or one with a name that is nearly that of a column."""
    found = names_in(prompt)
    there = ", ".join(map(repr, columns))
    for name in sorted(found - set(columns)):
        near = difflib.get_close_matches(
            name, [each for each in columns if each not in found], n=1, cutoff=0.75
        )
        if near:
            raise InvalidParameterError(
                f"prompt {prompt_id!r} has {{{name}}}, and the data has no such column: did you mean "
                f"{{{near[0]}}}? There are {there}"
            )
    if not found & set(columns):
        shown = ", ".join(f"{{{name}}}" for name in sorted(found)) or "no name in braces"
        usable = next((name for name in columns if _PLACE.fullmatch(f"{{{name}}}")), None)
        way_out = (
            f"write one of its names in braces, like {{{usable}}}"
            if usable is not None
            else "rename a column to one word of letters, which can be written in braces"
        )
        raise InvalidParameterError(
            f"prompt {prompt_id!r} uses no column of the data (it has {shown}): {way_out}; there are "
            f"{there or 'none'}"
        )


def _texts(prompt: Prompt) -> list[str]:
    if isinstance(prompt, str):
        return [prompt]
    contents = [message.get("content") for message in prompt]
    parts = [part for content in contents if isinstance(content, list) for part in content]
    texts = [*contents, *(part.get("text") if isinstance(part, Mapping) else part for part in parts)]
    return [text for text in texts if isinstance(text, str)]


def _content(content: Any, values: Mapping[str, str]) -> Any:
    if isinstance(content, str):
        return _filled(content, values)
    if isinstance(content, list):
        return [
            {**part, "text": _filled(part["text"], values)}
            if isinstance(part, Mapping) and isinstance(part.get("text"), str)
            else part
            for part in content
        ]
    return content


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda found: values.get(found[1], found[0]), text)
