"""What a comparison goes through, axis by axis: which are crossed, which go together, what varies.

The axes are the rows of the data, the prompts, the models and each parameter that varies, in this order.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from g4f_nb.errors import InvalidParameterError, short, sort_of
from g4f_nb.providers.models.model import HOST_BOUND
from g4f_nb.secret import Veiled

# More would fill the memory before the first question is sent.
_MOST_CELLS = 10_000_000


def values_of(params: Any, options: Veiled) -> dict[str, tuple[list[Any], bool]]:
    """The values of each parameter of `params=`, and whether it varies: a list does, anything else is fixed.

    Whatever tells a host, a key or a model apart belongs to a model.
    """
    if params is None:
        return {}
    if not isinstance(params, Mapping):
        raise InvalidParameterError(
            f'params is {sort_of(params)}: it must be a dict like {{"temperature": [0, 1]}}'
        )
    for name in map(str, params):
        if name in HOST_BOUND or name in ("model", "models"):
            raise InvalidParameterError(
                f"params= holds {name!r}: that belongs to a model, so give a list of models, like "
                f"models=[nb.Model(…, {name}=…, label=…)]"
                if name in HOST_BOUND
                else f"params= holds {name!r}: the models to compare are models=[…]"
            )
        if name in options:
            raise InvalidParameterError(f"{name} is given twice, in params= and as {name}=: leave one out")
    return {str(name): _values(value) for name, value in params.items()}


def _values(value: Any) -> tuple[list[Any], bool]:
    if isinstance(value, list | tuple | range | set | frozenset) or hasattr(value, "tolist"):
        values = value.tolist() if hasattr(value, "tolist") else list(value)
        if not isinstance(values, list):
            # One number of numpy's.
            return [values], False
        if not values:
            raise InvalidParameterError("a list of values in params= is empty: give at least one")
        return values, True
    return [value], False


def together(
    pair: Sequence[str], lengths: Mapping[str, int], *, cross: bool, has_data: bool
) -> frozenset[str]:
    """The axes that are taken side by side: those of `zip=`, or all where nothing is crossed."""
    if not isinstance(cross, bool):
        raise InvalidParameterError(
            f"cross is {short(cross)}: it must be True (every row with every prompt, model and parameter) or "
            "False (row by row)"
        )
    names = _named(pair, lengths, has_data=has_data)
    if not cross:
        if names:
            raise InvalidParameterError(
                "cross=False pairs all axes, and zip= some of them: give one of the two"
            )
        names = frozenset(name for name, length in lengths.items() if length > 1)
    if len({lengths[name] for name in names}) > 1:
        told = ", ".join(f"{name} has {length}" for name, length in lengths.items() if name in names)
        said = "zip= pairs" if cross else "cross=False pairs"
        raise InvalidParameterError(f"{said} axes of one length, but {told}")
    return names


def _named(pair: Any, lengths: Mapping[str, int], *, has_data: bool) -> frozenset[str]:
    given = [pair] if isinstance(pair, str) else pair
    if not isinstance(given, list | tuple | set | frozenset) or not all(
        isinstance(name, str) for name in given
    ):
        raise InvalidParameterError(
            f"zip= is {short(pair)}: it must be a list of axes, like ['prompts', 'data']"
        )
    names = frozenset(given)
    unknown = sorted(names - lengths.keys())
    if unknown:
        raise InvalidParameterError(
            f"zip= names {unknown[0]!r}: the axes are {', '.join(lengths)} (a parameter is one where "
            "params= has a list for it)"
        )
    if "data" in names and not has_data:
        raise InvalidParameterError("zip= names 'data', and there is none: give data=")
    if len(names) == 1:
        raise InvalidParameterError("zip= names one axis: name the two or more that go together")
    return names


def check_count(lengths: Mapping[str, int], paired: frozenset[str], repeats: int) -> None:
    """Refuse what no memory would hold."""
    side_by_side = [lengths[name] for name in sorted(paired)[:1]]
    apart = [length for name, length in lengths.items() if name not in paired]
    count = math.prod([*side_by_side, *apart, repeats])
    if count > _MOST_CELLS:
        raise InvalidParameterError(
            f"that is {count:,} calls: at most {_MOST_CELLS:,} make one comparison, so ask in parts"
        )


def places(lengths: Mapping[str, int], paired: frozenset[str]) -> Iterator[tuple[int, ...]]:
    """Every combination, as a position on each axis; the first axis is the slowest."""
    ranges: list[range] = []
    # For each axis the range that it goes through.
    where: list[int] = []
    first: int | None = None
    for name, length in lengths.items():
        if name in paired and first is not None:
            where.append(first)
            continue
        if name in paired:
            first = len(ranges)
        where.append(len(ranges))
        ranges.append(range(length))
    if where == list(range(len(ranges))):
        yield from itertools.product(*ranges)
        return
    for at in itertools.product(*ranges):
        yield tuple([at[place] for place in where])
