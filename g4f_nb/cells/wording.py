"""What an error says to whoever writes flags: keywords of Python's, as it names them, become flags."""

from __future__ import annotations

import re

from g4f_nb.cells.flags import FLAGS

# Where the flag is called otherwise than the keyword.
_OTHERWISE = {"tools": "--tool", "media": "--attach", "continues": "--continue"}
_FLAGS = {flag.target: flag.name for flag in FLAGS} | _OTHERWISE
_KEYWORDS = re.compile(rf"(?<![\w.])({'|'.join(sorted(_FLAGS))})=(?P<value>[\w\"'\[{{(…])?")
# A key is no flag: what stands in a cell is saved with the notebook.
_KEY = re.compile(r"\b(?:(?:pass|give) api_key=|(as|with) api_key=|api_key=(?![\w\"'…]))")
_TO_GIVE_ONE = "%g4f key PROVIDER"


def in_flags(text: str) -> str:
    """`check api_base=` as `check --api-base`; what stands in a call of Python's stays."""
    text = _KEY.sub(lambda found: f"with {_TO_GIVE_ONE}" if found[1] else f"run {_TO_GIVE_ONE}", text)
    return _KEYWORDS.sub(_flag, text)


def _flag(found: re.Match[str]) -> str:
    value = found["value"]
    return _FLAGS[found[1]] + ("" if value is None else f" {value}")
