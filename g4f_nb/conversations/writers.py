"""Who wrote an answer that broke off, and with which options: whoever goes on with it is the same."""

from __future__ import annotations

from g4f_nb.conversations.preparing import Given
from g4f_nb.providers.models.model import Model
from g4f_nb.questions import Question
from g4f_nb.reply import Reply
from g4f_nb.secret import Veiled

# What a question was given in another form than the one it is sent in.
_AS_GIVEN = ("tools", "approve", "tool_limits")


def writer_of(question: Question, reply: Reply, given: Given) -> Given:
    """Whom to ask for the rest: of several the one that had begun, at its address, with its options."""
    where, options = question.where, question.options
    for place in where.places:
        if place.where is not None and (place.name, place.model) == (reply.provider, reply.model or ""):
            where, options = place.where, place.options
            break
    # Half of an answer is no data.
    form = ("response_format",) if question.plan.wanted is not None else ()
    kept = Veiled((name, value) for name, value in options.items() if name not in (*_AS_GIVEN, *form))
    kept.update((name, given.options[name]) for name in _AS_GIVEN if name in given.options)
    return Given(
        model=Model(where.model, price=where.price),
        provider=where.provider,
        system=given.system,
        options=kept,
    )
