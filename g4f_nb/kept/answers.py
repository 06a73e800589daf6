"""The same question gets the same answer: an answer is looked for before asking, and kept after it.

They are in the store of comparisons, under the same key: what `nb.compare` has asked is known here, too.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import repeat
from typing import Any

from g4f_nb.chunks import FinishReason, Reasoning, Source, Sources, Usage
from g4f_nb.kept.records import beside, from_reply
from g4f_nb.masking import mask_keys
from g4f_nb.prices import Price
from g4f_nb.reply import Reply
from g4f_nb.secret import Secret
from g4f_nb.store import store
from g4f_nb.typed.wanted import UnfitError, Wanted

_NOTHING_PAID = Price(input=0.0, output=0.0, source="a kept answer: nothing was sent")


def is_kept(key: str, wanted: Wanted | None = None) -> bool:
    """Whether `take` would find an answer."""
    return take(key, Reply(), wanted)


def take(key: str, reply: Reply, wanted: Wanted | None = None) -> bool:
    """Fill the reply with the answer that is kept, if there is one that fits what is wanted now."""
    found = store().cells.answer(key)
    if found is None:
        return False
    record, more, began = found
    answer = record.get("answer")
    if not isinstance(answer, str) or not answer or more.get("tool_calls"):
        return False
    if wanted is not None:
        try:
            reply.data = wanted.read(answer)
        except UnfitError:
            return False
    _fill(reply, record, more)
    reply.end_round()
    reply.cached = True
    reply.kept_since = None if began is None else datetime.fromtimestamp(began, UTC)
    return True


def _fill(reply: Reply, record: Mapping[str, Any], more: Mapping[str, Any]) -> None:
    reply.model = record.get("model_returned") or reply.model
    if more.get("reasoning"):
        reply.add(Reasoning(str(more["reasoning"])))
    reply.add(str(record["answer"]))
    if more.get("sources"):
        # What was kept before titles were has none.
        pages = zip(more["sources"], more.get("titles") or repeat(None), strict=False)
        reply.add(Sources(tuple(Source(str(url), title) for url, title in pages)))
    if record.get("finish_reason"):
        reply.add(FinishReason(str(record["finish_reason"])))
    into, out = record.get("in_tokens"), record.get("out_tokens")
    if into is not None or out is not None:
        reply.add(
            Usage(
                input_tokens=into,
                output_tokens=out,
                total_tokens=None if into is None or out is None else into + out,
                reasoning_tokens=record.get("reasoning_tokens"),
                cached_tokens=record.get("cached_tokens"),
            )
        )
    reply.price = _NOTHING_PAID


def keep(key: str, reply: Reply, used: Iterable[Secret] = ()) -> None:
    """Keep an answer for the next time; one that is not whole, or more than a text, is asked again then.

    So is one that repeats a key, of those that were `used` or are known here: no file shall hold it.
    """
    more_than_text = reply.images or reply.audio or reply.alternatives or reply.tool_calls
    if reply.partial or not reply.text or reply.parse_error or more_than_text:
        return
    pages = (f"{source.url}\n{source.title}" for source in reply.sources)
    said = "\n".join([reply.text, reply.reasoning, *pages])
    if mask_keys(said, used) != said:
        return
    run = uuid.uuid4().hex[:8]
    record = {name: value for name, value in from_reply(reply).items() if value is not None}
    store().runs.begin(run, "chat", cells=1, plan={})
    store().cells.keep(run, 0, {**record, "status": "ok", "cached": False}, key=key, more=beside(reply))
