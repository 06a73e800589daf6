"""The table: each model name is a behaviour, put together from what is said and how it travels."""

from __future__ import annotations

import re
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import orjson
from aiohttp import web

from . import answers, rounds, travel, wire
from .faults import Fault, json_response, retry_headers
from .question import ChatRequest
from .travel import SILENCE, Leave, Pause

_PAGE = "<!doctype html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"
_BEGINS = 'says "This answer breaks off ", then'
_MOST = 100_000  # of anything: a model name shall not exhaust the memory


@dataclass(slots=True)
class Tally:
    """What a server remembers between requests, per model."""

    failed: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    served: defaultdict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))


Intercept = Callable[[ChatRequest, Tally], web.Response | None]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One line of the table; what is left out is what an ordinary server does."""

    line: str
    say: answers.Say = answers.echo
    intercept: Intercept = lambda _question, _tally: None
    edit: wire.Edit = iter
    frame: wire.Frame = wire.sse
    lead: bytes = b""
    content_type: str = "text/event-stream"
    coding: str = ""
    travel: travel.Travel = travel.straight
    body: Callable[[bytes], bytes] = bytes
    burst: bool = False
    number: int = 0


# ---- answers that are no chat answers --------------------------------------------------------------


def _error(question: ChatRequest, _: Tally) -> web.Response:
    headers = retry_headers(0.25) if question.number == 429 else None
    raise Fault(question.number, headers=headers)


def _leak(question: ChatRequest, _: Tally) -> web.Response:
    raise Fault(401, f"Incorrect API key provided: {question.key}.", code="invalid_api_key")


def _context(question: ChatRequest, _: Tally) -> web.Response:
    said = question.prompt_words
    text = (
        f"This model's maximum context length is 4 tokens. However, your messages resulted in {said} tokens."
    )
    raise Fault(400, text, param="messages", code="context_length_exceeded")


def _flaky(question: ChatRequest, tally: Tally) -> None:
    if tally.failed[question.model] < question.number:
        tally.failed[question.model] += 1
        raise Fault(503)


def _limited(question: ChatRequest, tally: Tally) -> None:
    now, served = time.monotonic(), tally.served[question.model]
    while served and served[0] <= now - 1:
        served.popleft()
    if len(served) >= question.number:
        raise Fault(429, headers=retry_headers(served[0] + 1 - now if served else 1))
    served.append(now)


def _error_200(_: ChatRequest, __: Tally) -> web.Response:
    return json_response({"error": Fault(500).error})


def _error_as_events(_: ChatRequest, __: Tally) -> web.Response:
    return web.Response(body=orjson.dumps({"error": Fault(500).error}), content_type="text/event-stream")


def _error_unless_streamed(question: ChatRequest, _: Tally) -> None:
    if not question.stream:
        raise Fault(500)


def _forgotten(question: ChatRequest, _: Tally) -> None:
    for message in question.messages:
        if message.get("tool_calls") and "reasoning_content" not in message:
            raise Fault(400, "The `reasoning_content` in the thinking mode must be passed back to the API.")


def _no_format(question: ChatRequest, _: Tally) -> None:
    if question.response_format is not None:
        text = "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model."
        raise Fault(400, text, param="response_format")


def _html(question: ChatRequest, _: Tally) -> web.Response:
    title = "Welcome" if question.number < 400 else f"{question.number} Bad Gateway"
    return web.Response(text=_PAGE.format(title), status=question.number, content_type="text/html")


def _empty_object(_: ChatRequest, __: Tally) -> web.Response:
    return json_response({})


def _redirect(question: ChatRequest, _: Tally) -> web.Response | None:
    if question.redirected:
        return None
    return web.Response(status=307, headers={"Location": "/v1/chat/completions?redirected=1"})


def _half(body: bytes) -> bytes:
    return body[: len(body) // 2]


# ---- the table -------------------------------------------------------------------------------------


_SAYING = {
    "echo": Behaviour("says the text of the last user message"),
    "upper": Behaviour("says it in capitals", answers.upper),
    "markdown": Behaviour("says Markdown: heading, lists, table, code, quotation, math", answers.markdown),
    "long": Behaviour("says 200 words; `long-N` says N", answers.long, number=200),
    "long-2000": Behaviour("says 2000 words, always the same", answers.long, number=2000),
    "json": Behaviour("says a JSON object, one that fits `response_format` if given", answers.as_json),
    "reason": Behaviour("thinks in `reasoning_content`, then echoes", answers.reasoned("reasoning_content")),
    "reason-groq": Behaviour("thinks in `reasoning`, then echoes", answers.reasoned("reasoning")),
    "reason-details": Behaviour(
        "thinks in `reasoning` and `reasoning_details`, then echoes", answers.detailed
    ),
    "think": Behaviour("thinks in <think>…</think> inside the text, with torn tags", answers.think),
    "tools": Behaviour(
        "calls the first tool offered; quotes the result once it has come", answers.calling(1)
    ),
    "two-tools": Behaviour("calls two tools at once, their arguments interleaved", answers.calling(2)),
    "agent-3": Behaviour(
        "calls the tools in turn for 3 rounds (`agent-N`: N), then tells", rounds.agent, number=3
    ),
    "tool-loop": Behaviour("makes the same call for ever", rounds.again),
    "tool-misspelt": Behaviour("calls a tool that is not there, then the right one", rounds.misspelt),
    "tool-garbled": Behaviour("sends half of the arguments, then whole ones", rounds.garbled(1)),
    "tool-garbage": Behaviour("sends half of the arguments, always", rounds.garbled(None)),
    "tool-thoughts": Behaviour(
        "thinks, then calls a tool; answers 400 if its thoughts do not come back",
        rounds.thinking,
        intercept=_forgotten,
    ),
    "tool-twins": Behaviour("calls the first tool twice under one id", rounds.twins),
    "json-prose": Behaviour(
        "says JSON in a fence and prose, fitting the schema in the prompt", rounds.in_words
    ),
    "json-mended": Behaviour("says JSON that does not fit; once told so, JSON that does", rounds.mended),
    "json-never": Behaviour("says JSON that fits nothing", rounds.never),
    "json-plain": Behaviour(
        "answers 400 to a `response_format`, else like `json-prose`", rounds.in_words, intercept=_no_format
    ),
    "legacy-call": Behaviour(
        "calls the first function in `function_call`, as before tools", answers.legacy_call
    ),
    "cite": Behaviour(
        "echoes, and names two pages in `citations` and `search_results`",
        edit=wire.with_citations,
        body=wire.cited,
    ),
    "annotate": Behaviour("echoes, and names two pages in `annotations`", answers.annotate),
    "paint": Behaviour("echoes, and sends an image in `images`", answers.paint),
    "speak": Behaviour("speaks the echo in `audio`: sound and transcript", answers.speak),
    "vary": Behaviour(
        "echoes; of several choices (`n`), each but the first begins with its number",
        edit=wire.numbered,
        body=wire.numbered_body,
    ),
    "refuse": Behaviour("declines in the `refusal` field", answers.refuse),
    "empty": Behaviour("says nothing", answers.empty),
    "unicode": Behaviour("says emoji, CJK, right-to-left and combining characters", answers.unicode),
    "memory": Behaviour("says how many user messages it was sent, and the system prompt", answers.memory),
    "filter": Behaviour("says half of it and ends with `content_filter`", answers.filtered),
    "parts": Behaviour("says it with lists of parts as content", answers.parts),
}
_PACE = {
    "slow-50": Behaviour(
        'waits 50 ms (`slow-N`: N), then says "ok"', answers.short, travel=travel.late, number=50
    ),
    "drip-20": Behaviour("sends a word of the echo every 20 ms (`drip-N`: N)", travel=travel.drip, number=20),
    "tiny-20000": Behaviour(
        "counts to 20000 (`tiny-N`: N), one delta a word, at full speed",
        answers.numbers,
        burst=True,
        number=20000,
    ),
    "stall": Behaviour(
        f"{_BEGINS} is silent (a minute at most)",
        answers.unfinished,
        travel=travel.breaking_off(Pause(SILENCE), Leave.CUT),
    ),
    "stall-after-headers": Behaviour(
        "sends the headers, then is silent (a minute at most)",
        travel=travel.instead(b"", Pause(SILENCE), Leave.CUT),
    ),
    "silent": Behaviour(
        "sends nothing, not even headers (a minute at most)",
        travel=travel.instead(Pause(SILENCE), Leave.CUT),
    ),
}
_ERRORS = {
    f"error-{status}": Behaviour(f"answers {status}{extra}", intercept=_error, number=status)
    for status, extra in {
        401: "",
        402: "",
        403: "",
        404: "",
        408: "",
        413: "",
        422: "",
        429: " with `Retry-After: 1` and `retry-after-ms: 250`",
        500: " (`error-N` does so for any N from 400 to 599)",
        503: "",
        504: "",
        529: "",
    }.items()
}
_FAULTS = {
    "error-200": Behaviour("answers 200 with an error object", intercept=_error_200),
    "error-midstream": Behaviour(
        "says half of it, then an error object (500 if not streamed)",
        intercept=_error_unless_streamed,
        edit=wire.error_midstream,
    ),
    "choice-error": Behaviour(
        "says half of it, then an error in the choice itself (500 if not streamed)",
        intercept=_error_unless_streamed,
        edit=wire.choice_error,
    ),
    "error-as-events": Behaviour(
        "answers 200 with an error object that calls itself an event stream", intercept=_error_as_events
    ),
    "leak": Behaviour("answers 401 and repeats the key it was sent", intercept=_leak),
    "context": Behaviour("answers 400 with `context_length_exceeded`", intercept=_context),
    "flaky-2": Behaviour(
        "answers 503 to the first 2 requests (`flaky-N`: N), then echoes", intercept=_flaky, number=2
    ),
    "limited-3": Behaviour(
        "answers 429 to more than 3 requests in a second (`limited-N`: N)", intercept=_limited, number=3
    ),
    "html": Behaviour("answers 200 with an HTML page", intercept=_html, number=200),
    "html-502": Behaviour("answers 502 with an HTML page (`html-N`: N)", intercept=_html, number=502),
    "empty-object": Behaviour("answers 200 with `{}`", intercept=_empty_object),
    "redirect": Behaviour("answers 307 to the same server, which then echoes", intercept=_redirect),
    "cut": Behaviour(
        f"{_BEGINS} closes the connection", answers.unfinished, travel=travel.breaking_off(Leave.CUT)
    ),
    "reset": Behaviour(
        f"{_BEGINS} resets the connection",
        answers.unfinished,
        # What has arrived shall be read before the reset throws it away.
        travel=travel.breaking_off(Pause(0.05), Leave.RESET),
    ),
    "cut-clean": Behaviour(
        "says half of it and ends without `finish_reason` and `[DONE]`", edit=wire.without_end, body=_half
    ),
    "no-done": Behaviour("ends without `[DONE]`", edit=wire.without_done),
    "bad-json": Behaviour("sends malformed JSON", edit=wire.malformed, body=_half),
}
_FORMS = {
    "crlf": Behaviour("ends lines with CR LF", frame=partial(wire.sse, end=b"\r\n")),
    "cr": Behaviour("ends lines with CR", frame=partial(wire.sse, end=b"\r")),
    "no-space": Behaviour("sends `data:{`, without a space", frame=partial(wire.sse, space=b"")),
    "multiline-data": Behaviour("spreads each event over several `data:` lines", frame=wire.sse_multiline),
    "comments": Behaviour(
        "sends `: keep-alive` before each event", frame=partial(wire.sse, before=b": keep-alive\n\n")
    ),
    "bom": Behaviour("begins the stream with a byte order mark", lead=b"\xef\xbb\xbf"),
    "gzip": Behaviour("compresses with gzip, unasked", coding="gzip"),
    "br": Behaviour("compresses with brotli, unasked", coding="br"),
    "deflate": Behaviour("compresses with deflate, unasked", coding="deflate"),
    "ndjson": Behaviour(
        "sends lines of JSON instead of events",
        edit=wire.without_done,
        frame=wire.ndjson,
        content_type="application/x-ndjson",
    ),
    "text-plain": Behaviour("calls its events text/plain", content_type="text/plain"),
    "null-fields": Behaviour(
        "sends null deltas, null usage and empty choices in between", edit=wire.with_nulls
    ),
    "split-utf8": Behaviour(
        "tears the bytes of one character apart", answers.unicode, travel=travel.split_characters
    ),
    "one-byte": Behaviour('says "ok", one byte at a time', answers.short, travel=travel.one_by_one),
}

BEHAVIOURS: Mapping[str, Behaviour] = _SAYING | _PACE | _ERRORS | _FAULTS | _FORMS

_NUMBERED = {
    name.rpartition("-")[0] if name[-1].isdigit() else name: b for name, b in BEHAVIOURS.items() if b.number
}
# Where N is a status, it must be one.
_STATUSES = {"error": range(400, 600), "html": range(200, 600)}


def describe() -> dict[str, str]:
    """Say for each model name, in one line, what a server does when it is asked for that model."""
    return {name: behaviour.line for name, behaviour in BEHAVIOURS.items()}


def find(model: str) -> tuple[Behaviour, int] | None:
    """Give the behaviour of a model name and its N, or `None` if there is none."""
    if model in BEHAVIOURS:
        return BEHAVIOURS[model], BEHAVIOURS[model].number
    numbered = re.fullmatch(r"(.+)-(\d{1,6})", model, re.ASCII)
    if numbered is None or numbered[1] not in _NUMBERED:
        return None
    number = int(numbered[2])
    if number not in _STATUSES.get(numbered[1], range(_MOST + 1)):
        return None
    return _NUMBERED[numbered[1]], number
