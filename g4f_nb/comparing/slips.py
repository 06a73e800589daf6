"""Names that are nearly right: of a column, or of a parameter; the error tells the nearest there is."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, ParamSpec, TypeVar

from g4f_nb.errors import InvalidParameterError, UnknownParameterError, sort_of
from g4f_nb.secret import Veiled

P = ParamSpec("P")
T = TypeVar("T")
_NAMED = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def nearest(name: object, names: Iterable[object], *, cutoff: float = 0.6) -> str | None:
    """The one of these names that was probably meant."""
    # Case is no reason to miss one.
    folded: dict[str, str] = {}
    for each in names:
        folded.setdefault(str(each).casefold(), str(each))
    found = difflib.get_close_matches(str(name).casefold(), folded, n=1, cutoff=cutoff)
    return folded[found[0]] if found else None


def has_column(frame: Any, name: object) -> bool:
    """Whether a table has a column of that name; a list, which names none, has no hash to be looked up by."""
    hashable: bool = isinstance(name, Hashable)
    return hashable and name in frame.columns


def no_column(frame: Any, name: object, *, else_: str = "") -> InvalidParameterError:
    """The error for a column that a table has not; `else_` is what to do where no name is near."""
    there = ", ".join(map(repr, frame.columns)) or "none"
    if not isinstance(name, str | int | float | tuple | None):
        # An array has no one truth, and a dict may hold a key.
        return InvalidParameterError(f"a column's name is {sort_of(name)}: give one of {there}")
    near = nearest(name, frame.columns)
    hint = f"did you mean {near!r}?" if near is not None else else_
    return InvalidParameterError(
        f"there is no column {name!r}: {f'{hint} ' if hint else ''}There are {there}"
    )


def tells_slips(called: str) -> Callable[[type[T]], type[T]]:
    """A class whose public methods tell a wrong or missing argument as our error, with the nearest name."""

    def dressed(kind: type[T]) -> type[T]:
        for name, method in list(vars(kind).items()):
            if not name.startswith("_"):
                setattr(kind, name, _checked(f"{called}.{name}", method))
        return kind

    return dressed


def _checked(called: str, method: Callable[P, T]) -> Callable[P, T]:
    signature = inspect.signature(method)
    parameters = list(signature.parameters.values())[1:]
    names = [each.name for each in parameters if each.kind in _NAMED]
    takes_more = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters)

    @functools.wraps(method)
    def checked(*args: P.args, **kwargs: P.kwargs) -> T:
        # A traceback that prints locals must show no key.
        kwargs = Veiled(kwargs)  # type: ignore[assignment]  # a dict like the other
        wrong = [] if takes_more else [name for name in kwargs if name not in names]
        if wrong:
            raise _unknown(called, wrong[0], names)
        try:
            signature.bind(*args, **kwargs)
        except TypeError as error:
            told = ", ".join(f"{name}=" for name in names) or "none"
            raise InvalidParameterError(f"{called}: {error}; its parameters are {told}") from None
        try:
            return method(*args, **kwargs)
        except UnknownParameterError as error:
            # It went on to whoever asks the model: there `critera=` is no parameter of a provider.
            slip = _slip(error, kwargs, names)
            if slip is None:
                raise
            failure = _unknown(called, slip, names)
        raise failure

    return checked


def _slip(error: UnknownParameterError, given: Mapping[str, Any], names: Iterable[str]) -> str | None:
    known, name = set(names), error.parameter
    meant = name in given and name not in known and nearest(name, known, cutoff=0.7) is not None
    return name if meant else None


def _unknown(called: str, name: str, names: Iterable[str]) -> UnknownParameterError:
    known = list(names)
    near = nearest(name, known)
    there = ", ".join(known) or "none"
    hint = f"did you mean {near!r}? It takes" if near is not None else "it takes"
    return UnknownParameterError(f"{called} takes no parameter {name!r}: {hint} {there}", parameter=name)
