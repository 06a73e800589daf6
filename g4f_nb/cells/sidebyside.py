"""`--compare`: the same question to several models, their answers side by side, and a DataFrame of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from IPython.display import display

from g4f_nb.cells import named
from g4f_nb.cells.desk import Desk
from g4f_nb.cells.dryrun import plan_of_several
from g4f_nb.cells.growing import GrowingColumns, seat_names, styled, table
from g4f_nb.cells.parsing import Options
from g4f_nb.cells.preparing import Prompt
from g4f_nb.cells.screens import BEAT, paints
from g4f_nb.cells.terminal import printable
from g4f_nb.conversations.turns import checked_content, prompt_messages
from g4f_nb.masking import mask_of_calls
from g4f_nb.messages import as_messages
from g4f_nb.secret import Veiled
from g4f_nb.showing.facts import in_time

if TYPE_CHECKING:
    import pandas as pd

_FACTS = "font-size: 85%; opacity: 0.7; text-align: left; padding: 0 0.8em"


def compare_cell(options: Options, prompt: Prompt, given: Mapping[str, Any], desk: Desk) -> pd.DataFrame:
    """Ask all of them, and show what they say; gives the frame, a row a model."""
    from g4f_nb.comparing.entry import compare

    asked = [as_messages(prompt_messages(checked_content(prompt.content)))]
    models = named.several(options, desk.names)
    cache = "use" if options.cache else "refresh"
    given = Veiled({"system": prompt.system, "cache": cache, **given})
    several = f"each of the {len(models)} models" if len(models) > 1 else "the model"
    short = f"a DataFrame with a row for {several}"
    if options.dry_run:
        frame = compare(asked, models, dry_run=True, **given)
        display(plan_of_several(frame, prompt.content, prompt.system))  # type: ignore[no-untyped-call]
        desk.show_no_more(frame, short)
        return frame
    painted = not options.quiet and paints(stream=False if options.no_stream else None)
    frame = _carried_out(asked, models, given, painted=painted, shown=not options.quiet)
    desk.show_no_more(frame, short)
    return frame


def _carried_out(
    asked: list[Any], models: list[Any], given: Mapping[str, Any], *, painted: bool, shown: bool
) -> pd.DataFrame:
    """Ask, and paint the columns while they grow; after an interrupt what there is of each stays."""
    from g4f_nb.comparing.carrying import carry_out
    from g4f_nb.comparing.entry import watched_run
    from g4f_nb.comparing.frames import frame_of
    from g4f_nb.comparing.watching import Unseen
    from g4f_nb.typed.wanted import Wanted

    run = watched_run(asked, models, None, options=given)
    columns = GrowingColumns(seat_names(run)) if painted else None
    if columns is not None:
        run.watcher = columns
        carry_out(run, shown=False, each_beat=columns.paint, beat=BEAT)
    else:
        run.watcher = Unseen()
        carry_out(run, shown=shown)
    schema = given.get("schema")
    frame = frame_of(run, wanted=None if schema is None else Wanted.of(schema))
    places = [(seat.place[1], *seat.plan.members) for seat in run.grid.seats if seat.place is not None]
    mask = mask_of_calls(options for place in places for options in place)
    if columns is not None:
        columns.finish(bundle(frame, mask))
    elif shown:
        display(bundle(frame, mask), raw=True)  # type: ignore[no-untyped-call]
    return frame


def bundle(frame: pd.DataFrame, mask: Callable[[str], str] = str) -> dict[str, str]:
    """The answers in columns, and below each other as text; `mask` takes out what shall not be shown."""
    rows = [
        {name: mask(value) if isinstance(value, str) else value for name, value in row.items()}
        for row in frame.to_dict("records")
    ]
    return {"text/html": _html(rows), "text/plain": "\n\n".join(map(_plain, rows))}


def _html(rows: list[dict[Any, Any]]) -> str:
    from g4f_nb.showing.rendering import safe_html

    answers = [
        styled(safe_html(_answer(row))) if _has(row, "answer") else escape(_answer(row)) for row in rows
    ]
    facts = [escape(" · ".join(_facts(row))) for row in rows]
    return table([_label(row) for row in rows], [answers, facts], {1: _FACTS})


def _plain(row: Mapping[Any, Any]) -> str:
    return printable("\n".join([f"{_label(row)}:", _answer(row), f"({' · '.join(_facts(row))})"]))


def _label(row: Mapping[Any, Any]) -> str:
    model = row.get("model")
    return f"{row['provider']}:{model}" if _has(row, "model") and model else str(row["provider"])


def _answer(row: Mapping[Any, Any]) -> str:
    if _has(row, "answer"):
        return str(row["answer"])
    return f"No answer: {row['error']}" if _has(row, "error") else f"No answer ({row['status']})."


def _facts(row: Mapping[Any, Any]) -> Iterator[str]:
    if row.get("cached") is True:
        yield "kept answer, nothing was sent"
    elif _has(row, "latency_s"):
        yield in_time(row["latency_s"])
    if _has(row, "out_tokens"):
        yield f"{int(row['out_tokens'])} tokens"
    if _has(row, "cost_usd"):
        yield f"${row['cost_usd']:.6f}" if row["cost_usd"] else "free"
    if row["status"] != "ok":
        yield str(row["status"])


def _has(row: Mapping[Any, Any], name: str) -> bool:
    import pandas as pd

    value = row.get(name)
    return value is not None and value is not pd.NA and value == value  # noqa: PLR0124  # nan is not itself
