"""A figure that shows itself in a notebook, and goes into a file that is known again as one of ours."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from g4f_nb.errors import InvalidParameterError
from g4f_nb.files.placing import Kind, path_of, put
from g4f_nb.files.reading import read_regular
from g4f_nb.presenting.plotting import boxes_for_letters, png

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# How long a figure may be, in bytes; and what each form says of who made it, where it can.
_LONGEST = 2**30
_MADE_BY = "g4f_nb: a figure"
_CREATOR = {"metadata": {"Creator": _MADE_BY}}
_COMMENT = {"pil_kwargs": {"comment": _MADE_BY.encode()}}
_SOFTWARE = {"pil_kwargs": {"software": _MADE_BY}}
_SAYING: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "png": {"metadata": {"Software": _MADE_BY}},
    "svg": _CREATOR,
    "pdf": _CREATOR,
    "eps": _CREATOR,
    "ps": _CREATOR,
    "jpg": _COMMENT,
    "jpeg": _COMMENT,
    "tif": _SOFTWARE,
    "tiff": _SOFTWARE,
    "webp": {"pil_kwargs": {"xmp": _MADE_BY.encode()}},
}


class Chart:
    """A figure that shows itself in a notebook; `.figure` is matplotlib's, to change or save."""

    def __init__(self, figure: Figure) -> None:
        self.figure = figure

    def __repr__(self) -> str:
        return f"a figure with {len(self.figure.axes)} panels: .figure is matplotlib's, .save(path) writes it"

    def _repr_png_(self) -> bytes:
        return png(self.figure)

    def save(self, path: Any, *, overwrite: bool = False, **options: Any) -> Any:
        """Write it and give the path: the ending, else `format=`, says in which form.

        A figure that was saved there before is replaced, any other file only with `overwrite`. Other options
        are those of matplotlib's `savefig`; what can be written to is taken for a path as well.
        """
        if hasattr(path, "write"):
            self._draw(path, options)
            return path
        file, form = self._spot(path, options.pop("format", None))
        content = io.BytesIO()
        said = {
            name: {**ours, **(options.pop(name, None) or {})} for name, ours in _SAYING.get(form, {}).items()
        }
        self._draw(content, {**options, **said, "format": form})
        return put(file, content.getvalue(), _KIND, overwrite=overwrite)

    def _spot(self, path: Any, form: str | None) -> tuple[Path, str]:
        """The file and its form, a PNG where neither an ending nor the call says one."""
        file = path_of(path, like="figure.svg")
        if form is None and not file.suffix:
            file = file.with_name(f"{file.name}.{self.figure.canvas.get_default_filetype()}")
        wanted = (form or file.suffix[1:]).lower()
        known = self.figure.canvas.get_supported_filetypes()
        if wanted not in known:
            raise InvalidParameterError(
                f"a figure cannot be written as {wanted!r}: the forms are {', '.join(sorted(known))}"
            )
        return file, wanted

    def _draw(self, into: Any, options: Mapping[str, Any]) -> None:
        with boxes_for_letters():
            self.figure.savefig(into, **options)


def _is_figure(file: Path) -> bool:
    return _MADE_BY.encode() in read_regular(file, most=_LONGEST)


_KIND = Kind(name="figure that was saved here", is_one=_is_figure)
