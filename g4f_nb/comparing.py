"""The same prompts to several models, as one tidy DataFrame; a failed call is a row."""

from __future__ import annotations

import asyncio
import sys
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from g4f_nb import asking, batch, frontend, loops, ownloop
from g4f_nb.dialogue import Plan
from g4f_nb.errors import G4FError, InvalidParameterError, MissingAuthError, ProviderNotWorkingError
from g4f_nb.messages import as_messages, content_text
from g4f_nb.notices import tell
from g4f_nb.providers.calling import locate
from g4f_nb.providers.model import Model, Provider
from g4f_nb.providers.registry import Resolution, choose
from g4f_nb.reply import Reply
from g4f_nb.secret import Veiled

if TYPE_CHECKING:
    import pandas as pd

Prompts = str | Iterable[Any] | Mapping[str, Any]
ModelName = str | Model | Provider

_TEXT = "string"
_MOST = 2**53
_DTYPES = {
    "run_id": _TEXT,
    "cell_id": _TEXT,
    "repeat": "Int64",
    "provider": _TEXT,
    "model": _TEXT,
    "prompt_id": _TEXT,
    "prompt": _TEXT,
    "answer": _TEXT,
    "finish_reason": _TEXT,
    "queued_s": "Float64",
    "ttft_s": "Float64",
    "latency_s": "Float64",
    "total_s": "Float64",
    "tokens_per_s": "Float64",
    "started_at": "datetime64[ns, UTC]",
    "in_tokens": "Int64",
    "out_tokens": "Int64",
    "reasoning_tokens": "Int64",
    "cached_tokens": "Int64",
    "status": _TEXT,
    "error_type": _TEXT,
    "error": _TEXT,
    "http_status": "Int64",
    "model_returned": _TEXT,
}


@dataclass(slots=True)
class _Cell:
    """One call of the grid, and what became of it."""

    position: int
    repeat: int
    prompt_id: str
    prompt: Any
    name: tuple[str, str]
    question: asking.Question | None = None
    reply: Reply | None = None
    error: BaseException | None = None
    started: float | None = None
    started_at: datetime | None = None
    ended: float | None = None


@dataclass(slots=True)
class _Grid:
    """All calls of one comparison, in the order of its rows."""

    cells: list[_Cell]
    concurrency: int
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    begun: float = field(default_factory=time.perf_counter)
    done: int = 0
    failed: int = 0


def compare(
    prompts: Prompts,
    models: Sequence[ModelName] | ModelName,
    *,
    system: str | None = None,
    repeats: int = 1,
    concurrency: int = 32,
    progress: bool = True,
    **parameters: Any,
) -> pd.DataFrame:
    """Ask every model every prompt, many at a time; one row a call, in the order of prompts and models.

    `prompts` is a text, a list or column of texts or message lists, or a dict of names to them; the names,
    or the column's index, are in `prompt_id`. `parameters` (temperature=0, max_tokens=…) go to every call.
    A call that fails is a row with `status` "error" and the reason. An interrupt returns what there is, the
    rest "cancelled".
    """
    parameters = Veiled(parameters)
    grid = _grid(
        prompts, models, system=system, repeats=repeats, concurrency=concurrency, parameters=parameters
    )
    job = ownloop.own_loop().submit(_work(grid))
    with _Progress(grid, shown=progress) as bar:
        try:
            job.result(bar.refresh, beat=0.25)
        except KeyboardInterrupt:
            tell(f"interrupted: {grid.done} of {len(grid.cells)} calls were done, the others are cancelled")
    return _frame(grid)


async def compare_async(
    prompts: Prompts,
    models: Sequence[ModelName] | ModelName,
    *,
    system: str | None = None,
    repeats: int = 1,
    concurrency: int = 32,
    progress: bool = False,
    **parameters: Any,
) -> pd.DataFrame:
    """`compare` for `await`; cancelling it ends every call. It shows no bar: `progress` is for symmetry."""
    del progress
    parameters = Veiled(parameters)
    grid = _grid(
        prompts, models, system=system, repeats=repeats, concurrency=concurrency, parameters=parameters
    )
    await loops.call(_work(grid))
    return _frame(grid)


