"""When an answer's bytes come: silence anywhere, signs of life without content, slowness that is healthy.

For these, signs of life are borne for three times the silence instead of fifteen: see `conftest.py`.
"""

from __future__ import annotations

from g4f_nb import errors

from .cases import (
    ALL,
    CHUNKED,
    DONE,
    END,
    HELLO,
    JSON,
    STREAM,
    Text,
    case,
    chunk,
    chunks,
    completion,
    event,
    events,
    fails,
    frame,
    head,
    sized,
)  # fmt: skip
from .server import KEEP, STALL, UNREAD, Again, Slowly

_LATE = errors.RequestTimeoutError
_open = head(STREAM, CHUNKED)
_hello = event("hel") + event("lo")
_short = {"timeout": 1}
_life = {"timeout": 0.5}
_first = ("was silent for 1 s before the first byte of the answer", "timeout=")
_between = ("was silent for 1 s between two pieces of the answer", "timeout=")

SILENCE = [
    case(
        "silent-unread",
        "A server that never reads has the time of one silence.",
        UNREAD,
        STALL,
        outcome=fails(_LATE, *_first),
        given=_short,
    ),
    case(
        "silent",
        "A server that never answers has the time of one silence.",
        STALL,
        outcome=fails(_LATE, *_first),
        given=_short,
    ),
    case(
        "silent-in-the-status",
        "Silence in the first line has a limit.",
        b"HTTP/1.1 2",
        STALL,
        outcome=fails(_LATE, *_first),
        given=_short,
    ),
    case(
        "silent-in-the-head",
        "Silence in the head has a limit.",
        head(STREAM)[:-4],
        STALL,
        outcome=fails(_LATE, *_first),
        given=_short,
    ),
    case(
        "silent-after-the-head",
        "Silence after the head has a limit.",
        _open,
        STALL,
        outcome=fails(_LATE, *_between),
        given=_short,
    ),
    case(
        "silent-in-a-chunk-size",
        "Silence in a chunk's size has a limit.",
        _open + chunk(_hello) + b"1",
        STALL,
        outcome=fails(_LATE, *_between, partial="hello"),
        given=_short,
    ),
    case(
        "silent-in-a-chunk",
        "Silence in a chunk has a limit; its events are given.",
        _open + b"fff\r\n" + _hello,
        STALL,
        outcome=fails(_LATE, *_between, partial="hello"),
        given=_short,
    ),
    case(
        "silent-in-an-event",
        "Silence in an event has a limit.",
        _open + chunk(_hello + b'data: {"choi'),
        STALL,
        outcome=fails(_LATE, *_between, partial="hello"),
        given=_short,
    ),
    case(
        "silent-between-events",
        "Silence between events has a limit, and the text is kept.",
        _open + chunk(_hello),
        STALL,
        outcome=fails(_LATE, *_between, partial="hello"),
        given=_short,
    ),
    case(
        "silent-in-json",
        "Silence in a whole answer has a limit.",
        head(JSON, "Content-Length: 200") + completion()[:30],
        STALL,
        outcome=fails(_LATE, *_between),
        given=_short,
    ),
    case(
        "silent-after-continue",
        "100 Continue is no answer.",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        STALL,
        outcome=fails(_LATE, *_first),
        given=_short,
    ),
    case(
        "silent-after-the-finish",
        "After the reason to finish silence is an end.",
        _open + chunk(_hello + event(finish_reason="stop")),
        STALL,
        outcome=HELLO,
        given=_short,
        within=3,
    ),
    case(
        "silent-after-done",
        "After [DONE] nothing is waited for.",
        _open + chunk(ALL),
        STALL,
        outcome=HELLO,
        within=2,
    ),
    case(
        "silent-before-the-usage",
        "Usage that comes late, but in time, is taken.",
        _open + chunk(_hello + event(finish_reason="stop")),
        0.3,
        chunk(frame({"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}}) + DONE) + END,
        KEEP,
        outcome=HELLO,
    ),
    case(
        "silent-in-an-error",
        "An error whose body stalls is that error, with what had come.",
        head("text/plain", "Content-Length: 90", status="403 X") + b"not for you",
        STALL,
        outcome=fails(errors.PermissionDeniedError, "not for you"),
        given=_short,
    ),
    case(
        "silent-in-a-redirect",
        "A redirect's body is not waited for.",
        head(None, "Location: /v1/elsewhere", "Content-Length: 90", status="307 X"),
        STALL,
        outcome=HELLO,
        then=((sized(completion()), KEEP),),
        requests=2,
    ),
    case(
        "silence-not-tried-again",
        "A silence is not tried again: the next one would last as long.",
        STALL,
        outcome=fails(_LATE, *_first),
        given={**_short, "max_retries": 3},
    ),
]

LIFE = [
    case(
        "comments-first",
        "Comments before the answer keep a call alive, as DeepSeek's and OpenRouter's do.",
        _open,
        *[step for _ in range(16) for step in (chunk(b": keep-alive\n\n"), 0.05)],
        chunk(ALL) + END,
        KEEP,
        outcome=HELLO,
        given=_life,
    ),
    case(
        "blank-lines-first",
        "Blank lines before a whole answer keep a call alive, as DeepSeek's do.",
        head(JSON, CHUNKED),
        *[step for _ in range(16) for step in (chunk(b"\n"), 0.05)],
        chunk(completion()) + END,
        KEEP,
        outcome=HELLO,
        given=_life,
    ),
    case(
        "comments-for-ever",
        "Comments for ever keep it alive for some times the silence, no longer.",
        _open,
        Again(chunk(b": keep-alive\n\n"), 0.02),
        outcome=fails(_LATE, "signs of life but no content for 1.5 s", "timeout="),
        given=_life,
    ),
    case(
        "comments-for-ever-after-text",
        "The same in the middle, and the text is kept.",
        _open + chunk(_hello),
        Again(chunk(b":\n"), 0.02),
        outcome=fails(_LATE, "signs of life but no content", partial="hello"),
        given=_life,
    ),
    case(
        "blank-lines-for-ever",
        "Blank lines for ever are no answer.",
        head(JSON, CHUNKED),
        Again(chunk(b"\n"), 0.02),
        outcome=fails(_LATE, "signs of life but no content"),
        given=_life,
    ),
    case(
        "pings-for-ever",
        "Events without content for ever are no answer.",
        _open,
        Again(chunk(frame({"type": "ping"})), 0.02),
        outcome=fails(_LATE, "signs of life but no content"),
        given=_life,
    ),
    case(
        "empty-deltas-for-ever",
        "Empty pieces of text for ever are no answer.",
        _open,
        Again(chunk(event("")), 0.02),
        outcome=fails(_LATE, "signs of life but no content"),
        given=_life,
    ),
    case(
        "an-event-for-ever",
        "An event that grows for ever is no answer.",
        _open + b"fffffff\r\ndata: ",
        Again(b"x", 0.02),
        outcome=fails(_LATE, "signs of life but no content"),
        given=_life,
    ),
    case(
        "json-for-ever",
        "A whole answer that grows for ever is none.",
        head(JSON, CHUNKED) + chunk(b'{"choices":[{"message":{"content":"'),
        Again(chunk(b"x"), 0.02),
        outcome=fails(_LATE, "signs of life but no content"),
        given=_life,
    ),
    case(
        "text-without-form-for-ever",
        "A body without any form that grows for ever is no answer.",
        head("text/plain", CHUNKED),
        Again(chunk(b"x"), 0.02),
        outcome=fails(_LATE, "signs of life but no content"),
        given=_life,
    ),
    case(
        "head-for-ever",
        "A head that trickles for ever is no answer.",
        head(STREAM)[:-2],
        Again(b"X: 1\r\n", 0.05),
        outcome=fails(_LATE, *_first),
        given=_short,
    ),
    case(
        "first-line-for-ever",
        "A first line that trickles for ever is no answer.",
        b"HTTP/1.1 200 ",
        Again(b"O", 0.05),
        outcome=fails(_LATE, *_first),
        given=_short,
    ),
    case(
        "comments-after-the-finish",
        "After the reason to finish comments for ever are an end.",
        _open + chunk(_hello + event(finish_reason="stop")),
        Again(chunk(b":\n"), 0.02),
        outcome=HELLO,
        given=_short,
        within=3,
    ),
    case(
        "comments-after-done",
        "After [DONE] comments for ever are not read.",
        _open + chunk(ALL),
        Again(chunk(b":\n"), 0.001),
        outcome=HELLO,
        within=3,
    ),
    case(
        "text-after-done",
        "After [DONE] text is none.",
        _open + chunk(ALL + event("more")) + END,
        KEEP,
        outcome=HELLO,
    ),
    case(
        "error-body-for-ever",
        "An error's body that trickles for ever is cut.",
        head("text/plain", status="500 X") + b"broken",
        Again(b" ", 0.02),
        outcome=fails(errors.ServerError, "broken"),
        given=_short,
    ),
    case(
        "tool-call-for-long",
        "The pieces of one long tool call are content, though it is given at its end.",
        _open,
        *[
            step
            for at in range(60)
            for step in (
                chunk(
                    event(
                        delta={
                            "tool_calls": [
                                {"index": 0, "id": "1", "function": {"name": "f", "arguments": str(at % 10)}}
                            ]
                        }
                    )
                ),
                0.03,
            )
        ],
        chunk(event(finish_reason="tool_calls") + DONE) + END,
        KEEP,
        outcome=Text("", "tool_calls", calls=(("f", "0123456789" * 6),)),
        given=_life,
    ),
]

SLOW = [
    case(
        "slow-healthy",
        "A stream may last as long as it likes while no silence is too long.",
        _open,
        *[step for at in range(20) for step in (chunk(event(f"{at} ")), 0.06)],
        chunk(event(finish_reason="stop") + DONE) + END,
        KEEP,
        outcome=Text("".join(f"{at} " for at in range(20))),
        given={"timeout": 1},
    ),
    case(
        "slow-byte-by-byte",
        "Events that come byte by byte are read.",
        head(STREAM),
        Slowly(events("hel", "lo"), 0.002),
        outcome=HELLO,
        given={"timeout": 3},
    ),
    case(
        "slow-json",
        "A whole answer that comes byte by byte is read.",
        head(JSON, f"Content-Length: {len(completion())}"),
        Slowly(completion(), 0.005),
        KEEP,
        outcome=HELLO,
        given={"timeout": 3},
    ),
    case(
        "total-over",
        "The whole call may have a limit, and the text is kept.",
        _open,
        chunk(event("x")),
        Again(chunk(b":\n"), 0.05),
        outcome=fails(_LATE, "was allowed 1 s", "total_timeout=", partial="x"),
        given={"total_timeout": 1},
    ),
    case(
        "total-over-before-the-answer",
        "The limit of the whole holds before the first byte, too.",
        STALL,
        outcome=fails(_LATE, "was allowed 0.4 s", "total_timeout="),
        given={"total_timeout": 0.4},
    ),
    case(
        "total-over-in-json",
        "The limit of the whole holds in a whole answer.",
        head(JSON, CHUNKED),
        Again(chunk(b" "), 0.02),
        outcome=fails(_LATE, "was allowed 0.4 s"),
        given={"total_timeout": 0.4},
    ),
    case(
        "total-kept",
        "A limit of the whole that is kept changes nothing.",
        _open + chunks(ALL, 30) + END,
        KEEP,
        outcome=HELLO,
        given={"total_timeout": 5},
    ),
    case(
        "no-limit",
        "Without a limit a pause is waited for.",
        _open + chunk(_hello),
        0.6,
        chunk(event(finish_reason="stop") + DONE) + END,
        KEEP,
        outcome=HELLO,
        given={"timeout": None},
    ),
    case(
        "wait-too-long-for-the-total",
        "A wait that the server asks for and that is longer than the whole may last is not begun.",
        sized(b"{}", JSON, "Retry-After: 30", status="429 X"),
        KEEP,
        outcome=fails(errors.RateLimitError, "wait 30 s", retry_after=30),
        given={"total_timeout": 2, "max_retries": 3},
        within=2,
    ),
]

CASES = [*SILENCE, *LIFE, *SLOW]
