"""Any table as HTML that can be paged and sorted; what is in its cells is text, whatever it looks like."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from g4f_nb.comparing.columns import OUTCOME, PLACE
from g4f_nb.comparing.slips import no_column
from g4f_nb.comparing.viewing import Names
from g4f_nb.controls import clean
from g4f_nb.errors import InvalidParameterError, short

if TYPE_CHECKING:
    import pandas as pd

# A text with more characters needs room.
_LONG = 40
# One with fewer is a name or the like, and is not broken.
_SHORT = 28
# Numbers below it, and above one of so many parts, are written without a power of ten.
_PLAIN = 1e9
# The classes keep MathJax out: what a model writes between dollars is no formula of ours.
_ROOT = '<div class="g4f-sheet tex2jax_ignore mathjax_ignore" data-page="{page}">'
# So specific, for JupyterLab has rules of its own for tables in outputs.
STYLE = """
.g4f-sheet{font:13px/1.45 system-ui,sans-serif;color:var(--jp-ui-font-color1,#1d1d1f)}
.g4f-sheet .g4f-scroll{max-height:32em;overflow:auto;border:1px solid var(--jp-border-color2,#d5d5d8)}
.g4f-sheet table{border-collapse:collapse;margin:0}
div.g4f-sheet table th,div.g4f-sheet table td{padding:4px 10px;text-align:left;vertical-align:top;
border-bottom:1px solid var(--jp-border-color3,#ececee);background:none}
div.g4f-sheet table th{position:sticky;top:0;background:var(--jp-layout-color1,#fff);white-space:nowrap;
font-weight:600}
div.g4f-sheet table .g4f-number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.g4f-sheet .g4f-text{white-space:pre-wrap;overflow-wrap:break-word;max-width:42em;max-height:9em;
overflow:auto;unicode-bidi:isolate}
.g4f-sheet .g4f-short{white-space:pre}
.g4f-sheet .g4f-long{min-width:24em;text-align:start}
.g4f-sheet .g4f-none{opacity:.45}
.g4f-sheet th button,.g4f-sheet .g4f-pages button{font:inherit;color:inherit;background:none;border:0;
padding:0;cursor:pointer}
.g4f-sheet .g4f-pages{display:flex;gap:1em;padding:6px 2px}
.g4f-sheet .g4f-pages button{text-decoration:underline}
.g4f-sheet .g4f-pages button:disabled{opacity:.4;cursor:default}
"""
# Sorting and paging of what is there already. Without it, the whole table can be scrolled through.
SCRIPT = """
(() => { for (const sheet of document.querySelectorAll(".g4f-sheet:not([data-live])")) {
  sheet.dataset.live = "1";
  const body = sheet.querySelector("tbody"), size = Number(sheet.dataset.page) || 25;
  const rows = [...body.rows], bar = document.createElement("div"), told = document.createElement("span");
  let at = 0, by = -1, up = true;
  const step = (word, by) => { const made = document.createElement("button"); made.type = "button";
    made.textContent = word; made.onclick = () => { at += by; show(); }; return made; };
  const back = step("back", -1), on = step("next", 1), pages = Math.max(1, Math.ceil(rows.length / size));
  function show() {
    rows.forEach((row, n) => { body.append(row); row.hidden = n < at * size || n >= (at + 1) * size; });
    back.disabled = at === 0; on.disabled = at >= pages - 1;
    told.textContent = `page ${at + 1} of ${pages}`;
  }
  const key = (row) => { const cell = row.cells[by];
    return "value" in cell.dataset ? (cell.dataset.value === "" ? null : Number(cell.dataset.value))
      : cell.textContent; };
  sheet.querySelectorAll("th").forEach((head, n) => {
    const button = document.createElement("button"); button.type = "button";
    button.textContent = head.textContent; head.replaceChildren(button);
    button.onclick = () => { up = by === n ? !up : true; by = n; at = 0;
      rows.sort((a, b) => { const x = key(a), y = key(b);
        if (x === null || y === null) return (x === null) - (y === null);
        return (x < y ? -1 : x > y ? 1 : 0) * (up ? 1 : -1); });
      sheet.querySelectorAll("th").forEach((each, m) =>
        each.setAttribute("aria-sort", m === n ? (up ? "ascending" : "descending") : "none"));
      show(); };
  });
  bar.className = "g4f-pages"; bar.append(back, told, on);
  if (pages > 1) sheet.append(bar);
  show();
} })();
"""


class Sheet:
    """A table to look at: shows itself in a notebook, `.html` is all of it."""

    def __init__(self, html: str, told: str) -> None:
        self.html = html
        self._told = told

    def __repr__(self) -> str:
        return self._told

    def _repr_html_(self) -> str:
        return f"<style>{STYLE}</style>{self.html}<script>{SCRIPT}</script>"


def script_hash() -> str:
    """How a page's policy names the one script that may run."""
    return base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()


def sheet(
    frame: pd.DataFrame, columns: Sequence[str] | None = None, *, page: int = 25, most: int = 500
) -> Sheet:
    """Show these columns (or all that hold anything) of at most so many rows."""
    if type(page) is not int or page < 1:
        raise InvalidParameterError(f"page is {short(page)}: it must be a number of rows, from 1")
    if type(most) is not int or most < 0:
        raise InvalidParameterError(f"most is {short(most)}: it must be a number of rows, from 0")
    chosen = _chosen(frame, columns)
    shown = frame[chosen].head(most)
    html = table_html(shown, page=page)
    left = len(frame) - len(shown)
    if left > 0:
        html += f"<p>{left} more rows are not shown: raise most=, or take some of the rows.</p>"
    return Sheet(html, f"{len(shown)} rows, columns {', '.join(map(_head, chosen))}")


def _chosen(frame: pd.DataFrame, columns: Sequence[str] | None) -> list[str]:
    if columns is None:
        filled = [name for name in frame.columns if frame[name].notna().any()] or list(frame.columns)
        return _as_read(frame, filled)
    if not isinstance(columns, Iterable):
        raise InvalidParameterError(f"columns is {columns!r}: it must be a list of names of columns")
    chosen = [columns] if isinstance(columns, str) else list(columns)
    unknown = [name for name in chosen if name not in frame.columns]
    if unknown:
        raise no_column(frame, unknown[0])
    return chosen


def _as_read(frame: pd.DataFrame, names: list[str]) -> list[str]:
    """Of a result first what is read: who was asked what, and what came; bookkeeping last, or not at all."""
    try:
        result = Names.of(frame)
    except InvalidParameterError:
        return names
    prefix = result.prefix
    first = [f"{prefix}{name}" for name in ("model", "prompt_id")]
    first += [*result.varied(), f"{prefix}answer"]
    if f"{prefix}finish_reason" in names:
        # The columns of a schema stand between them, and added ones (scores, grades) behind everything.
        answer, reason = names.index(f"{prefix}answer") + 1, names.index(f"{prefix}finish_reason")
        first += [name for name in names[answer:reason] if not str(name).startswith(f"{prefix}parse")]
    own = {prefix + name for name in (*PLACE, *OUTCOME)}
    first += [name for name in names if name not in own and name not in first]
    first.append(f"{prefix}status")
    if len(frame[f"{prefix}prompt_id"].unique()) == 1:
        first.remove(f"{prefix}prompt_id")
    left_out = {f"{prefix}run_id", f"{prefix}request_key", f"{prefix}parsed", f"{prefix}prompt_id"}
    last = [name for name in names if name not in first and name not in left_out]
    # What `.raw()` and `.vote()` ask for goes to the end.
    last.sort(key=lambda name: name == f"{prefix}cell_id")
    return [name for name in first if name in names] + last


def table_html(frame: pd.DataFrame, *, page: int = 25) -> str:
    """A table's HTML, the names of its rows first; without style and script, which stand once on a page."""
    import pandas as pd

    types = pd.api.types
    named = frame.index.nlevels > 1 or frame.index.name is not None
    names = [*(frame.index.names if named else ()), *frame.columns]
    given = [frame.index.get_level_values(at) for at in range(frame.index.nlevels)] if named else []
    values: list[Any] = [*given, *(frame.iloc[:, at] for at in range(frame.shape[1]))]
    numbers = [
        # Complex numbers have no order to sort by, and are shown as text.
        types.is_numeric_dtype(each) and not (types.is_bool_dtype(each) or types.is_complex_dtype(each))
        for each in values
    ]
    heads = "".join(
        f'<th class="g4f-number">{text(_head(name))}</th>' if number else f"<th>{text(_head(name))}</th>"
        for name, number in zip(names, numbers, strict=True)
    )
    columns = [each.tolist() for each in values]
    # A narrow column of long texts is one word a line: such get some room, whatever stands beside them.
    longs = [
        not number and any(len(value) > _LONG for value in values if isinstance(value, str))
        for values, number in zip(columns, numbers, strict=True)
    ]
    rows = "".join(
        f"<tr>{''.join(map(_cell, values, numbers, longs))}</tr>" for values in zip(*columns, strict=True)
    )
    return (
        f'{_ROOT.format(page=page)}<div class="g4f-scroll"><table><thead><tr>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div></div>"
    )


def _head(name: Any) -> str:
    # The name of a column with several levels, like a model and a repeat, is all of them.
    return " · ".join(map(str, name)) if isinstance(name, tuple) else str(name)


def _cell(value: Any, number: bool, long: bool) -> str:
    import pandas as pd

    missing = value is None or (pd.api.types.is_scalar(value) and pd.isna(value))
    if number:
        if missing:
            return '<td class="g4f-number g4f-none" data-value="">none</td>'
        return f'<td class="g4f-number" data-value="{float(value)!r}">{text(_figure(value))}</td>'
    if missing:
        return '<td><div class="g4f-none">none</div></td>'
    shown = text(value)
    kind = "g4f-text g4f-long" if long else "g4f-text g4f-short" if len(shown) <= _SHORT else "g4f-text"
    return f'<td><div class="{kind}" dir="auto">{shown}</div></td>'


def _figure(value: Any) -> str:
    """Four digits, and as people write them: 0.00009 and 167634, no powers of ten before it must be."""
    if not isinstance(value, float):
        return str(value)
    size = abs(value)
    if not 1 / _PLAIN <= size < _PLAIN:
        return f"{value:.4g}"
    if value.is_integer():
        return str(int(value))
    digits = max(0, 3 - math.floor(math.log10(size)))
    return f"{value:.{digits}f}".rstrip("0").rstrip(".") if digits else f"{value:.0f}"


def text(value: Any) -> str:
    """Anything as text in HTML, where it can be nothing else."""
    return escape(clean(str(value).encode(errors="replace").decode()))
