"""What a conversation has cost, and its limit: nothing more is asked once that is reached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from g4f_nb.chunks import Usage
from g4f_nb.costs.tokens import estimate_tokens
from g4f_nb.errors import InvalidParameterError, SpendingLimitError
from g4f_nb.providers.registry import Resolution
from g4f_nb.questions import Question
from g4f_nb.reply import Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one answer cost in US dollars, and its tokens; `None` where nobody knows.

    `guess` is what the dollars probably are, where the service did not tell the tokens, as of an answer that
    was stopped.
    """

    usd: float | None = None
    tokens: int | None = None
    guess: float | None = None


class Ledger:
    """Every answer that was ever paid for in one conversation, also of turns that are gone."""

    def __init__(self, entries: Mapping[str, Entry] | None = None) -> None:
        self.entries: dict[str, Entry] = dict(entries or {})

    @property
    def cost(self) -> float | None:
        """What all answers cost; `None` as soon as one is among them of which nobody knows."""
        known = [entry.usd for entry in self.entries.values()]
        return None if None in known else sum(usd for usd in known if usd is not None)

    @property
    def tokens(self) -> int | None:
        """The tokens of all answers with their questions; `None` as soon as one did not tell them."""
        told = [entry.tokens for entry in self.entries.values()]
        return None if None in told else sum(count for count in told if count is not None)

    @property
    def spent(self) -> float:
        """What is held against the limit: the known costs, and the guesses where there is nothing better."""
        return sum(
            entry.usd if entry.usd is not None else entry.guess or 0.0 for entry in self.entries.values()
        )


def entry_of(question: Question, reply: Reply, *, failed: bool) -> Entry | None:
    """What one answer cost; `None` if the question failed before anything came, which nobody is paid for."""
    if failed and not reply.text and not reply.steps and not reply.reasoning:
        return None
    usage = reply.usage
    told = None if usage is None else usage.total_tokens
    if told is None and usage is not None and None not in (usage.input_tokens, usage.output_tokens):
        told = (usage.input_tokens or 0) + (usage.output_tokens or 0)
    usd = reply.cost
    return Entry(usd=usd, tokens=told, guess=None if usd is not None else _guess(question, reply))


def check_limit(limit: float | None, ledger: Ledger, where: Resolution, name: str) -> None:
    """Refuse a question where the limit is reached, or could not be kept, for nobody knows the price."""
    if limit is None:
        return
    if ledger.spent >= limit:
        raise SpendingLimitError(
            f"the conversation {name!r} has spent {ledger.spent:.4g} USD, and its limit is {limit:g} USD: "
            "nothing was sent; set its .limit higher, or to None for none"
        )
    for place in _places(where):
        if _priced(Reply(model=place.model), place, Usage(1, 1, 2)) is None:
            raise InvalidParameterError(
                f"the limit of {limit:g} USD cannot be kept, for no price of {place.label} is known: give "
                "one with nb.Model(…, price=(0.15, 0.60)) or in prices.toml, or set .limit to None"
            )


def _places(where: Resolution) -> Iterator[Resolution]:
    """A provider that is made of others costs what they cost."""
    if not where.places:
        yield where
    for place in where.places:
        if place.where is not None:
            yield from _places(place.where)


def _guess(question: Question, reply: Reply) -> float | None:
    label = question.label
    if _priced(reply, question.where, Usage(1, 1, 2)) is None:
        # Counting takes its time, and would be for nothing.
        return None
    asked = int(estimate_tokens(question.messages, label, tools=question.options.get("tools")))
    said = int(estimate_tokens(reply.text + reply.reasoning, label))
    return _priced(reply, question.where, Usage(asked, said, asked + said))


def _priced(reply: Reply, where: Resolution, usage: Usage) -> float | None:
    tried = Reply(provider=reply.provider or where.provider.__name__, model=reply.model)
    tried.url, tried.price = reply.url or where.host, reply.price or where.price
    tried.add(usage)
    return tried.cost
