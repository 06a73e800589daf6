"""The flags of `%%chat`, in one table: parsing, help, completion and the documentation are made from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from g4f_nb.cells import values
from g4f_nb.cells.values import Check

Completes = Literal[
    "", "providers", "models", "several models", "variables", "types", "functions", "files", "conversations",
    "parameters",
]  # fmt: skip

FORMATS = ("markdown", "text", "html", "json", "code", "math", "df")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """One flag: how it is written, what it takes, and what it does."""

    name: str
    help: str
    short: str = ""
    # What stands for its value in the help; `""` for a switch.
    takes: str = ""
    check: Check = values.text
    completes: Completes = ""
    # Values that are offered as they are.
    choices: tuple[str, ...] = ()
    # Given again, it adds.
    many: bool = False
    # Its value is prose, in which whatever looks like a key may be an example.
    prose: bool = False
    # Its name in `Options`, where it is not the flag's own.
    field: str = ""

    @property
    def target(self) -> str:
        """The field of `Options` that it sets."""
        return self.field or self.name[2:].replace("-", "_")

    @property
    def written(self) -> str:
        """As help shows it: `-p/--provider NAME`."""
        names = f"{self.short}/{self.name}" if self.short else self.name
        return f"{names} {self.takes}".strip()


_MODELS: Final = "several models"

_TABLE: Mapping[str, tuple[Flag, ...]] = {
    "Who answers": (
        Flag(name="--provider", short="-p", takes="NAME", check=values.words, completes="providers",
             help="the provider, or a class of yours by name"),
        Flag(name="--model", short="-m", takes="MODEL", check=values.words, completes="models",
             help="provider:model, a model of the provider, or an nb.Model of yours by name"),
        Flag(name="--fallback", takes="A,B", check=values.names, completes=_MODELS,
             help="models that are asked in turn until one answers; that of -m comes first"),
        Flag(name="--race", takes="A,B", check=values.names, completes=_MODELS,
             help="models that are asked at once; whoever begins first answers"),
        Flag(name="--compare", takes="A,B", check=values.names, completes=_MODELS,
             help="all of them answer, side by side; `_` is a DataFrame with a row for each"),
        Flag(name="--api-base", takes="URL", check=values.address("http://localhost:8000/v1"),
             help="the address of the server, everything before /chat/completions"),
        Flag(name="--proxy", takes="URL",
             check=values.address("http://localhost:3128", ("http", "https", "socks4", "socks5", "socks5h")),
             help="the proxy that the request goes through"),
        Flag(name="--timeout", takes="SECONDS", check=values.number(0, above=True, like="30"),
             choices=("30", "120", "600"), help="the longest silence that is waited for"),
    ),
    "How it answers": (
        Flag(name="--temperature", short="-t", takes="NUMBER", check=values.number(0, like="0.7"),
             choices=("0", "0.7", "1"), help="0 is the most likely answer, more is more varied"),
        Flag(name="--max-tokens", takes="N", check=values.whole(1, like="500"), choices=("100", "500"),
             help="the most tokens that the answer may have"),
        Flag(name="--top-p", takes="NUMBER", check=values.number(0, 1, above=True, like="0.9"),
             choices=("0.5", "0.9"), help="only the likeliest words that make up this share"),
        Flag(name="--stop", takes="TEXT", check=values.stop_word, many=True, prose=True,
             help="the answer ends before this text; may be given several times"),
        Flag(name="--seed", takes="N", check=values.whole(like="42"), choices=("42",),
             help="the same seed, the same answer, as far as the service can"),
        Flag(name="--system", short="-s", takes="TEXT", check=values.words, prose=True,
             help="what the model is told before everything else"),
        Flag(name="--set", takes="KEY=VALUE", check=values.setting, many=True, field="set_",
             completes="parameters", help="any other parameter of the provider; may be given several times"),
    ),
    "What goes in": (
        Flag(name="--tool", takes="NAME", check=values.expression, many=True, completes="functions",
             help="a function of yours that the model may call; you are asked before it runs"),
        Flag(name="--attach", takes="PATH|URL|NAME", check=values.words, many=True, completes="files",
             help="a file, an address, or a figure, image or table of yours; may be given several times"),
        Flag(name="--yes", short="-y", help="runs tools without asking"),
        Flag(name="--raw", help="{name} in the prompt stays as it is typed"),
        Flag(name="--show-context", help="lists what is sent, piece by piece, with its tokens"),
        Flag(name="--dry-run", help="shows what would be sent, where to and for how much; sends nothing"),
    ),
    "What comes out": (
        Flag(name="--format", short="-f", takes="FORMAT", check=values.one_of(FORMATS), choices=FORMATS,
             help=f"how the answer is shown: {', '.join(FORMATS)}"),
        Flag(name="--out", short="-o", takes="NAME", check=values.variable, completes="variables",
             help="the variable that the Reply is kept in, beside `_`"),
        Flag(name="--schema", takes="TYPE|LINE", check=values.schema_line, completes="types",
             help='the answer as data, in `_.data`: a type of yours, or a line like "name, age int"'),
        Flag(name="--code", help="puts the code of the answer, and no prose, into the next cell"),
        Flag(name="--no-stream", help="shows the answer when it is whole"),
        Flag(name="--quiet", help="shows nothing; the answer is in `_` and in the variable of --out"),
        Flag(name="--cache", help="the same question again gets the same answer, without a request"),
    ),
    "Conversations": (
        Flag(name="--name", short="-n", takes="CONVERSATION", check=values.conversation,
             completes="conversations", help="the conversation that goes on; without it, main"),
        Flag(name="--new", help="begins the conversation anew"),
        Flag(name="--fork", takes="NAME", check=values.conversation,
             help="goes on in a copy of this name; the conversation stays as it is"),
        Flag(name="--continue", field="continues", help="goes on with an answer that was stopped"),
    ),
}  # fmt: skip

GROUPS: Mapping[str, tuple[Flag, ...]] = _TABLE
FLAGS: tuple[Flag, ...] = tuple(flag for group in _TABLE.values() for flag in group)
BY_NAME: Mapping[str, Flag] = {name: flag for flag in FLAGS for name in (flag.name, flag.short) if name}