def _grid(
    prompts: Prompts,
    models: Sequence[ModelName] | ModelName,
    *,
    system: str | None,
    repeats: int,
    concurrency: int,
    parameters: Mapping[str, Any],
) -> _Grid:
    """Check everything before anything is sent: a mistyped name must not cost half a run."""
    given: tuple[tuple[str, object], ...] = (("repeats", repeats), ("concurrency", concurrency))
    for name, value in given:
        if type(value) is not int or value < 1:
            raise InvalidParameterError(f"{name} is {value!r}: it is a whole number from 1")
    chosen = _models(models)
    named = _prompts(prompts)
    parameters = Veiled(parameters)
    messages = {prompt_id: _messages(prompt_id, prompt, system) for prompt_id, prompt in named.items()}
    places = [_locate(model, parameters) for model in chosen]
    plans = [Plan() if isinstance(place, G4FError) else asking.plan_of(place) for _, place in places]
    cells: list[_Cell] = []
    for prompt_id, prompt in named.items():
        for (named_as, place), plan in zip(places, plans, strict=True):
            for repeat in range(repeats):
                cell = _Cell(len(cells), repeat, prompt_id, prompt, named_as)
                if isinstance(place, G4FError):
                    cell.error = place
                else:
                    cell.question = asking.Question.of(place, messages[prompt_id], plan)
                cells.append(cell)
    return _Grid(cells, min(concurrency, len(cells)))


def _messages(prompt_id: str, prompt: Any, system: str | None) -> list[dict[str, Any]]:
    try:
        return as_messages(prompt, system)
    except InvalidParameterError as error:
        raise InvalidParameterError(f"prompt {prompt_id!r}: {error}") from None


def _models(models: Sequence[ModelName] | ModelName) -> list[ModelName]:
    if not isinstance(models, str | Model | type | Iterable):
        raise InvalidParameterError(f'models is a {type(models).__name__}: it is a list like ["Demo"]')
    chosen: list[ModelName] = [models] if isinstance(models, str | Model | type) else list(models)
    if not chosen:
        raise InvalidParameterError('models is empty: name at least one, like models=["Demo"]')
    return chosen


def _prompts(prompts: Prompts) -> dict[str, Any]:
    if isinstance(prompts, str):
        return {"0": prompts}
    given: object = prompts
    if not isinstance(given, Iterable) or hasattr(given, "columns"):
        raise InvalidParameterError(
            f"prompts is a {type(given).__name__}: give a text, a list or column of texts, or a dict"
        )
    if isinstance(prompts, Mapping) and isinstance(prompts.get("role"), str) and "content" in prompts:
        return {"0": [prompts]}
    if isinstance(prompts, Mapping):
        named = {str(name): prompt for name, prompt in prompts.items()}
        if len(named) < len(prompts):
            raise InvalidParameterError("two names of prompts are the same as text: name them apart")
    elif hasattr(prompts, "items") and hasattr(prompts, "index"):
        # A Series: its index names the prompts, so that the answers can be joined to it again.
        named = {str(name): prompt for name, prompt in prompts.items()}
        if len(named) < len(prompts):  # type: ignore[arg-type]  # a Series has a length
            raise InvalidParameterError("the index of the prompts is not unique: use reset_index(drop=True)")
    else:
        # A list, a generator, whatever gives prompts.
        items = list(prompts)
        # One list of messages is one prompt.
        one = bool(items) and isinstance(items[0], Mapping)
        named = {"0": items} if one else {str(place): prompt for place, prompt in enumerate(items)}
    if not named:
        raise InvalidParameterError("prompts is empty: give a text, a list of texts, or a dict of them")
    return named


def _locate(
    model: ModelName, parameters: Mapping[str, Any]
) -> tuple[tuple[str, str], tuple[Resolution, dict[str, Any]] | G4FError]:
    """Provider and model as the rows name them, and where the calls go.

    A provider that is not ready fails its own rows only.
    """
    parameters = Veiled(parameters)
    label = model.label if isinstance(model, Model) else None
    try:
        place = locate(model, **parameters)
    except (MissingAuthError, ProviderNotWorkingError) as error:
        name = model.name if isinstance(model, Model) else model
        cls, named, _ = choose(name)
        return (cls.__name__, label or named), error
    return (place[0].provider.__name__, label or place[0].model), place


async def _work(grid: _Grid) -> None:
    async def one(cell: _Cell) -> None:
        await _ask(cell)
        grid.done += 1
        grid.failed += cell.error is not None

    await batch.run_all(grid.cells, one, concurrency=grid.concurrency)


async def _ask(cell: _Cell) -> None:
    if cell.question is None:
        return
    cell.reply = cell.question.new_reply()
    cell.started, cell.started_at = time.perf_counter(), datetime.now(UTC)
    try:
        await asking.answer(cell.question, cell.reply)
    except BaseException as error:
        # A user's own provider may raise anything, SystemExit too: it is that row's. Only when the whole
        # run is being cancelled does it go on.
        cell.error = error
        task = asyncio.current_task()
        if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
            raise
        if isinstance(error, asyncio.CancelledError):
            cell.error = RuntimeError("the provider cancelled its own call")
    finally:
        cell.ended = time.perf_counter()


