"""Which turns are sent again, and as which messages: such as every service takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from g4f_nb.conversations.turns import Content, Turn, prompt_messages

# What asks a model to go on where its answer broke off. A message of the user's is taken by every service;
# that an answer is begun for the model, only by some.
GO_ON = "Your answer broke off. Go on exactly where it stopped, and repeat nothing of it."
NOT_RUN = "Not run."
_CUT_OFF = ("length", "max_tokens")
# What every service knows in a message; whatever else is there was for the service that wrote it.
_PLAIN = ("role", "content", "tool_calls", "tool_call_id", "name")


def messages_of(
    turns: Sequence[Turn], *, continued: bool = False, provider: str | None = None, then: Content = ()
) -> list[dict[str, Any]]:
    """These turns as messages, without those that have no whole answer, and what is asked after them.

    `provider` is who will read them: what another one put into its answers for itself is left out.
    `continued` says that the last answer is gone on with.
    """
    said = [message for turn in sent(turns, continued=continued) for message in turn_messages(turn, provider)]
    return list(_with_results([*said, *(prompt_messages(then) if then else ())]))


def turn_messages(turn: Turn, provider: str | None = None) -> list[dict[str, Any]]:
    """One turn as messages that this provider may read."""
    foreign = provider is not None and turn.reply is not None and turn.reply.provider != provider
    return list(map(_plain, turn.messages)) if foreign else turn.messages


def sent(turns: Sequence[Turn], *, continued: bool = False) -> list[Turn]:
    """Those of the turns that are sent again: with a whole answer, or with a part that was gone on with."""
    kept: list[Turn] = []
    for turn in reversed(turns):
        if turn.answered or (turn.dialogue and continued):
            kept.append(turn)
            continued = turn.continues
        elif turn.dialogue:
            continued = False
        # A turn without any answer stands between nothing: what is gone on with is before it.
    return kept[::-1]


def to_continue(turns: Sequence[Turn]) -> Turn | None:
    """The answer that can be gone on with: the last one there is, if it broke off or was cut off."""
    for turn in reversed(turns):
        if turn.dialogue:
            cut = turn.reply is not None and turn.reply.finish_reason in _CUT_OFF
            return turn if turn.partial or cut else None
    return None


def _plain(message: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in message.items() if name in _PLAIN}
    if kept.get("tool_calls"):
        kept["tool_calls"] = [
            {name: value for name, value in call.items() if name != "extra_content"}
            for call in kept["tool_calls"]
        ]
    return kept


def _with_results(messages: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Services refuse a call without its result, which then says so, and a result without its call."""
    unanswered: dict[str, str] = {}
    for message in messages:
        if message.get("role") == "tool":
            if unanswered.pop(str(message.get("tool_call_id")), None) is None:
                continue
        else:
            yield from map(_not_run, unanswered.items())
            unanswered = {
                str(call.get("id")): str((call.get("function") or {}).get("name"))
                for call in message.get("tool_calls") or ()
            }
        yield dict(message)
    yield from map(_not_run, unanswered.items())


def _not_run(call: tuple[str, str]) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call[0], "name": call[1], "content": NOT_RUN}
