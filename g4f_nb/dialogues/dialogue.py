"""What follows an answer: calls that it asks for, another question, a repair, or the end; as a pure plan.

`converse` is a generator of what is to be done next, `Send`, `Approve` or `Run`; whoever drives it does that
in the place where it belongs (our loop, the user's thread, the user's loop) and sends the outcome back.
"""

from __future__ import annotations

import json
import time
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from g4f_nb.chunks import ToolCall, ToolResult
from g4f_nb.dialogues.plans import Approve, PendingCall, Plan, Run, Send, Steps
from g4f_nb.errors import BadRequestError, InvalidParameterError
from g4f_nb.masking import mask_values, masked
from g4f_nb.reply import Reply
from g4f_nb.results import complaint, result_text
from g4f_nb.secret import Veiled
from g4f_nb.tools import Tool
from g4f_nb.typed.fitting import MisfitError
from g4f_nb.typed.loosejson import NoJsonError, read_json
from g4f_nb.typed.wanted import UnfitError, Wanted

# How often a call with the same arguments may give the same result before it is no longer made, and before
# nothing else is expected of the model.
_SAME, _STUCK = 3, 5
_CUT_OFF = ("length", "max_tokens")
# What a server says that does not know `response_format`, or this form of it.
_BLAMED = (
    "response_format",
    "response format",
    "json_schema",
    "json_object",
    "json mode",
    "structured output",
)


def converse(reply: Reply, plan: Plan, options: Mapping[str, Any]) -> Steps:
    """Fill the reply, round by round, until the model asks for no more calls and what it says fits."""
    yield from _Dialogue(reply, plan, options).steps()


