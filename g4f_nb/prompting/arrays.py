"""Arrays and tensors: shape, type, a few numbers, and values; nothing large is copied."""

from __future__ import annotations

import math
from typing import Any

from g4f_nb.prompting.columns import cell, number
from g4f_nb.prompting.limits import fits, room_for
from g4f_nb.prompting.naming import TIMES, home_of, is_a, shape_of
from g4f_nb.prompting.plain import literal
from g4f_nb.prompting.speaking import said_by
from g4f_nb.prompting.summary import Summary

# Values; of more, a sample of as many is looked at.
EXACT = 1_000_000
_SHOWN = 2_000
_EDGES = (8, 5, 3, 2)


def array(value: Any, budget: int) -> Summary | None:
    """The summary of numpy's arrays, torch's tensors and the like; `None` of all else."""
    if is_a(value, "numpy", "ndarray"):
        return _numpy(value, budget)
    if is_a(value, "torch", "Tensor"):
        return _torch(value, budget)
    if home_of(value) in ("jax", "jaxlib", "cupy", "tensorflow") and shape_of(value) is not None:
        return _other(value, budget)
    if home_of(value) == "scipy" and hasattr(value, "nnz") and shape_of(value) is not None:
        size = math.prod(value.shape)
        share = f", {value.nnz / size:.2%} of it" if size else ""
        return Summary(
            f"{type(value).__name__}, {_size(value.shape)}, {value.dtype}, {value.nnz:,} stored{share}"
        )
    return None


def _numpy(value: Any, budget: int) -> Summary:
    if value.shape == ():
        return Summary.of_text(literal(value.item(), budget)[0])
    head = f"numpy {type(value).__name__}, {_size(value.shape)}, {value.dtype}"
    told, sampled = _numbers(value)
    body = [", ".join(told) + (f" (from a sample of {EXACT:,} values)" if sampled else "")] if told else []
    return Summary(head, "\n".join([*body, *_values(value, budget - 60)]))


def _numbers(value: Any) -> tuple[list[str], bool]:
    import numpy as np

    if value.dtype.kind not in "biuf" or not value.size:
        return [], False
    sampled = value.size > EXACT
    if sampled:
        chosen = np.random.default_rng(0).integers(0, value.size, EXACT)
        # A row of values is looked into at once where it lies as one in memory: several times faster.
        in_a_row = value.flags.forc
        looked = value.ravel("K")[chosen] if in_a_row else value[np.unravel_index(chosen, value.shape)]
    else:
        looked = value.reshape(-1)
    if value.dtype.kind == "b":
        return [f"{float(looked.mean()):.1%} true"], sampled
    looked = np.ma.compressed(looked).astype("float64")
    finite = looked[np.isfinite(looked)]
    told = [f"{looked.size - finite.size:,} not finite"] if finite.size < looked.size else []
    if finite.size:
        for name, found in (
            ("min", finite.min()),
            ("mean", finite.mean()),
            ("max", finite.max()),
            ("std", finite.std()),
        ):
            told.append(f"{name} {number(float(found))}")
    return told, sampled


def _values(value: Any, budget: int) -> list[str]:
    """All values where they fit, else those at the edges."""
    import numpy as np

    if value.dtype.kind == "O" or value.dtype.names or not value.size:
        first = value.reshape(-1)[:_SHOWN].tolist()
        text, cut = literal(first, budget)
        return [("its first values: " if cut or value.size > _SHOWN else "") + text] if first else []
    steps = [(value.size + 1, 3)] if value.size <= _SHOWN else []
    for threshold, edge in (*steps, *((0, edge) for edge in _EDGES)):
        if math.prod(min(side, 2 * edge) for side in value.shape) > room_for(budget):
            continue
        text = np.array2string(value, threshold=threshold, edgeitems=edge, precision=6, separator=", ")
        if fits(text, budget):
            return [text]
    return [f"its first values: {literal(value.reshape(-1)[:20].tolist(), budget)[0]}"]


def _torch(value: Any, budget: int) -> Summary:
    told = [f"torch {type(value).__name__}", _size(tuple(value.shape)), str(value.dtype)]
    told += [f"on {value.device}"] if str(value.device) != "cpu" else []
    told += ["with gradient"] if value.requires_grad else []
    if str(value.device) == "meta" or getattr(value, "is_sparse", False) or not value.numel():
        return Summary(", ".join(told))
    plain = value.detach()
    if value.numel() <= _SHOWN:
        numbers = plain.cpu().tolist()
        return Summary(", ".join(told), literal(_rounded(numbers), budget)[0])
    flat = plain.reshape(-1)
    # Evenly over all of it, so that no more than that leaves the device.
    looked = flat[:: max(1, flat.numel() // EXACT)].cpu().double()
    found = [("min", looked.min()), ("mean", looked.mean()), ("max", looked.max()), ("std", looked.std())]
    sampled = f" (from {looked.numel():,} values)" if looked.numel() < flat.numel() else ""
    numbers = ", ".join(f"{name} {number(float(each))}" for name, each in found) + sampled
    first = ", ".join(map(cell, flat[:20].cpu().tolist()))
    return Summary(", ".join(told), f"{numbers}\nits first values: {first}")


def _rounded(numbers: Any) -> Any:
    """The same numbers with no more digits than those of a float32 mean something."""
    if isinstance(numbers, list):
        return [_rounded(each) for each in numbers]
    return float(f"{numbers:.7g}") if isinstance(numbers, float) else numbers


def _other(value: Any, budget: int) -> Summary:
    head = (
        f"{home_of(value)} {type(value).__name__}, {_size(tuple(value.shape))}, {getattr(value, 'dtype', '')}"
    )
    size = math.prod(int(side) for side in value.shape)
    return Summary(head, said_by(value, room_for(budget) // 4) if size <= _SHOWN else "")


def _size(shape: tuple[int, ...]) -> str:
    return f"shape {TIMES.join(map(str, shape))}" if shape else "one value"
