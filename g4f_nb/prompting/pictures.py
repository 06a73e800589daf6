"""Figures and images: a picture for the model, and a line that says what it shows."""

from __future__ import annotations

import base64
import contextlib
import json
from typing import Any

from g4f_nb.errors import InvalidParameterError
from g4f_nb.files.kinds import media_type_of
from g4f_nb.files.media import Media, read_media
from g4f_nb.prompting.limits import cut, one_line
from g4f_nb.prompting.naming import TIMES, home_of, is_a
from g4f_nb.prompting.plain import literal
from g4f_nb.prompting.summary import Summary
from g4f_nb.prompting.tabular import table

_TITLE = 80
_AXES = 6
# Pixels of the longer side.
_LARGEST = 4096


def picture(value: Any, budget: int) -> Summary | None:  # noqa: PLR0911  # one a kind
    """The summary of what can be looked at; `None` of everything else."""
    figure = _figure_of(value)
    if figure is not None:
        return _drawn(figure, _about_figure(figure))
    if is_a(value, "PIL", "Image"):
        return _image(value)
    if isinstance(value, bytes | bytearray):
        kind = media_type_of(bytes(value[:4096])) or ""
        return _drawn(bytes(value), f"{kind}, {len(value):,} bytes") if kind.startswith("image/") else None
    if is_a(value, "IPython", "Image") and isinstance(getattr(value, "data", None), bytes):
        return _drawn(value.data, f"image, {len(value.data):,} bytes")
    if home_of(value) in ("seaborn", "plotnine") and hasattr(value, "savefig"):
        return _drawn(value, _about_figure(getattr(value, "figure", None) or value))
    if is_a(value, "plotly", "BaseFigure"):
        return _plotly(value, budget)
    if home_of(value) == "altair" and hasattr(value, "to_dict"):
        return _specified(value, "Altair chart", budget)
    return None


def _image(image: Any) -> Summary | None:
    about = f"image, {image.width}{TIMES}{image.height} pixels, mode {image.mode}"
    if max(image.size) <= _LARGEST:
        return _drawn(image, about)
    # Services make it smaller than that in any case, and refuse a file of a hundred megabytes.
    smaller = image.copy()
    smaller.thumbnail((_LARGEST, _LARGEST))
    return _drawn(smaller, f"{about}, sent as {smaller.width}{TIMES}{smaller.height}")


def _drawn(value: Any, about: str) -> Summary | None:
    try:
        made = read_media(value)[0]
    except InvalidParameterError as error:
        return Summary(f"{about}, which cannot be drawn", one_line(str(error), 200))
    return Summary(about, media=made)


def _figure_of(value: Any) -> Any:
    """The figure of matplotlib's that is meant: itself, or what functions that plot give of it.

    `plt.plot` gives a list of lines, `plt.bar` a tuple of bars, `plt.subplots` a figure and an array of axes.
    """
    if is_a(value, "matplotlib", "Figure"):
        return value
    if is_a(value, "matplotlib", "Artist"):
        return getattr(value, "figure", None)
    if isinstance(value, list | tuple) and value:
        return _figure_of(value[0]) if is_a(value[0], "matplotlib", "Artist") else None
    if is_a(value, "numpy", "ndarray") and value.dtype == object and value.size:
        return _figure_of(value.flat[0])
    return None


def _about_figure(figure: Any) -> str:
    told = "matplotlib figure"
    with contextlib.suppress(Exception):  # a figure may be half made
        width, height = figure.get_size_inches() * figure.dpi
        told = f"matplotlib figure, {width:.0f}{TIMES}{height:.0f} pixels"
        axes = figure.axes
        shown = "; ".join(filter(None, map(_about_axes, axes[:_AXES])))
        more = f"; {len(axes) - _AXES} more" if len(axes) > _AXES else ""
        told += f", {len(axes)} axes" + (f": {shown}{more}" if shown else "")
    return told


def _about_axes(axes: Any) -> str:
    title = axes.get_title()
    named = [
        f"{name} {label!r}" for name, label in (("x", axes.get_xlabel()), ("y", axes.get_ylabel())) if label
    ]
    return one_line(" ".join(filter(None, [repr(title) if title else "", *named])), _TITLE)


class _Plotly:
    """A figure of plotly's, drawn where kaleido is installed."""

    def __init__(self, figure: Any) -> None:
        self._figure = figure

    def _repr_png_(self) -> bytes:
        made: bytes = self._figure.to_image(format="png")
        return made


def _plotly(figure: Any, budget: int) -> Summary:
    about = _about_plotly(figure)
    try:
        media: Media | None = read_media(_Plotly(figure))[0]
    except InvalidParameterError:
        # Without kaleido, or without a browser for it: its own description is text.
        media = None
    if media is not None:
        return Summary(about, media=media)
    spec = _read(figure.to_dict())
    # The colours of everything that could be in a figure are most of its text.
    spec.get("layout", {}).pop("template", None)
    return Summary(f"{about} (as text: install kaleido to send the picture)", _spec(spec, budget))


def _read(spec: Any) -> Any:
    """A description with its numbers as numbers: plotly keeps them as base64."""
    if isinstance(spec, dict):
        if set(spec) >= {"dtype", "bdata"}:
            import numpy as np

            return np.frombuffer(base64.b64decode(spec["bdata"]), dtype=spec["dtype"]).tolist()
        return {name: _read(item) for name, item in spec.items()}
    return [_read(item) for item in spec] if isinstance(spec, list | tuple) else spec


def _about_plotly(figure: Any) -> str:
    with contextlib.suppress(Exception):  # a figure may be half made
        kinds = ", ".join(dict.fromkeys(trace.type for trace in figure.data))
        title = figure.layout.title.text
        return f"plotly figure, {len(figure.data)} traces ({kinds})" + (f", {title!r}" if title else "")
    return "plotly figure"


def _specified(value: Any, about: str, budget: int) -> Summary:
    try:
        spec = value.to_dict()
    except Exception as error:  # noqa: BLE001  # a chart may be half made, or its data too long for it
        return Summary(f"{about}, which cannot be read: {type(error).__name__}")
    spec.pop("datasets", None)
    data = table(getattr(value, "data", None), budget // 2)
    told = "" if data is None else f"\nits data: {data.head}\n{data.body}"
    return Summary(f"{about}, its description", _spec(spec, budget // 2 if told else budget) + told)


def _spec(spec: Any, budget: int) -> str:
    try:
        text = json.dumps(spec)
    except (TypeError, ValueError):
        text = ""
    return text if text and cut(text, budget) == text else literal(spec, budget)[0]
