"""What `%chat --help`, `%chat?` and the documentation say, made from the table of flags."""

from __future__ import annotations

import textwrap

from g4f_nb.cells.flags import GROUPS

_WIDTH = 100
_COLUMN = 34

EXAMPLES = (
    ("%%chat -p Demo", "offline, to try things out"),
    ("%%chat -m groq:openai/gpt-oss-120b", "provider:model in one word"),
    ('%%chat -s "Be brief" -t 0 -o answer', "the Reply is in `answer`, and in `_`"),
    ("%chat what is pandas?", "one line; `x = %chat why?` and loops work, too"),
    ("%chat why {last_error}", "what the last cell failed with goes along"),
    ('%%chat --schema "[name, age int]"', "data instead of text, in `_.data`"),
    ("%%chat --tool add", "the model may call your function `add`"),
    ("%%chat --code", "the code of the answer goes into the next cell"),
    ("%%chat -n trip --new", "a conversation of its own, begun anew"),
    ("%chat --continue", "go on with an answer that was stopped"),
    ("%%chat --compare openai:gpt-4o-mini,ollama:llama3.2", "side by side, and as a DataFrame"),
    ("%%chat --dry-run", "what would be sent, and for how much"),
)


def usage() -> str:
    """How it is written, examples, and every flag."""
    width = max(len(line) for line, _ in EXAMPLES)
    lines = [
        "%%chat [flags] [--] [prompt]",
        "prompt …",
        "",
        *(f"    {line:<{width}}  {words}" for line, words in EXAMPLES),
        "",
        *textwrap.wrap(
            "Flags end at the first other word or at `--`; the rest, and the cell, is the prompt. They hold "
            "for that cell only. {name} in a prompt is the value of your variable (--raw: stays as typed). "
            "Without -n, a cell goes on with the conversation `main`. %%g4f is another name of %%chat.",
            _WIDTH,
        ),
    ]
    for title, flags in GROUPS.items():
        lines += ["", f"{title}:"]
        for flag in flags:
            words = textwrap.wrap(flag.help, _WIDTH - _COLUMN - 2)
            head = f"  {flag.written}"
            first = f"{head:<{_COLUMN}}  {words[0]}" if len(head) <= _COLUMN else head
            rest = words[1:] if len(head) <= _COLUMN else words
            lines += [first, *(f"{'':<{_COLUMN}}  {more}" for more in rest)]
    return "\n".join(lines)


def markdown_table() -> str:
    """All flags as they stand in `docs/magics.md`."""
    lines = []
    for title, flags in GROUPS.items():
        lines += [f"**{title}**", "", "| flag | |", "|---|---|"]
        lines += [f"| `{_cell(flag.written)}` | {_cell(flag.help)} |" for flag in flags]
        lines.append("")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
