"""What is given to a comparison, each in its usual form and checked: prompts, a table, models."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from g4f_nb.errors import InvalidParameterError, sort_of
from g4f_nb.halves import sound, sound_parts
from g4f_nb.messages import as_messages
from g4f_nb.providers.models.model import Model, Provider
from g4f_nb.providers.registry import choose

if TYPE_CHECKING:
    import pandas as pd

Prompts = str | Iterable[Any] | Mapping[str, Any]
ModelName = str | Model | Provider


def named_prompts(prompts: Prompts) -> dict[str, Any]:
    """The prompts by name: a dict's keys, a column's index, else numbers."""
    if isinstance(prompts, str):
        return {"0": sound(prompts)}
    if isinstance(prompts, bytes | bytearray):
        raise InvalidParameterError("prompts is bytes: give a text, prompts.decode()")
    given: object = prompts
    if not isinstance(given, Iterable) or hasattr(given, "columns"):
        way_out = " as data=, with a prompt that names its columns" if hasattr(given, "columns") else ""
        raise InvalidParameterError(
            f"prompts is {sort_of(given)}: give a text, a list or column of texts, or a dict"
            + (f"; a table goes in{way_out}" if way_out else "")
        )
    if isinstance(prompts, Mapping) and isinstance(prompts.get("role"), str) and "content" in prompts:
        return {"0": [sound_parts(prompts)]}
    if isinstance(prompts, Mapping):
        named = {sound(str(name)): sound_parts(prompt) for name, prompt in prompts.items()}
        if len(named) < len(prompts):
            raise InvalidParameterError("two names of prompts are the same as text: name them apart")
    elif hasattr(prompts, "items") and hasattr(prompts, "index"):
        # A Series: its index names the prompts, so that the answers can be joined to it again.
        named = {sound(str(name)): sound_parts(prompt) for name, prompt in prompts.items()}
        if len(named) < len(prompts):  # type: ignore[arg-type]  # a Series has a length
            raise InvalidParameterError("the index of the prompts is not unique: use reset_index(drop=True)")
    else:
        # A list, a generator, whatever gives prompts.
        items = [sound_parts(prompt) for prompt in prompts]
        # One list of messages is one prompt.
        one = bool(items) and isinstance(items[0], Mapping)
        named = {"0": items} if one else {str(place): prompt for place, prompt in enumerate(items)}
    if not named:
        raise InvalidParameterError("prompts is empty: give a text, a list of texts, or a dict of them")
    return named


def check_prompt(prompt_id: str, prompt: Any, system: str | None) -> None:
    """Refuse what cannot be sent; the prompt is called by its name."""
    nan = isinstance(prompt, float) and math.isnan(prompt)
    if nan or prompt is None or type(prompt).__name__ == "NAType":
        raise InvalidParameterError(
            f"prompt {prompt_id!r} is missing: leave it out (dropna()), or give the table as data= with a "
            "prompt that names its column, where an empty row is only skipped"
        )
    try:
        as_messages(prompt, system)
    except InvalidParameterError as error:
        raise InvalidParameterError(f"prompt {prompt_id!r}: {error}") from None


def as_frame(data: Any) -> pd.DataFrame | None:
    """The data as a frame with an index of its own; `None` where there is none."""
    if data is None:
        return None
    import pandas as pd

    if isinstance(data, pd.Series):
        data = data.to_frame(data.name if data.name is not None else "value")
    if not isinstance(data, pd.DataFrame | Mapping) and not isinstance(data, list):
        raise InvalidParameterError(f"data is {sort_of(data)}: give a DataFrame, or a dict of lists")
    try:
        frame = data if isinstance(data, pd.DataFrame) else pd.DataFrame(data)
    except (TypeError, ValueError) as error:
        raise InvalidParameterError(f"data makes no table ({error}): give lists of one length") from error
    names = [str(name) for name in frame.columns]
    if len(set(names)) < len(names):
        raise InvalidParameterError("two columns of the data have the same name: name them apart")
    return frame


def as_texts(column: pd.Series[Any]) -> list[str | None]:
    """The values of a column as they stand in a prompt; `None` where there is none."""
    import pandas as pd

    missing = column.isna().tolist()
    # A half or single float's own text is 0.1; as a Python float it would be 0.10000000149011612.
    short = str(column.dtype) in ("float16", "float32")
    values = column.to_numpy() if short else column.tolist()
    return [
        None if gone is True else value.isoformat() if isinstance(value, pd.Timestamp) else str(value)
        for value, gone in zip(values, missing, strict=True)
    ]


def chosen_models(models: Sequence[ModelName] | ModelName | None) -> list[ModelName]:
    """The models as a list; none is an error that lists what is ready."""
    if models is None:
        # Nothing falls to Demo by itself: what nothing names raises there, and lists what is ready.
        cls, name, _ = choose(None)
        return [f"{cls.__name__}:{name}" if name else cls]
    if isinstance(models, Mapping):
        raise InvalidParameterError("models is a dict: give a list; a label goes into nb.Model(…, label=…)")
    if not isinstance(models, str | Model | type | Iterable):
        raise InvalidParameterError(f'models is {sort_of(models)}: it must be a list like ["Demo"]')
    chosen: list[ModelName] = [models] if isinstance(models, str | Model | type) else list(models)
    if not chosen:
        raise InvalidParameterError('models is empty: name at least one, like models=["Demo"]')
    return chosen
