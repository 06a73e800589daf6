"""A reply while it grows, as it may be shown: no key in it, also where one comes in several pieces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from g4f_nb.chunks import Reasoning, ToolCall, ToolCalls, ToolResult
from g4f_nb.masking import known_keys, mask_of_calls
from g4f_nb.reply import Reply, Step
from g4f_nb.secret import MASK, Secret
from g4f_nb.traces import may_be_rendered, rendered_traces_of
from g4f_nb.untold import Untold

# Characters of a paragraph before what is new of it.
_LONGEST_LOOKED_AT = 20_000
# Of a long paragraph that takes long to read, so large a part at a time.
_STEPS = 16


class GrowingKeyless:
    """Another reply beside the one that grows: fed with what is new of that, masked, each piece once.

    Where no key is known here it is the very reply, and nothing is done.
    """

    def __init__(self) -> None:
        self._begun = False
        self._shown: Reply | None = None
        self._mask: Callable[[str], str] = str
        self._untold = Untold(())
        self._keys: tuple[Secret, ...] = ()
        self._begin_round()

    def _begin_round(self) -> None:
        self._said = self._thought = 0
        self._calls: tuple[ToolCall, ...] = ()
        self._results = 0

    def of(self, reply: Reply, *, whole: bool = False) -> Reply:
        """What can be shown now; with `whole` nothing more comes, and nothing has to wait."""
        if not self._begun:
            self._begin(reply)
        shown = self._shown
        if shown is None:
            return reply
        steps, running = reply.steps, reply.running
        for step in steps[len(shown.steps) :]:
            self._take(shown, step, whole=True)
            shown.end_round(retract=step.retracted)
            self._begin_round()
        if reply.steps is steps:
            # Else a round has ended meanwhile, on another thread: the next time.
            self._take(shown, running, whole=whole)
        if reply.waits_for_login and shown.login is not reply.login:
            shown.add(reply.login)
        shown.partial = reply.partial
        return shown

    def _begin(self, reply: Reply) -> None:
        self._begun = True
        keys = known_keys(reply.asked_with)
        if keys:
            self._keys = tuple(keys)
            self._mask, self._untold = mask_of_calls(reply.asked_with), Untold(keys)
            self._shown = Reply(provider=reply.provider, model=reply.model)

    def _take(self, shown: Reply, step: Step, *, whole: bool) -> None:
        """What is new of a round; its parts are in the order in which a reply has them."""
        told, self._thought = self._new(step.reasoning, self._thought, whole=whole or bool(step.text))
        if told:
            shown.add(Reasoning(told))
        # Calls stand behind all that was said before them.
        told, self._said = self._new(step.text, self._said, whole=whole or bool(step.tool_calls))
        if told:
            shown.add(told)
        if step.tool_calls != self._calls:
            self._calls = step.tool_calls
            # Not only new ones: a call may be given another id.
            shown.replace_calls(())
            shown.add(ToolCalls(tuple(map(self._call, step.tool_calls))))
        for result in step.tool_results[self._results :]:
            shown.add(self._result(result))
        self._results = len(step.tool_results)

    def _new(self, text: str, at: int, *, whole: bool) -> tuple[str, int]:
        """What can be shown of a text from here on, and where it ends.

        A paragraph that shows a key once it is rendered waits until it is whole; its rest is masked then.
        """
        end = len(text) if whole else self._untold.begins(text)
        if end <= at:
            return "", at
        first = max(text.rfind("\n\n", 0, at), at - _LONGEST_LOOKED_AT, 0)
        few = not whole and "\n\n" not in text[at:end] and end - at < (at - first) // _STEPS
        if few and may_be_rendered(text[first:end], self._keys):
            # A long paragraph is not read anew for each word of it.
            return "", at
        parts = list[str]()
        for start, stop in rendered_traces_of(text[first:end], self._keys, growing=not whole):
            start, stop = max(first + start, at), first + stop  # noqa: PLW2901
            if stop == end and not whole:
                end = start
            elif stop > at:
                parts += [self._mask(text[at:start]), MASK]
                at = stop
        return "".join((*parts, self._mask(text[at:end]))), end

    def _call(self, call: ToolCall) -> ToolCall:
        return replace(call, name=self._mask(call.name), arguments=self._mask(call.arguments))

    def _result(self, result: ToolResult) -> ToolResult:
        return replace(result, content=self._mask(result.content))