class _Dialogue:
    def __init__(self, reply: Reply, plan: Plan, options: Mapping[str, Any]) -> None:
        self._reply = reply
        self._plan = plan
        self._options = options
        seconds = plan.limits.seconds
        self._end = None if seconds is None else time.monotonic() + seconds
        self._seen: Counter[tuple[str, str, str]] = Counter()
        self._last_result: dict[tuple[str, str], str] = {}
        self._garbled = False
        # How many calls were taken up, and whether an answer came in which that was already told to be all.
        self._taken_up = 0
        self._is_last_word = False
        self._stopped: str | None = None

    def steps(self) -> Steps:
        rounds = 0
        while True:
            rounds += 1
            yield from self._send()
            calls = self._calls()
            if not calls:
                break
            mine = [call for call in calls if not self._plan.tools.is_passed_on(call.name)]
            if mine and rounds >= self._plan.limits.rounds:
                self._stop(f"the limit of {rounds} rounds is reached")
            self._is_last_word = self._taken_up > self._plan.limits.calls
            for call in mine:
                yield from self._answer(call)
            self._reply.end_round()
            self._look_at_the_clock()
            if self._stopped and self._plan.wanted is not None:
                self._reply.parse_error = f"the answer is not finished: {self._stopped}"
            if self._stopped or len(mine) < len(calls):
                # What is left to do is the caller's business.
                return
            self._options = _without_order(self._options)
        yield from self._fit()

    def _send(self) -> Steps:
        try:
            yield Send(list(self._reply.messages), self._options)
        except BadRequestError as error:
            wanted = self._plan.wanted
            if wanted is None or "response_format" not in self._options or not _blames_format(error):
                raise
            # The row of a service says what some of its models can; this one cannot.
            self._options = _without(self._options, "response_format")
            self._reply.messages = wanted.asked_in_words(self._reply.messages)
            yield Send(list(self._reply.messages), self._options)

    def _stop(self, reason: str) -> None:
        self._stopped = self._reply.stopped_by = reason
        self._reply.partial = True

    def _look_at_the_clock(self) -> None:
        if self._end is not None and time.monotonic() >= self._end and not self._stopped:
            self._stop(f"{self._plan.limits.seconds:g} s are over")

    # ---- calls -------------------------------------------------------------------------------------

    def _calls(self) -> tuple[ToolCall, ...]:
        """The calls of the last answer, each with an id of its own and arguments that any server can read."""
        asked = self._reply.running_calls
        if not asked or not self._plan.tools.tools:
            return ()
        taken = {call.id for step in self._reply.steps for call in step.tool_calls}
        calls = []
        for call in asked:
            own = call.id if call.id and call.id not in taken else uuid.uuid4().hex[:9]
            taken.add(own)
            calls.append(replace(call, id=own))
        # A call that is no JSON goes back without its arguments: some servers read them, and fail.
        self._reply.replace_calls(tuple(replace(call, arguments=_readable(call.arguments)) for call in calls))
        return tuple(calls)

    def _answer(self, call: ToolCall) -> Steps:
        """See to it that a call has a result, be it a complaint."""
        tool = self._plan.tools.tools.get(call.name)
        self._look_at_the_clock()
        if self._stopped:
            self._complain(call, f"Not run: {self._stopped}.")
        elif tool is None:
            self._complain(call, self._plan.tools.unknown(call.name))
        elif not self._is_one_too_many(call):
            yield from self._check_and_run(call, tool)

    def _is_one_too_many(self, call: ToolCall) -> bool:
        """Count a call; whoever goes on calling after being told that these were all is stopped."""
        most = self._plan.limits.calls
        self._taken_up += 1
        if self._taken_up <= most:
            return False
        reason = f"the limit of {most} calls is reached"
        if self._is_last_word:
            self._stop(reason)
        self._complain(
            call, f"Not run: {reason}.{'' if self._is_last_word else ' Go on with what you have.'}"
        )
        return True

    def _check_and_run(self, call: ToolCall, tool: Tool) -> Steps:
        try:
            arguments = _arguments(call.arguments)
        except NoJsonError as error:
            if self._garbled:
                self._stop(f"the arguments for {call.name} are no JSON, again")
            self._garbled = True
            self._complain(call, f"The arguments are not understood: {error}. Send one JSON object.")
            return
        self._garbled = False
        key = (tool.name, json.dumps(arguments, sort_keys=True))
        if self._is_stuck(call, key):
            return
        try:
            fitted = tool.fit(arguments)
        except MisfitError as error:
            self._complain(call, f"The arguments do not fit: {error}. Mend them and call again.")
            return
        note = ""
        if self._plan.approve is not None:
            decision = yield Approve(PendingCall(id=call.id, tool=tool, arguments=arguments))
            if isinstance(decision, Mapping):
                fitted = _edited(tool, decision)
                note = f"(The user changed the arguments to {json.dumps(dict(decision), default=str)}.)\n"
            elif decision is not True:
                reason = f": {decision}" if isinstance(decision, str) and decision else "."
                self._complain(call, f"The user did not allow this call{reason}")
                return
        yield from self._run(call, tool, fitted, key, note)

    def _run(
        self, call: ToolCall, tool: Tool, arguments: Mapping[str, Any], key: tuple[str, str], note: str
    ) -> Steps:
        begun = time.monotonic()
        outcome = yield Run(tool, arguments, None if self._end is None else max(0.0, self._end - begun))
        seconds = time.monotonic() - begun
        if outcome.error is None:
            longest = self._plan.limits.result_chars
            text = note + result_text(outcome.value, longest, self._mask, of_all=self._mask_values)
            self._reply.add(ToolResult(call.id, call.name, text, seconds=seconds))
        else:
            text = note + complaint(outcome.error, self._mask)
            self._complain(call, text, seconds=seconds)
        self._seen[*key, text] += 1
        self._last_result[key] = text

    def _mask(self, text: str) -> str:
        return masked(text, (self._options, *self._plan.members))

    def _mask_values(self, text: str) -> str:
        # What a tool has read is a value like any other that goes to a model.
        return mask_values(text, (self._options, *self._plan.members))

    def _is_stuck(self, call: ToolCall, key: tuple[str, str]) -> bool:
        """Whether this very call has given the same result so often that it is not made again."""
        last = self._last_result.get(key)
        count = self._seen[*key, last] if last is not None else 0
        if last is None or count < _SAME:
            return False
        self._seen[*key, last] += 1
        if count >= _STUCK:
            self._stop(f"the model makes the same call of {call.name} again and again")
        self._complain(
            call, f"Not run: this call was made {_SAME} times with the same result. Go on with what you have."
        )
        return True

    def _complain(self, call: ToolCall, text: str, *, seconds: float | None = None) -> None:
        self._reply.add(ToolResult(call.id, call.name, text, error=True, seconds=seconds))

    # ---- the wanted answer -------------------------------------------------------------------------

    def _fit(self) -> Steps:
        wanted, reply = self._plan.wanted, self._reply
        if wanted is None:
            reply.end_round()
            return
        problem = self._read(wanted)
        if problem is not None and _can_be_mended(reply):
            reply.end_round(retract=True)
            reply.messages = [*reply.messages, {"role": "user", "content": wanted.hint(problem)}]
            yield from self._send()
            problem = self._read(wanted)
        reply.end_round()
        reply.parse_error = problem

    def _read(self, wanted: Wanted) -> str | None:
        """Put the answer into `data`, or say why not."""
        try:
            self._reply.data = wanted.read(self._reply.running_text)
        except UnfitError as error:
            if self._reply.refusal and not self._reply.running_text.strip():
                return f"the model declined: {self._reply.refusal}"
            if self._reply.finish_reason in _CUT_OFF:
                return f"the answer was cut off at its longest ({error}): allow more with max_tokens="
            return str(error)
        return None


def _can_be_mended(reply: Reply) -> bool:
    return bool(reply.running_text.strip()) and reply.finish_reason not in _CUT_OFF


def _blames_format(error: BadRequestError) -> bool:
    words = f"{error} {error.body or ''}".lower()
    return any(word in words for word in _BLAMED)


def _without_order(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """After the first round no call is demanded any more, or the model could never answer."""
    choice = options.get("tool_choice")
    return options if choice in (None, "auto", "none") else Veiled({**options, "tool_choice": "auto"})


def _without(options: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return Veiled((other, value) for other, value in options.items() if other != name)


def _arguments(text: str) -> dict[str, Any]:
    """The arguments of a call; nothing at all is an empty object, for many models write it so."""
    if text.strip() in ("", "null"):
        return {}
    value = read_json(text, kind=dict)
    if isinstance(value, str):
        value = read_json(value, kind=dict)
    if not isinstance(value, dict):
        raise NoJsonError("it is no JSON object")
    return value


def _readable(text: str) -> str:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        value = None
    if isinstance(value, dict):
        return text
    try:
        # Half of a surrogate pair cannot be sent.
        return json.dumps(_arguments(text), ensure_ascii=False).encode(errors="replace").decode()
    except NoJsonError:
        return "{}"


def _edited(tool: Tool, arguments: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return tool.fit(arguments)
    except MisfitError as error:
        raise InvalidParameterError(
            f"approve= gave other arguments for {tool.name}, which do not fit: {error}"
        ) from None
