"""Answers that are kept: with `--cache` the same question gets the same answer, and nothing is sent.

They are in the store of comparisons, under the same key: what `nb.compare` has asked is known here, too.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any

from g4f_nb.asking import Question
from g4f_nb.chunks import FinishReason, Reasoning, Usage
from g4f_nb.comparing.columns import beside, from_reply
from g4f_nb.comparing.identity import key_of
from g4f_nb.prices import Price
from g4f_nb.reply import Reply
from g4f_nb.store import store
from g4f_nb.typed.wanted import UnfitError

_NOTHING_PAID = Price(input=0.0, output=0.0, source="a kept answer: nothing was sent")


UNKNOWN = "--cache: it cannot be told whether this is the same question again, so it was asked."


def key(question: Question) -> str | None:
    """What tells this question from every other, without any key of a service; `None` if nothing does."""
    return key_of((question.where, question.options), question.plan, question.messages)


def take(question: Question, found: str, reply: Reply) -> str | None:
    """Fill the reply with the answer that is kept; gives what is said of it, `None` if there is none."""
    kept = store().answer(found)
    if kept is None:
        return None
    record, more, began = kept
    answer = record.get("answer")
    if not isinstance(answer, str) or not answer or more.get("tool_calls"):
        return None
    _fill(reply, record, more)
    wanted = question.plan.wanted
    if wanted is not None:
        try:
            reply.data = wanted.read(answer)
        except UnfitError:
            return None
    reply.end_round()
    when = "" if began is None else time.strftime(" of %Y-%m-%d %H:%M", time.localtime(began))
    return f"The kept answer{when}; nothing was sent."


def _fill(reply: Reply, record: Mapping[str, Any], more: Mapping[str, Any]) -> None:
    reply.model = record.get("model_returned") or reply.model
    if more.get("reasoning"):
        reply.add(Reasoning(str(more["reasoning"])))
    reply.add(str(record["answer"]))
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


def keep(found: str, reply: Reply) -> None:
    """Keep an answer for the next time; one that is not whole, or more than a text, is asked again then."""
    more_than_text = reply.images or reply.audio or reply.alternatives or reply.tool_calls
    if reply.partial or not reply.text or reply.parse_error or more_than_text:
        return
    run = uuid.uuid4().hex[:8]
    record = {name: value for name, value in from_reply(reply).items() if value is not None}
    store().begin_run(run, "chat", cells=1, plan={})
    store().keep_cell(run, 0, {**record, "status": "ok", "cached": False}, key=found, more=beside(reply))