def _frame(grid: _Grid) -> pd.DataFrame:
    import pandas as pd

    rows = [_row(grid, cell) for cell in grid.cells]
    frame = pd.DataFrame.from_records(rows, columns=list(_DTYPES)).astype(_DTYPES)
    frame.attrs["g4f_nb_run"] = grid.run_id
    return frame


def _row(grid: _Grid, cell: _Cell) -> dict[str, Any]:
    reply = cell.reply
    usage = reply.usage if reply else None
    seconds = reply.seconds if reply else None
    error = cell.error
    if isinstance(error, asyncio.CancelledError) or (cell.ended is None and error is None):
        status, error = "cancelled", None
    else:
        status = "ok" if error is None else "error"
    out = _count(usage.output_tokens) if usage else None
    spoken = seconds - (reply.ttft or 0.0) if reply and seconds else None
    return {
        "run_id": grid.run_id,
        "cell_id": f"{grid.run_id}-{cell.position}",
        "repeat": cell.repeat,
        "provider": cell.name[0],
        "model": cell.name[1] or None,
        "prompt_id": cell.prompt_id,
        "prompt": _prompt_text(cell.prompt),
        "answer": _text(reply.text) if reply and (status == "ok" or reply.text) else None,
        "finish_reason": _text(reply.finish_reason) if reply else None,
        "queued_s": cell.started - grid.begun if cell.started else None,
        "ttft_s": reply.ttft if reply else None,
        "latency_s": seconds,
        "total_s": cell.ended - grid.begun if cell.ended else None,
        "tokens_per_s": out / spoken if out and spoken and spoken > 0 else None,
        "started_at": cell.started_at,
        "in_tokens": _count(usage.input_tokens) if usage else None,
        "out_tokens": out,
        "reasoning_tokens": _count(usage.reasoning_tokens) if usage else None,
        "cached_tokens": _count(usage.cached_tokens) if usage else None,
        "status": status,
        "error_type": type(error).__name__ if error is not None else None,
        "error": _said(error) if error is not None else None,
        "http_status": _count(error.status) if isinstance(error, G4FError) else None,
        "model_returned": _text(reply.model) if reply and status == "ok" else None,
    }


def _count(value: object) -> int | None:
    """A count that fits a column; a server's or provider's nonsense is missing, and costs no other row."""
    return value if type(value) is int and 0 <= value < _MOST else None


def _text(value: object) -> str | None:
    # Lone surrogates have no place in UTF-8, and so none in a frame.
    return None if value is None else str(value).encode(errors="replace").decode()


def _said(error: BaseException) -> str:
    try:
        return _text(str(error)) or type(error).__name__
    except Exception:  # noqa: BLE001  # an exception that cannot be shown is still that row's
        return type(error).__name__


def _prompt_text(prompt: Any) -> str:
    if isinstance(prompt, str):
        return prompt
    return "\n".join(content_text(message.get("content")) for message in prompt)


class _Progress:
    """A tqdm bar while the calls run, gone when they are done; none where nobody looks."""

    def __init__(self, grid: _Grid, *, shown: bool) -> None:
        self._grid = grid
        self._bar: Any = None
        self._shown = shown and (frontend.attached() or (not frontend.in_kernel() and sys.stderr.isatty()))

    def __enter__(self) -> Self:
        if self._shown:
            from tqdm import tqdm

            target = _CellLine() if frontend.in_kernel() else sys.stderr
            self._bar = tqdm(
                total=len(self._grid.cells), desc="compare", unit="call", file=target, leave=False, ncols=80
            )
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self.refresh()
            self._bar.close()

    def refresh(self) -> None:
        """Show how far the work is."""
        if self._bar is not None:
            if self._grid.failed:
                self._bar.set_postfix_str(f"{self._grid.failed} failed", refresh=False)
            self._bar.n = self._grid.done
            self._bar.refresh()


class _CellLine:
    """A file that shows its last line in the cell, in place, and leaves nothing behind.

    tqdm's own notebook bar is a widget: closed, it stays in the saved notebook as "model not found".
    """

    def __init__(self) -> None:
        from IPython.display import DisplayHandle

        self._handle = DisplayHandle()  # type: ignore[no-untyped-call]
        self._displayed = False

    def write(self, text: str) -> None:
        line = text.replace("\r", "").rstrip()
        if line == "\n" or (not line and not self._displayed):
            return
        bundle = {"text/plain": line}
        if self._displayed:
            self._handle.update(bundle, raw=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.display(bundle, raw=True)  # type: ignore[no-untyped-call]
            self._displayed = True

    def flush(self) -> None:
        """Nothing is held back."""
