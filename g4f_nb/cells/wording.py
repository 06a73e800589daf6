"""What an error says to whoever writes flags: keywords of Python's, as it names them, become flags."""

from __future__ import annotations

import re

from g4f_nb.cells.flags import FLAGS

# Where the flag is called otherwise than the keyword.
_OTHERWISE = {"tools": "--tool", "media": "--attach", "cache": "--cache"}
# What is a flag and no keyword of questions: errors mean something else by these.
_NO_KEYWORDS = ("name", "out", "format", "fork", "compare", "set_", "tool", "attach")
_TAKING = {flag.target: flag.name for flag in FLAGS if flag.takes and flag.target not in _NO_KEYWORDS}
_FLAGS = _TAKING | _OTHERWISE
# With a value behind it, it is somebody's example, or a server's own words.
_KEYWORDS = re.compile(rf"(?<![\w.])({'|'.join(sorted(_FLAGS))})=(?![\w\"'\[{{(…-])")
# A key is no flag: what stands in a cell is saved with the notebook.
_KEY = re.compile(r"\b(?:(?:pass|give) api_key=|(as|with) api_key=|api_key=)(?![\w\"'…])")
_TO_GIVE_ONE = "%g4f key PROVIDER"


def in_flags(text: str) -> str:
    """`check api_base=` as `check --api-base`."""
    text = _KEY.sub(lambda found: f"with {_TO_GIVE_ONE}" if found[1] else f"run {_TO_GIVE_ONE}", text)
    return _KEYWORDS.sub(lambda found: _FLAGS[found[1]], text)
